"""The command that runs a kernel where a tree stands for /kaggle.

In namespaces of its own the kernel sees the machine's files, its tree at /kaggle, its sources
read-only below /kaggle/input, a virtual environment whose changes are lost afterwards, and no
network unless it may use the internet. Where the machine allows no namespaces, a variable of the
environment names the tree, sources are copies, and Python's sockets are blocked.
"""

import functools
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]
_SCRIPT = r"""
set -e
new=$1 tree=$2 venv=$3; shift 3
mount -t tmpfs -o mode=755 none "$new"
for each in /* ; do
  case $each in /kaggle) continue ;; esac
  if [ -L "$each" ]; then cp -P "$each" "$new$each"
  elif [ -d "$each" ]; then mkdir "$new$each"; mount --rbind "$each" "$new$each"
  else : > "$new$each"; mount --bind "$each" "$new$each"; fi
done
mkdir "$new/kaggle" "$new/.upper" "$new/.work"
mount --bind "$tree" "$new/kaggle"
if [ -n "$venv" ]; then
  mount -t overlay -o "lowerdir=$venv,upperdir=$new/.upper,workdir=$new/.work,userxattr" \
    none "$new$venv" 2>/dev/null || true
fi
while [ "$1" != -- ]; do
  mount --bind "$1" "$new/kaggle/input/$2"
  mount -o remount,bind,ro "$new/kaggle/input/$2"
  shift 2
done
shift
exec chroot "$new" sh -c 'cd /kaggle/working && exec "$@"' sh "$@"
"""
_TRIAL = r"""
set -e
mount -t tmpfs none /mnt
mkdir /mnt/one /mnt/other
mount --bind /mnt/one /mnt/other
mount -o remount,bind,ro /mnt/other
"""
BLOCKED = Path(__file__).parent / "blocked"


@dataclass(frozen=True)
class Room:
    """A kernel's command, the directory it starts in, and what its environment needs besides."""

    command: list[str]
    cwd: Path
    environment: dict[str, str]


@functools.cache
def namespaces() -> bool:
    """This machine lets a process have its own mounts and its own network."""
    if shutil.which("unshare") is None:
        return False
    trial = [*_UNSHARE, "--net", "sh", "-c", _TRIAL]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


def room(
    tree: Path,
    mounts: Mapping[str, Path],
    python: str,
    *,
    internet: bool,
    apart: bool,
    root_variable: str,
) -> Room:
    """Where `script.py` in the tree's `src` runs.

    Args:
        tree: holds `input`, `src` and `working`.
        mounts: folders by their names below `input`.
        python: the interpreter.
        internet: the kernel may use the network.
        apart: in namespaces.
        root_variable: names the tree where it is not `apart`.
    """
    for target, source in mounts.items():
        place = tree / "input" / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if apart:
            place.mkdir(exist_ok=True)
        else:
            shutil.copytree(source, place)
    if not apart:
        blocked = {} if internet else {"PYTHONPATH": str(BLOCKED)}
        command = [python, str(tree / "src" / "script.py")]
        return Room(command, tree / "working", {root_variable: str(tree), **blocked})
    new = tree.parent / "root"
    new.mkdir(exist_ok=True)
    prefix = Path(python).parent.parent
    venv = str(prefix.resolve()) if (prefix / "pyvenv.cfg").exists() else ""
    bound = [word for name, source in mounts.items() for word in (str(source.resolve()), name)]
    command = [*_UNSHARE, *([] if internet else ["--net"]), "sh", "-c", _SCRIPT, "sh"]
    command += [str(new), str(tree), venv, *bound, "--", python, "/kaggle/src/script.py"]
    return Room(command, tree, {})
