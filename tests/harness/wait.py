# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true, within a bound and without sleeps of fixed length."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.1


def eventually(predicate: Callable[[], T], timeout: float, what: str) -> T:
    """Call `predicate` until its result is truthy, and return that.

    AssertionError naming `what` after `timeout` seconds. Exceptions of the predicate are not caught. It is
    always called at least once, and once more at the deadline.
    """
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE_SECONDS
    while True:
        result = predicate()
        if result:
            return result
        left = deadline - time.monotonic()
        if left <= 0:
            raise AssertionError(f"not within {timeout:g} s: {what} (last result: {result!r})")
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
