import shutil

import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks.infer import tables
from kaggle_prz.tasks.overrides import Overrides

SAMPLE = "id,label\n9,x\n"
TRAIN = make_csv(["id", "label"], (1, "x"), (2, "y"))
AGE, GENDER = "id,age\n9,30\n", "id,gender\n9,f\n"
TWO = {"sample_submission_age.csv": AGE, "sample_submission_gender.csv": GENDER}


@pytest.fixture
def find(tmp_path):
    """Return the path of the sample among files, below their directory."""

    root = tmp_path / "files"

    def run(files, **said):
        shutil.rmtree(root, ignore_errors=True)
        make_tree(root, {"train.csv": TRAIN} | files, [])
        sample, rule = tables.find_sample(root, Overrides.parse(said))
        assert rule
        return sample.path.relative_to(root).as_posix(), sample

    return run


@pytest.mark.parametrize(
    "name",
    [
        "sample_submission.csv",
        "SampleSubmission.CSV",
        "submission_sample.tsv",
        "stage_1_sample_sub.csv",
        "all_zeros_benchmark.csv",
        "sample_submission.txt",
        "test_images_sample.csv",
        "a/sample_submission.csv",
        "a/b/sample_submission.txt",
    ],
)
def test_names_of_a_sample_submission(find, name):
    path, sample = find({name: SAMPLE.replace(",", "\t") if name.endswith("tsv") else SAMPLE})
    assert path == name
    assert (sample.id_column, sample.targets, sample.ids.tolist()) == ("id", ("label",), ["9"])


def test_of_several_versions_the_highest_number_counts(find):
    names = [f"stage{k}_sample_submission.csv" for k in (1, 10, 2)]
    path, sample = find(dict.fromkeys(names, SAMPLE))
    assert path.startswith("stage10_")
    assert sample.notes == ()


def test_other_names_with_the_same_columns_are_noted(find):
    path, sample = find(dict.fromkeys(["sample_submission.csv", "sample_sub_zeros.csv"], SAMPLE))
    assert path == "sample_submission.csv"
    assert "sample_sub_zeros.csv have the same columns" in sample.notes[0]
    assert "--sample" in sample.notes[0]


def test_plainer_names_and_outer_folders_are_preferred(find):
    files = {"submission.csv": "a,b\n1,2\n", "x/sample_submission.csv": SAMPLE}
    assert find(files)[0] == "x/sample_submission.csv"
    assert find(files | {"sample_submission.csv": SAMPLE})[0] == "sample_submission.csv"
    assert find({"sample_submission.txt": "Write, please, one row\nan image\n"} | files)[0] == (
        "x/sample_submission.csv"
    )


def test_samples_with_other_targets_must_be_chosen(find):
    with pytest.raises(DataError, match=r"age\.csv \(age, id\); .*gender\.csv .*--sample"):
        find(TWO)
    with pytest.raises(DataError, match="None or several of them have the target 'height'"):
        find(TWO, target="height")
    assert find(TWO, target="gender")[0] == "sample_submission_gender.csv"
    assert find(TWO, target="Age")[0] == "sample_submission_age.csv"
    assert find(TWO, sample="sample_submission_gender.csv")[1].targets == ("gender",)


def test_a_target_may_be_in_the_name_of_a_sample(find):
    files = {"sample_submission_image.csv": "id,p\n9,0\n", "sample_submission_age.csv": "id,q\n9,0"}
    assert find(files, target="age")[0] == "sample_submission_age.csv"


@pytest.mark.parametrize("name", ["template.csv", "forms/template.csv", "a/b/c/template.txt"])
def test_a_sample_may_be_named(find, name, tmp_path, monkeypatch):
    files = {name: SAMPLE, "sample_submission.csv": AGE}
    for said in (name, name.rpartition("/")[2], str(tmp_path / "files" / name)):
        assert find(files, sample=said)[0] == name
    monkeypatch.chdir(tmp_path)
    assert find(files, sample=f"files/{name}")[0] == name


def test_a_sample_that_is_not_there(find):
    with pytest.raises(UsageError, match=r"'form\.csv' is not a file .* sample_sub\.csv, train\."):
        find({"sample_sub.csv": SAMPLE}, sample="form.csv")
    with pytest.raises(UsageError, match=r"several files: a/form\.csv, b/form\.csv"):
        find({"a/form.csv": SAMPLE, "b/form.csv": SAMPLE}, sample="form.csv")
    with pytest.raises(DataError, match=r"no sample submission.* --sample\. Its tables are train"):
        find({})


def test_files_of_another_system_are_no_samples(find):
    assert find({"._sample_submission.csv": b"\0\5", "sample_submission.csv": SAMPLE})[0] == (
        "sample_submission.csv"
    )
