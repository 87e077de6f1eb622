# SPDX-License-Identifier: Apache-2.0
"""Ways in which logs appear, are rotated, copied, put back and removed, in a table: each line counts once, by its own
path, while keyshift runs, while it is stopped, and over one more restart. All of them at the same time, each in a
directory of its own, watched by two processes: one that begins at the beginning of files, one at their end.
"""

import contextlib
import gzip
import os
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.keyshift import Serve
from harness.scratch import scratch_directory
from harness.wait import eventually
from harness.watching_logs import following, lines

SOMEBODY_ELSE = "www-data"
# Longer than anything waits that might be a copy, or a line's end: what would be counted twice has been by then.
QUIET_SECONDS = 12.0
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


# --- ways


def rename_and_create(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log.1"))
    log.write(3)


def rename_and_create_later(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log.1"))
    log.seen()
    log.write(3)


def rename_while_it_is_written(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        log.path.rename(log.at("access.log.1"))
        writer.write(log.text(2))
        log.seen()
        writer.write(log.text(2))
    log.write(2)


def rename_in_the_midst_of_a_line(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        line = log.text(1)
        writer.write(line[:20])
        log.path.rename(log.at("access.log.1"))
        writer.write(line[20:] + log.text(1))
    log.write(2)


def rename_by_date(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log-20261130"))
    log.write(3)


def rename_through_numbers(log: Log) -> None:
    for _ in range(4):
        for number in (4, 3, 2, 1):
            if log.at(f"access.log.{number}").exists():
                log.at(f"access.log.{number}").rename(log.at(f"access.log.{number + 1}"))
        log.path.rename(log.at("access.log.1"))
        log.write(3)


def rename_into_another_directory(log: Log) -> None:
    log.write(3)
    log.at("old").mkdir()
    log.at("old").chmod(0o755)
    log.path.rename(log.at("old/access.log.1"))
    log.write(3)


def rename_and_compress(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log.1"))
    log.write(3)
    log.seen()
    log.at("access.log.1.gz").write_bytes(gzip.compress(log.at("access.log.1").read_bytes()))
    if log.running:
        log.at("access.log.1").unlink()


def rename_over(log: Log) -> None:
    """A new file takes the log's place in one step."""
    log.seen()
    step()
    with log.at("new").open("wb") as new:
        new.write(log.text(4))
    log.at("new").rename(log.path)
    log.write(2)


def link_and_remove(log: Log) -> None:
    log.write(2)
    os.link(log.path, log.at("access.log.1"))
    log.path.unlink()
    log.write(3)


def copy_and_truncate(log: Log) -> None:
    log.write(3)
    shutil.copy(log.path, log.at("access.log.1"))
    os.truncate(log.path, 0)
    log.write(3)


def copy_and_truncate_by_date(log: Log) -> None:
    log.write(3)
    shutil.copy(log.path, log.at("access.log-20261130"))
    os.truncate(log.path, 0)
    log.write(3)


def copy_and_truncate_twice(log: Log) -> None:
    copy_and_truncate(log)
    log.seen()
    log.at("access.log.1").rename(log.at("access.log.2"))
    copy_and_truncate(log)


def copy_slowly_and_truncate(log: Log) -> None:
    log.write(3)
    with log.path.open("rb") as source, log.at("access.log.1").open("wb", buffering=0) as copy:
        while piece := source.read(300):
            copy.write(piece)
            time.sleep(0.002)
    os.truncate(log.path, 0)
    log.write(3)


def truncate_what_was_read(log: Log) -> None:
    log.seen()
    os.truncate(log.path, 0)
    log.write(3)


def truncate_under_a_writer_that_does_not_append(log: Log) -> None:
    log.seen()
    with log.path.open("r+b", buffering=0) as writer:
        writer.seek(0, os.SEEK_END)
        writer.truncate(0)
        writer.write(log.text(3))


def copy_remove_create(log: Log) -> None:
    """All at once."""
    log.write(3)
    shutil.copy(log.path, log.at("access.log.1"))
    log.path.unlink()
    log.write(3)


def copy_with_times_remove_create(log: Log) -> None:
    log.write(3)
    shutil.copy2(log.path, log.at("access.log.1"))
    log.path.unlink()
    log.write(3)


def copy_remove_create_later(log: Log) -> None:
    log.write(3)
    shutil.copy(log.path, log.at("access.log.1"))
    log.seen()
    log.path.unlink()
    log.seen()
    log.write(3)


def copy_rename_create(log: Log) -> None:
    """A backup is made of it just before it is rotated."""
    log.write(3)
    shutil.copy(log.path, log.at("access.log.orig"))
    log.path.rename(log.at("access.log.1"))
    log.write(3)


def copy_of_a_rotated_file(log: Log) -> None:
    log.path.rename(log.at("access.log.1"))
    log.write(3)
    log.seen()
    step()
    shutil.copy(log.at("access.log.1"), log.at("access.log.1.orig"))


def copy_that_stays(log: Log) -> None:
    shutil.copy(log.path, log.at("access.log.bak"))
    log.write(3)


def copy_that_stays_and_goes(log: Log) -> None:
    shutil.copy(log.path, log.at("access.log.bak"))
    log.write(3)
    log.seen()
    log.at("access.log.bak").unlink()


def remove_and_create(log: Log) -> None:
    log.seen()
    log.path.unlink()
    log.write(3)


def remove_and_create_often(log: Log) -> None:
    """The file system gives the same number again."""
    for _ in range(3):
        log.seen()
        log.path.unlink()
        log.write(3)


def remove_while_it_is_written(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        log.path.unlink()
        writer.write(log.text(2))
        log.seen()
    log.write(2)


def older_copy_in_its_place(log: Log) -> None:
    shutil.copy(log.path, log.at("backup"))
    step()
    if log.running:  # Else nobody could ever read them.
        log.write(3)
        log.seen()
    step()
    log.at("backup").rename(log.path)


def older_copy_in_its_place_that_grows_on_at_once(log: Log) -> None:
    older_copy_in_its_place(log)
    log.write(3)


def older_copy_in_its_place_that_grows_on_later(log: Log) -> None:
    older_copy_in_its_place(log)
    log.seen()
    log.write(3)


def older_copy_over_it(log: Log) -> None:
    shutil.copy(log.path, log.at("backup"))
    log.write(3)
    log.seen()
    shutil.copy(log.at("backup"), log.path)
    log.at("backup").unlink()
    wait_for_looks(log)
    log.write(3)


def whole_copy_in_its_place(log: Log) -> None:
    log.write(3)
    log.seen()
    shutil.copy(log.path, log.at("new"))
    step()
    log.at("new").rename(log.path)
    log.write(3)


def edited_in_place(log: Log) -> None:
    """As sed -i and vim do: a copy with the same lines takes its place."""
    log.seen()
    log.at("sedAbC").write_bytes(log.path.read_bytes())
    step()
    log.at("sedAbC").rename(log.path)
    log.write(2)


def away_and_back(log: Log) -> None:
    log.path.rename(log.at("elsewhere"))
    log.seen()
    log.at("elsewhere").rename(log.path)
    log.write(2)


def directory_away_and_back(log: Log) -> None:
    away = log.directory.with_name(log.directory.name + "-away")
    log.write(2)
    log.seen()
    log.directory.rename(away)
    step()
    away.rename(log.directory)
    log.write(2)


def names_exchanged(log: Log) -> None:
    """The log and the file before it, both already read."""
    log.path.rename(log.at("access.log.1"))
    log.write(4)
    log.seen()
    log.at("access.log.1").rename(log.at("third"))
    log.path.rename(log.at("access.log.1"))
    log.at("third").rename(log.path)
    log.write(2)


def link_to_another_file(log: Log) -> None:
    """The log is a link that is set to a new file every day."""
    log.path.rename(log.at("real-1"))
    log.path.symlink_to("real-1")
    log.write(2)
    log.seen()
    (log.at("real-2")).write_bytes(log.text(2))
    log.at("link").symlink_to("real-2")
    log.at("link").rename(log.path)
    log.write(2)


def two_names(log: Log) -> None:
    os.link(log.path, log.at("access.log.same"))
    log.write(2)
    log.seen()
    log.at("access.log.same").unlink()
    log.write(2)


def ends_without_newline_and_is_renamed(log: Log) -> None:
    log.end_without_newline()
    log.path.rename(log.at("access.log.1"))


def ends_without_newline_and_goes_on_elsewhere(log: Log) -> None:
    log.end_without_newline()
    log.path.rename(log.at("access.log.1"))
    step()
    log.write(3)


def ends_without_newline_while_it_is_written(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        log.path.rename(log.at("access.log.1"))
        step()
        writer.write(log.text(1)[:-1])
        step()
    log.write(3)


def ends_without_newline_and_is_removed(log: Log) -> None:
    log.end_without_newline()
    wait_for_looks(log)
    log.path.unlink()
    step()
    log.write(3)


def ends_without_newline_and_is_copied_and_removed(log: Log) -> None:
    log.end_without_newline()
    shutil.copy(log.path, log.at("access.log.1"))
    log.path.unlink()
    step()
    log.write(3)


def half_a_line_is_completed(log: Log) -> None:
    line = log.text(1)
    with log.path.open("ab", buffering=0) as writer:
        writer.write(line[:30])
        wait_for_looks(log)
        writer.write(line[30:])


def same_content_in_two_directories(log: Log) -> None:
    content = log.text(25, expected=2)
    for name in ("one", "two"):
        log.at(name).mkdir()
        log.at(name).chmod(0o755)
        log.at(f"{name}/other.log").write_bytes(content)


def same_content_under_two_names(log: Log) -> None:
    content = log.text(25, expected=2)
    log.at("a.txt").write_bytes(content)
    step()
    log.at("b.txt").write_bytes(content)


def same_lines_again_behind_a_rotation(log: Log) -> None:
    log.path.rename(log.at("access.log.1"))
    step()
    content = log.at("access.log.1").read_bytes()
    for line in content.splitlines():
        log.expected[line.decode().split()[6]] += 1
    log.path.write_bytes(content)


def many_files_at_once(log: Log) -> None:
    for number in range(20):
        log.write(2, f"access.log.{100 + number}")


def a_file_appears(log: Log) -> None:
    log.write(5, "late.log")


def a_directory_appears(log: Log) -> None:
    log.at("later").mkdir()
    log.at("later").chmod(0o755)
    log.write(5, "later/access.log")


def a_file_appears_that_may_not_be_read_yet(log: Log) -> None:
    path = log.at("late.log")
    path.touch(0o600)
    log.write(5, "late.log")
    wait_for_looks(log)
    path.chmod(0o644)


def may_not_be_read_for_a_time(log: Log) -> None:
    log.path.chmod(0)
    log.write(3)
    wait_for_looks(log)
    log.path.chmod(0o644)
    log.write(1)


def directory_may_not_be_read_for_a_time(log: Log) -> None:
    log.seen()
    log.directory.chmod(0o700)
    log.write(3)
    wait_for_looks(log)
    log.directory.chmod(0o755)
    log.write(1)


def nothing_but_lines(log: Log) -> None:
    log.write(30)


def wait_for_looks(log: Log) -> None:
    if log.running:
        log.watched.serve.wait_for_poll(source="access_log")


# --- the table


RUNNING, STOPPED = "running", "stopped"
SHORT, LONG = 4, 12  # lines: below and above what a beginning is known by
ALL = ("access.log*",)
LIVE = ("access.log",)
MORE = ("access.log*", "*.txt", "late.log", "*/other.log", "later/access.log")
BOTH = (RUNNING, STOPPED)


@dataclass(frozen=True)
class Row:
    way: Callable[[Log], None]
    globs: tuple[tuple[str, ...], ...] = (ALL,)
    sizes: tuple[int, ...] = (LONG,)
    when: tuple[str, ...] = BOTH


TABLE = (
    Row(nothing_but_lines, (ALL, LIVE)),
    Row(rename_and_create, (ALL, LIVE), (SHORT, LONG)),
    Row(rename_and_create_later, (ALL, LIVE)),
    Row(rename_while_it_is_written, (ALL, LIVE)),
    Row(rename_in_the_midst_of_a_line, (ALL, LIVE)),
    Row(rename_by_date, (ALL, LIVE)),
    Row(rename_through_numbers),
    Row(rename_into_another_directory, (ALL,), when=(RUNNING,)),
    Row(rename_and_compress),
    Row(rename_over, (ALL, LIVE)),
    Row(link_and_remove),
    Row(copy_and_truncate, (ALL, LIVE), (SHORT, LONG)),
    Row(copy_and_truncate_by_date),
    Row(copy_and_truncate_twice, when=(RUNNING,)),
    Row(copy_slowly_and_truncate),
    Row(truncate_what_was_read, (ALL, LIVE), (SHORT, LONG)),
    Row(truncate_under_a_writer_that_does_not_append),
    Row(copy_remove_create, (ALL, LIVE), (SHORT, LONG)),
    Row(copy_with_times_remove_create, (ALL, LIVE), (SHORT, LONG)),
    Row(copy_remove_create_later, (ALL, LIVE), (SHORT, LONG)),
    Row(copy_rename_create, sizes=(SHORT, LONG)),
    Row(copy_of_a_rotated_file, sizes=(SHORT, LONG)),
    Row(copy_that_stays, sizes=(SHORT, LONG)),
    Row(copy_that_stays_and_goes, sizes=(SHORT, LONG)),
    Row(remove_and_create, (ALL, LIVE)),
    Row(remove_and_create_often, when=(RUNNING,)),
    Row(remove_while_it_is_written, when=(RUNNING,)),
    Row(older_copy_in_its_place, (ALL, LIVE)),
    Row(older_copy_in_its_place, (ALL, LIVE), (SHORT,), when=(RUNNING,)),
    Row(older_copy_in_its_place_that_grows_on_at_once, (ALL, LIVE), when=(RUNNING,)),
    Row(older_copy_in_its_place_that_grows_on_later, (ALL, LIVE), when=(RUNNING,)),
    Row(older_copy_over_it, when=(RUNNING,)),
    Row(whole_copy_in_its_place, (ALL, LIVE)),
    Row(edited_in_place, (ALL, LIVE)),
    Row(away_and_back, (ALL, LIVE)),
    Row(directory_away_and_back),
    Row(names_exchanged),
    Row(link_to_another_file, (LIVE,)),
    Row(two_names),
    Row(ends_without_newline_and_is_renamed, (ALL, LIVE), when=(RUNNING,)),
    Row(ends_without_newline_and_goes_on_elsewhere, (ALL, LIVE)),
    Row(ends_without_newline_while_it_is_written, (ALL, LIVE)),
    Row(ends_without_newline_and_is_removed, when=(RUNNING,)),
    Row(ends_without_newline_and_is_copied_and_removed),
    Row(half_a_line_is_completed),
    Row(same_content_in_two_directories, (MORE,)),
    Row(same_content_under_two_names, (MORE,)),
    Row(same_lines_again_behind_a_rotation, (ALL, LIVE), (SHORT, LONG)),
    Row(many_files_at_once),
    Row(a_file_appears, (MORE,)),
    Row(a_directory_appears, (MORE,)),
    Row(a_file_appears_that_may_not_be_read_yet, (MORE,)),
    Row(may_not_be_read_for_a_time, (ALL, LIVE)),
    Row(directory_may_not_be_read_for_a_time),
)


def scenarios() -> Iterator[tuple[str, Row, tuple[str, ...], int, str]]:
    """Each with a name that is a part of a path."""
    seen: Counter[str] = Counter()
    for row in TABLE:
        for globs in row.globs:
            for size in row.sizes:
                for when in row.when:
                    name = f"{row.way.__name__}-{when}-{'live' if globs == LIVE else 'all'}-{size}"
                    seen[name] += 1
                    assert seen[name] == 1, name
                    yield name, row, globs, size, when


def complaints(logs: list[Log]) -> str:
    for log in logs:
        log.watched.forget()
    return "\n".join(filter(None, (log.difference() for log in logs)))


def at_once(act: Callable[[Log], None], logs: list[Log]) -> None:
    with ThreadPoolExecutor(max_workers=max(1, len(logs))) as workers:
        list(workers.map(act, logs))


@pytest.mark.time_limit(600)
def test_each_line_counts_once_however_logs_are_rotated():
    root = scratch_directory("rotation")
    states = {start: root / f"state-{start}" for start in ("beginning", "end")}
    for state in states.values():
        state.mkdir(mode=0o755)
    table = [(start, *scenario) for start in states for scenario in scenarios()]
    watched = {}
    for start, state in states.items():
        globs = [f"{root}/{start}/{name}/{glob}" for of, name, _, names, _, _ in table if of == start for glob in names]
        watched[start] = Watched(state, start, globs)
    logs, ways = [], {}
    for start, name, row, _, size, when in table:
        directory = root / start / name
        directory.mkdir(parents=True, mode=0o755)
        for parent in (directory, directory.parent):
            parent.chmod(0o755)
        log = Log(name, directory, watched[start])
        log.path.write_bytes(log.text(size, expected=0 if start == "end" else 1))
        logs.append(log)
        ways[id(log)] = (row.way, when)

    def act(when: str) -> Callable[[Log], None]:
        def run(log: Log) -> None:
            way, of = ways[id(log)]
            log.running = when == RUNNING
            if of == when:
                way(log)

        return run

    print(f"{len(logs)} scenarios")
    assert len(logs) >= 60
    with contextlib.ExitStack() as running:
        serves = [running.enter_context(one.serve) for one in watched.values()]
        for serve in serves:
            serve.wait_for_poll(source="access_log")
        at_once(lambda log: log.await_all(), logs)
        assert complaints(logs) == ""
        at_once(act(RUNNING), logs)
        at_once(lambda log: log.await_all(), logs)
        acted = time.monotonic()
        assert complaints(logs) == ""
        for serve in serves:
            serve.stop()
        at_once(act(STOPPED), logs)
        for serve in serves:
            serve.start()
        at_once(lambda log: log.await_all(), logs)
        assert complaints(logs) == ""
        at_once(lambda log: log.write(2) if log.path.exists() else None, logs)
        at_once(lambda log: log.await_all(), logs)
        time.sleep(max(0.0, acted + QUIET_SECONDS - time.monotonic()))
        assert complaints(logs) == ""
        for serve in serves:
            serve.kill9()
            serve.start()
            serve.wait_for_poll(source="access_log")
        assert complaints(logs) == ""
        for one in watched.values():
            assert set(lines(one.serve)) <= {"matched"}, lines(one.serve)


# --- what cannot be read at the start


def unreadable(log: Log) -> None:
    log.path.chmod(0)


def unreadable_with_half_a_line(log: Log) -> None:
    with log.path.open("ab") as file:
        file.write(b"10.1.2.3 - - ")
    log.path.chmod(0)


def hidden(log: Log) -> None:
    log.directory.chmod(0o700)


def missing(log: Log) -> None:
    log.path.unlink()


def missing_with_its_directory(log: Log) -> None:
    shutil.rmtree(log.directory)


def comes(log: Log) -> None:
    log.directory.mkdir(mode=0o755, exist_ok=True)
    log.directory.chmod(0o755)
    log.write(5)


def may_be_read(log: Log) -> None:
    log.write(3)
    log.path.chmod(0o644)


def line_is_completed(log: Log) -> None:
    log.expected[f"/{log.name}/completed"] += 1
    with log.path.open("ab") as file:
        rest = f'[30/Nov/2026:00:00:00 +0000] "POST /{log.name}/completed HTTP/1.1" 401 15 "-" "curl/8.0"\n'
        file.write(rest.encode())
    log.path.chmod(0o644)


def is_rotated_and_may_be_read(log: Log) -> None:
    log.write(2)
    log.path.rename(log.at("access.log.1"))
    log.write(2)
    log.at("access.log.1").chmod(0o644)


def is_emptied_and_may_be_read(log: Log) -> None:
    os.truncate(log.path, 0)
    log.write(2)
    log.path.chmod(0o644)


def is_shown(log: Log) -> None:
    log.directory.chmod(0o755)
    wait_for_looks(log)
    log.write(3)


def another_is_shown(log: Log) -> None:
    """It came when nobody could see it come."""
    log.write(3, "access.log.new")
    log.directory.chmod(0o755)


@dataclass(frozen=True)
class Beginning:
    before: Callable[[Log], None]
    then: Callable[[Log], None]
    needs_running: bool = False


BEGINNINGS = (
    Beginning(missing, comes),
    Beginning(missing_with_its_directory, comes),
    Beginning(unreadable, may_be_read),
    Beginning(unreadable_with_half_a_line, line_is_completed),
    Beginning(unreadable, is_rotated_and_may_be_read),
    Beginning(unreadable, is_emptied_and_may_be_read),
    Beginning(hidden, is_shown, needs_running=True),
    Beginning(hidden, another_is_shown),
)


def begun(root: Path, start: str, beginning: Beginning, name: str, watched: Watched) -> Log:
    directory = root / name
    directory.mkdir(mode=0o755)
    directory.chmod(0o755)
    log = Log(name, directory, watched)
    text = log.text(5, expected=0 if start == "end" else 1)
    log.path.write_bytes(text)
    beginning.before(log)
    if not log.path.exists() or beginning.then is is_emptied_and_may_be_read:
        log.expected.clear()
    return log


@pytest.mark.parametrize("beside", ["others that can be read", "nothing else"])
@pytest.mark.parametrize("start", ["beginning", "end"])
@pytest.mark.parametrize("when", BOTH)
def test_what_cannot_be_read_at_the_start_begins_where_it_would_have(start: str, when: str, beside: str):
    root = scratch_directory("beginnings")
    root.chmod(0o755)
    state = root / "state"
    state.mkdir(mode=0o755)
    table = [one for one in BEGINNINGS if when == RUNNING or not one.needs_running]
    names = [f"{one.before.__name__}-{one.then.__name__}" for one in table]
    globs = [f"{root}/{name}/{glob}" for name in names for glob in ("access.log", "access.log.*")]
    watched = Watched(state, start, [*globs, *([f"{root}/other.log"] if beside != "nothing else" else [])])
    logs = [begun(root, start, one, name, watched) for one, name in zip(table, names, strict=True)]
    (root / "other.log").write_bytes(b"")
    with watched.serve as serve:
        serve.wait_for_poll(source="access_log")
        if when == STOPPED:
            serve.stop()
        for one, log in zip(table, logs, strict=True):
            log.running = when == RUNNING
            one.then(log)
        if when == STOPPED:
            serve.start()
        at_once(lambda log: log.await_all(), logs)
        assert complaints(logs) == ""
        serve.kill9()
        serve.start()
        serve.wait_for_poll(source="access_log")
        assert complaints(logs) == ""
