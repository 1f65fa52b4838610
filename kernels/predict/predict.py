"""A Kaggle script kernel: predicts the test images that it finds, with the run in its bundle.

In a code competition the hidden test set is there at the rerun only: the sample submission and the
images are read from the mount, never from the bundle. `kaggle-prz kernel build` makes both.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

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

job = kernel.open_bundle(FOUND[0])
prz.predict(job.run, **job.predict_options)
