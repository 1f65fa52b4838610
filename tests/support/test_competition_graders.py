"""Graders of the drawn competitions refuse or punish what graders of real ones do."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from support.competitions import DRAWN, Drawn, Refused, graders, sheets
from support.competitions.kit import csv_text

Rows = list[list[str]]
NUMERIC = ("probability", "probabilities", "independent", "number", "head-probabilities")
WIDE = ("probabilities", "independent", "head-probabilities")

by_slug = pytest.mark.parametrize("slug", DRAWN)


@pytest.fixture
def graded(tmp_path) -> Callable[[Drawn, Rows | str | bytes], float]:
    """Score of rows (header first), or of text as it is."""

    def score(competition: Drawn, content: Rows | str | bytes) -> float:
        if isinstance(content, list):
            content = csv_text(content[0], content[1:])
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "mine.csv").write_bytes(raw)
        return competition.grade(tmp_path / "mine.csv")

    return score


def _answers(competition: Drawn) -> Rows:
    return list(csv.reader(io.StringIO(competition.answers)))


def _is_bad(competition: Drawn, score: float) -> bool:
    """Nearer to chance than to perfect, or beyond chance."""
    middle = (competition.chance + competition.perfect) / 2
    return score < middle if competition.maximize else score > middle


@by_slug
def test_the_sample_scores_as_chance(drawn, slug):
    competition = drawn(slug)
    score = competition.grade(competition.root / competition.sample)
    assert score == pytest.approx(competition.chance, rel=0.02, abs=1e-6)
    assert _is_bad(competition, score)


@by_slug
def test_the_answers_are_perfect_in_any_order_of_rows(drawn, graded, slug):
    competition = drawn(slug)
    header, *rows = _answers(competition)
    assert graded(competition, competition.answers) == pytest.approx(competition.perfect, abs=1e-9)
    turned = [header, *rows[::-1]]
    assert graded(competition, turned) == pytest.approx(competition.perfect, abs=1e-9)


@by_slug
def test_predictions_in_the_order_of_listed_files_are_bad(drawn, graded, slug):
    competition = drawn(slug)
    header, *rows = _answers(competition)
    names = [file or row[0] for file, row in zip(competition.files, rows, strict=True)]
    listed = [rows[place][1:] for place in sorted(range(len(rows)), key=names.__getitem__)]
    wrong = [[row[0], *cells] for row, cells in zip(rows, listed, strict=True)]
    assert _is_bad(competition, graded(competition, [header, *wrong]))


def _with_ids(rows: Rows, form: str) -> Rows:
    return [rows[0], *([form.format(row[0]), *row[1:]] for row in rows[1:])]


FORMS: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "a row missing": (lambda rows: rows[:-1], "are missing"),
    "a row more": (lambda rows: [*rows, ["new", *rows[1][1:]]], "are unknown"),
    "a row twice": (lambda rows: [*rows, rows[1]], "more than once"),
    "a column more": (lambda rows: [[*row, "1"] for row in rows], "The header"),
    "an index first": (lambda rows: [["", *rows[0]], *(["0", *r] for r in rows[1:])], "The header"),
    "columns turned": (lambda rows: [[row[0], *row[1:]][::-1] for row in rows], "The header"),
    "another name": (lambda rows: [[*rows[0][:-1], "mine"], *rows[1:]], "The header"),
    "no header": (lambda rows: rows[1:], "The header"),
    "a cell missing": (lambda rows: [*rows[:-1], rows[-1][:-1]], "cells"),
    "blanks after ids": (lambda rows: _with_ids(rows, "{} "), "are missing"),
    "ids as fractions": (lambda rows: _with_ids(rows, "{}.0"), "are missing"),
}


@by_slug
def test_a_wrong_form_is_refused(drawn, graded, slug):
    competition = drawn(slug)
    rows = _answers(competition)
    for mistake, (change, reason) in FORMS.items():
        with pytest.raises(Refused, match=reason):
            pytest.fail(f"{mistake} scores {graded(competition, change(rows))}")


def test_an_empty_file_and_one_with_a_byte_order_mark_are_refused(drawn, graded):
    competition = drawn("dog-breed-identification")
    for content in (b"", b"\xef\xbb\xbf" + competition.answers.encode(), b"id\xff"):
        with pytest.raises(Refused, match=r"header|UTF-8"):
            graded(competition, content)


CELLS_REFUSED = [
    (NUMERIC, ("nan", "NaN", "", "inf", "1e999", "1_0", " 1", "0,5", "cat", "٣"), "be a number"),
    (("probability", *WIDE), ("1.0000001", "-0.0000001", "-1", "2"), "lie in"),
    (("number",), ("100.01", "0.99", "-3"), "lie in"),
    (("label",), ("", "nan", "yak", "1.3", "0.", "99"), r"be an integer|unknown"),
    (("heads",), ("", "nan", "yak", "1.3", "99", "blue"), "unknown"),
    (("list",), ("yak", "nan", " ", "healthy healthy", "1 1", "rust,scab"), "unknown|twice"),
    (("top-k",), ("w_", "new_whale new_whale", "new_whale,w_1"), "unknown|twice"),
]


@by_slug
def test_a_wrong_cell_is_refused(drawn, graded, slug):
    competition = drawn(slug)
    rows = _answers(competition)
    kind = competition.expected["cell"]
    for cells, reason in ((c, reason) for kinds, c, reason in CELLS_REFUSED if kind in kinds):
        for cell in cells:
            changed = [*rows[:-1], [*rows[-1][:-1], cell]]
            with pytest.raises(Refused, match=reason):
                graded(competition, changed)


def _with_cells(rows: Rows, change: Callable[[str], str]) -> Rows:
    return [rows[0], *([row[0], *map(change, row[1:])] for row in rows[1:])]


@pytest.mark.parametrize(
    "slug",
    [
        "aptos2019-blindness-detection",
        "cassava-leaf-disease-classification",
        "coco",
        "json-map",
        "npy-arrays",
        "pixel-table",
    ],
)
def test_numbers_of_classes_are_integers(drawn, graded, slug):
    rows = _answers(drawn(slug))
    for suffix in (".0", ".3", "e0", "_"):
        with pytest.raises(Refused, match="must be an integer"):
            graded(drawn(slug), _with_cells(rows, lambda cell, s=suffix: f"{cell}{s}"))


@pytest.mark.parametrize("slug", ["coco", "json-map"])
def test_the_place_of_a_class_is_not_its_number(drawn, graded, slug):
    competition = drawn(slug)
    places = {name: str(place) for place, name in enumerate(competition.expected["classes"])}
    with pytest.raises(Refused, match=r"class id [01] is unknown"):
        graded(competition, _with_cells(_answers(competition), places.__getitem__))


@pytest.mark.parametrize(
    "slug", ["dog-breed-identification", "state-farm-distracted-driver-detection", "one-hot"]
)
def test_rows_sum_to_1(drawn, graded, slug):
    header, *rows = _answers(drawn(slug))
    share = 1 / (len(header) - 1)
    even = [[row[0], *[repr(share)] * (len(header) - 1)] for row in rows]
    for off in (2e-5, -2e-5):
        with pytest.raises(Refused, match="must sum to 1"):
            graded(drawn(slug), [header, *even[:-1], [*even[-1][:-1], repr(share + off)]])
    almost = [header, *even[:-1], [*even[-1][:-1], repr(share + 9e-6)]]
    assert graded(drawn(slug), almost) == pytest.approx(drawn(slug).chance, abs=0.01)


def test_four_decimals_are_too_few_for_twelve_classes_and_six_are_enough(drawn, graded):
    competition = drawn("dog-breed-identification")
    rows = _answers(competition)
    with pytest.raises(Refused, match=r"sums to 0\.9996"):
        graded(competition, _with_cells(rows, lambda _: f"{1 / 12:.4f}"))
    even = _with_cells(rows, lambda _: f"{1 / 12:.6f}")
    assert graded(competition, even) == pytest.approx(competition.chance)


@pytest.mark.parametrize(
    "slug", ["dog-breed-identification", "multi-hot", "one-hot", "head-probabilities"]
)
def test_cells_in_another_order_than_columns_are_bad(drawn, graded, slug):
    header, *rows = _answers(drawn(slug))
    turned = [[row[0], *row[:0:-1]] for row in rows]
    assert _is_bad(drawn(slug), graded(drawn(slug), [header, *turned]))


def test_one_confident_mistake_costs_36_by_n(drawn, graded):
    competition = drawn("dogs-vs-cats-redux-kernels-edition")
    rows = _answers(competition)
    rows[1][1] = str(1 - int(rows[1][1]))
    assert graded(competition, rows) == pytest.approx(36 / 36, rel=0.01)


def test_leading_zeros_belong_to_an_id(drawn, graded):
    header, *rows = _answers(drawn("class-folders"))
    with pytest.raises(Refused, match="are missing"):
        graded(drawn("class-folders"), [header, *([str(int(r[0])), r[1]] for r in rows)])


@pytest.mark.parametrize("slug", ["plant-pathology-2021-fgvc8", "integer-lists"])
def test_an_empty_list_is_allowed(drawn, graded, slug):
    competition = drawn(slug)
    rows = _with_cells(_answers(competition), lambda _: "")
    assert _is_bad(competition, graded(competition, rows))


def test_lists_of_one_integer_each_need_quotes(drawn, graded):
    competition = drawn("integer-lists")
    rows = _with_cells(_answers(competition), lambda _: "1")
    with pytest.raises(Refused, match="quote them"):
        graded(competition, rows)
    header, *quoted = [f'{row[0]},"{row[1]}"' for row in rows]
    text = "\n".join([header.replace('"', ""), *quoted])
    assert 0 < graded(competition, text) < 1


def test_at_most_five_guesses_and_a_later_one_counts_less(drawn, graded):
    competition = drawn("whale-categorization-playground")
    classes = competition.expected["classes"]

    def guesses(true: str, rank: int, count: int) -> str:
        others = [name for name in classes if name != true][: count - 1]
        return " ".join([*others[:rank], true, *others[rank:]])

    rows = _answers(competition)
    for rank in range(5):
        score = graded(competition, _with_cells(rows, lambda w, r=rank: guesses(w, r, 5)))
        assert score == pytest.approx(1 / (rank + 1))
    with pytest.raises(Refused, match="at most 5"):
        graded(competition, _with_cells(rows, lambda w: guesses(w, 0, 6)))


def _file(folder: Path, *cells: object) -> Path:
    text = csv_text(("id", "x"), [(f"r{row}", cell) for row, cell in enumerate(cells)])
    (folder / "mine.csv").write_text(text)
    return folder / "mine.csv"


def test_scores_of_examples_by_hand(tmp_path):
    header = ("id", "x")
    grades = dict(zip(("r0", "r1", "r2", "r3"), (0, 0, 1, 2), strict=True))
    path = _file(tmp_path, 0, 1, 1, 2)
    # disagreement 1/4 in squares; by chance, 16 pairs of guess and grade: 20/16
    kappa = graders.class_id(header, grades, "012", "kappa")
    assert kappa(path) == pytest.approx(1 - (1 / 4) / (20 / 16))
    macro = graders.class_id(header, grades, "012", "macro_f1")
    assert macro(path) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert graders.class_id(header, grades, "012", "accuracy")(path) == 0.75
    assert graders.quantity(header, grades, 0, 9)(path) == pytest.approx(0.5)
    assert graders.probability(header, {"r0": 0, "r1": 1}, "auc")(_file(tmp_path, 0.3, 0.3)) == 0.5
    lists = graders.label_list(header, {"r0": ["a", "b"], "r1": []}, ["a", "b"], "samples")
    assert lists(_file(tmp_path, "a", "")) == pytest.approx((2 / 3 + 1) / 2)
    lists = graders.label_list(header, {"r0": ["a", "b"], "r1": ["a"]}, ["a", "b"], "micro")
    assert lists(_file(tmp_path, "a", "b")) == pytest.approx(2 / (2 + 3))


def test_a_quoted_name_with_a_comma_is_one_cell(tmp_path):
    (tmp_path / "mine.csv").write_text('id,x\nr0,"ant, red"\n')
    assert sheets.read(tmp_path / "mine.csv", ("id", "x"), ["r0"]) == {"r0": ["ant, red"]}
