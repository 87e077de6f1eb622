# SPDX-License-Identifier: Apache-2.0
"""The process itself: its disk, its descriptors, its memory, its time, and its end. What it has counted stays exact."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from faults.cell import INTERVALS_UNTIL_BACK, Result, record
from faults.databases import Keys
from faults.sources_and_faults import frozen_seconds, process_faults
from faults.watch import Sample, Watch
from harness.servers.time_travel import Clock
from harness.tools.process import program, run_as
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

pytestmark = pytest.mark.time_limit(300)

DAY = timedelta(days=1)
SPARE_BYTES = 4 << 20
SAVED = "state is saved again"


class Process(Keys):
    """`place` is where its state is; `wrapper` and `environment` begin its command."""

    census_timeout = "60s"

    def __init__(self, *, wrapper: list[str] | None = None, environment: dict[str, str] | None = None):
        super().__init__()
        self.place = scratch_directory("state")
        self._wrapper, self._environment = wrapper or [], environment

    def _tree(self) -> dict[str, Any]:
        return {**super()._tree(), "state": {"directory": str(self.place / "state")}}

    def before_start(self) -> None:
        self.serve._wrapper = self._wrapper
        self.serve._env = self._environment

    def add_many(self, count: int) -> None:
        self.table.fill(legacy=0, modern=count)


@pytest.mark.parametrize("fault", process_faults())
def test_a_fault_of_the_process_is_told_and_nothing_is_lost(network: Any, fault: str) -> None:
    ORDEALS[fault](fault)


def end_well(site: Process, fault: str, watch: Watch, begin: float, shown: str, since: float, failures: int | None, verdict: str) -> None:
    """It reads its source again in time, and has counted all; the scrapes were quick from `begin` on."""
    back = [sample for sample in watch.samples if sample.at >= since and sample.up]
    until = None if failures is None else back[0].failures - failures + 1
    assert until is None or until <= INTERVALS_UNTIL_BACK, f"{until} polls until it was read again"
    worst = watch.quick(begin)
    site.work()
    site.wait_until_counted()
    record(Result("process", fault, shown, verdict, until, 1000 * worst))


def up_again(site: Process, watch: Watch, since: float) -> None:
    eventually(lambda: watch.latest.at >= since and watch.latest.up, site.patience, "it reads its source")


def never_safe(samples: list[Sample]) -> None:
    wrong = [sample for sample in samples if sample.safe and not sample.up]
    assert not wrong, f"SAFE without a source: {wrong[0]}"


# --- its disk


@contextlib.contextmanager
def mounted(place: Path, *arguments: str) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("machine: only root may mount a file system")
    run_as(None, [program("mount"), *arguments, place])
    try:
        yield
    finally:
        run_as(None, [program("umount"), "--lazy", place])


def full_disk(fault: str) -> None:
    site = Process()
    with mounted(site.place, "-t", "tmpfs", "-o", "size=6m", "keyshift-faults"), site:
        site.wait_until_settled()
        with Watch(site.serve, "keys") as watch:
            begin = time.monotonic()
            ballast = site.place / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb") as file:
                while True:
                    file.write(b"x" * 4096)
                    file.flush()
            site.add_many(20_000)
            failed_to_save(site)
            site.wait_until_counted()
            assert not [sample for sample in watch.samples if not sample.up], "its source goes on"
            verdict = "SAFE stands" if watch.latest.safe else "not SAFE"
            ballast.unlink()
            site.serve.process.wait_until(lambda: SAVED in site.serve.log(), site.patience, SAVED)
            site.serve.kill9()
            site.serve.start()
            up_again(site, watch, time.monotonic())
            watch.lost.clear()
            never_safe(watch.samples)
            end_well(site, fault, watch, begin, "up; `keyshift_state_write_errors_total` grows", begin, None, verdict)


def failed_to_save(site: Process) -> None:
    errors = lambda: site.serve.metric("keyshift_state_write_errors_total") >= 2  # noqa: E731
    site.serve.process.wait_until(errors, site.patience, "it says that it cannot save")


def read_only_disk(fault: str) -> None:
    """As a kernel makes it that has found an error on it. It takes a new mount to write there again, and a restart."""
    site = Process()
    image = scratch_directory("disk") / "image"
    with image.open("wb") as file:
        file.truncate(24 << 20)
    run_as(None, [program("mkfs.ext4"), "-q", "-F", image])
    loop = ("-t", "ext4", "-o", "loop", str(image))
    with ExitStack() as mounts:
        mounts.enter_context(mounted(site.place, *loop))
        with site:
            site.wait_until_settled()
            with Watch(site.serve, "keys") as watch:
                begin = time.monotonic()
                run_as(None, [program("mount"), "-o", "remount,abort", site.place])
                site.work()
                failed_to_save(site)
                site.wait_until_counted()
                assert not [sample for sample in watch.samples if not sample.up], "its source goes on"
                worst = watch.quick(begin)
                verdict = "SAFE stands" if watch.latest.safe else "not SAFE"
            site.serve.stop()
            mounts.close()
            with mounted(site.place, *loop):
                site.serve.start()
                site.work()
                site.wait_until_counted()
                site.serve.stop()
                record(Result("process", fault, "up; `keyshift_state_write_errors_total` grows", verdict, None, 1000 * worst))


# --- its descriptors and its memory


def out_of_descriptors(fault: str) -> None:
    with Process() as site:
        site.wait_until_settled()
        with Watch(site.serve, "keys") as watch:
            begin, before = time.monotonic(), watch.latest.errors
            limit = lambda number: run_as(None, [program("prlimit"), f"--pid={site.serve.pid}", f"--nofile={number}:"])  # noqa: E731
            limit(3)
            site.proxy.cut()
            site.serve.process.wait_until(lambda: watch.latest.up is False, site.patience, "it cannot connect")
            site.work()
            watch.another(40)
            reasons = sorted(set(watch.latest.errors) - set(before))
            failures, end = watch.latest.failures, time.monotonic()
            limit(1024)
            up_again(site, watch, end)
            never_safe(watch.samples)
            end_well(site, fault, watch, begin, f"down, `{'`, `'.join(reasons)}`", end, failures, "not SAFE")


@contextlib.contextmanager
def memory_cgroup() -> Iterator[tuple[Path, str]]:
    """A new one, of either kind, and the file that has its limit."""
    root, limit = Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"
    if not root.is_dir():
        root, limit = Path("/sys/fs/cgroup"), "memory.max"
    group = root / f"keyshift-faults-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as refused:
        pytest.skip(f"machine: it limits no memory: {refused}")
    if not (group / limit).exists():
        group.rmdir()
        pytest.skip("machine: it limits no memory")
    try:
        yield group, limit
    finally:
        eventually(lambda: not (group / "cgroup.procs").read_text(), 10, "nothing runs there")
        group.rmdir()


def memory_limit(fault: str) -> None:
    """More legacy keys than fit: the kernel kills it. With room again it finds all that it had counted, and the rest."""
    with memory_cgroup() as (group, limit):
        wrapper = ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh"]
        with Process(wrapper=wrapper) as site:
            site.wait_until_settled()
            with Watch(site.serve, "keys") as watch:
                begin = time.monotonic()
                (group / limit).write_text(str(site.serve.process.rss_bytes() + SPARE_BYTES))
                site.table.fill(legacy=300_000, modern=0)
                eventually(lambda: not site.serve.running, 15, "the kernel has killed it")
                worst = watch_until_dead(watch, begin)
                never_safe(watch.samples)
            (group / limit).write_text(str(1 << 30))
            site.serve.start()
            site.wait_until_counted()
            record(Result("process", fault, "killed by the kernel; started again", "not SAFE", None, 1000 * worst))


def watch_until_dead(watch: Watch, begin: float) -> float:
    """What was answered was answered quickly; then nobody answers."""
    assert watch.lost
    watch.lost.clear()
    return watch.quick(begin)


# --- its end, its standstill, its time


def killed(fault: str) -> None:
    with Process() as site:
        site.wait_until_settled()
        with Watch(site.serve, "keys") as watch:
            begin, failures = time.monotonic(), watch.latest.failures
            site.serve.kill9()
            site.work()
            site.serve.start()
            since = time.monotonic()
            up_again(site, watch, since)
            watch.another(20)
            watch.lost.clear()
            never_safe(watch.samples)
            end_well(site, fault, watch, begin, "no answer until it is started again", since, failures, "not SAFE until its first poll")


def frozen(fault: str) -> None:
    """Who scrapes gets no answer; the first one after it is no SAFE of before."""
    with Process() as site:
        site.wait_until_settled()
        with Watch(site.serve, "keys") as watch:
            begin = time.monotonic()
            watch.another(10)
            os.kill(site.serve.pid, signal.SIGSTOP)
            stopped = time.monotonic()
            site.work()
            eventually(lambda: time.monotonic() > stopped + frozen_seconds(), frozen_seconds(), "it has stood still for long")
            read, thawed = watch.latest.polls, time.monotonic()
            site.proxy.refuse()
            site.proxy.cut()
            os.kill(site.serve.pid, signal.SIGCONT)
            answered = lambda: [sample for sample in watch.samples if sample.at + sample.seconds >= thawed]  # noqa: E731
            eventually(lambda: len(answered()) >= 10 and watch.latest.up is False, 10, "it answers, and cannot read")
            failures, end = watch.latest.failures, time.monotonic()
            site.proxy.accept()
            up_again(site, watch, end)
            watch.lost.clear()
            old = [sample for sample in answered() if sample.safe and sample.polls == read]
            assert not old, f"SAFE on what it had read before: {old[0]}"
            quick = time.monotonic()
            watch.another(20)
            end_well(site, fault, watch, quick, "no answer meanwhile", end, failures, "not SAFE until its next poll")


def jumped(fault: str, by: timedelta) -> None:
    """Its own clock: the times of keys are the database's."""
    clock = Clock()
    with Process(environment=clock.environment) as site:
        site.wait_until_settled()
        with Watch(site.serve, "keys") as watch:
            begin = time.monotonic()
            clock.advance(by)
            # Its own words are dated by it.
            day = f"ts={datetime.now(UTC) + by:%Y-%m-%d}"
            site.proxy.cut()
            site.proxy.refuse()
            site.serve.process.wait_until(lambda: watch.latest.up is False, site.patience, "it fails for a moment")
            assert day in site.serve.log(), "its clock is another one"
            site.proxy.accept()
            site.work()
            site.wait_until_counted()
            watch.another(40)
            never_safe(watch.samples)
            assert watch.latest.up
            end_well(site, fault, watch, begin, "up", begin, None, "SAFE stands" if watch.latest.safe else "not SAFE")


ORDEALS: dict[str, Callable[[str], None]] = {
    "full_disk": full_disk,
    "read_only_disk": read_only_disk,
    "out_of_descriptors": out_of_descriptors,
    "memory_limit": memory_limit,
    "killed": killed,
    "frozen": frozen,
    "clock_ahead": lambda fault: jumped(fault, DAY),
    "clock_back": lambda fault: jumped(fault, -DAY),
}
