# SPDX-License-Identifier: Apache-2.0
"""The journal belongs to one table. Another one in its place must not end the migration that is watched.

In each test the verdict is SAFE of the right table first.
"""

import re
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from subprocess import CompletedProcess

import pytest

from harness.product.keyshift import Keyshift, Serve
from harness.servers.database_copies import copy_database
from harness.servers.postgres import Database, Postgres
from harness.product.verdicts import (
    DRAIN_WINDOW_SECONDS, DrainedTable, ask, assert_stays_unsafe, check, events, is_safe, reload, soon_safe,
    wait_until_not_safe, wait_until_safe,
)  # fmt: skip
from harness.product.watching import KeyTable
from harness.tools.wait import eventually

TABLE_CHANGED = "table_changed"


@pytest.fixture
def table(database: Database) -> DrainedTable:
    return DrainedTable(database)


@pytest.fixture
def staging(postgres: Postgres, table: DrainedTable) -> Iterator[KeyTable]:
    """A copy of the gateway for tests: one of four legacy keys is in it, and some modern ones."""
    database = postgres.create_database()
    keys = KeyTable(database)
    keys.add(id=table.legacy[0], idle=timedelta(minutes=1), name="app")
    keys.add(legacy=False, idle=timedelta(seconds=1))
    yield keys
    database.drop()


@pytest.fixture
def copies(postgres: Postgres) -> Iterator[list[Database]]:
    """Databases that a test has made, dropped afterwards."""
    made: list[Database] = []
    yield made
    for database in made:
        database.drop()


def is_up(serve: Serve) -> bool:
    return serve.metric("keyshift_source_up", source="keys") == 1


def complaint(serve: Serve) -> str:
    """The last one of the key table in the log."""
    return "".join([line for line in serve.log().splitlines() if "source down" in line and "source=keys" in line][-1:])


def wait_until_refused(serve: Serve, found: int, known: int = 4) -> None:
    """The source is down, says why and what to do, and the numbers are those of the right table."""
    said = f"the key table is another one than before: {found} of {known} known legacy keys are in table "
    eventually(lambda: said in complaint(serve), 15, "the table is refused")
    assert "correct it" in complaint(serve) and "keyshift accept-table" in complaint(serve)
    eventually(lambda: "schema" in serve.errors(), 15, "an error of this process")
    eventually(lambda: re.search("keys +down, ", ask(serve, "status")), 10, "the status says it too")
    assert check(serve, "sources_fresh")[0] == "UNKNOWN"
    assert not is_safe(serve)
    assert events(serve, TABLE_CHANGED) == []
    assert serve.metric("keyshift_source_resets_total", source="keys") == 0


def wait_until_changed(serve: Serve, found: int, known: int = 4) -> None:
    """It goes on with the other table, and says so once."""
    eventually(lambda: events(serve, TABLE_CHANGED), 15, "the event")
    serve.wait_for_poll()
    (event,) = events(serve, TABLE_CHANGED)
    assert event.startswith(f"{found} of {known} known legacy keys are in table ")
    assert ", before: table " in event
    assert is_up(serve)
    assert serve.metric("keyshift_source_resets_total", source="keys") == 1


# --- a table that has little to do with the one that is watched


def test_a_staging_copy_with_few_of_the_keys_is_refused_and_changes_nothing(table: DrainedTable, staging: KeyTable):
    right = soon_safe(table.database.dsn())
    with Serve(right) as serve:
        wait_until_safe(serve)
        numbers = serve.keys()
        reload(serve, soon_safe(staging.database.dsn()))
        wait_until_refused(serve, found=1)
        assert table.database.name in complaint(serve) and staging.database.name in complaint(serve)
        assert_stays_unsafe(serve)
        assert serve.keys() == numbers
        assert serve.metric("keyshift_legacy_keys", phase="retired") == 0
        # The right table again: SAFE is there at once, since nothing has happened to it.
        reload(serve, right)
        eventually(lambda: is_safe(serve), 5, "SAFE of the right table")
        assert serve.keys() == numbers and events(serve, TABLE_CHANGED) == []


def test_a_refused_table_is_still_refused_after_a_restart(table: DrainedTable, staging: KeyTable):
    right = soon_safe(table.database.dsn())
    with Serve(right, until="healthy") as serve:
        wait_until_safe(serve)
        serve.configure(soon_safe(staging.database.dsn()))
        for _ in range(2):
            serve.process.kill9()
            serve.start()
            wait_until_refused(serve, found=1)
        reload(serve, right)
        wait_until_safe(serve)
        assert serve.keys() == (4, 4)
        assert serve.metric("keyshift_legacy_keys", phase="drained") == 4


def test_a_table_of_the_same_name_that_comes_first_on_the_search_path(table: DrainedTable):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        table.database.execute(
            f"""CREATE SCHEMA app; CREATE TABLE app.virtual_keys (LIKE public.virtual_keys INCLUDING ALL);
                ALTER DATABASE {table.database.name} SET search_path = app, public"""
        )
        table.database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        wait_until_refused(serve, found=0)
        assert "app.virtual_keys" in complaint(serve) and "before: table public.virtual_keys" in complaint(serve)
        assert_stays_unsafe(serve)


def test_a_view_that_is_defined_over_another_table(table: DrainedTable):
    table.database.execute(
        """CREATE TABLE others (LIKE virtual_keys INCLUDING ALL);
           INSERT INTO others SELECT * FROM virtual_keys WHERE key_lookup_hash IS NOT NULL;
           CREATE VIEW keys_to_watch AS SELECT * FROM virtual_keys"""
    )
    tree = soon_safe(table.database.dsn())
    tree["gateway"]["table"] = "keys_to_watch"
    with Serve(tree) as serve:
        wait_until_safe(serve)
        table.database.execute("CREATE OR REPLACE VIEW keys_to_watch AS SELECT * FROM virtual_keys WHERE true")
        serve.wait_for_poll()
        assert is_safe(serve), "the same table below it"
        table.database.execute("CREATE OR REPLACE VIEW keys_to_watch AS SELECT * FROM others")
        wait_until_refused(serve, found=0)
        assert_stays_unsafe(serve)


def test_a_table_that_is_made_anew_without_its_rows(table: DrainedTable):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        table.database.execute(
            """CREATE TABLE fresh (LIKE virtual_keys INCLUDING ALL); DROP TABLE virtual_keys CASCADE;
               ALTER TABLE fresh RENAME TO virtual_keys"""
        )
        wait_until_refused(serve, found=0)
        assert_stays_unsafe(serve)


# --- the same keys in another place


def test_a_table_that_is_made_anew_with_its_rows(table: DrainedTable):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        make_anew(table)
        wait_until_changed(serve, found=4)
        wait_until_safe(serve)
        assert serve.keys() == (4, 4)


def make_anew(table: KeyTable) -> None:
    table.database.execute(
        """CREATE TABLE fresh (LIKE virtual_keys INCLUDING ALL); INSERT INTO fresh SELECT * FROM virtual_keys;
           DROP TABLE virtual_keys CASCADE; ALTER TABLE fresh RENAME TO virtual_keys"""
    )


def test_counters_begin_anew_with_a_copy_and_uses_go_on(table: DrainedTable):
    """What was counted was counted of the other table; the last uses are in the rows."""
    tree = soon_safe(table.database.dsn())
    tree["collectors"].append({"type": "statements", "interval": "200ms"})
    with Serve(tree) as serve:
        wait_until_safe(serve)
        begun = observed_since(serve)
        make_anew(table)
        wait_until_changed(serve, found=4)
        outcome, evidence = check(serve, "coverage")
        assert outcome == "NOT_YET" and "statements lost what it had counted" in evidence, evidence
        assert not is_safe(serve)
        assert observed_since(serve) == begun
        wait_until_safe(serve)
        table.use(table.legacy[0])
        wait_until_not_safe(serve)


def observed_since(serve: Serve) -> float | None:
    return serve.metric("keyshift_observation_start_timestamp_seconds", source="keys")


def test_a_copy_with_most_of_the_keys_goes_on_and_misses_the_others(table: DrainedTable, copies: list[Database]):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        copy = copy_database(table.database, table.database.postgres)
        copies.append(copy)
        copy.execute("DELETE FROM virtual_keys WHERE id::text = %s", table.legacy[:1])
        reload(serve, soon_safe(copy.dsn()))
        wait_until_changed(serve, found=3)
        eventually(lambda: serve.metric("keyshift_legacy_keys", phase="retired") == 1, 10, "the fourth is gone")
        assert serve.keys() == (3, 4)


def test_a_database_that_is_restored_in_its_place(table: DrainedTable, copies: list[Database]):
    """From a backup, under the same name and on the same server: the daemon is not told."""
    server, name = table.database.postgres, table.database.name
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        restored = copy_database(table.database, server)
        rename(table.database, f"{name}_old")
        copies.append(Database(server, f"{name}_old"))
        server.execute(f"ALTER DATABASE {restored.name} RENAME TO {name}")
        wait_until_changed(serve, found=4)
        wait_until_safe(serve)
        table.use(table.legacy[0])
        wait_until_not_safe(serve)


def test_a_server_that_was_upgraded_by_dump_and_restore(table: DrainedTable, own_postgres: Postgres):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        moved = copy_database(table.database, own_postgres, table.database.name)
        reload(serve, soon_safe(moved.dsn()))
        wait_until_changed(serve, found=4)
        wait_until_safe(serve)
        (event,) = events(serve, TABLE_CHANGED)
        assert event.count(" of server ") == 2
        moved.execute("UPDATE virtual_keys SET last_used_at = now() WHERE id::text = %s", table.legacy[:1])
        wait_until_not_safe(serve)


def rename(database: Database, name: str) -> None:
    """Which needs that nobody is connected to it."""
    server = database.postgres
    server.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (database.name,))
    server.execute(f"ALTER DATABASE {database.name} RENAME TO {name}")
    server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


# --- the same table


def test_a_table_that_is_renamed_or_rewritten_is_the_same(table: DrainedTable):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        table.database.execute("ALTER TABLE virtual_keys ADD COLUMN more text DEFAULT md5(random()::text)")
        table.database.execute("VACUUM FULL virtual_keys")
        table.database.execute("ALTER TABLE virtual_keys RENAME TO api_keys")
        tree = soon_safe(table.database.dsn())
        tree["gateway"]["table"] = "api_keys"
        reload(serve, tree)
        wait_until_safe(serve)
        assert events(serve, TABLE_CHANGED) == []
        assert serve.keys() == (4, 4)


@pytest.mark.parametrize("statement", ["TRUNCATE virtual_keys CASCADE", "DELETE FROM virtual_keys"])
def test_an_emptied_table_is_the_same_table_and_not_safe(table: DrainedTable, statement: str):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        table.database.execute(statement)
        eventually(lambda: serve.keys() == (0, 0), 10, "an empty table")
        assert_stays_unsafe(serve)
        assert is_up(serve) and serve.errors() == {}
        assert events(serve, TABLE_CHANGED) == []
        assert sum(phase_counts(serve).values()) == 4


def phase_counts(serve: Serve) -> dict[str, float]:
    return {
        dict(labels)["phase"]: value
        for (name, labels), value in serve.metrics().items()
        if name == "keyshift_legacy_keys" and value
    }


# --- accept-table


def accept_table(serve: Serve, *flags: str) -> CompletedProcess[bytes]:
    return Keyshift().run("accept-table", *flags, "--config", serve.config_path)


def refuse_staging(serve: Serve, staging: KeyTable) -> None:
    reload(serve, soon_safe(staging.database.dsn()))
    eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 15, "the table is refused")


def wait_until_accepted(serve: Serve) -> None:
    """A source that is down is tried again after some seconds."""
    eventually(lambda: is_up(serve), 60, "the accepted table is read")


def test_accepting_a_table_shows_first_what_it_does(table: DrainedTable, staging: KeyTable):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        begun = observed_since(serve)
        table.use(table.legacy[1])
        wait_until_not_safe(serve)
        refuse_staging(serve, staging)
        shown = accept_table(serve)
        assert shown.returncode == 64
        text = shown.stdout.decode()
        assert re.search(rf"Known: .*{table.database.name} .*\nFound: .*{staging.database.name} ", text), text
        assert "1 of 4 keys that were known are in it" in text
        assert "3 keys are taken for deleted, 1 of them while in use (retired_in_use)" in text
        assert b"--yes" in shown.stderr
        assert_stays_unsafe(serve, 2)
        assert not is_up(serve) and serve.metric("keyshift_source_resets_total", source="keys") == 0

        assert accept_table(serve, "--yes").returncode == 0
        wait_until_accepted(serve)
        eventually(lambda: phase_counts(serve).get("retired_in_use") == 1, 10, "what was in use is missed")
        eventually(lambda: phase_counts(serve).get("retired") == 2, 10, "what was not is gone")
        assert serve.keys() == (1, 1) and serve.metric("keyshift_legacy_keys_baseline") == 4
        assert len(events(serve, TABLE_CHANGED)) == 1
        assert check(serve, "none_retired_in_use")[0] == "UNSAFE"
        assert observed_since(serve) >= begun
        serve.restart()
        assert is_up(serve) and len(events(serve, TABLE_CHANGED)) == 1


def test_the_journal_may_begin_anew_with_the_other_table(table: DrainedTable, copies: list[Database]):
    """Of another gateway, whose migration is as good as done: SAFE comes a drain window later."""
    other = DrainedTable(table.database.postgres.create_database(), keys=2)
    copies.append(other.database)
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        refuse_staging(serve, other)
        shown = accept_table(serve, "--begin-anew")
        assert shown.returncode == 64 and b"forgets its 4 keys" in shown.stdout
        assert not is_up(serve)
        assert accept_table(serve, "--begin-anew", "--yes").returncode == 0
        wait_until_accepted(serve)
        accepted_at = time.time()
        eventually(lambda: phase_counts(serve) == {"drained": 2}, 10, "the phases of the other table alone")
        assert serve.keys() == (2, 2) and serve.metric("keyshift_legacy_keys_baseline") == 2
        wait_until_safe(serve)
        assert time.time() - accepted_at >= DRAIN_WINDOW_SECONDS - 1
        # A move of that table does not let it begin once more.
        make_anew(other)
        eventually(lambda: len(events(serve, TABLE_CHANGED)) == 2, 15, "the event of the move")
        serve.wait_for_poll()
        assert is_up(serve) and serve.metric("keyshift_legacy_keys_baseline") == 2
        wait_until_safe(serve)


def test_where_the_table_is_the_known_one_there_is_nothing_to_accept(table: DrainedTable):
    with Serve(soon_safe(table.database.dsn())) as serve:
        wait_until_safe(serve)
        for flags in ([], ["--yes"], ["--begin-anew", "--yes"]):
            result = accept_table(serve, *flags)
            assert result.returncode == 0 and b"nothing to accept" in result.stdout
        serve.wait_for_poll()
        assert is_safe(serve) and events(serve, TABLE_CHANGED) == []


def test_a_daemon_that_is_killed_between_refusal_and_acceptance(table: DrainedTable, staging: KeyTable):
    with Serve(soon_safe(table.database.dsn()), until="healthy") as serve:
        wait_until_safe(serve)
        refuse_staging(serve, staging)
        serve.process.kill9()
        assert accept_table(serve, "--yes").returncode == 0
        serve.start()
        wait_until_accepted(serve)
        serve.process.kill9()
        serve.start()
        wait_until_accepted(serve)
        eventually(lambda: phase_counts(serve).get("retired") == 3, 10, "the others are gone")
        assert len(events(serve, TABLE_CHANGED)) == 1


def test_a_state_from_before_the_acceptance_refuses_once_more(table: DrainedTable, staging: KeyTable):
    with Serve(soon_safe(table.database.dsn()), until="healthy") as serve:
        wait_until_safe(serve)
        refuse_staging(serve, staging)
        serve.stop()
        copy = serve.directory / "copy"
        shutil.copytree(serve.state_directory, copy)
        accept_table(serve, "--yes")
        serve.start()
        wait_until_accepted(serve)
        serve.stop()
        shutil.rmtree(serve.state_directory)
        shutil.copytree(copy, serve.state_directory)
        serve.start()
        wait_until_refused(serve, found=1)
        assert_stays_unsafe(serve)
