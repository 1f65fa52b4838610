"""The run directory: its records, plan, folds, blend, and the check that no fold leaks."""

from kaggle_prz.runs.run import (
    Facts,
    Run,
    WEIGHTS,
    all_runs,
    begin,
    check_name,
    directory,
    fingerprint,
    load_run,
    other_network,
    stages_in,
    write_task,
)

__all__ = [
    "Facts",
    "Run",
    "WEIGHTS",
    "all_runs",
    "begin",
    "check_name",
    "directory",
    "fingerprint",
    "load_run",
    "other_network",
    "stages_in",
    "write_task",
]
