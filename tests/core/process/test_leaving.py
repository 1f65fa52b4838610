import builtins
import json
import traceback

import numpy as np
import pytest

from kaggle_prz.core.errors import DataError, MissingExtraError, PrzError, UnforeseenError
from kaggle_prz.core.process.leaving import clean, leaving, traceback_of

KEY = "0123456789abcdef" * 2


class OwnError(Exception):
    """As a user writes one."""


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", KEY)


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def shown(error: BaseException) -> str:
    texts = [repr(error), repr(error.args), *getattr(error, "__notes__", ())]
    return "\n".join([*texts, *traceback.format_exception(error)])


@pytest.mark.parametrize("error", [DataError("no table"), OwnError("mine"), OwnError(3, "b")])
def test_errors_of_ours_and_of_users_leave_as_they_are(error):
    args = error.args
    assert leaving(raised(error, ValueError("why"))) is error
    assert (error.args, type(error.__cause__)) == (args, ValueError)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("odd"),
        OSError(5, "I/O error"),
        json.JSONDecodeError("odd", "{", 0),
        np.linalg.LinAlgError("singular"),
        builtins.ExceptionGroup("several", [ValueError("odd")]),
    ],
)
def test_errors_of_python_and_of_packages_leave_as_one_of_ours(error):
    left = leaving(raised(error))
    assert isinstance(left, UnforeseenError)
    assert type(error).__name__ in str(left)
    assert "bug in kaggle-prz or in a library; its traceback is above" in str(left)
    assert left.__cause__ is error


@pytest.mark.parametrize(
    "cause",
    [
        ValueError(f"for {KEY}"),
        ValueError(KEY.encode()),
        KeyError({"auth": [KEY]}),
        UnicodeEncodeError("latin-1", f"{KEY}Ж", 32, 33, "no such letter"),
        json.JSONDecodeError("odd", f'{{"key": "{KEY}"', 0),
        FileNotFoundError(2, "not there", KEY),
        builtins.ExceptionGroup("several", [ValueError(KEY)]),
    ],
)
@pytest.mark.parametrize("outer", [DataError("no"), OwnError("mine"), ValueError("odd"), None])
def test_a_cause_that_quotes_a_secret_stays_behind(cause, outer):
    error = raised(type(outer)(*outer.args), raised(cause)) if outer else raised(cause)
    left = leaving(error)
    assert KEY not in shown(left)
    assert left.__cause__ is None
    assert left.__traceback__ is not None


def test_secrets_of_an_error_of_the_users_are_taken_out():
    error = OwnError(f"for {KEY}", 3, [KEY])
    error.add_note(f"sent {KEY}")
    error.where = f"at {KEY}"
    assert leaving(raised(error)) is error
    assert error.args == ("for …", 3, "['…']")
    assert (error.where, error.__notes__) == ("at …", ["sent …"])


def test_an_error_of_the_users_that_keeps_its_secret_does_not_leave():
    class StubbornError(OwnError):
        def __str__(self) -> str:
            return KEY

    left = leaving(raised(StubbornError()))
    assert isinstance(left, UnforeseenError)
    assert KEY not in shown(left)


def test_what_holds_a_request_is_no_cause():
    import requests

    cause = requests.HTTPError("refused", request=requests.Request("GET", "http://localhost"))
    assert leaving(raised(PrzError("no"), cause)).__cause__ is None


def test_messages_of_ours_hold_no_secret_from_the_beginning():
    assert str(DataError(f"a\n{KEY}")) == "a\\n…"
    assert KEY not in str(MissingExtraError(KEY, "package", "extra"))
    long = DataError(KEY.join(["x" * 990] * 3))  # its middle is left out, through a secret
    assert KEY[:16] not in str(long)


def test_a_traceback_is_scrubbed_with_its_causes():
    told = traceback_of(raised(ValueError("odd"), raised(KeyError(KEY))))
    assert "KeyError: '…'" in told
    assert told.endswith("ValueError: odd")


def test_ctrl_c_takes_no_secret_along():
    error = KeyboardInterrupt()
    error.__context__ = raised(ValueError(KEY))
    assert KEY in shown(error)
    clean(error)
    assert KEY not in shown(error)
