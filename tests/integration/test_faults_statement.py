# SPDX-License-Identifier: Apache-2.0
"""A statement or the rows of a scan are under way when the network hangs, the connection is lost, or the daemon is told
to stop."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.product.faults import (  # noqa: F401
    assert_no_poll_took_longer_than, assert_unknown, behind, dsn, lines, table,
)
from harness.product.keyshift import Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import WATCHERS
from harness.tools.tcp import Proxy
from harness.tools.wait import eventually

# What the server sends when it is ready for the next statement, and the last that is let pass.
LOGGED_IN = b"Z\x00\x00\x00\x05I"
IN_TRANSACTION = b"Z\x00\x00\x00\x05T"
STAGES = ["begin", "query", "copy"]
every_stage = pytest.mark.parametrize("stage", STAGES)


@pytest.fixture
def big_table(table: KeyTable) -> KeyTable:
    """So big that a census does not fit into the socket buffers."""
    table.fill(legacy=60_000, modern=0)
    return table


@contextmanager
def half_way(table: KeyTable, dsn: str, stage: str, **options: str) -> Iterator[tuple[Proxy, Serve]]:
    """A daemon whose first scan hangs at this stage."""
    target = table.database.postgres
    with Proxy(target.port) as proxy:
        if stage == "copy":
            proxy.pause_after(1_000_000)
        else:
            proxy.pause_behind(LOGGED_IN if stage == "begin" else IN_TRANSACTION)
        with Serve(watching(behind(proxy, dsn, target), **options), until="healthy") as serve:
            eventually(lambda: not proxy.flowing, 15, "a scan half-way")
            yield proxy, serve
        proxy.resume()
        eventually(lambda: target.watchers() == [], 10, "no backend left")


def failure(serve: Serve) -> tuple[str, str]:
    """The error and the advice of the outage, once the log and the page say it (the page: when it is saved)."""
    eventually(lambda: lines(serve, 'msg="source down"'), 15, "the failure")
    eventually(serve.errors, 5, "the page says so")
    error, _, hint = lines(serve, 'msg="source down"')[0].partition(" hint=")
    return error, hint


@every_stage
def test_a_hang_ends_at_the_deadline(big_table: KeyTable, dsn: str, stage: str):
    with half_way(big_table, dsn, stage, timeout="700ms", census_timeout="1s") as (proxy, serve):
        error, hint = failure(serve)
        assert "did not answer in time" in error and "pg_stat_activity" in hint
        assert serve.errors().keys() == {"timeout"}
        assert_no_poll_took_longer_than(5, serve)
        assert_unknown(serve)
        proxy.resume()
        eventually(lambda: serve.keys() == (60_002, 1), 30, "the recovery")


@every_stage
def test_sigterm_ends_a_hang_and_is_no_failure(big_table: KeyTable, dsn: str, stage: str):
    with half_way(big_table, dsn, stage, timeout="60s", census_timeout="1h") as (_, serve):
        code, seconds = serve.terminate()
        assert (code, seconds < 2) == (0, True)
        assert lines(serve, "source down") == []


@every_stage
def test_a_connection_that_the_server_ends_is_explained_by_its_last_words(big_table: KeyTable, dsn: str, stage: str):
    with half_way(big_table, dsn, stage, timeout="20s", census_timeout="20s") as (proxy, serve):
        assert big_table.database.execute(f"SELECT pg_terminate_backend(pid) {WATCHERS}") == [(True,)]
        proxy.resume()
        error, hint = failure(serve)
        last_words = ["terminating connection due to administrator command"]
        if stage == "copy":
            # A server that waits for room to write rows sends none; whether it still does is chance.
            last_words.append("server closed the connection unexpectedly")
        assert any(words in error for words in last_words), error
        assert "check that the server runs" in hint
        assert serve.errors() == {"connect": 1}
        eventually(lambda: serve.keys() == (60_002, 1), 30, "the recovery")


@every_stage
def test_a_connection_that_is_reset_is_called_lost(big_table: KeyTable, dsn: str, stage: str):
    with half_way(big_table, dsn, stage, timeout="20s", census_timeout="20s") as (proxy, serve):
        proxy.resume_and_cut()
        error, hint = failure(serve)
        assert "server closed the connection unexpectedly" in error or "Connection reset by peer" in error
        assert "check that the server runs" in hint
        assert serve.errors() == {"connect": 1}
        eventually(lambda: serve.keys() == (60_002, 1), 30, "the recovery")


def test_a_connection_that_is_reset_between_polls_is_no_outage(table: KeyTable, dsn: str):
    target = table.database.postgres
    with Proxy(target.port) as proxy, Serve(watching(behind(proxy, dsn, target), interval="500ms")) as serve:
        for _ in range(3):
            proxy.cut()
            serve.wait_for_poll()
        assert serve.errors() == {}
        assert lines(serve, "source down") == []
