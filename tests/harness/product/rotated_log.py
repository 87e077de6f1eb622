# SPDX-License-Identifier: Apache-2.0
"""A log that a scenario rotates, each of whose lines is known by its own path, and a process that watches many of them."""

import contextlib
import os
import shutil
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from harness.product.keyshift import Serve
from harness.tools.wait import eventually

SOMEBODY_ELSE = "www-data"
PATIENCE_SECONDS = 30.0
# Longer than a step of the clock that file systems take their times from.
STEP_SECONDS = 0.05


class Watched:
    """One process, and what it has counted and saved, by the requests' paths."""

    def __init__(self, root: Path, start: str, globs: list[str]):
        self.serve = Serve(
            {
                "collectors": [
                    {
                        "type": "access_log",
                        "interval": "200ms",
                        "paths": ["/"],
                        "input": {"files": globs, "start": start},
                    }
                ],
                "state": {"directory": str(root)},
            },
            until="healthy",
        )
        if os.geteuid() == 0:
            self.serve.user = SOMEBODY_ELSE
            shutil.chown(root, SOMEBODY_ELSE, SOMEBODY_ELSE)
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._counts: dict[str, Counter[str]] = {}

    def counts(self, scenario: str) -> Counter[str]:
        with self._lock:
            if time.monotonic() - self._asked_at > 0.05:
                self._counts = self._ask()
                self._asked_at = time.monotonic()
            return self._counts.get(scenario, Counter())

    def forget(self) -> None:
        with self._lock:
            self._asked_at = 0.0

    def _ask(self) -> dict[str, Counter[str]]:
        uri = f"file:{self.serve.state_directory / 'keyshift.db'}?mode=ro"
        out: dict[str, Counter[str]] = {}
        with contextlib.suppress(sqlite3.OperationalError):
            with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5)) as state:
                for path, count in state.execute("SELECT path, sum(count) FROM failure GROUP BY path"):
                    out.setdefault(path.split("/")[1] if path else "", Counter())[path] += count
            return out
        return self._counts


@dataclass
class Log:
    """What a scenario acts on: `access.log` in its directory, and beside it."""

    name: str
    directory: Path
    watched: Watched
    running: bool = False
    expected: Counter[str] = field(default_factory=Counter)
    number: int = 0

    @property
    def path(self) -> Path:
        return self.directory / "access.log"

    def at(self, name: str) -> Path:
        return self.directory / name

    def text(self, count: int, expected: int = 1) -> bytes:
        """New lines, each of which is to count so often."""
        out = b""
        moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        for _ in range(count):
            self.number += 1
            path = f"/{self.name}/{self.number}"
            self.expected[path] += expected
            out += f'10.1.2.3 - - [{moment}] "POST {path} HTTP/1.1" 401 15 "-" "curl/8.0"\n'.encode()
        return out

    def write(self, count: int, name: str = "access.log") -> None:
        with self.at(name).open("ab", buffering=0) as file:
            file.write(self.text(count))

    def end_without_newline(self, name: str = "access.log") -> None:
        with self.at(name).open("ab", buffering=0) as file:
            file.write(self.text(1)[:-1])

    def seen(self) -> None:
        """Where keyshift runs: until it has counted everything."""
        if self.running:
            self.await_all()

    def await_all(self) -> None:
        try:
            eventually(lambda: self.watched.counts(self.name) == +self.expected, PATIENCE_SECONDS, "everything counts")
        except AssertionError:
            pass

    def difference(self) -> str:
        found = self.watched.counts(self.name)
        lost, more = +self.expected - found, found - +self.expected
        return f"{self.name}: lost {dict(lost)}, too often {dict(more)}" if lost or more else ""


def step() -> None:
    """So much later that a file system knows it."""
    time.sleep(STEP_SECONDS)


def wait_for_looks(log: Log) -> None:
    if log.running:
        log.watched.serve.wait_for_look("access_log")
