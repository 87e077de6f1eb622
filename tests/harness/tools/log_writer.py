# SPDX-License-Identifier: Apache-2.0
"""Whoever writes a log and whoever rotates it, in one: every way to do that which loses no line by itself.

Each line is one of a kind, and what has been written is known at every moment, by outcome and by reason.
"""

import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

# Status and body bytes of the gateway's answers, with outcome and reason.
ANSWERS = (
    *((200, 1512, "success", None),) * 6,
    (404, 0, "client_error", None),
    (500, 22, "server_error", None),
    (401, 15, "auth_failure", "unknown_key"),
    (401, 15, "auth_failure", "unknown_key"),
    (401, 28, "auth_failure", "missing_header"),
    (401, 19, "auth_failure", "expired"),
    (429, 19, "rate_limited", "rate_limited"),
)
MOST_LINES = 400  # at once
MOST_OLD_FILES = 6


def line(number: int, status: int, size: int, client: str = "10.1.2.3") -> bytes:
    """Of nginx' `combined`."""
    moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
    request = f"POST /v1/chat/completions?n={number} HTTP/1.1"
    return f'{client} - - [{moment}] "{request}" {status} {size} "-" "OpenAI/Python 1.54.3"\n'.encode()


class LogWriter:
    """`saved` tells how many lines the reader has counted and saved: what would destroy lines waits for all of them.

    One thread acts; counts may be read on any, and are never behind the file.
    """

    def __init__(self, directory: Path, seed: int, saved: Callable[[], int]):
        self.path = directory / "access.log"
        self.glob = str(directory / "access.log*")
        self.lines = 0
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self._saved = saved
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._file = self._open()

    def act(self) -> None:
        """Something at random."""
        actions = {
            self.write: 20,
            self.write_in_halves: 4,
            self.pause: 4,
            self.rename: 4,
            self.rename_and_reopen_late: 4,
            self.copy_and_truncate: 4,
            self.copy_truncate_and_rename: 2,
            self.rename_twice: 2,
            self.truncate_what_is_saved: 2,
            self.delete_what_is_saved: 2,
            self.recreate_what_is_saved: 2,
        }
        (action,) = self._random.choices(list(actions), list(actions.values()))
        self.actions[action.__name__] += 1
        action()
        if len(self._old_files()) > MOST_OLD_FILES:
            self.delete_what_is_saved()

    def close(self) -> None:
        os.close(self._file)

    # --- writing

    def write(self) -> None:
        os.write(self._file, b"".join(self._next_line() for _ in range(self._random.randrange(1, MOST_LINES))))

    def write_in_halves(self) -> None:
        self._in_halves(self.pause)

    def pause(self) -> None:
        time.sleep(self._random.uniform(0, 0.08))

    def _in_halves(self, between: Callable[[], None]) -> None:
        text = self._next_line()
        cut = self._random.randrange(1, len(text))
        os.write(self._file, text[:cut])
        between()
        os.write(self._file, text[cut:])

    # --- rotation

    def rename(self) -> None:
        """As logrotate does, the writer going on in a new file at once."""
        self._shift()
        self.path.rename(self._old(1))
        self._reopen()

    def rename_twice(self) -> None:
        """So soon that nobody may have seen the file between."""
        self.rename()
        self.write()
        self.rename()
        self.write()

    def rename_and_reopen_late(self) -> None:
        """The writer keeps its old file for a while, where it also ends a line it has begun."""
        self._shift()
        self._in_halves(lambda: (self.path.rename(self._old(1)), self.pause()))
        self.write()
        self.pause()
        self.write()
        self._reopen()

    def copy_and_truncate(self) -> None:
        """The copy has a name that the glob finds, and may be found half made. Nothing is written between copy and
        truncation: what is then would be lost for everybody."""
        self._shift()
        with self.path.open("rb") as source, self._old(1).open("wb", buffering=0) as copy:
            while piece := source.read(self._random.choice((300, 4_000, 100_000, 1_000_000))):
                copy.write(piece)
                time.sleep(self._random.choice((0, 0, 0.001)))
        os.ftruncate(self._file, 0)

    def copy_truncate_and_rename(self) -> None:
        self.copy_and_truncate()
        self.write()
        self.rename()

    def truncate_what_is_saved(self) -> None:
        """And grow at once, perhaps beyond where the reader is."""
        self._wait_until_saved()
        os.ftruncate(self._file, 0)
        self.write()
        if self._random.random() < 0.5:
            self.write()

    def delete_what_is_saved(self) -> None:
        self._wait_until_saved()
        for path in self._old_files():
            if self._random.random() < 0.7:
                path.unlink()

    def recreate_what_is_saved(self) -> None:
        """The file system gives the new file the number of the old one, if it likes."""
        self._wait_until_saved()
        os.close(self._file)
        self.path.unlink()
        self._file = self._open()
        self.write()

    # --- parts

    def _next_line(self) -> bytes:
        status, size, outcome, reason = self._random.choice(ANSWERS)
        self.lines += 1
        self.outcomes[outcome] += 1
        if reason:
            self.reasons[reason] += 1
        return line(next(self._numbers), status, size, f"10.0.0.{self._random.randrange(256)}")

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def _reopen(self) -> None:
        os.close(self._file)
        self._file = self._open()

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _old_files(self) -> list[Path]:
        return list(self.path.parent.glob(f"{self.path.name}.*"))

    def _shift(self) -> None:
        numbers = sorted((int(path.suffix[1:]) for path in self._old_files()), reverse=True)
        for number in numbers:
            self._old(number).rename(self._old(number + 1))

    def _wait_until_saved(self, timeout: float = 30.0) -> None:
        deadline = time.monotonic() + timeout
        while (saved := self._saved()) != self.lines:
            if time.monotonic() > deadline:
                raise AssertionError(f"{saved} lines are saved within {timeout:g} s, {self.lines} are written")
            time.sleep(0.01)
