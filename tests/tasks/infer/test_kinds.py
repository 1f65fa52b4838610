"""Every kind of difficulty is read and graded, or refused with the true reason."""

import re

import pytest
from support.competitions import solved
from support.competitions.kinds import KINDS

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks import infer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_graded_or_refused(tmp_path, name):
    kind = KINDS[name]
    drawn = kind.draw(tmp_path / "files", 0)
    if kind.refusal:
        with pytest.raises((DataError, UsageError), match=kind.refusal):
            infer.read(drawn.root, slug=name, **kind.options)
        return
    task = infer.read(drawn.root, slug=name, **kind.options)
    assert solved.share(drawn, task, tmp_path / "submission.csv") >= kind.least
    said = "\n".join(task.warnings)
    assert re.search(kind.note, said), said
