# SPDX-License-Identifier: Apache-2.0
"""Ways in which logs appear, are rotated, copied, put back and removed, in a table: each line counts once, by its own
path, while keyshift runs, while it is stopped, and over one more restart. All of them at the same time, each in a
directory of its own, watched by two processes: one that begins at the beginning of files, one at their end.
"""

import contextlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.product import rotation_ways as ways
from harness.product.rotated_log import Log, Watched, wait_for_looks
from harness.product.watching_logs import lines
from harness.tools.scratch import scratch_directory

# Longer than anything waits that might be a copy, or a line's end: what would be counted twice has been by then.
QUIET_SECONDS = 12.0

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
    Row(ways.nothing_but_lines, (ALL, LIVE)),
    Row(ways.rename_and_create, (ALL, LIVE), (SHORT, LONG)),
    Row(ways.rename_and_create_later, (ALL, LIVE)),
    Row(ways.rename_while_it_is_written, (ALL, LIVE)),
    Row(ways.rename_in_the_midst_of_a_line, (ALL, LIVE)),
    Row(ways.rename_by_date, (ALL, LIVE)),
    Row(ways.rename_through_numbers),
    Row(ways.rename_into_another_directory, (ALL,), when=(RUNNING,)),
    Row(ways.rename_and_compress),
    Row(ways.rename_over, (ALL, LIVE)),
    Row(ways.link_and_remove),
    Row(ways.copy_and_truncate, (ALL, LIVE), (SHORT, LONG)),
    Row(ways.copy_and_truncate_by_date),
    Row(ways.copy_and_truncate_twice, when=(RUNNING,)),
    Row(ways.copy_slowly_and_truncate),
    Row(ways.truncate_what_was_read, (ALL, LIVE), (SHORT, LONG)),
    Row(ways.truncate_under_a_writer_that_does_not_append),
    Row(ways.copy_remove_create, (ALL, LIVE), (SHORT, LONG)),
    Row(ways.copy_with_times_remove_create, (ALL, LIVE), (SHORT, LONG)),
    Row(ways.copy_remove_create_later, (ALL, LIVE), (SHORT, LONG)),
    Row(ways.copy_rename_create, sizes=(SHORT, LONG)),
    Row(ways.copy_of_a_rotated_file, sizes=(SHORT, LONG)),
    Row(ways.copy_that_stays, sizes=(SHORT, LONG)),
    Row(ways.copy_that_stays_and_goes, sizes=(SHORT, LONG)),
    Row(ways.remove_and_create, (ALL, LIVE)),
    Row(ways.remove_and_create_often, when=(RUNNING,)),
    Row(ways.remove_while_it_is_written, when=(RUNNING,)),
    Row(ways.older_copy_in_its_place, (ALL, LIVE)),
    Row(ways.older_copy_in_its_place, (ALL, LIVE), (SHORT,), when=(RUNNING,)),
    Row(ways.older_copy_in_its_place_that_grows_on_at_once, (ALL, LIVE), when=(RUNNING,)),
    Row(ways.older_copy_in_its_place_that_grows_on_later, (ALL, LIVE), when=(RUNNING,)),
    Row(ways.older_copy_over_it, when=(RUNNING,)),
    Row(ways.whole_copy_in_its_place, (ALL, LIVE)),
    Row(ways.edited_in_place, (ALL, LIVE)),
    Row(ways.away_and_back, (ALL, LIVE)),
    Row(ways.directory_away_and_back),
    Row(ways.names_exchanged),
    Row(ways.link_to_another_file, (LIVE,)),
    Row(ways.two_names),
    Row(ways.ends_without_newline_and_is_renamed, (ALL, LIVE), when=(RUNNING,)),
    Row(ways.ends_without_newline_and_goes_on_elsewhere, (ALL, LIVE)),
    Row(ways.ends_without_newline_while_it_is_written, (ALL, LIVE)),
    Row(ways.ends_without_newline_and_is_removed, when=(RUNNING,)),
    Row(ways.ends_without_newline_and_is_copied_and_removed),
    Row(ways.half_a_line_is_completed),
    Row(ways.same_content_in_two_directories, (MORE,)),
    Row(ways.same_content_under_two_names, (MORE,)),
    Row(ways.same_lines_again_behind_a_rotation, (ALL, LIVE), (SHORT, LONG)),
    Row(ways.many_files_at_once),
    Row(ways.a_file_appears, (MORE,)),
    Row(ways.a_directory_appears, (MORE,)),
    Row(ways.a_file_appears_that_may_not_be_read_yet, (MORE,)),
    Row(ways.may_not_be_read_for_a_time, (ALL, LIVE)),
    Row(ways.directory_may_not_be_read_for_a_time),
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
    logs, acts = [], {}
    for start, name, row, _, size, when in table:
        directory = root / start / name
        directory.mkdir(parents=True, mode=0o755)
        for parent in (directory, directory.parent):
            parent.chmod(0o755)
        log = Log(name, directory, watched[start])
        log.path.write_bytes(log.text(size, expected=0 if start == "end" else 1))
        logs.append(log)
        acts[id(log)] = (row.way, when)

    def act(when: str) -> Callable[[Log], None]:
        def run(log: Log) -> None:
            way, of = acts[id(log)]
            log.running = when == RUNNING
            if of == when:
                way(log)

        return run

    print(f"{len(logs)} scenarios")
    assert len(logs) >= 60
    with contextlib.ExitStack() as running:
        serves = [running.enter_context(one.serve) for one in watched.values()]
        for serve in serves:
            serve.wait_for_look("access_log")
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
            serve.wait_for_look("access_log")
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
        # Failures of more than a day ago are not kept.
        moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        rest = f'[{moment}] "POST /{log.name}/completed HTTP/1.1" 401 15 "-" "curl/8.0"\n'
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
        serve.wait_for_look("access_log")
        assert complaints(logs) == ""
