"""Trying again: how often, and after how long. Only for what is safe to repeat."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from kaggle_prz.competitions.kaggle.failures import PASSING, kind_of, retry_after
from kaggle_prz.core.console import Console, Silent, duration

T = TypeVar("T")


def pause(seconds: float) -> None:
    """Wait; the only place where the host sleeps."""
    time.sleep(seconds)


def waits(first: float, longest: float, growth: float = 1.5) -> Iterator[float]:
    """Yield the seconds waited so far: 0, and after ever longer waits again and again."""
    waited, next_wait = 0.0, first
    while True:
        yield waited
        pause(next_wait)
        waited, next_wait = waited + next_wait, min(next_wait * growth, longest)


@dataclass(frozen=True)
class Patience:
    """How often a request is tried, and how many seconds are waited in between."""

    tries: int = 6  # at most
    offline_tries: int = 3  # at most, where there is no network at all
    first: float = 1.0  # before the second try; doubled before each further one
    longest: float = 60.0  # of one wait
    longest_asked: float = 300.0  # by a host; longer ones are left to the user

    def call(self, do: Callable[[], T], console: Console | None = None) -> T:
        """Return the value of `do()`, tried again while its failures may pass; raise the last."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self.is_worth_it),
            stop=self._is_enough,
            wait=lambda state: self.wait(state.attempt_number, _error(state)),
            sleep=lambda seconds: pause(seconds),  # noqa: PLW0108 - looked up when it waits
            before_sleep=lambda state: _say(state, console or Silent()),
            reraise=True,
        )
        return retrying(do)

    def is_worth_it(self, error: BaseException) -> bool:
        """Return whether the failure may pass, and soon enough to be waited for."""
        return kind_of(error) in PASSING and (retry_after(error) or 0.0) <= self.longest_asked

    def wait(self, tries: int, error: BaseException | None = None) -> float:
        """Return how long to wait after so many tries: doubled, random, or as the host asks."""
        planned = min(self.first * 2.0 ** min(tries - 1, 30), self.longest)
        asked = retry_after(error) if error else None
        return max(asked or 0.0, planned * random.uniform(0.5, 1.0))

    def _is_enough(self, state: tenacity.RetryCallState) -> bool:
        error = _error(state)
        offline = error is not None and kind_of(error) == "offline"
        return state.attempt_number >= (self.offline_tries if offline else self.tries)


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _say(state: tenacity.RetryCallState, console: Console) -> None:
    error = _error(state)
    if error is not None and state.upcoming_sleep >= 10:
        waiting = duration(state.upcoming_sleep)
        console.say(f"No usable answer from Kaggle ({kind_of(error)}); trying again in {waiting}.")
