# SPDX-License-Identifier: Apache-2.0
"""The key table read from a standby: its data are as old as what it has replayed, and no verdict is younger.

In each test the verdict is SAFE first. Then a legacy key is used on the primary where the standby does not show it.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from harness.product.doctor import doctor
from harness.product.keyshift import Serve
from harness.servers.postgres import Postgres
from harness.servers.standby import ArchivingPostgres, Standby
from harness.product.standby_table import (  # noqa: F401
    assert_lag_is_said, assert_use_is_found, data_at, on, primary, standby, table, use_once_more,
)  # fmt: skip
from harness.product.verdicts import (
    DRAIN_WINDOW_SECONDS, DrainedTable, ask, assert_stays_unsafe, check, events, is_safe, soon_safe,
    wait_until_not_safe, wait_until_safe,
)  # fmt: skip
from harness.tools.wait import eventually


# --- a standby that keeps up


def test_the_data_of_an_idle_primary_stay_fresh(primary: Postgres, table: DrainedTable, standby: Standby):
    """With nothing to replay, the last commit becomes older, and the data do not."""
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        query = "SELECT pg_current_wal_lsn()::text"
        position, since = primary.execute(query), data_at(serve)

        def is_safe_later() -> bool:
            assert is_safe(serve), ask(serve, "verdict")
            return data_at(serve) > since + 5

        eventually(is_safe_later, 20, "data that are five seconds younger")
        assert primary.execute(query) == position
    assert "keeps up with its primary" in doctor(on(standby, table)).what("keys", "ok")


def test_uses_on_the_primary_are_seen_at_once_and_safe_returns(table: DrainedTable, standby: Standby):
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        used_at = time.time()
        table.use(table.legacy[0])
        wait_until_not_safe(serve)
        assert_use_is_found(serve, used_at)
        assert time.time() - used_at < DRAIN_WINDOW_SECONDS + 10
        assert serve.errors() == {}


# --- a standby of a standby, and of an archive


@pytest.fixture
def cascade(standby: Standby) -> Iterator[Standby]:
    with Standby(standby) as server:
        server.connect_again()
        yield server


def test_a_standby_of_a_standby(table: DrainedTable, cascade: Standby):
    with Serve(on(cascade, table)) as serve:
        wait_until_safe(serve)
        cascade.disconnect()
        table.use(table.legacy[0])
        wait_until_not_safe(serve)
        assert_lag_is_said(serve)
        assert_stays_unsafe(serve)
        used_at = use_once_more(table)
        cascade.connect_again()
        assert_use_is_found(serve, used_at)


def test_the_standby_above_hands_on_what_it_does_not_replay(table: DrainedTable, standby: Standby, cascade: Standby):
    with Serve(on(cascade, table)) as serve:
        wait_until_safe(serve)
        standby.pause()
        used_at = time.time()
        table.use(table.legacy[0])
        assert_use_is_found(serve, used_at)


def test_archive_recovery_is_as_old_as_the_last_commit_of_the_last_segment():
    with ExitStack() as stack:
        primary = stack.enter_context(ArchivingPostgres())
        table = DrainedTable(primary.create_database())
        standby = stack.enter_context(Standby(primary, archive=primary.archive))
        # SAFE is possible for three polls after a segment.
        serve = stack.enter_context(Serve(on(standby, table, interval="2s"), until="healthy"))

        def is_safe_after_a_segment() -> bool:
            table.use(table.modern[0])
            primary.finish_segment()
            return is_safe(serve)

        eventually(is_safe_after_a_segment, 40, "SAFE after a segment")
        table.use(table.legacy[0])
        wait_until_not_safe(serve)
        assert_lag_is_said(serve)
        assert_stays_unsafe(serve)
        warning = doctor(on(standby, table)).what("keys", "warning") + doctor(on(standby, table)).what("keys", "ok")
        assert "a standby" in warning
        used_at = use_once_more(table)
        primary.finish_segment()
        eventually(lambda: serve.metric("keyshift_legacy_uses_observed_total") > 0, 15, "the use is seen")
        eventually(is_safe_after_a_segment, 40, "SAFE after a segment")
        assert time.time() - used_at >= DRAIN_WINDOW_SECONDS


# --- promotion


def test_a_promotion_changes_nothing_but_who_is_asked(table: DrainedTable, standby: Standby):
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        standby.primary.stop("immediate")
        standby.promote()
        wait_until_safe(serve)
        used_at = time.time()
        standby.execute(
            "UPDATE virtual_keys SET last_used_at = now() WHERE id::text = %s", table.legacy[:1], table.database.name
        )
        wait_until_not_safe(serve)
        assert_use_is_found(serve, used_at)
        assert events(serve, "table_changed") == []
        assert serve.metric("keyshift_source_up", source="keys") == 1


def test_a_standby_that_is_promoted_while_it_is_behind(table: DrainedTable, standby: Standby):
    """What it has received before is replayed first: no use on the old primary is lost."""
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        standby.pause()
        used_at = time.time()
        table.use(table.legacy[0])
        wait_until_not_safe(serve)
        standby.primary.stop()
        standby.promote()
        assert_use_is_found(serve, used_at)
        assert events(serve, "table_changed") == []


# --- rights, and the way out


def test_a_role_that_may_not_see_the_lag_is_told_which_grant_is_missing(
    primary: Postgres, table: DrainedTable, standby: Standby
):
    table.database.create_role("watcher", "s3cret-of-watcher", ["SELECT ON virtual_keys", "pg_read_all_stats"])
    standby.catch_up()
    tree = soon_safe(standby.dsn("watcher", table.database.name))
    with Serve(tree) as serve:
        wait_until_safe(serve)
        primary.execute("REVOKE pg_read_all_stats FROM watcher")
        eventually(lambda: serve.errors().keys() == {"permission"}, 15, "the right is missed")
        wait_until_not_safe(serve)
        (complaint,) = [line for line in serve.log().splitlines() if "source down" in line]
        assert "may not see how far it is behind" in complaint and "keys.standby: ignore" in complaint
        eventually(lambda: re.search("keys +down, ", ask(serve, "status")), 10, "status says it too")
        assert check(serve, "sources_fresh")[0] == "UNKNOWN"
        grant = doctor(tree).sql("keys", "may not see how far it is behind")[0]
        assert grant in complaint.replace('\\"', '"')
        primary.execute(grant)
        standby.catch_up()
        wait_until_safe(serve)


def test_a_role_without_the_right_needs_none_on_a_primary(table: DrainedTable):
    table.database.create_role("watcher", "s3cret-of-watcher", ["SELECT ON virtual_keys"])
    with Serve(soon_safe(table.database.dsn("watcher"))) as serve:
        wait_until_safe(serve)
        assert serve.errors() == {}


def test_an_operator_who_knows_better_may_have_the_lag_ignored(table: DrainedTable, standby: Standby):
    """Then only the operator can know that a SAFE is one: keyshift says what it does not ask."""
    table.database.create_role("watcher", "s3cret-of-watcher", ["SELECT ON virtual_keys"])
    standby.catch_up()
    tree = soon_safe(standby.dsn("watcher", table.database.name), standby="ignore")
    with Serve(tree) as serve:
        wait_until_safe(serve)
        standby.pause()
        table.use(table.modern[0])
        since = data_at(serve)
        eventually(lambda: data_at(serve) > since + 3, 10, "data are taken for those of now")
        assert is_safe(serve) and serve.errors() == {}
    assert "keys.standby: ignore" in doctor(tree).what("keys", "ok")
