# SPDX-License-Identifier: Apache-2.0
"""Power is lost at any write, with all that was not synced kept, lost or torn at random: the state is whole afterwards, as of
some cycle, nothing is counted twice or missed once the sources were read again, and SAFE is never said.

KEYSHIFT_POWER_LOSSES=200 for the long form (make test-crash), KEYSHIFT_POWER_SEED for another course.
"""

import contextlib
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.product.watching_logs import saved_lines
from harness.product.web_serving import LoggedIn
from harness.servers.postgres import Database
from harness.tools import power_loss
from harness.tools.exposition import Samples
from harness.tools.log_writer import line
from harness.tools.power_loss import Disk, Loss
from harness.tools.process import ProcessDied
from harness.tools.wait import eventually

LOSSES = int(os.environ.get("KEYSHIFT_POWER_LOSSES", "8"))
SEED = int(os.environ.get("KEYSHIFT_POWER_SEED", "7"))
# Many enough that a cycle writes many pages, so that the log of the state is written back every few seconds.
KEYS = 1500
USED_AT_ONCE = 300
# Between two orderly ends, power is lost so often.
LOSSES_IN_A_ROW = 4
LOSS_TIMEOUT_SECONDS = 60

BASELINE = ("keyshift_legacy_keys_baseline", frozenset())
CREATED = ("keyshift_legacy_keys_created_total", frozenset())
REQUESTS = ("keyshift_log_lines_total", frozenset({("source", "access_log"), ("result", "matched")}))
LOOKUPS = ("keyshift_auth_lookups_total", frozenset({("result", "not_found")}))
BEGAN = ("keyshift_observation_start_timestamp_seconds", frozenset({("source", "keys")}))
SAFE = ("keyshift_fallback_removal_safe", frozenset())


class Site:
    """What goes on beside keyshift: requests, lookups, keys that are used and new ones. It knows how many there were."""

    def __init__(self, database: Database, directory: Path, rng: random.Random):
        self.table = KeyTable(database)
        self.table.fill(KEYS, 0)
        self.keys, self.requests, self.lookups, self.rotations = KEYS, 0, 0, 0
        self.log = directory / "access.log"
        self.log.touch()
        self._ids = [row[0] for row in database.execute("SELECT id::text FROM virtual_keys")]
        self._rng = rng

    def configuration(self, state: Path) -> dict[str, Any]:
        tree = watching(self.table.database.dsn(), gateway={"fallback": "present"})
        tree["collectors"] += [
            {"type": "statements", "interval": "200ms"},
            {"type": "access_log", "input": {"files": [f"{self.log}*"]}, "interval": "200ms"},
        ]
        tree["migration"] = {"drain_window": "2s"}
        tree["state"] = {"directory": str(state)}
        return tree

    def step(self) -> None:
        burst = self._rng.randrange(1, 60)
        with self.log.open("ab") as log:
            log.write(b"".join(line(self.requests + n, 200, 12) for n in range(burst)))
        self.requests += burst
        self.table.use(*self._rng.sample(self._ids, USED_AT_ONCE))
        for _ in range(self._rng.randrange(4)):
            self.table.database.execute(
                "SELECT id, key_hash, key_lookup_hash FROM virtual_keys WHERE key_lookup_hash = %s", (f"hash {self.lookups}",)
            )
            self.lookups += 1
        if self._rng.random() < 0.2:
            self.table.add()
            self.keys += 1

    def rotate(self) -> None:
        self.log.rename(self.log.with_suffix(f".log.{self.rotations}"))
        self.log.touch()
        self.rotations += 1

    def counts(self) -> dict[tuple, float]:
        return {BASELINE: self.keys, CREATED: self.keys - KEYS, REQUESTS: self.requests, LOOKUPS: self.lookups}


class Watch:
    """Scrapes, and holds each against what is true, what was settled before the last losses, and what was shown in this life."""

    def __init__(self, site: Site):
        self._site = site
        self._settled: dict[tuple, float] = {}
        self._shown: dict[tuple, float] = {}
        self.scrapes = 0

    def begin_life(self) -> None:
        self._shown = dict(self._settled)

    def settle(self, samples: Samples) -> None:
        self._settled = {name: samples.get(name, 0) for name in (*self._site.counts(), BEGAN)}

    def look(self, serve: Serve) -> None:
        samples = serve.metrics()
        true = self._site.counts()
        assert samples.get(SAFE, 0) == 0, "SAFE, while legacy keys are in use"
        now = {name: samples[name] for name in (*true, BEGAN) if name in samples}
        back = {name: (self._shown[name], value) for name, value in now.items() if value < self._shown.get(name, 0)}
        assert not back, f"stepped back: {back}"
        more = {name: (value, true[name]) for name, value in now.items() if name in true and value > true[name]}
        assert not more, f"more than there were: {more}"
        self._shown |= now
        self.scrapes += 1


def as_left(state: Path, beside: Path) -> tuple[str, int]:
    """Of a copy, without the shared memory: what SQLite thinks of the file, and how many lines it has counted."""
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(state / f"keyshift.db{suffix}", beside)
    try:
        with contextlib.closing(sqlite3.connect(beside / "keyshift.db")) as copy:
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        return found, saved_lines(beside)
    except sqlite3.DatabaseError as damaged:
        return str(damaged), -1


def until_power_is_lost(serve: Serve, site: Site, watch: Watch) -> Loss:
    """One life. It may end before its first answer."""
    watch.begin_life()
    try:
        serve.start()
    except ProcessDied as died:
        loss = power_loss.told(str(died))
        assert loss and f"exited with {power_loss.EXIT_CODE}" in str(died), died
        return loss
    try:
        end = time.monotonic() + LOSS_TIMEOUT_SECONDS
        while serve.running:
            assert time.monotonic() < end, "nothing is written, or nothing synced"
            site.step()
            with contextlib.suppress(requests.RequestException):
                watch.look(serve)
        loss = power_loss.told(serve.log())
        assert loss and serve.process.wait(5) == power_loss.EXIT_CODE, serve.process.log_tail()
        return loss
    finally:
        serve.close()


def settle(tree: Mapping[str, Any], site: Site, watch: Watch) -> None:
    """A life on a disk that keeps its power: all counts are those of the site, and it ends in order."""
    watch.begin_life()
    with Serve(tree, until="healthy") as serve:
        true = site.counts()

        def missing() -> dict[tuple, float]:
            watch.look(serve)
            samples = serve.metrics()
            return {name: samples.get(name) for name, count in true.items() if samples.get(name, 0) != count}

        eventually(lambda: not missing(), 15, f"{true}, not {missing()}")
        serve.wait_for_poll()
        watch.settle(serve.metrics())


def moment(rng: random.Random) -> tuple[int, int]:
    """After so many operations, from that sync on: at any time, as the log of the state is written back, or soon after that."""
    return rng.choice(((rng.randrange(1, 60), 0), (rng.randrange(60, 1500), 0), (rng.randrange(1, 40), 1), (rng.randrange(1, 400), 1)))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "aside").mkdir()
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.mark.time_limit(120 + 30 * LOSSES)
def test_the_state_is_whole_after_a_loss_of_power(database: Database, state: Path, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    site = Site(database, tmp_path, rng)
    watch, disk = Watch(site), Disk(state, tmp_path / "aside")
    tree = site.configuration(state)
    sums, gone = Counter(), []
    settle(tree, site, watch)
    for number in range(LOSSES):
        after, from_sync = moment(rng)
        seed = rng.randrange(2**32)
        course = f"seed {SEED}, loss {number}, after {after} from sync {from_sync}"
        serve = Serve(tree, until="healthy", env=disk.losing_power(seed, after, from_sync))
        loss = until_power_is_lost(serve, site, watch)
        sums.update(loss._asdict())
        found, lines = as_left(state, tmp_path / "copy")
        assert found == "ok", f"{course}: {found}, {loss}"
        gone.append(site.requests - lines)
        if number % LOSSES_IN_A_ROW == LOSSES_IN_A_ROW - 1 or number == LOSSES - 1:
            settle(tree, site, watch)
            site.rotate()
        assert not list(state.glob("*.damaged-*")), course
        if number % 20 == 19:
            print(f"\npower was lost {number + 1} times, {dict(sums)}", end="", flush=True)
    print(
        f"\npower lost {LOSSES} times, seed {SEED}: {sums['sectors']:,} of {sums['doubtful_sectors']:,} sectors and {sums['names']} of {sums['doubtful_names']} "
        f"names were lost, {sums['syncs']} syncs; {max(gone)} of {site.requests:,} lines at most had to be read again; {watch.scrapes:,} scrapes"
    )
    assert sums["sectors"] and sums["syncs"]


MOST_LOSSES_OF_A_LIAR = 12


@pytest.mark.time_limit(300)
def test_a_disk_that_does_not_sync_is_found_out(database: Database, state: Path, tmp_path: Path) -> None:
    """The tests above see damage where there is some; and keyshift sees what they see: it moves the file aside and begins anew."""
    rng = random.Random(SEED)
    site = Site(database, tmp_path, rng)
    watch, disk = Watch(site), Disk(state, tmp_path / "aside", honest=False)
    tree = site.configuration(state)
    for _ in range(MOST_LOSSES_OF_A_LIAR):
        settle_any(tree, state)
        serve = Serve(tree, until="healthy", env=disk.losing_power(rng.randrange(2**32), rng.randrange(20, 60), 2))
        until_power_is_lost(serve, site, watch)
        found, _ = as_left(state, tmp_path / "copy")
        if found != "ok":
            break
    else:
        raise AssertionError("nothing was damaged")
    with Serve(tree, until="ready") as serve:
        assert serve.keys() == (site.keys, 0)
        assert serve.metric("keyshift_fallback_removal_safe") == 0
    assert list(state.glob("*.damaged-*")), found


def settle_any(tree: Mapping[str, Any], state: Path) -> None:
    """A whole file, from an orderly end."""
    shutil.rmtree(state)
    state.mkdir()
    with Serve(tree, until="ready"):
        pass


FIRST_STARTS = max(4, LOSSES // 5)


@pytest.mark.time_limit(120 + 20 * FIRST_STARTS)
def test_power_lost_at_the_first_start(database: Database, state: Path, tmp_path: Path) -> None:
    """While the file is made: what is left is whole, or none, and the next start goes on or begins."""
    rng = random.Random(SEED)
    table = KeyTable(database)
    table.fill(20, 5)
    tree = watching(database.dsn(), gateway={"fallback": "present"}) | {"state": {"directory": str(state)}}
    disk = Disk(state, tmp_path / "aside")
    for number in range(FIRST_STARTS):
        shutil.rmtree(state)
        state.mkdir()
        after = rng.randrange(1, 150)
        course = f"seed {SEED}, start {number}, after {after}"
        serve = Serve(tree, until="ready", env=disk.losing_power(rng.randrange(2**32), after))
        try:
            serve.start()
            while serve.running:
                table.use(*(row[0] for row in database.execute("SELECT id::text FROM virtual_keys LIMIT 5")))
        except ProcessDied as died:
            assert power_loss.told(str(died)), died
        finally:
            serve.close()
        found, _ = as_left(state, tmp_path / "copy")
        assert found == "ok", f"{course}: {found}"
        with Serve(tree, until="ready") as serve:
            assert serve.keys() == (20, 5), course
            assert serve.metric("keyshift_legacy_keys_baseline") == 20, course
            assert serve.metric("keyshift_fallback_removal_safe") == 0, course
        assert not list(state.glob("*.damaged-*")), course


# --- what an operator was told is done


@pytest.mark.parametrize("read_meanwhile", [False, True])
def test_what_was_decided_is_not_taken_back(database: Database, tmp_path: Path, read_meanwhile: bool) -> None:
    """An acknowledgement that is back after it was withdrawn could say SAFE. Also while somebody reads, as a backup does, which
    keeps the log of the state from being written back."""
    table = KeyTable(database)
    key = table.add(idle=60 * DAY)
    (tmp_path / "aside").mkdir()
    environment: dict[str, str] = {}
    with LoggedIn(table, env=environment) as serve:
        acks = lambda: [ack["id"] for ack in serve.get("/api/v1/acks").json()["acks"]]  # noqa: E731
        assert serve.decide("POST", "acks", {"key": key, "note": "asked"}).status_code == 201
        serve.stop()
        sign = tmp_path / "lose it"
        environment |= Disk(serve.state_directory, tmp_path / "aside").losing_all_once_there(sign)
        serve.start()
        with contextlib.closing(sqlite3.connect(f"file:{serve.state_directory / 'keyshift.db'}?mode=ro", uri=True)) as reader:
            if read_meanwhile:
                reader.execute("BEGIN")
                assert reader.execute("SELECT count(*) FROM counter").fetchone()
            assert acks() == [key]
            assert serve.decide("DELETE", f"acks/{key}").status_code == 200
            sign.touch()
            assert serve.process.wait(20) == power_loss.EXIT_CODE
        environment.clear()
        serve.start()
        assert acks() == []
        assert not list(serve.state_directory.glob("*.damaged-*"))
