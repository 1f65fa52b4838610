"""The page of competitions is what `inspect` prints today, byte for byte."""

import pytest
from support.competitions import DRAWN, page

from kaggle_prz.tasks.infer.hints import Hints


@pytest.mark.full
def test_the_page_is_up_to_date():
    by_hand, mark, rest = page.PAGE.read_text("utf-8").partition(page.MARK)
    assert mark
    assert rest == "\n" + page.generated(), "cd tests && python -m support.competitions.page"
    titles = [line[3:] for line in rest.splitlines() if line.startswith("## ")]
    assert titles == ["Kinds of difficult files", *DRAWN]
    for name in Hints.model_fields:
        assert f"`{name}`" in by_hand
