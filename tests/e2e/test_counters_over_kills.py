# SPDX-License-Identifier: Apache-2.0
"""Counters over kill -9 at any moment, with sources that are down at the return: nothing that was scraped steps back,
and in the end each line and each new key was counted once.

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
from harness.servers.postgres import Postgres
from harness.tools.wait import eventually

KILLS = int(os.environ.get("KEYSHIFT_TORTURE_KILLS", "9"))
SEED = int(os.environ.get("KEYSHIFT_TORTURE_SEED", "7"))
# Of the process, not of the gateway: they begin at 0 with it, as those of every exporter do.
OF_THE_PROCESS = ("keyshift_http_server_", "keyshift_source_poll_", "keyshift_state_write_errors_", "process_")
LINES = (
    "DEBUG inferxgate::auth::middleware: Using verified token cache (skipping bcrypt)",
    "DEBUG inferxgate::auth::middleware: Cached verified token for future requests",
)


class Traffic(threading.Thread):
    """The gateway's log grows all the time, and its statements and keys while the database is up."""

    def __init__(self, log: Path, table: KeyTable):
        super().__init__(daemon=True)
        self.lines = 0
        self.database_is_up = threading.Event()
        self.database_is_up.set()
        self._over = threading.Event()
        self._log, self._table = log, table

    def run(self) -> None:
        lookup = "SELECT id, key_hash, key_lookup_hash FROM virtual_keys WHERE key_lookup_hash = %s"
        with self._log.open("a", buffering=1) as log:
            for number in itertools.count():
                if self._over.wait(0.005):
                    return
                moment = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
                burst = 1 + number % 7
                log.write(f"{moment} {LINES[number % 2]}\n" * burst)
                self.lines += burst
                # It is stopped in the middle of one now and then.
                if number % 20 == 0 and self.database_is_up.is_set():
                    with contextlib.suppress(psycopg2.Error):
                        self._table.database.execute(lookup, (f"hash {number}",))
                        if number % 100 == 0:
                            self._table.add()

    def end(self) -> None:
        self._over.set()
        self.join()


@contextmanager
def going_on(log: Path, table: KeyTable) -> Iterator[Traffic]:
    log.touch()
    traffic = Traffic(log, table)
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
def test_no_counter_steps_back(own_postgres: Postgres, tmp_path: Path):
    rng = random.Random(SEED)
    table = KeyTable(own_postgres.create_database())
    legacy = table.add()
    log = tmp_path / "gateway.log"
    tree = watching(table.database.dsn())
    tree["collectors"] += [
        {"type": "statements", "interval": "200ms"},
        {"type": "gateway_log", "input": {"files": [str(log)]}},
    ]
    with going_on(log, table) as traffic, Serve(tree, until="healthy") as serve:
        hits = "keyshift_auth_cache_hits_total"
        eventually(lambda: serve.metric(hits), 20, "hits are counted")
        first = keys_at_first(serve)
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
                print(f"\n{kill + 1} times kill -9, {traffic.lines:,} lines", end="", flush=True)
        traffic.end()
        read = ("keyshift_log_lines_total", frozenset({("source", "gateway_log"), ("result", "matched")}))
        eventually(lambda: counters(serve)[read] == traffic.lines, 30, f"{traffic.lines} lines, each once")
        # All that are there now, whatever an insert that was cut off told its caller.
        keys = table.counts()[0]
        baseline = lambda: serve.metric("keyshift_legacy_keys_baseline")  # noqa: E731
        eventually(lambda: baseline() == keys, 30, f"{keys} keys, each once, not {baseline()}")
        assert serve.metric("keyshift_legacy_keys_created_total") == keys - first
        assert not list(serve.state_directory.glob("*.damaged-*"))
    print(f"\n{KILLS} times kill -9, seed {SEED}: {traffic.lines:,} lines and {keys} keys, each counted once")
