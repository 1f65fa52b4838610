"""Which file is the sample submission, and which of its columns is what."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..drawn import Drawn, Refused
from ..kit import csv_text
from .kind import Kind, Plain

LINE = Callable[[str, str, int], Sequence[object]]  # id, class, number of the row -> cells
USAGE = ("Public", "Private")


def arranged(plain: Plain, header: Sequence[str], line: LINE, *, name: str, at: int = 1) -> Drawn:
    """Return a competition whose submissions have other columns beside an id and a class.

    The grader wants the header cell by cell, and every cell but those of the class, at `at`.
    """
    sheet = plain.sheet(header[at], name=name)

    def rows(truth: dict[str, str]) -> list[list[str]]:
        lines = [line(each, truth[each], row) for row, each in enumerate(plain.test)]
        return [list(map(str, cells)) for cells in lines]

    form = rows(dict.fromkeys(plain.test, plain.classes[0]))
    plain.folder.raw(name, csv_text(header, form))
    drawn = plain.labelled(sheet)

    def grade(path: Path) -> float:
        with path.open(encoding="utf-8", newline="") as file:
            given, *lines = csv.reader(file, strict=True)
        if given != list(header) or len(lines) != len(form):
            raise Refused(f"The header must be {list(header)}; found {given}.")
        for own, cells in zip(form, lines, strict=True):
            if [*cells[:at], *cells[at + 1 :]] != [*own[:at], *own[at + 1 :]]:
                raise Refused(f"Cells must be {own}, but for the class; found {cells}.")
        inner = path.with_suffix(".inner.csv")
        answers = zip(plain.test, (cells[at] for cells in lines), strict=True)
        inner.write_text(csv_text(sheet.header, answers), "utf-8")
        return drawn.grade(inner)

    return replace(drawn, grade=grade, answers=csv_text(header, rows(plain.test)))


def labels(plain: Plain, name: str = "train.csv", column: str = "label") -> None:
    """Write the table of labels."""
    plain.folder.table(name, ("id", column), plain.train.items())


def sample_in_a_folder(root: Path, seed: int) -> Drawn:
    """The sample submission lies in a folder, beside tables in the root."""
    plain = Plain(root, seed)
    labels(plain)
    sheet = plain.sheet("label", name="submission/sample_submission.csv")
    plain.folder.raw(sheet.name, sheet.constant(plain.classes[0]))
    return plain.labelled(sheet)


def sample_two_folders_deep(root: Path, seed: int) -> Drawn:
    """The sample submission lies two folders deep; the root has a `test.csv` and `submit.csv`."""
    plain = Plain(root, seed, ("rock", "sand"))
    labels(plain, "labels/train_labels.csv", "ground")
    plain.folder.table("test.csv", ("id",), ([each] for each in plain.test))
    plain.folder.table("submit.csv", ("when", "score"), [("Monday", 0.5)])
    sheet = plain.sheet("ground", name="files/forms/SampleSubmission.csv")
    plain.folder.raw(sheet.name, sheet.constant("sand"))
    return plain.labelled(sheet)


def tables_called_txt(root: Path, seed: int) -> Drawn:
    """The sample and the labels are `.txt` files with tabs; a text says what the data are."""
    plain = Plain(root, seed, ("calm", "rough", "storm"))
    rows = [("file", "sea"), *plain.train.items()]
    plain.folder.raw("train.txt", "".join("\t".join(row) + "\n" for row in rows))
    plain.folder.raw("about_sample_submissions.txt", "Please write, for each image,\na class.\n")
    sheet = plain.sheet("sea", name="sample_submission.txt", id_="file")
    plain.folder.raw(sheet.name, sheet.constant("calm").replace(",", "\t"))
    return plain.labelled(sheet)


def _age_and_gender(root: Path, seed: int, names: Sequence[str]) -> Drawn:
    plain = Plain(root, seed, ("female", "male"))
    ages = plain.folder.random.integers(20, 60, len(plain.train))
    rows = [(each, age, plain.train[each]) for each, age in zip(plain.train, ages, strict=True)]
    plain.folder.table("train.csv", ("id", "age", "gender"), rows)
    age, gender = plain.sheet("age", name=names[0]), plain.sheet("gender", name=names[1])
    plain.folder.raw(age.name, age.constant(35.5))
    plain.folder.raw(gender.name, gender.constant("female"))
    return plain.labelled(gender)


def samples_of_several_targets(root: Path, seed: int) -> Drawn:
    """Two sample submissions ask for different columns."""
    names = ("sample_submission_age.csv", "sample_submission_gender.csv")
    return _age_and_gender(root, seed, names)


def samples_of_several_tracks(root: Path, seed: int) -> Drawn:
    """Two sample submissions, `track_1` and `track_2`, ask for different columns."""
    names = ("track_2_sample_submission.csv", "track_1_sample_submission.csv")
    return _age_and_gender(root, seed, names)


def samples_of_two_stages(root: Path, seed: int) -> Drawn:
    """Two stages have a sample submission each; the test set is that of the second."""
    plain = Plain(root, seed)
    labels(plain)
    first = csv_text(("id", "label"), ((f"old{row}", "plum") for row in range(9)))
    plain.folder.raw("stage_1_sample_submission.csv", first)
    sheet = plain.sheet("label", name="stage_2_sample_submission.csv")
    plain.folder.raw(sheet.name, sheet.constant("plum"))
    return plain.labelled(sheet)


def sample_under_another_name(root: Path, seed: int) -> Drawn:
    """The sample submission is called `template.csv`, in a folder."""
    return _called("forms/template.csv", root, seed)


def sample_of_other_columns(root: Path, seed: int) -> Drawn:
    """As before, with columns that no other table has."""
    return _called("forms/template.csv", root, seed, column="fruit")


def sample_called_results(root: Path, seed: int) -> Drawn:
    """The sample submission is called after its content."""
    return _called("results.csv", root, seed, column="fruit")


def _called(name: str, root: Path, seed: int, *, column: str = "label") -> Drawn:
    """Return a competition whose sample has this name, and whose labels have this column."""
    plain = Plain(root, seed)
    labels(plain, column=column)
    sheet = plain.sheet("label", name=name)
    plain.folder.raw(sheet.name, sheet.constant("plum"))
    return plain.labelled(sheet)


def index_in_words(root: Path, seed: int) -> Drawn:
    """The sample has an index, `Unnamed: 0`, before the ids."""
    plain = Plain(root, seed)
    labels(plain, column="fruit")
    header = ("Unnamed: 0", "image", "fruit")
    return arranged(plain, header, lambda i, c, n: (n, i, c), name="sample_submission.csv", at=2)


def index_without_a_name(root: Path, seed: int) -> Drawn:
    """The sample has an index without a name, from 1, and `.png` in the ids."""
    plain = Plain(root, seed, ("left", "right"))
    labels(plain, column="side")
    header = ("", "file", "side")
    line: LINE = lambda i, c, n: (n + 1, f"{i}.png", c)  # noqa: E731
    return arranged(plain, header, line, name="sample_submission.csv", at=2)


def ids_without_a_name(root: Path, seed: int) -> Drawn:
    """The sample's column of ids has no name: its header is `,label`."""
    plain = Plain(root, seed)
    labels(plain)
    return arranged(plain, ("", "label"), lambda i, c, n: (i, c), name="sample_submission.csv")


def ids_in_the_last_column(root: Path, seed: int) -> Drawn:
    """The sample's ids come last: its header is `label,image_id`."""
    plain = Plain(root, seed)
    labels(plain)
    header = ("label", "image_id")
    return arranged(plain, header, lambda i, c, n: (c, i), name="sample_submission.csv", at=0)


def ids_after_a_counter(root: Path, seed: int) -> Drawn:
    """The sample counts its rows in a column with a name, before the ids."""
    plain = Plain(root, seed, ("leaf", "stem", "root"))
    labels(plain, column="part")
    header = ("row", "part", "picture")
    line: LINE = lambda i, c, n: (n, c, f"{i}.png")  # noqa: E731
    return arranged(plain, header, line, name="sample_submission.csv")


def ids_of_a_test_table(root: Path, seed: int) -> Drawn:
    """The sample's last column has ids that `test.csv` gives for the files."""
    plain = Plain(root, seed, ("dry", "wet"))
    labels(plain, column="soil")
    cases = {each: f"case {97 * row % 101}" for row, each in enumerate(plain.test)}
    rows = ((cases[each], f"{each}.png") for each in plain.test)
    plain.folder.table("test.csv", ("case", "picture"), rows)
    header = ("soil", "case")
    return arranged(
        plain, header, lambda i, c, n: (c, cases[i]), name="sample_submission.csv", at=0
    )


def two_columns_of_ids(root: Path, seed: int) -> Drawn:
    """Two columns of the sample name test images: `mirror` those of other rows."""
    plain = Plain(root, seed)
    labels(plain)
    other = dict(zip(plain.test, reversed(plain.test), strict=True))
    header = ("mirror", "image", "label")
    line: LINE = lambda i, c, n: (other[i], i, c)  # noqa: E731
    return arranged(plain, header, line, name="sample_submission.csv", at=2)


def usage_beside_the_target(root: Path, seed: int) -> Drawn:
    """The sample has a column `Usage`, Public or Private."""
    plain = Plain(root, seed)
    labels(plain)
    header = ("id", "label", "Usage")
    line: LINE = lambda i, c, n: (i, c, USAGE[n % 2])  # noqa: E731
    return arranged(plain, header, line, name="sample_submission.csv")


def columns_of_the_test_table(root: Path, seed: int) -> Drawn:
    """The sample repeats a column of `test.csv`, which the labels have as well."""
    plain = Plain(root, seed)
    rows = [(each, 300 + row, label) for row, (each, label) in enumerate(plain.train.items())]
    plain.folder.table("train.csv", ("id", "width", "label"), rows)
    widths = {each: 400 + row for row, each in enumerate(plain.test)}
    plain.folder.table("test.csv", ("id", "width"), widths.items())
    header = ("id", "width", "label")
    line: LINE = lambda i, c, n: (i, widths[i], c)  # noqa: E731
    return arranged(plain, header, line, name="sample_submission.csv", at=2)


def constant_beside_the_target(root: Path, seed: int) -> Drawn:
    """The sample has a column that is the same in all rows, and that the labels lack."""
    plain = Plain(root, seed)
    labels(plain)
    header = ("id", "label", "source")
    line: LINE = lambda i, c, n: (i, c, "clinic A")  # noqa: E731
    return arranged(plain, header, line, name="sample_submission.csv")


GENDER = "track_1_sample_submission.csv"
KINDS: dict[str, Kind] = {
    "sample-in-a-folder": Kind(sample_in_a_folder),
    "sample-two-folders-deep": Kind(sample_two_folders_deep),
    "tables-called-txt": Kind(tables_called_txt),
    "samples-of-several-targets": Kind(
        samples_of_several_targets, refusal=r"several sample submissions .*\(age, id\).*--sample"
    ),
    "samples-by-target": Kind(samples_of_several_targets, {"target": "gender"}),
    "samples-of-several-tracks": Kind(
        samples_of_several_tracks, refusal=r"track_1\S+ \(gender, id\).*--sample.*--target"
    ),
    "samples-by-name": Kind(samples_of_several_tracks, {"sample": GENDER}),
    "samples-of-two-stages": Kind(samples_of_two_stages),
    "sample-under-another-name": Kind(
        sample_under_another_name, note=r"template\.csv is read as one.*--sample"
    ),
    "sample-of-other-columns": Kind(
        sample_of_other_columns, refusal=r"no sample submission.*--sample.*template\.csv"
    ),
    "sample-called-results": Kind(sample_called_results, note="results.csv is read as one"),
    "sample-by-name": Kind(sample_under_another_name, {"sample": "template.csv"}),
    "sample-by-path": Kind(sample_under_another_name, {"sample": "forms/template.csv"}),
    "sample-that-is-not-there": Kind(
        sample_in_a_folder,
        {"sample": "form.csv"},
        refusal=r"'form\.csv' is not a file.*submission/",
    ),
    "index-in-words": Kind(index_in_words),
    "index-without-a-name": Kind(index_without_a_name),
    "ids-without-a-name": Kind(ids_without_a_name),
    "ids-in-the-last-column": Kind(ids_in_the_last_column),
    "ids-after-a-counter": Kind(ids_after_a_counter, note="row of sample_submission.csv are not"),
    "ids-of-a-test-table": Kind(ids_of_a_test_table),
    "ids-in-two-columns": Kind(
        two_columns_of_ids, {"sample_id": "image", "target": "label"}, note="mirror of sample_sub"
    ),
    "usage-beside-the-target": Kind(usage_beside_the_target, note="Usage of .* not predicted"),
    "columns-of-the-test-table": Kind(columns_of_the_test_table, note="width of .* not predicted"),
    "constant-beside-the-target": Kind(
        constant_beside_the_target, refusal="no column for 'source'.*--target"
    ),
    "constant-that-is-copied": Kind(
        constant_beside_the_target, {"target": "label"}, note="source of .* not predicted"
    ),
}
