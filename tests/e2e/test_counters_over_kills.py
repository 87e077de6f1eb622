# SPDX-License-Identifier: Apache-2.0
"""Counters over kill -9 at any moment, with sources that are down at the return: nothing that was scraped steps back,
and in the end each line of two rotated logs, each event of a replica and each new key was counted once.

KEYSHIFT_TORTURE_KILLS=1000 for the long form (make test-crash), KEYSHIFT_TORTURE_SEED for another course.
"""

import contextlib
import itertools
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from harness.product.keyshift import Serve
from harness.product.watching import KeyTable, watching
from harness.product.watching_logs import lines
from harness.servers.postgres import Postgres
from harness.servers.redis import Redis
from harness.tools.http_faults import Exchange, HttpFaults, text
from harness.tools.log_writer import line
from harness.tools.wait import eventually

KILLS = int(os.environ.get("KEYSHIFT_TORTURE_KILLS", "9"))
SEED = int(os.environ.get("KEYSHIFT_TORTURE_SEED", "7"))
# Of the process, not of the gateway: they begin at 0 with it, as those of every exporter do.
OF_THE_PROCESS = ("keyshift_http_server_", "keyshift_source_poll_", "keyshift_state_write_errors_", "process_")
LINES = (
    "DEBUG inferxgate::auth::middleware: Using verified token cache (skipping bcrypt)",
    "DEBUG inferxgate::auth::middleware: Cached verified token for future requests",
)


REPLICA = ("keyshift_fallback_auth_total", frozenset())
# Every so many turns of the traffic, each of 5 ms or more.
ROTATION_EVERY = 150


class Log:
    """It is rotated now and then, and knows how many lines were written into it."""

    def __init__(self, path: Path):
        self.path = path
        self.lines = self.rotations = 0
        path.touch()

    def write(self, lines: bytes) -> None:
        with self.path.open("ab") as log:
            log.write(lines)
        self.lines += lines.count(b"\n")

    def rotate(self) -> None:
        self.path.rename(self.path.with_suffix(f".log.{self.rotations}"))
        self.path.touch()
        self.rotations += 1


class Traffic(threading.Thread):
    """Both logs, Redis and a replica's counter grow all the time, and statements and keys while the database is up."""

    def __init__(self, directory: Path, table: KeyTable, redis: Redis):
        super().__init__(daemon=True)
        self.gateway_log, self.access_log = Log(directory / "gateway.log"), Log(directory / "access.log")
        self.fallbacks = 0
        # Until its counter was read once, it stands still: what a counter had before is nobody's.
        self.replica_is_watched = threading.Event()
        self.database_is_up = threading.Event()
        self.database_is_up.set()
        self._over = threading.Event()
        self._table, self._redis = table, redis.client()

    def run(self) -> None:
        lookup = "SELECT id, key_hash, key_lookup_hash FROM virtual_keys WHERE key_lookup_hash = %s"
        for number in itertools.count():
            if self._over.wait(0.005):
                return
            moment = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
            burst = 1 + number % 7
            self.gateway_log.write(f"{moment} {LINES[number % 2]}\n".encode() * burst)
            self.access_log.write(b"".join(line(number, 200, 12) for _ in range(burst)))
            if number % ROTATION_EVERY == ROTATION_EVERY - 1:
                self.gateway_log.rotate()
                self.access_log.rotate()
            self._redis.get(f"key_cache:{number}")
            if self.replica_is_watched.is_set():
                self.fallbacks += burst
            # It is stopped in the middle of one now and then.
            if number % 20 == 0 and self.database_is_up.is_set():
                with contextlib.suppress(psycopg2.Error):
                    self._table.database.execute(lookup, (f"hash {number}",))
                    if number % 100 == 0:
                        self._table.add()

    def metrics(self, exchange: Exchange) -> bool:
        """What the replica answers."""
        return text(f"# TYPE gw_fallback_total counter\ngw_fallback_total {self.fallbacks}\n")(exchange)

    def end(self) -> None:
        self._over.set()
        self.join()


@contextmanager
def going_on(directory: Path, table: KeyTable, redis: Redis) -> Iterator[Traffic]:
    traffic = Traffic(directory, table, redis)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.end()


def counters(serve: Serve) -> dict[tuple, float]:
    return {
        sample: value
        for sample, value in serve.metrics().items()
        if sample[0].endswith("_total") and not sample[0].startswith(OF_THE_PROCESS)
    }


def keys_at_first(serve: Serve) -> float:
    """Those of the first count: traffic had begun before."""
    names = ("keyshift_legacy_keys_baseline", "keyshift_legacy_keys_created_total")
    wanted = {(name, frozenset()) for name in names}
    samples = eventually(lambda: (found := serve.metrics()).keys() >= wanted and found, 20, "keys are counted")
    baseline, created = (samples[name, frozenset()] for name in names)
    return baseline - created


@pytest.mark.time_limit(120 + 3 * KILLS)
def test_no_counter_steps_back(own_postgres: Postgres, own_redis: Redis, tmp_path: Path):
    rng = random.Random(SEED)
    table = KeyTable(own_postgres.create_database())
    # Else a server that is stopped at once loses keys that keyshift has seen.
    own_postgres.execute("ALTER SYSTEM SET synchronous_commit = on")
    own_postgres.execute("SELECT pg_reload_conf()")
    legacy = table.add()
    tree = watching(table.database.dsn())
    tree["collectors"] += [
        {"type": "statements", "interval": "200ms"},
        {"type": "gateway_log", "input": {"files": [f"{tmp_path}/gateway.log*"]}},
        {"type": "access_log", "input": {"files": [f"{tmp_path}/access.log*"]}},
        {"type": "redis", "url": own_redis.url(), "interval": "200ms"},
    ]
    with HttpFaults() as replica, going_on(tmp_path, table, own_redis) as traffic:
        replica.answer(traffic.metrics)
        counted = [{"event": "fallback", "metric": "gw_fallback_total"}]
        tree["collectors"].append({"type": "gateway_metrics", "targets": [replica.url], "interval": "200ms", "counters": counted})
        kill_again_and_again(Serve(tree, until="healthy"), own_postgres, table, legacy, traffic, rng)


def kill_again_and_again(
    daemon: Serve, own_postgres: Postgres, table: KeyTable, legacy: str, traffic: Traffic, rng: random.Random
) -> None:
    with daemon as serve:
        hits = "keyshift_auth_cache_hits_total"
        eventually(lambda: serve.metric(hits), 20, "hits are counted")
        first = keys_at_first(serve)
        eventually(lambda: REPLICA in counters(serve), 20, "the replica was read")
        traffic.replica_is_watched.set()
        scraped: dict[tuple, float] = {}
        for kill in range(KILLS):
            until = time.monotonic() + rng.uniform(0.05, 0.6)
            while time.monotonic() < until:
                scraped |= counters(serve)
            serve.kill9()
            down = kill % 3 == 2
            if down:
                traffic.database_is_up.clear()
                own_postgres.stop("immediate")
            serve.start()
            end = time.monotonic() + rng.uniform(0.1, 0.5)
            while time.monotonic() < end:
                now = counters(serve)
                # One that is not there does not step back: a log's, until the log was read once.
                back = {name: (value, now[name]) for name, value in scraped.items() if name in now and now[name] < value}
                assert not back, f"after kill {kill}{', without its database' if down else ''}: {back}"
                scraped |= now
            if down:
                own_postgres.start()
                traffic.database_is_up.set()
            table.use(legacy)
            if kill % 100 == 99:
                print(f"\n{kill + 1} times kill -9, {traffic.gateway_log.lines:,} lines", end="", flush=True)
        traffic.end()
        for source, log in (("gateway_log", traffic.gateway_log), ("access_log", traffic.access_log)):
            read = lambda: lines(serve, source)  # noqa: B023, E731
            eventually(lambda: read() == {"matched": log.lines}, 30, f"{log.lines} lines of {source}, each once, not {read()}")  # noqa: B023
        eventually(lambda: counters(serve)[REPLICA] == traffic.fallbacks, 30, f"{traffic.fallbacks} fallbacks, each once")
        # All that are there now, whatever an insert that was cut off told its caller.
        keys = table.counts()[0]
        baseline = lambda: serve.metric("keyshift_legacy_keys_baseline")  # noqa: E731
        eventually(lambda: baseline() == keys, 30, f"{keys} keys, each once, not {baseline()}")
        assert serve.metric("keyshift_legacy_keys_created_total") == keys - first
        assert not list(serve.state_directory.glob("*.damaged-*"))
    print(
        f"\n{KILLS} times kill -9, seed {SEED}: {traffic.gateway_log.lines:,} lines of each log, {traffic.gateway_log.rotations} rotations, "
        f"{traffic.fallbacks:,} fallbacks and {keys} keys, each counted once"
    )
