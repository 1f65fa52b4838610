"""Records of 0.1.0 are read as they are; damage and newer versions are one sentence."""

import json

import pytest
from support.synthetic import make_run

from kaggle_prz import runs
from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.core.identity import Identity
from kaggle_prz.metrics.decisions import Decision
from kaggle_prz.runs import records
from kaggle_prz.runs.records import (
    BlendRecord,
    Member,
    PlanRecord,
    Provenance,
    Receipt,
    RunRecord,
    Seal,
    StageRecord,
)
from kaggle_prz.tasks.overrides import Overrides

STAGE = {"index": 1, "image_size": 16, "epochs": 1.0, "batch_size": 32, "learning_rate": 0.0002}
RAMPS = {
    "dropout": 0.2, "stochastic_depth": 0.0, "randaugment": 0.0, "mixup": 0.0, "cutmix": 0.0,
    "label_smoothing": 0.0, "frozen": 0.0, "head_views": 1,
}  # fmt: skip
# As version 0.1.0 wrote them.
WRITTEN = {
    "recipe.json": (
        RunRecord,
        {
            "version": "0.1.0",
            "competition": "shapes",
            "recipe": {"backbone": "tiny", "sizes": [16, 24], "folds": 2},
            "backbone_identity": {"structure": "s", "weights": "w", "outputs": [0.5, 1.0]},
            "weights_sha256": "",
            "files": "abceb8c85b186b27",
            "layout": {"metric": "accuracy"},
        },
    ),
    "plan.json": (
        PlanRecord,
        {
            "folds": 2,
            "time_limit": None,
            "settled": 1,
            "complete": True,
            "stages": [{"name": "stage1-16", **STAGE, **RAMPS}],
            "predicted_seconds": [2.5],
        },
    ),
    "stage.json": (
        StageRecord,
        {
            "seconds": {"build": 1.25, "train": 0.5, "predict": 0.25, "features": 0.0},
            "training_traces": 1,
            "predicted_images": 84,
            "batch": [32, 1],
            "decisions": ["precision: float32"],
        },
    ),
    "transfer.json": (
        Provenance,
        {
            "source": "stage1-16/fold0/model.weights.h5",
            "source_sha256": "0" * 64,
            "kept": ["stem/kernel"],
            "reinitialised": ["head/kernel"],
            "resampled": ["positions"],
            "batch_norm": "statistics of 40 training images",
            "head": "linear probe on frozen features of 40 training rows",
        },
    ),
    "DONE": (
        Seal,
        {"files": {"oof.npz": "1" * 64}, "bytes": {"oof.npz": 10}, "score": 0.5,
         "views": ["plain", "horizontal"]},
    ),
    "blend.json": (
        BlendRecord,
        {
            "metric": "log_loss",
            "score": 1.5,
            "decision": {
                "kind": "classes", "reason": "the most probable class", "thresholds": [],
                "cut_points": [], "weights": [], "never_empty": True, "sizes": [], "heads": [],
            },
            "reason": "stage1-16 is the only one",
            "submission_sha256": "2" * 64,
            "constant": [0.5, 0.5],
            "constant_score": 0.7,
            "constant_share": 0.5,
            "members": [
                {"stage": "stage1-16", "fold": 0, "views": ["plain"]},
                {"stage": "stage1-16", "fold": 1},
            ],
            "stages": [
                {"name": "stage1-16", "fold_scores": [1.0, 2.0], "score": 1.5, "accuracy": None}
            ],
        },
    ),
    "receipt.json": (
        Receipt,
        {
            "host": "embedded", "ref": 1, "date": "2026-01-02T03:04:05+00:00", "description": "",
            "file_name": "submission.csv", "sha256": "2" * 64, "status": "complete",
            "public_score": 0.25, "private_score": None, "error": "", "rank": 1,
            "best_public_score": 0.25, "teams": 2, "percentile": 50.0,
        },
    ),
}  # fmt: skip
NEEDED = {
    "recipe.json": {"competition", "recipe"},
    "plan.json": {"folds", "settled", "complete", "stages"},
    "stage.json": set(),
    "transfer.json": {"source", "source_sha256"},
    "DONE": {"files", "bytes"},
    "blend.json": {"score", "reason", "members", "stages"},
    "receipt.json": {"ref", "date", "sha256", "status"},
}
FIELDS = [(name, field) for name, (_, content) in WRITTEN.items() for field in content]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_0_1_0_wrote_is_written_again_with_a_version(tmp_path, name):
    kind, content = WRITTEN[name]
    filesystem.write_json(tmp_path / name, content)
    records.write(tmp_path / name, records.read(tmp_path / name, kind))
    again = json.loads((tmp_path / name).read_text())
    assert again == content | {"version": records.VERSION}
    assert records.read(tmp_path / name, kind).version == records.VERSION


def test_values_have_their_types(tmp_path):
    found = {}
    for name, (kind, content) in WRITTEN.items():
        filesystem.write_json(tmp_path / name, content)
        found[name] = records.read(tmp_path / name, kind)
    assert found["recipe.json"].backbone_identity == Identity("s", "w", (0.5, 1.0))
    assert found["recipe.json"].layout == Overrides(metric="accuracy")
    assert found["plan.json"].stages[0].name == "stage1-16"
    assert found["stage.json"].batch == (32, 1)
    assert found["blend.json"].decision == Decision("classes", "the most probable class")
    assert found["blend.json"].members[1] == Member(stage="stage1-16", fold=1)


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_field_has_a_default_or_is_missed_when_read(tmp_path, name, field):
    kind, content = WRITTEN[name]
    path = tmp_path / name
    filesystem.write_json(path, {key: content[key] for key in content if key != field})
    if field in NEEDED[name]:
        with pytest.raises(RunError, match=f"{name} lacks '{field}'.*Remove that file") as caught:
            records.read(path, kind)
        assert "\n" not in str(caught.value)
    else:
        records.read(path, kind)


@pytest.mark.parametrize(("name", "field"), [each for each in FIELDS if each[1] != "version"])
def test_a_value_of_another_form_names_its_field(tmp_path, name, field):
    kind, content = WRITTEN[name]
    filesystem.write_json(tmp_path / name, content | {field: [[{"no": "such"}]]})
    with pytest.raises(RunError, match=rf"{name} has .*\({field}.*Remove that file") as caught:
        records.read(tmp_path / name, kind)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_newer_record_is_refused_with_one_sentence(tmp_path, name):
    filesystem.write_json(tmp_path / name, {"version": records.VERSION + 1, "other": {}})
    with pytest.raises(
        RunError, match=f"{name} was written by a newer version of kaggle-prz.*Install"
    ):
        records.read(tmp_path / name, WRITTEN[name][0])


def test_a_field_of_a_later_release_is_no_damage(tmp_path):
    filesystem.write_json(tmp_path / "stage.json", {"version": records.VERSION, "watts": 40})
    assert records.read(tmp_path / "stage.json", StageRecord) == StageRecord()


def test_a_run_written_now_has_versions_and_no_other_keys(tmp_path):
    path = make_run(tmp_path / "runs" / "toys" / "first").path
    for name in ("recipe.json", "blend.json", "stage1-32/fold0/DONE"):
        kind, content = WRITTEN[name.rpartition("/")[2]]
        written = json.loads((path / name).read_text())
        assert written["version"] == records.VERSION
        assert set(written) <= {"version", *content}
        records.read(path / name, kind)


def test_a_damaged_blend_is_one_sentence_of_the_run(tmp_path):
    run = runs.load_run(make_run(tmp_path / "runs" / "toys" / "first").path)
    (run.path / "blend.json").write_text('{"score": "high"}')
    with pytest.raises(RunError, match=r"blend\.json has .*score"):
        _ = run.score
