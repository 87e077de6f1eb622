# SPDX-License-Identifier: Apache-2.0
"""A log that is written, rotated in every way, truncated and deleted at random, while keyshift is killed at random:
each line is counted once, and at no moment is a counter shown that is more than what was written or less than before.

KEYSHIFT_TORTURE_SECONDS=120 for the long form, KEYSHIFT_TORTURE_SEED for another course.
"""

import http.client
import os
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.product.keyshift import Serve
from harness.product.watching_logs import following, lines, outcomes, reasons, saved_lines
from harness.tools.log_writer import LogWriter
from harness.tools.wait import eventually

SECONDS = float(os.environ.get("KEYSHIFT_TORTURE_SECONDS", "12"))
SEED = int(os.environ.get("KEYSHIFT_TORTURE_SEED", "7"))
SAMPLE = re.compile(
    rb'^keyshift_(auth_failures|http_requests|log_lines)_total\{(?:.*,)?(?:reason|outcome|result)="(\w+)"\} (\d+)', re.M
)


class Watcher(threading.Thread):
    """Scrapes without a pause, also while keyshift starts, and complains."""

    def __init__(self, port: int, writer: LogWriter):
        super().__init__(daemon=True)
        self.complaints: list[str] = []
        self.answers = 0
        self._port, self._writer = port, writer
        self._seen: dict[str, int] = {}
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set() and len(self.complaints) < 20:
            try:
                self._watch_one_life()
            except (OSError, http.client.HTTPException):
                time.sleep(0.003)

    def end(self) -> None:
        self._over.set()
        self.join()

    def _watch_one_life(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            while not self._over.is_set():
                connection.request("GET", "/metrics", headers={"Accept": "text/plain"})
                self._check(connection.getresponse().read())
                self.answers += 1
                time.sleep(0.004)
        finally:
            connection.close()

    def _check(self, page: bytes) -> None:
        shown = {f"{name.decode()} {label.decode()}": int(value) for name, label, value in SAMPLE.findall(page)}
        written = self._written()
        for name, value in shown.items():
            if value < self._seen.get(name, 0):
                self.complaints.append(f"{name} stepped back from {self._seen[name]} to {value}")
            if value > written.get(name, 0):
                self.complaints.append(f"{name} is {value}, and {written.get(name, 0)} are written")
            self._seen[name] = value

    def _written(self) -> dict[str, int]:
        """Asked for after the page: it cannot be behind it."""
        writer = self._writer
        return {
            "log_lines matched": writer.lines,
            **{f"http_requests {name}": count for name, count in list(writer.outcomes.items())},
            **{f"auth_failures {name}": count for name, count in list(writer.reasons.items())},
        }


def write_until(over: threading.Event, writer: LogWriter, failures: list[BaseException]) -> None:
    try:
        while not over.is_set():
            writer.act()
            writer.pause()
    except BaseException as failure:  # for the thread that waits for this one
        failures.append(failure)


@pytest.mark.time_limit(SECONDS + 120)
def test_each_line_is_counted_once_whatever_happens(tmp_path: Path):
    logs = tmp_path / "logs"
    logs.mkdir()
    serve = Serve(following(f"{logs}/access.log*"))
    writer = LogWriter(logs, SEED, lambda: saved_lines(serve.state_directory))
    watcher = Watcher(serve.port, writer)
    over, failures, lives = threading.Event(), [], 1
    writing = threading.Thread(target=write_until, args=(over, writer, failures))
    chance = random.Random(SEED)
    with serve:
        watcher.start()
        writing.start()
        try:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until and not failures and not watcher.complaints:
                time.sleep(chance.uniform(0.1, 2.0))
                serve.kill9() if chance.random() < 0.85 else serve.stop()
                time.sleep(chance.choice((0, 0.1, 0.8)))
                serve.start()
                lives += 1
        finally:
            over.set()
            writing.join()
        assert not failures, failures
        expected = (dict(writer.outcomes), dict(writer.reasons), {"matched": writer.lines})

        def counted() -> tuple[dict[str, int], ...]:
            return outcomes(serve), reasons(serve), lines(serve)

        try:
            eventually(lambda: counted() == expected, 20, "everything is counted")
        except AssertionError:
            assert counted() == expected, f"seed {SEED}: {dict(writer.actions)}"
        serve.restart()
        assert counted() == expected
        assert serve.metric("keyshift_log_lag_bytes", source="access_log") == 0
        watcher.end()
        assert not watcher.complaints, f"seed {SEED}: {watcher.complaints}"
    writer.close()
    done = ", ".join(f"{count} {name}" for name, count in writer.actions.most_common())
    print(f"{writer.lines:,} lines in {lives} lives, {watcher.answers:,} scrapes: {done}")
    assert watcher.answers > 20 * SECONDS / 2 and lives > SECONDS / 4


# --- what copying and truncating loses by itself

WRITER = """
import os, sys, time
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
line = b'10.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "POST /v1/models?n=%d HTTP/1.1" 200 9 "-" "-"\\n'
written = 0
while os.path.exists(sys.argv[2]):
    for _ in range(20):
        written += 1
        os.write(file, line % written)
    time.sleep(0.001)
print(written)
"""


def test_between_copy_and_truncation_keyshift_loses_no_more_than_the_files(tmp_path: Path):
    """A writer that knows nothing of the rotation: what it writes between copy and truncation is in no file any more.
    keyshift counts all that is left, and whatever it had read before it went."""
    logs, running = tmp_path / "logs", tmp_path / "running"
    logs.mkdir()
    running.touch()
    log = logs / "access.log"
    with Serve(following(f"{logs}/access.log*")) as serve:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, log, running], stdout=subprocess.PIPE, text=True)
        try:
            rotations = 12
            for number in range(rotations):
                time.sleep(0.15)
                subprocess.run(["cp", log, logs / f"access.log.{number}"], check=True)
                os.truncate(log, 0)
            time.sleep(0.1)
        finally:
            running.unlink()
            written = int(writer.communicate(timeout=10)[0])
        left = sum(path.read_bytes().count(b"\n") for path in logs.iterdir())
        eventually(lambda: serve.metric("keyshift_log_lag_bytes", source="access_log") == 0, 10, "all is read")
        serve.wait_for_look("access_log")
        counted = sum(lines(serve).values())
        print(f"copytruncate, {rotations} times: {written} lines written, {left} left in the files, {counted} counted")
        # A copy may end, and the file after truncation begin, within a line.
        assert left - 2 * rotations <= counted <= written
        assert written > 1_000
