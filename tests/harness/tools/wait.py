# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true, within a bound and without sleeps of fixed length."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.1
# How many times slower than a quiet machine a busy one may be. Waiting longer costs nothing where all is well.
_BUSY = 4


def eventually(predicate: Callable[[], T], timeout: float, what: str) -> T:
    """Call `predicate` until its result is truthy, and return that.

    `timeout` is what a quiet machine may need, in seconds; a busy one is given four times as long, then comes
    an AssertionError naming `what`. A limit that is a promise of the program is measured, not waited for.
    Exceptions of the predicate are not caught. It is always called at least once, and once more at the deadline.
    """
    timeout *= _BUSY
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
