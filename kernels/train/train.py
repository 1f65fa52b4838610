"""A Kaggle script kernel: trains on a competition's files, from where its last version ended.

What it trains is in kernel.json of the attached bundle; `kaggle-prz kernel build` makes both.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

OPTIONS: dict = {}  # win over the bundle's: {"sizes": (160, 240), "time_limit": 4 * 3600}

ROOT = Path(os.environ.get("KAGGLE_PRZ_ROOT", "/kaggle"))
FOUND = [f.parent for at in ("datasets/*/*", "*") for f in ROOT.glob(f"input/{at}/kernel.json")]
if len(FOUND) != 1:
    sys.exit(f"Attach one dataset that kaggle-prz kernel build made; found {len(FOUND)}: {FOUND}")
PACKAGES = json.loads((FOUND[0] / "kernel.json").read_text("utf-8"))["requirements"]
PIP = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--find-links"]
subprocess.run([*PIP, str(FOUND[0]), *PACKAGES], check=True)
importlib.invalidate_caches()

import kaggle_prz as prz  # noqa: E402 - it was installed just now
from kaggle_prz.commands import kernel  # noqa: E402

with kernel.training(FOUND[0], OPTIONS) as job:
    prz.fit(job.competition, **job.fit_options)
