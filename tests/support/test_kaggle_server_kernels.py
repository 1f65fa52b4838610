"""Kernels, code submissions and datasets of the loopback Kaggle, by the official client."""

import json
import textwrap
from pathlib import Path

import pytest
import requests
from support.kaggle_server import sandbox

pytestmark = pytest.mark.full

SLUG = "count-the-rows"
OWNER = "loopback-user"
SCRIPT = """
    import csv, os
    from pathlib import Path

    root = Path(os.environ.get("KAGGLE_ROOT", "/kaggle"))
    (sample,) = root.glob("input/**/sample_submission.csv")
    rows = sample.read_text().splitlines()
    print(sample.relative_to(root), len(rows) - 1, os.environ.get("KAGGLE_IS_COMPETITION_RERUN"))
    Path("submission.csv").write_text("\\n".join(rows) + "\\n")
"""


@pytest.fixture
def kaggle(loopback, tmp_path):
    for name, count in (("public", 2), ("hidden", 30)):
        (tmp_path / name).mkdir()
        rows = [f"{number},{number % 2}" for number in range(count)]
        text = "\n".join(["id,label", *rows]) + "\n"
        (tmp_path / name / "sample_submission.csv").write_text(text)
    loopback.competition(
        SLUG,
        tmp_path / "public",
        hidden=tmp_path / "hidden",
        answers=tmp_path / "hidden" / "sample_submission.csv",
        metric="accuracy",
        isKernelsSubmissionsOnly=True,
    )
    loopback.settings(scoring_seconds=0.0, queue_seconds=0.0)
    return loopback


def kernel(folder: Path, text: str, **fields) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "script.py").write_text(textwrap.dedent(text))
    metadata = {
        "id": f"{OWNER}/my-kernel",
        "title": "My kernel",
        "code_file": "script.py",
        "language": "python",
        "kernel_type": "script",
        "is_private": True,
        "enable_internet": False,
        "competition_sources": [SLUG],
        **fields,
    }
    (folder / "kernel-metadata.json").write_text(json.dumps(metadata))
    return folder


def ended(kaggle, api, name="my-kernel"):
    def ready():
        answer = api.kernels_status(f"{OWNER}/{name}")
        return answer if answer.status.name in ("COMPLETE", "ERROR") else None

    return kaggle.until(ready)


def pushed(kaggle, folder: Path, text: str, **fields):
    """Push a script and wait for its end: the status, and what it said."""
    api = kaggle.api()
    answer = api.kernels_push(str(kernel(folder, text, **fields)))
    assert not answer.error
    status = ended(kaggle, api)
    events = json.loads(api.kernels_logs(f"{OWNER}/my-kernel"))
    return status, "".join(event["data"] for event in events)


@pytest.mark.parametrize("namespaces", ["auto", "off"])
@pytest.mark.parametrize(
    ("layout", "place"), [("new", f"input/competitions/{SLUG}"), ("old", f"input/{SLUG}")]
)
def test_a_kernel_runs(kaggle, tmp_path, namespaces, layout, place):
    kaggle.settings(layout=layout, namespaces=namespaces)
    status, said = pushed(kaggle, tmp_path / "kernel", SCRIPT)
    assert (status.status.name, status.failure_message) == ("COMPLETE", ""), said
    assert said == f"{place}/sample_submission.csv 2 None\n"
    api = kaggle.api()
    made, _ = api.kernels_output(f"{OWNER}/my-kernel", str(tmp_path / "out"))
    assert sorted(Path(path).name for path in made) == ["my-kernel.log", "submission.csv"]
    assert (tmp_path / "out" / "submission.csv").read_text() == "id,label\n0,0\n1,1\n"


@pytest.mark.parametrize("namespaces", ["auto", "off"])
def test_no_internet_unless_it_is_asked_for(kaggle, tmp_path, namespaces):
    kaggle.settings(namespaces=namespaces)
    text = f"""
        import socket
        socket.create_connection(("127.0.0.1", {kaggle.port}), 5).close()
        print("connected")
    """
    status, said = pushed(kaggle, tmp_path / "kernel", text)
    assert status.status.name == "ERROR"
    assert "unreachable" in said or "name resolution" in said
    _, said = pushed(kaggle, tmp_path / "kernel", text, enable_internet=True)
    assert said == "connected\n"


def test_a_kernel_that_fails_and_one_that_takes_too_long(kaggle, tmp_path):
    status, said = pushed(kaggle, tmp_path / "kernel", "raise SystemExit('no')")
    assert status.status.name == "ERROR"
    assert "exit code 1" in status.failure_message
    assert said == "no\n"
    api = kaggle.api()
    api.kernels_push(str(kernel(tmp_path / "kernel", "while True: pass")), timeout="1")
    assert "Timeout" in ended(kaggle, api).failure_message


@pytest.mark.parametrize("namespaces", ["auto", "off"])
def test_a_kernel_cannot_change_its_sources(kaggle, tmp_path, namespaces):
    kaggle.settings(namespaces=namespaces)
    text = f"""
        import os
        from pathlib import Path
        root = Path(os.environ.get("KAGGLE_ROOT", "/kaggle"))
        print(root == Path("/kaggle"))
        try:
            (root / "input/competitions/{SLUG}/made").touch()
        except OSError as error:
            print(error.strerror)
    """
    _, said = pushed(kaggle, tmp_path / "kernel", text)
    apart = namespaces == "auto" and sandbox.namespaces()
    assert said == ("True\nRead-only file system\n" if apart else "False\n")
    assert not (tmp_path / "public" / "made").exists()


def test_sources_that_do_not_exist(kaggle, tmp_path):
    fields = {
        "competition_sources": [SLUG, "no-such"],
        "dataset_sources": ["nobody/nothing"],
        "kernel_sources": ["nobody/nowhere"],
    }
    answer = kaggle.api().kernels_push(str(kernel(tmp_path / "kernel", "pass", **fields)))
    assert answer.version_number == 1
    assert answer.invalid_competition_sources == ["no-such"]
    assert answer.invalid_dataset_sources == ["nobody/nothing"]
    assert answer.invalid_kernel_sources == ["nobody/nowhere"]


def test_a_notebook(kaggle, tmp_path):
    cells = [
        {"cell_type": "markdown", "source": "# no code"},
        {"cell_type": "code", "outputs": [], "source": ["%matplotlib inline\n", "n = 2\n"]},
        {"cell_type": "code", "outputs": [], "source": "!echo from a shell\nprint(n)"},
    ]
    folder = kernel(tmp_path / "kernel", "", code_file="a.ipynb", kernel_type="notebook")
    (folder / "a.ipynb").write_text(json.dumps({"cells": cells}))
    api = kaggle.api()
    api.kernels_push(str(folder))
    assert ended(kaggle, api).status.name == "COMPLETE"
    said = [event["data"] for event in json.loads(api.kernels_logs(f"{OWNER}/my-kernel"))]
    assert said == ["from a shell\n", "2\n"]
    assert [e["data"] for e in api.kernels_logs_stream(f"{OWNER}/my-kernel")] == said


def test_a_log_is_followed(kaggle, tmp_path):
    text = "import time\nprint('begun')\ntime.sleep(0.5)\nprint('done')\n"
    api = kaggle.api()
    api.kernels_push(str(kernel(tmp_path / "kernel", text)))
    said = [event["data"] for event in api.kernels_logs_stream(f"{OWNER}/my-kernel")]
    assert said == ["begun\n", "done\n"]


def test_a_code_submission_is_run_again_on_the_hidden_rows(kaggle, tmp_path):
    pushed(kaggle, tmp_path / "kernel", SCRIPT)
    api = kaggle.api()
    answer = api.competition_submit_code("submission.csv", "rerun", SLUG, f"{OWNER}/my-kernel", 1)
    entry = _scored(kaggle, api)
    assert (entry.ref, entry.status.name, entry.public_score) == (answer.ref, "COMPLETE", "1.00000")
    with pytest.raises(requests.HTTPError, match="only accepts Submissions from Notebooks"):
        api.competition_submit(str(tmp_path / "hidden" / "sample_submission.csv"), "", SLUG)


def test_a_rerun_that_fails(kaggle, tmp_path):
    text = SCRIPT + '\n    assert os.environ.get("KAGGLE_IS_COMPETITION_RERUN") is None\n'
    pushed(kaggle, tmp_path / "kernel", text)
    api = kaggle.api()
    api.competition_submit_code("submission.csv", "", SLUG, f"{OWNER}/my-kernel", 1)
    assert _scored(kaggle, api).error_description == "Notebook Threw Exception"


def test_what_cannot_be_submitted(kaggle, tmp_path):
    pushed(kaggle, tmp_path / "kernel", SCRIPT, enable_internet=True)
    api = kaggle.api()
    with pytest.raises(requests.HTTPError, match="cannot use internet"):
        api.competition_submit_code("submission.csv", "", SLUG, f"{OWNER}/my-kernel", 1)
    pushed(kaggle, tmp_path / "kernel", SCRIPT)
    with pytest.raises(requests.HTTPError, match=r"has no file 'other\.csv'"):
        api.competition_submit_code("other.csv", "", SLUG, f"{OWNER}/my-kernel", 2)
    assert api.competition_get_submission_limits(SLUG).num_today == 0


def _scored(kaggle, api):
    def ready():
        (entry,) = api.competition_submissions(SLUG)
        return entry if entry.status.name != "PENDING" else None

    return kaggle.until(ready)


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "dataset"
    (folder / "inner").mkdir(parents=True)
    (folder / "weights.h5").write_bytes(b"0" * 100_000)
    (folder / "inner" / "note.txt").write_text("inner")
    metadata = {
        "id": f"{OWNER}/my-weights",
        "title": "My weights",
        "licenses": [{"name": "CC0-1.0"}],
    }
    (folder / "dataset-metadata.json").write_text(json.dumps(metadata))
    return folder


def test_datasets(kaggle, dataset, tmp_path):
    api, ref = kaggle.api(), f"{OWNER}/my-weights"
    with pytest.raises(requests.HTTPError):
        api.dataset_status(ref)
    answer = api.dataset_create_new(str(dataset), quiet=True, dir_mode="zip")
    assert answer.status == "ok"
    assert api.dataset_create_new(str(dataset), quiet=True).status == "error"
    assert api.dataset_status(ref) == "ready"
    names = {each.name: each.total_bytes for each in api.dataset_list_files(ref).dataset_files}
    assert names == {"inner/note.txt": 5, "weights.h5": 100_000}
    (dataset / "weights.h5").write_bytes(b"1" * 10)
    api.dataset_create_version(str(dataset), "smaller", quiet=True)
    assert json.loads(api.dataset_status(ref, format="json"))["current_version_number"] == 2
    text = """
        from pathlib import Path
        root = Path("/kaggle/input")
        print(*sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()))
    """
    _, said = pushed(
        kaggle, tmp_path / "kernel", text, competition_sources=[], dataset_sources=[ref]
    )
    assert said == f"datasets/{OWNER}/my-weights/weights.h5\n"


def test_the_command_line_of_kernels_and_datasets(kaggle, dataset, tmp_path):
    folder = kernel(tmp_path / "kernel", SCRIPT)
    sent = kaggle.cli("kernels", "push", "-p", folder)
    assert "Kernel version 1 successfully pushed" in sent.stdout, sent.stderr
    ended(kaggle, kaggle.api())
    assert "COMPLETE" in kaggle.cli("kernels", "status", f"{OWNER}/my-kernel").stdout
    kaggle.cli("kernels", "output", f"{OWNER}/my-kernel", "-p", tmp_path / "out")
    assert (tmp_path / "out" / "submission.csv").is_file()
    assert "sample_submission.csv 2" in kaggle.cli("kernels", "logs", f"{OWNER}/my-kernel").stdout
    made = kaggle.cli("datasets", "create", "-p", dataset)
    assert "is being created" in made.stdout, made.stderr
    assert "weights.h5" in kaggle.cli("datasets", "files", f"{OWNER}/my-weights", "-v").stdout
    sent = kaggle.cli("datasets", "version", "-p", dataset, "-m", "again")
    assert "is being created" in sent.stdout, sent.stderr
    assert kaggle.cli("datasets", "status", f"{OWNER}/my-weights").stdout.strip() == "ready"
