"""The digest of a function: its code and what it reads, wherever and whenever it was written."""

import functools
import subprocess
import sys
import types

import numpy as np
import pytest

from kaggle_prz.models.backbones.own.code import digest_of, is_of_a_library

SOURCE = """
import functools, numpy as np
K = {k}
NAMES = {{"a", "b", "c"}}
class Own:
    {docstring}
    rate = {k}
    @property
    def half(self): return self.rate / 2
    def call(self, x): return x * K if x in NAMES or x in ("y", "z") else helper(x)
def helper(x, by={k}):
    return x + by
def outer():
    within = [{k}]
    return lambda x: within[0] * x
things = [Own, helper, outer(), functools.partial(helper, by={k}), Own().call, np.full(3, {k})]
"""


def things(k=2, docstring='"Of mine."', lines=0):
    names = {"__name__": "cell"}
    exec(
        compile("\n" * lines + SOURCE.format(k=k, docstring=docstring), f"<cell {k}>", "exec"),
        names,
    )
    return names["things"]


@pytest.mark.parametrize("place", range(6))
def test_a_value_that_is_read_tells_functions_apart(place):
    assert digest_of(things()[place]) == digest_of(things(lines=7)[place])
    assert digest_of(things()[place]) != digest_of(things(k=3)[place])


def test_words_about_a_function_do_not():
    assert digest_of(things()[0]) == digest_of(things(docstring='"Others."')[0])


def test_digests_are_the_same_in_another_process():
    code = (
        "import sys; from kaggle_prz.models.backbones.own.code import digest_of\n"
        f"names = {{'__name__': 'cell'}}; exec({SOURCE.format(k=2, docstring='1')!r}, names)\n"
        "print(digest_of(*names['things']))"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "77")
    ]  # fmt: skip
    assert done[0] == done[1]


def test_functions_that_call_each_other_come_to_an_end():
    names = {}
    exec("def one(x): return other(x)\ndef other(x): return one(x) + 1", names)
    assert digest_of(names["one"]) != digest_of(names["other"])


def test_what_a_module_of_the_users_holds_counts():
    module = types.ModuleType("mine")
    names = {"mine": module}
    exec("def of_module(x): return x * mine.K", names)
    digests = set()
    for module.K in (1, 2):
        digests.add(digest_of(names["of_module"]))
    assert len(digests) == 2


def test_libraries_count_by_name():
    assert is_of_a_library(np.mean)
    assert is_of_a_library(functools.partial)
    assert digest_of(np.mean) != digest_of(np.median)
