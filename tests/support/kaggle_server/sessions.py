"""One run of a kernel's version: a process, its log in Kaggle's form, and how it ended."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from . import sandbox
from .world import World


def source(version: Mapping[str, Any]) -> str:
    """The script of a version; of a notebook, its code cells one after the other."""
    if version["kernelType"] != "notebook":
        return str(version["text"])
    cells = [cell for cell in json.loads(version["text"])["cells"] if cell["cell_type"] == "code"]
    lines = ["import subprocess as _subprocess"]
    for cell in cells:
        text = cell["source"]
        whole = text if isinstance(text, str) else "".join(text)
        lines += [_plain(line) for line in whole.splitlines()]
    return "\n".join(lines) + "\n"


def _plain(line: str) -> str:
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    if bare.startswith(("!", "%pip ", "%conda ")):
        return f"{indent}_subprocess.run({bare[1:]!r}, shell=True, check=False)"
    return f"{indent}pass" if bare.startswith("%") else line


def run(
    world: World,
    folder: Path,
    version: Mapping[str, Any],
    mounts: Mapping[str, Path],
    *,
    seconds: float,
    rerun: bool = False,
) -> tuple[str, str]:
    """Run a version to its end.

    Args:
        world: gives the settings, and ends the process with the server.
        folder: gets `kaggle`, the tree, and `log.jsonl`.
        version: its code and flags.
        mounts: folders by their names below `/kaggle/input`.
        seconds: the session is killed after them.
        rerun: this is the rerun of a code competition.

    Returns:
        `COMPLETE` or `ERROR`, and the message of a failure.
    """
    shutil.rmtree(folder, ignore_errors=True)
    tree = folder / "kaggle"
    for name in ("input", "src", "working", "temp"):
        (tree / name).mkdir(parents=True)
    (tree / "src" / "script.py").write_text(source(version), encoding="utf-8")
    apart = world.state.setting("namespaces") != "off" and sandbox.namespaces()
    room = sandbox.room(
        tree,
        mounts,
        world.state.setting("python"),
        internet=version["enableInternet"],
        apart=apart,
        root_variable=world.state.setting("root_variable"),
    )
    home = Path("/kaggle/temp") if apart else tree / "temp"
    environment = _environment(world, version["enableInternet"], rerun) | room.environment
    environment |= {"HOME": str(home), "TMPDIR": str(home)}
    begun = time.monotonic()
    with subprocess.Popen(
        room.command,
        cwd=room.cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        world.processes.add(process.pid)
        try:
            late = _followed(process, folder / "log.jsonl", begun, seconds)
        finally:
            world.processes.discard(process.pid)
    if late:
        return "ERROR", f"Notebook Timeout: the session was ended after {seconds:g} s."
    if process.returncode:
        return "ERROR", f"Notebook Threw Exception: exit code {process.returncode}."
    return "COMPLETE", ""


def _followed(process: "subprocess.Popen[str]", log: Path, begun: float, seconds: float) -> bool:
    """Write the log until the process ends; true where it had to be killed."""
    lock = threading.Lock()
    log.touch()

    def follow(name: str, stream: IO[str]) -> None:
        for line in stream:
            event = {"stream_name": name, "time": time.monotonic() - begun, "data": line}
            with lock, log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")

    assert process.stdout is not None
    assert process.stderr is not None
    readers = [
        threading.Thread(target=follow, args=("stdout", process.stdout), daemon=True),
        threading.Thread(target=follow, args=("stderr", process.stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    late = False
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        late = True
    kill(process.pid)  # whatever it left behind
    for reader in readers:
        reader.join(5)
    return late


def kill(pid: int) -> None:
    """End a session with all its processes."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _environment(world: World, internet: bool, rerun: bool) -> dict[str, str]:
    account = world.state.data["account"]
    python = Path(world.state.setting("python")).parent
    kept = {
        name: value
        for name, value in os.environ.items()
        if internet and (name.lower().endswith("_proxy") or name.startswith("PIP_"))
    }
    return {
        **kept,
        "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "KAGGLE_CONTAINER_NAME": "kaggle_loopback",
        "KAGGLE_DATA_PROXY_TOKEN": account["data_proxy_token"],
        "KAGGLE_KERNEL_RUN_TYPE": "Batch",
        "KAGGLE_URL_BASE": "https://www.kaggle.com",
        "KAGGLE_USER_SECRETS_TOKEN": account["user_secrets_token"],
        **({"KAGGLE_IS_COMPETITION_RERUN": "1"} if rerun else {}),
        **world.state.setting("kernel_environment"),
    }


def events(folder: Path) -> list[dict[str, Any]]:
    """What a run has said so far."""
    log = folder / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]
