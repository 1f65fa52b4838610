import json

import pytest

from kaggle_prz.commands.kernel import bundle
from kaggle_prz.commands.kernel.bundle import Bundle
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError, UsageError


@pytest.fixture
def sealed(tmp_path):
    """A bundle of three files; not of interest what they are."""
    made = Bundle(tmp_path / "bundle")
    (tmp_path / "big.bin").write_bytes(b"x" * 100)
    made.add("runs/a--b/fold0/model.weights.h5", tmp_path / "big.bin")
    made.add_json("runs/a--b/plan.json", {"folds": 2})
    (made.directory / "some-1-py3-none-any.whl").write_bytes(b"wheel")
    made.seal()
    return made.directory


def test_a_bundle_is_flat_and_its_manifest_tells_what_is_what(sealed):
    assert all(file.is_file() for file in sealed.iterdir())
    entries = json.loads((sealed / "manifest.json").read_text())["files"]
    assert [(entry["path"], entry["bytes"]) for entry in entries] == [
        ("runs/a--b/fold0/model.weights.h5", 100),
        ("runs/a--b/plan.json", 17),
        ("some-1-py3-none-any.whl", 5),
    ]
    for entry in entries:
        assert entry["sha256"] == filesystem.sha256(sealed / entry["file"])


def test_who_opens_it_finds_every_file_at_its_path(sealed, tmp_path):
    bundle.unpack(sealed, tmp_path / "to")
    assert filesystem.read_json(tmp_path / "to/runs/a--b/plan.json") == {"folds": 2}
    assert (tmp_path / "to/runs/a--b/fold0/model.weights.h5").stat().st_size == 100
    bundle.unpack(sealed, tmp_path / "to")  # again, as the next version does


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda file: file.unlink(), "is missing"),
        (lambda file: file.write_bytes(b"y" * 100), "was changed"),
    ],
)
def test_a_damaged_bundle_is_refused(sealed, tmp_path, damage, told):
    (file,) = sealed.glob("*.h5")
    damage(file)
    with pytest.raises(RunError, match=f"is damaged: .*h5 {told}"):
        bundle.unpack(sealed, tmp_path / "to")


@pytest.mark.parametrize("path", ["../out.json", "/tmp/out.json"])
def test_no_file_leaves_the_bundle(sealed, tmp_path, path):
    manifest = json.loads((sealed / "manifest.json").read_text())
    manifest["files"][1]["path"] = path
    (sealed / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="names a path outside the bundle"):
        bundle.unpack(sealed, tmp_path / "to")


def test_a_build_replaces_a_build_and_nothing_else(sealed, tmp_path):
    again = Bundle(sealed)
    assert list(again.directory.iterdir()) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(UsageError, match="contains files that kernel build did not write"):
        Bundle(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").exists()


@pytest.mark.parametrize("emptied", [False, True])
def test_a_build_that_was_stopped_is_gone_on_with_and_not_pushed(sealed, emptied):
    assert bundle.is_whole(sealed)
    stopped = Bundle(sealed)
    if emptied:  # it was stopped while it removed the build of before, the manifest first
        (sealed / "wheel-of-before.whl").touch()
    stopped.add_json("runs/first/recipe.json", {})
    stopped.add_json(bundle.JOB, {})
    assert not bundle.is_whole(sealed)
    again = Bundle(sealed)
    again.add_json(bundle.JOB, {})
    assert [entry.file for entry in again.seal()] == [bundle.JOB]
    assert bundle.is_whole(sealed)
