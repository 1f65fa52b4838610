import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks import infer
from kaggle_prz.tasks.infer import keys

IDS = [f"a{row}" for row in range(12)]
TABLES = {
    "train.csv": make_csv(("id", "label"), *zip(IDS, ["cat", "dog"] * 6, strict=True)),
    "sample_submission.csv": make_csv(("id", "label"), ("b0", "cat"), ("b1", "cat")),
}
IMAGES = [*(f"train/{name}.png" for name in IDS), "test/b0.png", "test/b1.png"]


@pytest.fixture
def read(tmp_path):
    """Read a competition whose `competition.toml` has this content."""

    def run(content, **options):
        root = make_tree(tmp_path / "files", TABLES | {"competition.toml": content}, IMAGES)
        return infer.read(root, slug="pets", **options)

    return run


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("target = 'age'", r"^target 'age' in competition\.toml is not a column"),
        ("id_column = 'age'", r"'age' \(id_column in competition\.toml\) with the names"),
        ("sample = 'age'", r"^sample 'age' in competition\.toml is not a file"),
        ("labels = 'age'", r"^labels 'age' in competition\.toml must name one table"),
        ("group = 'age'", r"^group 'age' in competition\.toml is not a column"),
        ("metric = 'age'", r"Unknown metric 'age' in competition\.toml.*with --metric"),
        ("separator = 'bar'", r"^separator bar in competition\.toml: no label has bars"),
        ("positive = 'cat'", r"^positive in competition\.toml applies only to"),
        ("sample_id = 'age'", r"^sample_id 'age' in competition\.toml is not a column"),
    ],
)
def test_a_wrong_key_is_named_as_key(read, content, said):
    with pytest.raises(UsageError, match=said):
        read(content)


def test_a_wrong_option_is_named_as_option(read):
    with pytest.raises(UsageError, match=r"^--target 'age' is not a column"):
        read("target = 'label'", target="age")


def test_advice_names_the_option():
    message = "--labels 'a' is none. Choose another with --labels, or --target."
    said = keys.in_file(message, {"labels": "a", "target": "b"})
    assert said.endswith("in competition.toml is none. Choose another with --labels, or --target.")


def test_evidence_names_the_key(read):
    rules = {each.name: each.rule for each in read("target = 'label'\ngroup = 'none'").evidence}
    assert rules["labels"] == "given with target in competition.toml"
    assert rules["group"] == "given with group none in competition.toml"


@pytest.mark.parametrize("name", ["train.csv", "more", "train/c.png"])
def test_a_link_that_leads_to_itself(read, tmp_path, name):
    read("")
    link = tmp_path / "files" / name
    link.unlink(missing_ok=True)
    link.symlink_to(link.name)
    with pytest.raises(DataError, match=f"{name} is a link that leads to itself. Remove it"):
        infer.read(tmp_path / "files", slug="pets")
