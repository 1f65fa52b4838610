import json
import shutil

import numpy as np
import pandas as pd
import pytest
from support.synthetic import make_run

from kaggle_prz.core import filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.runs import leak_audit

STAGES = ("stage1-32", "stage2-48")


@pytest.fixture(scope="module")
def faithful(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "toys" / "first").path


@pytest.fixture
def run(faithful, tmp_path):
    """A run that trained as it should: two stages, three folds, groups of two rows."""
    return shutil.copytree(faithful, tmp_path / "run")


def _change(directory, **arrays) -> None:
    """Replace arrays of a fold and seal it again, as the same code would have."""
    for name, ids in arrays.items():
        content = filesystem.read_arrays(directory / f"{name}.npz")
        filesystem.write_arrays(directory / f"{name}.npz", **content | {"ids": np.array(ids)})
    filesystem.seal(directory)


def _ids(directory, name: str) -> list[str]:
    return filesystem.read_arrays(directory / f"{name}.npz")["ids"].tolist()


def test_a_faithful_run_is_clean(run):
    audit = leak_audit.audit(run)
    assert audit.findings == ()
    assert audit.checked == 6
    assert audit.clean


def test_a_run_without_groups_is_clean_too(tmp_path):
    run = make_run(tmp_path / "runs" / "toys" / "x", groups=False, folds=2)
    assert leak_audit.audit(run.path).clean


def test_folds_that_are_drawn_anew_for_a_stage_are_found(tmp_path):
    run = make_run(tmp_path / "runs" / "toys" / "x", redraw_folds=True)
    audit = leak_audit.audit(run.path)
    assert not audit.clean
    leaks = [finding for finding in audit.findings if "were trained on in this stage" in finding]
    assert {finding.split(":")[0] for finding in leaks} == {
        f"{STAGES[1]}/fold{fold}" for fold in range(3)
    }


def test_a_held_out_row_seen_in_the_first_stage_is_found_in_every_stage_after(run):
    first = run / STAGES[0] / "fold1"
    victim = _ids(first, "oof")[0]
    _change(first, trained_on=[*_ids(first, "trained_on"), victim])
    findings = leak_audit.audit(run).findings
    assert [finding.split(":")[0] for finding in findings] == [f"{s}/fold1" for s in STAGES]
    # Rows are held out by twos, a group each: the row and its companion.
    assert all("2 of 12 out-of-fold rows" in finding for finding in findings)
    assert all(victim in finding for finding in findings)


def test_a_group_that_is_divided_is_found(run):
    """Rows are held out consistently everywhere; only a group's two rows part."""
    table = pd.read_csv(run / "folds.csv", dtype=str)
    pair = table[table["group"] == table["group"][0]].index
    table.loc[pair[0], "fold"] = str((int(table.loc[pair[0], "fold"]) + 1) % 3)
    table.to_csv(run / "folds.csv", index=False)
    for stage in STAGES:
        for fold in range(3):
            held_out = (table["fold"] == str(fold)).to_numpy()
            directory = run / stage / f"fold{fold}"
            _change(
                directory,
                oof=table["id"][held_out].tolist(),
                trained_on=table["id"][~held_out].tolist(),
            )
    findings = leak_audit.audit(run).findings
    assert len(findings) == 4  # two folds, two stages
    assert all("rows of their group, were trained on" in finding for finding in findings)


@pytest.mark.parametrize("wrong", ["path", "digest"])
def test_weights_of_another_fold_are_found(run, wrong):
    fold = run / STAGES[1] / "fold2"
    transfer = json.loads((fold / "transfer.json").read_text())
    if wrong == "path":
        transfer["source"] = f"{STAGES[0]}/fold0/model.weights.h5"
    else:
        transfer["source_sha256"] = filesystem.sha256(
            run / STAGES[0] / "fold0" / "model.weights.h5"
        )
    filesystem.write_json(fold / "transfer.json", transfer)
    filesystem.seal(fold)
    (finding,) = leak_audit.audit(run).findings
    assert finding.startswith(f"{STAGES[1]}/fold2: started from {transfer['source']}")
    assert finding.endswith(f"not from the weights of {STAGES[0]}/fold2/model.weights.h5")


@pytest.mark.parametrize("name", ["model.weights.h5", "oof.npz", "trained_on.npz"])
def test_a_file_changed_after_sealing_is_found(run, name):
    file = run / STAGES[1] / "fold0" / name
    other = run / STAGES[1] / "fold1" / name
    content = bytearray(other.read_bytes()[: file.stat().st_size])
    content += bytes(file.stat().st_size - len(content))
    if name == "model.weights.h5":
        file.write_bytes(content)
    else:  # the same rows, written a moment later: other bytes of the same length
        raw = bytearray(file.read_bytes())
        raw[10] ^= 1
        file.write_bytes(raw)
    assert (
        f"{STAGES[1]}/fold0: {name} changed after the fold was finished"
        in leak_audit.audit(run).findings
    )


def test_weights_changed_after_the_next_stage_began_are_found_twice(run):
    (run / STAGES[0] / "fold0" / "model.weights.h5").write_bytes(b"weights of stage1-32, fold 9")
    findings = leak_audit.audit(run).findings
    assert [finding.split(":")[0] for finding in findings] == [f"{s}/fold0" for s in STAGES]


def test_predictions_of_rows_of_another_fold_are_found(run):
    one, two = (run / STAGES[0] / f"fold{fold}" for fold in (0, 1))
    held_out = _ids(two, "oof")
    _change(two, oof=_ids(one, "oof"))
    _change(one, oof=held_out)
    findings = leak_audit.audit(run).findings
    for fold in (0, 1):
        where = f"{STAGES[0]}/fold{fold}: "
        rule = f"predicts other rows than those that folds.csv assigns to fold {fold}"
        assert where + rule in findings
        assert any(f.startswith(where) and "were trained on" in f for f in findings)


def test_rows_that_no_fold_knows_are_found(run):
    directory = run / STAGES[0] / "fold0"
    _change(directory, trained_on=[*_ids(directory, "trained_on"), "stranger"])
    assert f"{STAGES[0]}/fold0: 1 rows are not in folds.csv" in leak_audit.audit(run).findings


def test_only_what_is_sealed_is_checked(run):
    (run / STAGES[0] / "fold0" / "DONE").unlink()
    assert leak_audit.audit(run).checked == 4


def test_where_nothing_is_sealed_nothing_is_clean(run):
    for seal in run.glob("*/*/DONE"):
        seal.unlink()
    audit = leak_audit.audit(run)
    assert (audit.checked, audit.findings, audit.clean) == (0, (), False)


def test_a_directory_without_a_run(tmp_path):
    with pytest.raises(RunError, match=r"plan\.json is missing"):
        leak_audit.audit(tmp_path)
