# SPDX-License-Identifier: Apache-2.0
"""Large tables: what happens to keys in use is seen long before the next census."""

from contextlib import closing, contextmanager

import pytest
from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.tools.wait import eventually


@pytest.fixture
def table(database) -> KeyTable:
    return KeyTable(database)


@contextmanager
def between_censuses(table: KeyTable, gateway: dict | None = None):
    """A daemon whose first census cost so much that the next one is many minutes away."""
    table.fill(legacy=50_000, modern=10)
    table.database.execute(
        "CREATE INDEX ON virtual_keys (greatest(created_at, last_used_at)) WHERE key_lookup_hash IS NULL"
    )
    table.database.execute("ANALYZE virtual_keys")
    config = watching(table.database.dsn(), gateway=gateway, database_duty="0.2%")
    # The 50,000 are a day old: not in use.
    with Serve({**config, "migration": {"drain_window": "12h", "dormant_after": "30d"}}) as serve:
        eventually(lambda: serve.keys()[0] is not None, 20, "the census")
        yield serve


def phase(serve: Serve, name: str) -> int:
    return int(serve.metric("keyshift_legacy_keys", phase=name))


def test_a_key_deleted_in_use_is_seen_by_a_pulse(table: KeyTable):
    used = table.add(idle=0 * DAY)
    idle = table.add(idle=20 * DAY)
    with between_censuses(table) as serve:
        assert phase(serve, "retired_in_use") == 0
        table.delete(used, idle)
        eventually(lambda: phase(serve, "retired_in_use") == 1, 30, "the pulse after the deletion")
        assert serve.metric("keyshift_keys", state="legacy") == 50_001, "the idle one is for the census to miss"


def test_keys_that_are_there_in_another_form_are_not_taken_for_deleted(table: KeyTable):
    upgraded, restored, deleted = (table.add(idle=0 * DAY) for _ in range(3))
    with between_censuses(table) as serve:
        table.upgrade(upgraded)
        table.database.execute("UPDATE virtual_keys SET last_used_at = now() - interval '20 d' WHERE id = %s", (restored,))
        table.delete(deleted)
        eventually(lambda: phase(serve, "retired_in_use") == 2, 30, "the pulse after the deletion")
        assert serve.metric("keyshift_legacy_keys_upgraded_unused") == 1, "upgraded, not used since"
        assert serve.metric("keyshift_keys", state="legacy") == 50_001


def test_deletions_are_seen_through_a_view(table: KeyTable):
    used = table.add(idle=0 * DAY)
    table.database.execute(
        """CREATE VIEW keys_without_hashes AS SELECT id, key_prefix, user_id, name, max_budget, current_spend, expires_at,
           blocked, created_at, last_used_at, key_lookup_hash IS NULL AS legacy, 10 AS bcrypt_cost FROM virtual_keys"""
    )
    gateway = {"table": "keys_without_hashes", "columns": {"lookup_hash": None, "legacy": "legacy", "bcrypt_hash": None}}
    with between_censuses(table, gateway) as serve:
        table.delete(used)
        eventually(lambda: phase(serve, "retired_in_use") == 1, 30, "the pulse after the deletion")


def test_without_deletions_a_pulse_stays_small(table: KeyTable):
    """The dear look is taken only when something was deleted."""
    for _ in range(300):
        table.add(idle=DAY / 24)
    with between_censuses(table) as serve, closing(table.database.postgres.connect(table.database.name)) as session:
        session.autocommit = True

        def rows_read() -> int:
            with session.cursor() as cursor:
                cursor.execute(
                    "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_user_tables WHERE relname = 'virtual_keys'"
                )
                return cursor.fetchone()[0]

        eventually(lambda: rows_read() > 100_000, 30, "the server's account of building the index and of the census")
        before_polls = serve.metric("keyshift_source_poll_duration_seconds_count", source="keys")
        before = rows_read()
        eventually(
            lambda: serve.metric("keyshift_source_poll_duration_seconds_count", source="keys") >= before_polls + 3,
            30,
            "three pulses",
        )
        assert rows_read() - before < 100
