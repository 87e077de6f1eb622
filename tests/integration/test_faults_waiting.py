# SPDX-License-Identifier: Apache-2.0
"""The database answers slowly, not at all, or to others first: deadlines, locks, and what is left behind."""

import contextlib
import socket
import time
from collections.abc import Iterator

import psycopg2
import pytest

from harness.product.faults import (  # noqa: F401
    assert_no_poll_took_longer_than, assert_unknown, behind, dsn, lines, table, url,
)
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import WATCHERS, Postgres
from harness.tools.tcp import Proxy, Silent
from harness.tools.wait import eventually

# --- a network that hangs


@pytest.fixture
def big_table(table: KeyTable) -> KeyTable:
    """So big that a census does not fit into the socket buffers."""
    table.fill(legacy=60_000, modern=0)
    return table


@pytest.mark.parametrize("stage", ["connect", "login", "copy"])
def test_a_hang_at_any_stage_ends_at_the_deadline(big_table: KeyTable, dsn: str, stage: str):
    target = big_table.database.postgres
    with Proxy(target.port) as proxy:
        config = watching(behind(proxy, dsn, target), timeout="700ms", census_timeout="1s")
        with Serve(config) as serve:
            assert serve.keys() == (60_002, 1)
            if stage == "connect":
                proxy.pause()
                proxy.cut()
            else:
                proxy.pause_after(1 if stage == "login" else 500_000)
                proxy.cut()
            eventually(lambda: serve.errors(), 15, "the failure")
            assert serve.errors().keys() == {"timeout"}
            assert serve.keys() == (60_002, 1)
            assert_no_poll_took_longer_than(5, serve)
            proxy.resume()
            big_table.add()
            eventually(lambda: serve.keys() == (60_003, 1), 30, "the recovery")
            assert serve.metric("keyshift_source_up", source="keys") == 1
        eventually(lambda: target.watchers() == [], 10, "no backend left")


def test_a_connection_cut_in_the_middle_of_a_census_is_tried_again_at_once(big_table: KeyTable, dsn: str):
    target = big_table.database.postgres
    with Proxy(target.port) as proxy:
        with Serve(watching(behind(proxy, dsn, target), census_timeout="10s", interval="1s")) as serve:
            proxy.pause_after(1_000_000)
            polls = serve.polls()
            eventually(lambda: len(proxy.received) > 0 and not proxy.flowing, 15, "a census half-way")
            big_table.add()
            proxy.resume_and_cut()
            eventually(lambda: serve.polls() > polls, 15, "the end of the poll")
            eventually(lambda: serve.keys() == (60_003, 1), 15, "the census")
            assert serve.errors() == {}
            assert serve.metric("keyshift_legacy_keys_created_total") == 1


def test_a_census_that_hangs_is_told_as_early_as_any_poll(table: KeyTable, dsn: str):
    """A census may take minutes; one that took a moment before has stopped, and nobody is told by a source that is up."""
    target = table.database.postgres
    with Proxy(target.port) as proxy:
        with Serve(watching(behind(proxy, dsn, target), timeout="700ms", census_timeout="10m", database_duty=1.0)) as serve:
            proxy.pause()
            eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 5, "it is shown as down")
            assert serve.errors().keys() == {"timeout"}
            proxy.resume_and_cut()
            table.add()
            eventually(lambda: serve.keys() == (3, 1), 10, "the recovery")


def test_sigterm_ends_a_poll_that_hangs_and_leaves_no_backend(big_table: KeyTable, dsn: str):
    target = big_table.database.postgres
    with Proxy(target.port) as proxy:
        with Serve(watching(behind(proxy, dsn, target), timeout="60s", census_timeout="1h"), until="healthy") as serve:
            eventually(lambda: serve.keys() == (60_002, 1), 20, "the first census")
            proxy.pause_after(500_000)
            eventually(lambda: not proxy.flowing, 15, "a census half-way")
            code, seconds = serve.terminate()
            assert (code, seconds < 2) == (0, True)
            proxy.resume()
            eventually(lambda: target.watchers() == [], 10, "no backend left")


# --- locks and load


@contextlib.contextmanager
def locked(table: KeyTable) -> Iterator[psycopg2.extensions.connection]:
    """The table as it is while somebody alters it."""
    connection = table.database.postgres.connect(table.database.name)
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE virtual_keys IN ACCESS EXCLUSIVE MODE")
        yield connection
    finally:
        connection.close()


def test_a_locked_table_costs_one_connection_and_no_more_than_the_lock_timeout(table: KeyTable, dsn: str):
    target = table.database.postgres
    with Serve(watching(dsn, timeout="1s")) as serve:
        looks = (
            "SELECT count(*), count(*) FILTER (WHERE wait_event_type = 'Lock' AND now() - query_start > '1.5 s') "
            + WATCHERS
        )
        with locked(table):
            seen = set()
            deadline = time.monotonic() + 4
            while time.monotonic() < deadline:
                seen.update(target.execute(looks))
                time.sleep(0.02)
            assert serve.errors().keys() == {"timeout"}
            assert serve.keys() == (2, 1)
        assert seen == {(0, 0), (1, 0)}, "(connections, those that waited for more than the timeout)"
        assert_no_poll_took_longer_than(5, serve)
        table.add()
        eventually(lambda: serve.keys() == (3, 1), 20, "the recovery")
        assert len(target.watchers()) == 1


def test_a_failed_poll_leaves_no_backend(table: KeyTable, dsn: str):
    with Serve(watching(dsn, timeout="500ms", interval="20s"), until="healthy") as serve:
        eventually(lambda: serve.keys() == (2, 1), 10, "the census")
    with locked(table), Serve(watching(dsn, timeout="500ms", interval="20s")) as serve:
        assert serve.errors().keys() == {"timeout"}
        eventually(lambda: table.database.postgres.watchers() == [], 5, "no backend left")


def test_a_scan_that_takes_too_long_is_ended_by_the_server_too(table: KeyTable, dsn: str):
    table.database.execute(
        """CREATE VIEW slow_keys AS SELECT k.*, pg_sleep(10) IS NULL AS slept FROM virtual_keys k;
           CREATE VIEW slowed AS SELECT * FROM slow_keys WHERE slept IS NOT NULL;
           GRANT SELECT ON slow_keys, slowed TO PUBLIC"""
    )
    target = table.database.postgres
    config = watching(dsn, gateway={"table": "slowed"}, census_timeout="1s", interval="10s")
    with Serve(config) as serve:
        assert serve.errors().keys() == {"timeout"}
        assert_unknown(serve)
        assert "pg_stat_activity" in lines(serve, 'msg="source down"')[0].partition("hint=")[2]
        eventually(lambda: target.watchers() == [], 5, "no backend left")
        running = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE query LIKE '%slowed%' AND state = 'active' AND pid <> pg_backend_pid()"
        )
        assert target.execute(running) == [(0,)]


def test_a_report_gives_up_on_a_locked_table(table: KeyTable, dsn: str):
    with locked(table):
        begin = time.monotonic()
        result = Keyshift().run("report", env={"DATABASE_URL": dsn})
        assert result.returncode == 69
        assert time.monotonic() - begin < 6
    assert b"lock" in result.stderr and b"pg_stat_activity" in result.stderr
    assert table.database.postgres.watchers() == []


def test_a_daemon_that_freezes_in_the_middle_of_a_census_does_not_keep_its_lock(big_table: KeyTable, dsn: str):
    """A transaction that nobody ends would stop the gateway's next schema change, and everybody behind it."""
    target = big_table.database.postgres
    with Proxy(target.port) as proxy:
        config = watching(behind(proxy, dsn, target), timeout="700ms", census_timeout="2s")
        with Serve(config, until="healthy") as serve:
            eventually(lambda: serve.keys() == (60_002, 1), 20, "the first census")
            proxy.pause_after(500_000)
            eventually(lambda: not proxy.flowing, 15, "a census half-way")
            serve.process.kill9()
            proxy.resume()
            eventually(lambda: target.watchers() == [], 10, "no backend left")
            big_table.database.execute("SET lock_timeout = '5s'; ALTER TABLE virtual_keys ADD COLUMN added int")


def test_a_failing_source_is_tried_half_as_often(postgres: Postgres):
    with Silent() as server:
        server.refuse()
        with Serve(watching(url(server.port), interval="500ms")) as serve:
            eventually(lambda: sum(serve.errors().values()) >= 2, 15, "two failures")
            failures = sum(serve.errors().values())
            eventually(lambda: sum(serve.errors().values()) > failures, 15, "the next failure")
            begin = time.monotonic()
            eventually(lambda: sum(serve.errors().values()) > failures + 2, 15, "two more")
            assert time.monotonic() - begin > 1.8, "two intervals each"
            assert len(lines(serve, "source down")) == 1


def test_many_scrapes_make_no_connection(table: KeyTable, dsn: str):
    target = table.database.postgres
    with Proxy(target.port) as proxy, Serve(watching(behind(proxy, dsn, target), interval="1h")) as serve:
        for _ in range(50):
            serve.scrape_text()
        assert proxy.accepted == 1
        assert serve.polls() == 1


def test_a_daemon_survives_the_loss_of_its_standard_error(table: KeyTable, dsn: str, tmp_path):
    """A log that nobody reads any more is no reason to stop counting."""
    with Serve(watching(dsn), wrapper=["bash", "-c", 'exec "$@" 2> >(head -c 1 >/dev/null)', "bash"]) as serve:
        table.add()
        eventually(lambda: serve.keys() == (3, 1), 10, "the added key")
