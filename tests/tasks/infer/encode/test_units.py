import numpy as np
import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.infer.encode import units


@pytest.fixture
def bare(tmp_path):
    """Read labels as numbers beside the cells of a sample submission."""

    def run(labels, *shown, target="label", separator=None):
        rows = [(f"t{number}", f'"{cell}"') for number, cell in enumerate(shown)]
        content = make_csv(["id", "label"], *rows)
        root = make_tree(tmp_path / "files", {"sample_submission.csv": content}, [])
        sample = tables.find_sample(root)[0]
        return units.bare(np.array(labels), sample, target, "size", separator)

    return run


@pytest.mark.parametrize(
    ("labels", "numbers", "unit"),
    [
        (["12.4 kg", "3 kg", "8kg"], ["12.4", "3", "8"], "kg"),
        (["3,1 kg", "2,25 KG", "", "NA", "8 kg"], ["3.1", "2.25", "", "NA", "8"], "kg"),
        (["-3.5°C", "4 °C", "1e1 °C"], ["-3.5", "4", "1e1"], "°C"),
        (["$1,250.50", "$3", "$12"], ["1250.50", "3", "12"], r"\$.*thousands"),
        (["1.5 km/h", "2 km/h", "3 km/h"], ["1.5", "2", "3"], "km/h"),
        (["1 m²", "2 m²", "3 m²"], ["1", "2", "3"], "m²"),
        (["1.5 hands", "2.5 hands", "3 hands"], ["1.5", "2.5", "3"], "hands"),
    ],
)
def test_a_unit_is_left_out(bare, labels, numbers, unit):
    read = bare(labels, "0")
    assert read.values.tolist() == numbers
    assert read.rule.startswith(f"; its numbers have the unit {unit.replace(chr(92), '')[:1]}")
    assert bool(read.notes) == (unit == "hands")


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["10x", "20x", "40x"], "0"),
        (["1.5T", "3T"], "0.5"),
        (["5%", "10%", "20%"], "10%"),
        (["1st", "2nd", "3rd"], "0"),
        (["1.5 kg", "2 kg", "two kg"], "0"),
        ([f"{number} kg" for number in range(30)], ""),
        (["0.5T", "1.5T", "3T"], ""),
        (["0.5T", "1.5T", "3T"], "3T"),
        (["5%", "10%", "20%"], "0%"),
        (["1.5 kg", "2.5 kg", "3 kg"], "heavy"),
        (["cat", "dog"], "0"),
        (["1", "2", "3"], "0"),
    ],
)
def test_labels_that_are_names_or_bare_stay(bare, labels, shown):
    assert bare(labels, shown).values.tolist() == labels


def test_other_columns_and_lists_stay(bare):
    labels = ["1.5 kg", "2.5 kg", "3 kg"]
    assert bare(labels, "0", target="weight").values.tolist() == labels
    assert bare(labels, "0", separator="comma").values.tolist() == labels


@pytest.mark.parametrize(
    ("shown", "read", "noted"),
    [("0", "12.4", "0.124"), ("0.5", "0.124", "12.4"), ("1", "12.4", "0.124"), ("50", "12.4", "")],
)
def test_percents_are_read_as_the_samples_numbers(bare, shown, read, noted):
    found = bare(["12.4%", "3%", "98.5 %"], shown)
    assert found.values[0] == read
    assert found.notes[0].endswith(f"have {noted}, write the labels so.") if noted else True
    assert bool(found.notes) == bool(noted)


def test_empty_cells_ask_for_quantities_with_a_unit(bare):
    read = bare([f"{number}.5 kg" for number in range(30)], "")
    assert read.values.tolist() == [f"{number}.5" for number in range(30)]
    assert "numbers without 'kg'" in read.notes[0]


@pytest.mark.parametrize(
    ("labels", "shown", "message"),
    [
        (["12.4 kg", "900 g", "1 kg"], "0", r"have g \('900 g'\), kg \('1 kg'\)\. .*--target"),
        (["12.4 kg", "900", "1 kg"], "0", r"have kg .*, none \('900'\)"),
        (["12.4 kg", "9 kg", "1 kg"], "3 kg", r"the unit 'kg' \(3 kg\), and a submission"),
        ([f"{number}.5 kg" for number in range(30)], "3.5 kg", "the unit 'kg'"),
        (["0.2", "0.9", "0.4"], "0%", "with the unit '%'"),
        (["12,4", "9,9", "1,8"], "0,5", "Write decimal points in both tables, or use --separator"),
    ],
)
def test_what_cannot_be_read_or_written_is_refused(bare, labels, shown, message):
    with pytest.raises(DataError, match=message):
        bare(labels, shown)


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["12,5", "3,1", "8"], "0.5"),
        (["1,5", "2,7", "3,9"], "10.25"),
        (["12,5", "3,1", "80,7", "44"], "0"),
        (["1,83", "1,71", "1,66"], "0"),
    ],
)
def test_decimal_commas_beside_numbers(bare, labels, shown):
    read = bare(labels, shown)
    assert read.values.tolist() == [label.replace(",", ".") for label in labels]
    assert "decimal commas" in read.rule
    assert bool(read.notes) == (shown == "0")


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["1,2", "2", "1", "3,1", "3"], "1"),
        (["1,2", "2,3", "1,3", "3,4"], "0"),
        (["1,2,3", "2", "1"], "0.5"),
        (["7,3", "3,7", "5,7", "3,5"], "3,7"),
        (["12,5", "3,1"], "cat"),
        (["12,5", "3,1"], ""),
    ],
)
def test_lists_between_commas_stay(bare, labels, shown):
    assert bare(labels, shown).values.tolist() == labels
