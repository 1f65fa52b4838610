"""Names, orders, separators, more columns and decoys: never a wrong submission."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from support.competitions import mutated

pytestmark = pytest.mark.slow


@given(mutated.designs())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_plain_competition_is_read_under_any_names(tmp_path_factory, design):
    place = tmp_path_factory.mktemp("mutated")
    found = mutated.verdict(place, design)
    shutil.rmtree(place)
    assert found == "right"
