"""The run directory: its records, plan, folds, blend, and the check that no fold leaks."""

from kaggle_prz.runs.records import backbone_of
from kaggle_prz.runs.run import (
    WEIGHTS,
    Run,
    all_runs,
    begin,
    check_name,
    directory,
    fingerprint,
    load_run,
    write_task,
)

__all__ = [
    "WEIGHTS",
    "Run",
    "all_runs",
    "backbone_of",
    "begin",
    "check_name",
    "directory",
    "fingerprint",
    "load_run",
    "write_task",
]
