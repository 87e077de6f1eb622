# SPDX-License-Identifier: Apache-2.0
"""The database answers, but the key table is not what was expected: absent, unreadable, empty, odd or huge.

Every error names what is missing and says what to do, and what cannot be counted is not shown as 0.
"""

import csv
import io
import json
import re
import time

import pytest

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.wait import eventually

PASSWORD = "s3cret-of-the-monitor"
COLUMNS = (
    "id, key_lookup_hash, user_id, name, key_prefix, created_at, last_used_at, expires_at, blocked, max_budget, "
    "current_spend, key_hash"
)


@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


def monitor(table: KeyTable, *grants: str) -> str:
    """The DSN of a role with only these rights."""
    role = f"monitor_{table.database.name}"
    table.database.create_role(role, PASSWORD, grants)
    return table.database.dsn(role)


def assert_refused(config: dict, reason: str, names: list[str], advice: str) -> None:
    """The daemon runs, shows no keys and tells in one line what is wrong; a report says the same and exits with 69."""
    with Serve(config) as serve:
        (shown,) = serve.errors()
        assert re.fullmatch(reason, shown)
        assert serve.keys() == (None, None)
        assert serve.metric("keyshift_legacy_keys_baseline") is None
        (complaint,) = [line for line in serve.log().splitlines() if "source down" in line]
        result = Keyshift().run("report", f"--config={serve.config_path}")
    what, _, hint = complaint.partition(" hint=")
    for name in names:
        assert name in what
    assert re.search(advice, hint.replace('\\"', '"'))
    assert result.returncode == 69
    said = result.stderr.decode()
    for name in names:
        assert name in said
    assert re.search(advice, said)


# --- absent


def test_an_absent_table_is_named(database: Database):
    assert_refused(watching(database.dsn()), "schema", ["virtual_keys", "does not exist"], "gateway.table")


def test_an_absent_table_in_an_absent_schema_is_named(table: KeyTable):
    config = watching(table.database.dsn(), gateway={"table": "billing.virtual_keys"})
    assert_refused(config, "schema", ["billing.virtual_keys"], "gateway.table")


def test_every_absent_column_is_named(table: KeyTable):
    table.database.execute("ALTER TABLE virtual_keys DROP COLUMN last_used_at, DROP COLUMN name")
    names = ["last_used_at", "name", "virtual_keys"]
    assert_refused(watching(table.database.dsn()), "schema", names, "gateway.columns")


def test_a_gateway_that_was_not_upgraded_yet_is_told_so(table: KeyTable):
    table.database.execute("ALTER TABLE virtual_keys DROP COLUMN key_lookup_hash")
    assert_refused(
        watching(table.database.dsn()), "schema", ["key_lookup_hash"], "upgraded gateway|gateway.columns.lookup_hash"
    )


def test_a_table_that_comes_later_is_found_without_a_restart(database: Database):
    with Serve(watching(database.dsn())) as serve:
        assert serve.errors().keys() == {"schema"}
        table = KeyTable(database)
        table.add()
        eventually(lambda: serve.keys() == (1, 0), 15, "the census")


def test_a_table_that_is_dropped_keeps_its_last_numbers_and_is_found_when_it_is_back(table: KeyTable):
    table.add()
    with Serve(watching(table.database.dsn())) as serve:
        table.database.execute("ALTER TABLE virtual_keys RENAME TO old_keys")
        eventually(lambda: serve.errors().keys() == {"schema"}, 10, "the error")
        assert serve.keys() == (1, 0)
        assert serve.metric("keyshift_source_up", source="keys") == 0
        table.database.execute("ALTER TABLE old_keys RENAME TO virtual_keys")
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 1, 15, "the recovery")
        assert serve.metric("keyshift_legacy_keys_created_total") == 0


def test_a_column_that_is_renamed_under_a_running_daemon_is_named(table: KeyTable):
    table.add()
    with Serve(watching(table.database.dsn())) as serve:
        table.database.execute("ALTER TABLE virtual_keys RENAME COLUMN last_used_at TO used_at")
        eventually(lambda: "last_used_at" in "".join(serve.log().splitlines()[-1:]), 15, "the error that names it")
        eventually(lambda: serve.errors().keys() == {"schema"}, 5, "the page says so")
        assert serve.keys() == (1, 0)
        # Polls after the first one must say as much as a restart would.
        eventually(lambda: "gateway.columns" in serve.log(), 5, "the advice")


# --- rights


def test_a_missing_right_on_the_table_is_named_with_the_grant_that_mends_it(table: KeyTable):
    table.add()
    dsn = monitor(table)
    role = f"monitor_{table.database.name}"
    assert_refused(watching(dsn), "permission", ["virtual_keys", role], f'GRANT SELECT .*ON "virtual_keys" TO "{role}"')


@pytest.mark.parametrize("column", COLUMNS.replace(", key_hash", "").split(", "))
def test_a_missing_right_on_one_column_is_named_and_the_advice_mends_it(table: KeyTable, column: str):
    table.add()
    others = ", ".join(name for name in COLUMNS.split(", ") if name != column)
    dsn = monitor(table, f"SELECT ({others}) ON virtual_keys")
    with Serve(watching(dsn, interval="100ms")) as serve:
        assert serve.errors().keys() == {"permission"}
        assert serve.keys() == (None, None)
        (complaint,) = [line for line in serve.log().splitlines() if "source down" in line]
        assert f"column {column} of virtual_keys" in complaint
        grant = re.search(r"run: (GRANT .*;)", complaint.replace('\\"', '"'))[1]
        table.database.execute(grant)
        eventually(lambda: serve.keys() == (1, 0), 10, "the census after the grant")


def test_a_role_without_the_bcrypt_hash_counts_keys_but_shows_no_cost(table: KeyTable):
    table.add()
    table.add(legacy=False)
    dsn = monitor(table, f"SELECT ({COLUMNS.replace(', key_hash', '')}) ON virtual_keys")
    with Serve(watching(dsn)) as serve:
        assert serve.keys() == (1, 1)
        assert "keyshift_legacy_keys_by_bcrypt_cost{" not in serve.scrape_text()
        assert serve.errors() == {}
    report = Keyshift().run("report", "--format=json", env={"DATABASE_URL": dsn})
    assert json.loads(report.stdout)["keys"][0]["bcrypt_cost"] is None


def test_a_schema_that_may_not_be_used_is_named(table: KeyTable):
    table.database.execute("CREATE SCHEMA vault; ALTER TABLE virtual_keys SET SCHEMA vault")
    dsn = monitor(table, "SELECT ON vault.virtual_keys")
    config = watching(dsn, gateway={"table": "vault.virtual_keys"})
    assert_refused(config, "permission", ["vault"], "GRANT USAGE ON SCHEMA")


def test_rows_that_a_policy_hides_are_not_counted_as_gone(table: KeyTable):
    """Row-level security shows a role without a policy an empty table, which is not what an empty table is."""
    table.add()
    dsn = monitor(table, "SELECT ON virtual_keys")
    with Serve(watching(dsn)) as serve:
        assert serve.keys() == (1, 0)
        table.database.execute("ALTER TABLE virtual_keys ENABLE ROW LEVEL SECURITY")
        serve.wait_for_poll()
        assert serve.keys() == (1, 0)
        assert serve.metric("keyshift_source_up", source="keys") == 0
        assert "row-level security" in serve.log()


def test_a_report_does_not_call_hidden_rows_a_finished_migration(table: KeyTable):
    table.add()
    table.database.execute("ALTER TABLE virtual_keys ENABLE ROW LEVEL SECURITY")
    result = Keyshift().run("report", env={"DATABASE_URL": monitor(table, "SELECT ON virtual_keys")})
    assert "All keys have lookup_hash" not in result.stdout.decode()
    assert result.returncode == 69


def test_a_right_that_is_revoked_keeps_the_last_numbers(table: KeyTable):
    table.add()
    dsn = monitor(table, "SELECT ON virtual_keys")
    role = f"monitor_{table.database.name}"
    with Serve(watching(dsn)) as serve:
        table.database.execute(f"REVOKE ALL ON virtual_keys FROM {role}")
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 10, "the error")
        serve.wait_for_poll()
        assert serve.errors().keys() == {"permission"}
        assert serve.keys() == (1, 0)
        assert "virtual_keys" in [line for line in serve.log().splitlines() if "source down" in line][0]
        table.database.execute(f"GRANT SELECT ON virtual_keys TO {role}")
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 1, 15, "the recovery")


# --- odd content


def test_an_empty_table_has_0_keys(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        assert serve.keys() == (0, 0)
        assert serve.metric("keyshift_legacy_keys_baseline") == 0
        assert serve.metric("keyshift_legacy_owners") == 0
        assert serve.metric("keyshift_legacy_keys_used", window="30d") == 0
        assert serve.metric("keyshift_legacy_last_used_timestamp_seconds") is None
        assert serve.metric("keyshift_migration_start_timestamp_seconds") is None
        table.add()
        eventually(lambda: serve.keys() == (1, 0), 10, "the first key")
        assert serve.metric("keyshift_legacy_keys_baseline") == 1
        assert serve.metric("keyshift_legacy_keys_created_total") == 1


def test_null_names_owners_and_times(table: KeyTable):
    owner = table.add_user("o@example.com")
    table.add(name=None, owner=None, idle=None)
    table.add(name=None, owner=owner, idle=2 * DAY)
    table.add(name="", owner=owner, idle=None, max_budget=None, blocked=True)
    table.add(legacy=False, name=None)
    with Serve(watching(table.database.dsn())) as serve:
        assert serve.keys() == (3, 1)
        assert serve.metric("keyshift_legacy_owners") == 1
        assert serve.metric("keyshift_legacy_keys_used", window="24h") == 0
        assert serve.metric("keyshift_legacy_keys_used", window="7d") == 1


def test_hashes_of_other_shapes_count_without_a_cost(table: KeyTable):
    table.add(cost=4)
    table.add(cost=12)
    argon = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$"
    for odd in ("", "plain", argon, "$2b$xx$", "$2b$99$" + "a" * 53, "$2b$", "ü" * 60):
        table.database.execute("INSERT INTO virtual_keys (key_hash, key_prefix) VALUES (%s, 'sk-')", (odd,))
    with Serve(watching(table.database.dsn())) as serve:
        assert serve.keys() == (9, 0)
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="4") == 1
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="12") == 1
        assert serve.metrics().keys() & {
            ("keyshift_legacy_keys_by_bcrypt_cost", frozenset({("cost", cost)})) for cost in ("0", "xx")
        } == set()


def test_times_at_the_ends_of_the_calendar(table: KeyTable):
    for expires, created in [
        ("infinity", "-infinity"),
        ("294276-12-31 23:59:59+00", "4713-01-01 00:00:00+00 BC"),
        ("0001-01-01", "1969-12-31 23:59:59.999999+00"),
        ("9999-12-31", "9999-12-31"),
    ]:
        table.database.execute(
            "INSERT INTO virtual_keys (key_hash, key_prefix, expires_at, created_at, last_used_at) "
            "VALUES (%s, 'sk-', %s, %s, %s)",
            (expires, expires, created, created),
        )
    dsn = table.database.dsn()
    with Serve(watching(dsn)) as serve:
        assert serve.keys() == (4, 0)
        serve.wait_for_poll()
        assert serve.errors() == {}
        # -infinity, 4713 BC and 1969 are long ago; 9999 has not come yet, but it is no use within 5 minutes.
        assert serve.metric("keyshift_legacy_keys_created_total") == 0
        assert serve.metric("keyshift_legacy_uses_observed_total") == 0
    for form in ("text", "json", "csv", "markdown", "html"):
        result = Keyshift().run("report", f"--format={form}", env={"DATABASE_URL": dsn})
        assert result.returncode == 0, result.stderr
    keys = json.loads(Keyshift().run("report", "--format=json", env={"DATABASE_URL": dsn}).stdout)["keys"]
    assert len(keys) == 4
    assert keys[[k["created_at"] for k in keys].index("9999-12-31T00:00:00Z")]["expires_at"] == "9999-12-31T00:00:00Z"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
def test_a_database_in_another_encoding(postgres, encoding: str):
    name = f"encoded_{encoding.lower()}"
    postgres.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    database = Database(postgres, name)
    try:
        table = KeyTable(database)
        table.add(name="plain")
        texts = {"SQL_ASCII": "E'\\\\xff\\\\x80 raw'", "LATIN1": "'Gr\u00fc\u00dfe'", "EUC_JP": "'\u7ffb\u8a33'"}
        text = texts[encoding]
        insert = f"INSERT INTO virtual_keys (key_hash, key_prefix, name) VALUES ('h', 'sk-', {text})"
        database.execute(f"SET client_encoding = 'UTF8'; {insert}")
        with Serve(watching(database.dsn())) as serve:
            assert serve.keys() == (2, 0)
            serve.restart()
            assert serve.keys() == (2, 0)
        for form in ("text", "csv", "markdown", "html"):
            result = Keyshift().run("report", f"--format={form}", env={"DATABASE_URL": database.dsn()})
            assert result.returncode == 0
            result.stdout.decode()
        result = Keyshift().run("report", "--format=json", env={"DATABASE_URL": database.dsn()})
        names = {key["name"] for key in json.loads(result.stdout.decode())["keys"]}
        expected = {"SQL_ASCII": "\\xff\\x80 raw", "LATIN1": "Gr\u00fc\u00dfe", "EUC_JP": "\u7ffb\u8a33"}[encoding]
        assert names == {"plain", expected}
    finally:
        database.drop()


def test_a_legacy_column_that_is_no_boolean_is_named(table: KeyTable):
    table.add()
    table.database.execute("CREATE VIEW odd AS SELECT *, 1 AS legacy FROM virtual_keys")
    config = watching(table.database.dsn(), gateway={"table": "odd", "columns": {"legacy": "legacy"}})
    assert_refused(config, "schema|parse", ["legacy"], "boolean|gateway.columns.legacy")


def test_a_time_column_that_is_no_time_is_named(table: KeyTable):
    table.add()
    table.database.execute("CREATE VIEW odd AS SELECT *, 1 AS made FROM virtual_keys")
    config = watching(table.database.dsn(), gateway={"table": "odd", "columns": {"created_at": "made"}})
    assert_refused(config, "schema", ["integer"], "gateway.columns")


def test_a_long_name_and_many_columns(table: KeyTable):
    table.database.execute("ALTER TABLE virtual_keys ALTER name TYPE text")
    table.add(name="x" * 5_000_000)
    table.add(name="\U0001f511" * 100_000)
    dsn = table.database.dsn()
    with Serve(watching(dsn, timeout="10s")) as serve:
        assert serve.keys() == (2, 0)
        serve.restart()
        assert serve.keys() == (2, 0)
        assert serve.metric("keyshift_legacy_keys_created_total") == 0
    rows = csv.DictReader(
        io.StringIO(Keyshift().run("report", "--format=csv", env={"DATABASE_URL": dsn}).stdout.decode(), newline="")
    )
    csv.field_size_limit(10_000_000)
    assert {len(row["name"]) for row in rows} == {5_000_000, 100_000}


# --- huge


@pytest.mark.time_limit(180)
def test_a_million_keys(table: KeyTable):
    """Counted exactly, in bounded memory, scrapes answered meanwhile, and a pulse finds what a census would."""
    table.database.execute(
        """ALTER TABLE usage_records DROP CONSTRAINT usage_records_virtual_key_id_fkey;
           ALTER TABLE virtual_keys SET UNLOGGED, DROP CONSTRAINT virtual_keys_key_hash_key;
           DROP INDEX idx_virtual_keys_key_hash, idx_virtual_keys_key_lookup_hash, idx_virtual_keys_user_id"""
    )
    table.fill(legacy=700_000, modern=300_000)
    table.database.execute(
        """CREATE INDEX ON virtual_keys (greatest(created_at, last_used_at)) WHERE key_lookup_hash IS NULL;
           ANALYZE virtual_keys"""
    )
    config = watching(table.database.dsn(), database_duty="2%", census_timeout="120s", timeout="20s")
    with Serve(config, until="healthy") as serve:
        slowest, most = 0.0, 0
        while serve.keys() != (700_000, 300_000):
            begin = time.monotonic()
            serve.scrape_text()
            slowest = max(slowest, time.monotonic() - begin)
            most = max(most, serve.process.rss_bytes())
            assert serve.errors() == {}
            time.sleep(0.02)
        assert serve.metric("keyshift_legacy_keys_baseline") == 700_000
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="10") == 700_000
        assert serve.metric("keyshift_legacy_keys_used", window="24h") == 0
        assert serve.metric("keyshift_legacy_keys_used", window="30d") == 700_000

        added = table.add(age=0 * DAY)
        used = table.database.execute("SELECT id::text FROM virtual_keys WHERE name = 'key 42'")[0][0]
        table.use(used)
        eventually(lambda: serve.metric("keyshift_legacy_uses_observed_total") == 1, 20, "a pulse")
        assert serve.keys() == (700_001, 300_000)
        assert serve.metric("keyshift_legacy_keys_created_total") == 1
        assert serve.metric("keyshift_legacy_keys_used", window="5m") == 1
        censuses = (
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid "
            "WHERE datname = current_database() AND query LIKE 'COPY%virtual_keys%' "
            "AND lower(query) NOT LIKE '%greatest%' AND lower(query) NOT LIKE '%group by%'"
        )
        assert table.database.execute(censuses) == [(1,)]
        most = max(most, serve.process.rss_bytes())
        assert most <= 96 * 1024 * 1024
        assert slowest < 2

        serve.process.kill9()
        table.delete(added)
        serve.start()
        eventually(lambda: serve.keys() == (700_000, 300_000), 60, "the census after kill -9")
        assert serve.metric("keyshift_legacy_keys_baseline") == 700_001
        assert serve.metric("keyshift_legacy_keys_created_total") == 1
        assert serve.process.rss_bytes() <= 96 * 1024 * 1024
