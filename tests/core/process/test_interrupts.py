import contextlib
import os
import signal

import pytest

from kaggle_prz.core.process import interrupts, leaving


@pytest.fixture(autouse=True)
def handlers():
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    interrupts.listen()
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_was_swallowed_comes_again(name):
    interrupts.listen()
    interrupts.check()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), name)
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()
    interrupts.listen()
    interrupts.check()


def test_where_it_is_ignored_it_stays_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interrupts.listen()
    os.kill(os.getpid(), signal.SIGINT)
    interrupts.check()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize(("before", "status"), [(True, 130), (False, 1)])
def test_what_a_library_makes_of_an_interrupt_is_one(capsys, before, status):
    interrupts.listen()

    def run():
        if before:
            with contextlib.suppress(KeyboardInterrupt):  # as a framework does in a callback
                os.kill(os.getpid(), signal.SIGINT)
        raise RuntimeError("a callback failed")

    with pytest.raises(SystemExit) as ended:
        leaving.exit_with_a_sentence(run, debug=False)
    assert ended.value.code == status
    assert capsys.readouterr().err.startswith("Interrupted." if before else "Error: RuntimeError")
