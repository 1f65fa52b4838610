"""Failures on order, shown by plain requests; uploads that are resumed; big downloads."""

import json
import time
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.full

SLUG = "faulty"
USER = "loopback-user"
SERVICE = "competitions.CompetitionApiService"


@pytest.fixture
def kaggle(loopback, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "data.bin").write_bytes(bytes(range(250)) * 4)
    loopback.competition(SLUG, tmp_path / "files", answers=tmp_path / "none.csv", metric="accuracy")
    return loopback


def call(kaggle, method: str, **body) -> requests.Response:
    pair = (kaggle.account["username"], kaggle.account["key"])
    body.setdefault("competitionName", SLUG)
    url = f"{kaggle.url}/api/v1/{SERVICE}/{method}"
    return requests.post(url, json=body, auth=pair, timeout=10, allow_redirects=False)


def link(kaggle) -> str:
    return call(kaggle, "DownloadDataFile", fileName="data.bin").headers["Location"]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503])
def test_statuses(kaggle, status):
    kaggle.faults.add("ListDataFiles", status, seconds=7)
    answer = call(kaggle, "ListDataFiles")
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert ("html" in answer.headers["Content-Type"]) == (status in (502, 503))
    assert call(kaggle, "ListDataFiles").status_code == 200


def test_rules_html_and_answers_of_ones_own(kaggle):
    kaggle.faults.add("*", "rules")
    assert "accept this competition's rules" in call(kaggle, "ListDataFiles").json()["message"]
    kaggle.faults.add("GetCompetition", "html")
    answer = call(kaggle, "GetCompetition")
    assert (answer.status_code, answer.text[:15]) == (200, "<!doctype html>")
    kaggle.faults.add("ListSubmissions", "answer", content={"submissions": [{"status": "ODD"}]})
    assert call(kaggle, "ListSubmissions").json()["submissions"][0]["status"] == "ODD"


def test_resets_and_stalls(kaggle):
    kaggle.faults.add("ListDataFiles", "reset", nth=2)
    assert call(kaggle, "ListDataFiles").status_code == 200
    with pytest.raises(requests.ConnectionError):
        call(kaggle, "ListDataFiles")
    kaggle.faults.add("ListDataFiles", "stall", seconds=0.3)
    begun = time.monotonic()
    assert call(kaggle, "ListDataFiles").status_code == 200
    assert time.monotonic() - begun >= 0.3


def test_a_call_whose_answer_is_lost_was_carried_out(kaggle):
    kaggle.faults.add("StartSubmissionUpload", 500, after=True)
    kaggle.faults.add("StartSubmissionUpload", 500)
    assert call(kaggle, "StartSubmissionUpload", fileName="a").status_code == 500
    assert len(kaggle.control("state", room="uploads")) == 1
    assert call(kaggle, "StartSubmissionUpload", fileName="a").status_code == 200
    assert len(kaggle.control("state", room="uploads")) == 2


def test_faults_for_ever_until_they_are_cleared(kaggle):
    kaggle.faults.add("ListDataFiles", 500, times=0)
    assert {call(kaggle, "ListDataFiles").status_code for _ in range(3)} == {500}
    kaggle.faults.clear()
    assert call(kaggle, "ListDataFiles").status_code == 200
    assert [each["fault"] for each in kaggle.requests("ListDataFiles")] == ["status"] * 3 + [None]


def test_bodies_that_are_short(kaggle):
    url = link(kaggle)
    kaggle.faults.add("download", "truncated", size=300)
    assert len(requests.get(url, timeout=10).content) == 300
    for kind in ("cut", "wrong-length"):
        kaggle.faults.add("download", kind)
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            requests.get(url, timeout=10)


def test_a_slow_body(kaggle):
    url = link(kaggle)
    kaggle.faults.add("download", "slow", size=4000)
    begun = time.monotonic()
    assert len(requests.get(url, timeout=10).content) == 1000
    assert time.monotonic() - begun > 0.2


def test_ranges(kaggle):
    url, whole = link(kaggle), bytes(range(250)) * 4
    first = requests.get(url, timeout=10)
    tag = first.headers["ETag"]
    assert first.content == whole

    def ranged(wanted: str, **headers: str) -> requests.Response:
        return requests.get(url, headers={"Range": wanted, **headers}, timeout=10)

    part = ranged("bytes=990-")
    assert (part.status_code, part.content) == (206, whole[990:])
    assert part.headers["Content-Range"] == "bytes 990-999/1000"
    assert ranged("bytes=-4").content == whole[-4:]
    assert ranged("bytes=0-1", **{"If-Range": tag}).status_code == 206
    assert ranged("bytes=0-1", **{"If-Range": '"other"'}).status_code == 200
    over = ranged("bytes=1000-")
    assert (over.status_code, over.headers["Content-Range"]) == (416, "bytes */1000")


def test_signatures(kaggle):
    url = link(kaggle)
    assert requests.get(url.replace("data.bin", "other"), timeout=10).status_code == 403
    secret = {"Authorization": f"Bearer {kaggle.account['token']}"}
    assert requests.get(url, headers=secret, timeout=10).status_code == 400
    assert kaggle.requests("download")[-1]["authorization"] == "Bearer"
    assert not any(kaggle.account["token"] in str(each) for each in kaggle.requests())
    kaggle.settings(clock_seconds=601)
    assert "ExpiredToken" in requests.get(url, timeout=10).text


def test_uploads_are_resumed(kaggle):
    content = bytes(range(200)) * 10
    start = call(kaggle, "StartSubmissionUpload", fileName="a.csv", contentLength=2000).json()
    kaggle.faults.add("upload", "cut", size=700)
    with pytest.raises(requests.ConnectionError):
        requests.put(start["createUrl"], data=content, timeout=10)
    asked = {"Content-Range": "bytes */2000", "Content-Length": "0"}
    held = requests.put(start["createUrl"], headers=asked, timeout=10)
    assert (held.status_code, held.headers["Range"]) == (308, "bytes=0-699")
    early = call(kaggle, "CreateSubmission", blobFileTokens=start["token"])
    assert (early.status_code, early.json()["message"]) == (400, "The upload is not complete.")
    rest = {"Content-Range": "bytes 700-1999/2000"}
    done = requests.put(start["createUrl"], data=content[700:], headers=rest, timeout=10)
    assert done.status_code == 200
    ref = call(kaggle, "CreateSubmission", blobFileTokens=start["token"]).json()["ref"]
    kept = kaggle.root / "submissions" / str(ref) / "a.csv"
    assert kept.read_bytes() == content


def test_the_client_goes_on_with_an_upload(kaggle, tmp_path):
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "weights.h5").write_bytes(bytes(range(256)) * 1000)
    metadata = {
        "id": f"{USER}/my-weights",
        "title": "My weights",
        "licenses": [{"name": "CC0-1.0"}],
    }
    (folder / "dataset-metadata.json").write_text(json.dumps(metadata))
    kaggle.faults.add("upload", 503, after=True)
    assert kaggle.api().dataset_create_new(str(folder), quiet=True).status == "ok"
    kept = kaggle.root / "datasets" / USER / "my-weights" / "1" / "weights.h5"
    assert kept.read_bytes() == bytes(range(256)) * 1000
    assert [each["range"] for each in kaggle.requests("upload")] == [None, "bytes */256000"]


def test_the_client_returns_where_an_upload_failed(kaggle, tmp_path):
    (tmp_path / "submission.csv").write_text("id,label\n")
    kaggle.faults.add("upload", 500)
    api = kaggle.api()
    answer = api.competition_submit(str(tmp_path / "submission.csv"), "", SLUG, quiet=True)
    assert (answer.ref, answer.message) == (0, "Could not submit to competition")
    assert not kaggle.requests("CreateSubmission")


def test_the_client_goes_on_with_a_download(kaggle, tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    content = bytes(range(256)) * (3 << 12)  # 3 MiB, and the client keeps whole MiB only
    (tmp_path / "files" / "data.bin").write_bytes(content)
    kaggle.faults.add("download", "cut", size=2_500_000)
    kaggle.api().competition_download_file(SLUG, "data.bin", path=str(tmp_path / "down"))
    assert (tmp_path / "down" / "data.bin").read_bytes() == content
    assert [each["range"] for each in kaggle.requests("download")] == [None, "bytes=2097152-"]


def test_nothing_goes_to_the_real_kaggle(kaggle):
    proxies = {"https": kaggle.environment()["https_proxy"]}
    with pytest.raises(requests.exceptions.ProxyError, match="404"):
        requests.get("https://api.kaggle.com/v1/x", proxies=proxies, timeout=10)


def test_a_big_download_is_not_held_in_memory(kaggle, tmp_path):
    with (tmp_path / "files" / "data.bin").open("r+b") as file:
        file.truncate(1 << 28)
    before = _memory(kaggle.pid)
    with requests.get(link(kaggle), stream=True, timeout=30) as answer:
        assert sum(len(chunk) for chunk in answer.iter_content(1 << 20)) == 1 << 28
    assert _memory(kaggle.pid) - before < 32 << 10


def _memory(pid: int) -> int:
    """The most memory a process has had, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_requests_through_a_proxy(kaggle):
    pair = (kaggle.account["username"], kaggle.account["key"])
    answer = requests.post(
        f"http://localhost/api/v1/{SERVICE}/GetCompetition",
        json={"competitionName": SLUG},
        auth=pair,
        proxies={"http": kaggle.url},
        timeout=10,
    )
    assert answer.json()["ref"].endswith(SLUG)
    assert kaggle.requests()[-1]["host"] == "localhost"
