"""Freed memory stays in the process: the same large array again costs no page faults."""

import subprocess
import sys

import pytest

COUNT = """
import resource, sys
import numpy as np
from kaggle_prz.core.process import allocator

if sys.argv[1] == "keep" and not allocator.keep_freed_memory():
    sys.exit("no glibc")

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(48_000_000, np.uint8)
before = faults()
for _ in range(10):
    np.ones(48_000_000, np.uint8)
print(faults() - before)
"""


def counted(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, how], capture_output=True, text=True, timeout=60, check=False
    )
    if "no glibc" in done.stderr:
        pytest.skip("glibc only")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_the_same_array_again_takes_no_new_pages():
    assert counted("keep") < 0.05 * counted("give back")
