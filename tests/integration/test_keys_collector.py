# SPDX-License-Identifier: Apache-2.0
"""The keys collector on a real database: what it counts, what it may do there, and what it never reads."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import WATCHERS, Database
from harness.tools import leaks
from harness.tools.tcp import Proxy
from harness.tools.wait import eventually

PASSWORD = "s3cret-of-the-monitor"
VIEW = """
    CREATE VIEW key_inventory AS
    SELECT id, key_prefix, user_id, name, max_budget, current_spend, expires_at, blocked, created_at, last_used_at,
           key_lookup_hash IS NULL AS legacy,
           CASE WHEN key_hash ~ '^[$]2.[$]' THEN split_part(key_hash, '$', 3)::int END AS bcrypt_cost
    FROM virtual_keys"""


@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


def monitor(table: KeyTable, *grants: str) -> str:
    role = f"monitor_{table.database.name}"
    table.database.create_role(role, PASSWORD, grants)
    return table.database.dsn(role)


def plant(table: KeyTable) -> None:
    """Eleven legacy keys of three owners and four modern ones, of every age that a metric tells apart."""
    owners = [table.add_user(f"owner{n}@example.com") for n in range(3)]
    for number, idle in enumerate([0.001, 0.02, 0.5, 3, 20, 100]):
        table.add(owner=owners[number % 2], idle=idle * DAY, cost=10, name=f"key {number}")
    table.add(owner=owners[2], idle=None, cost=12)
    table.add(owner=None, idle=2 * DAY, cost=4, blocked=True)
    table.add(owner=None, idle=2 * DAY, cost=4, max_budget=1.0, current_spend=1.0)
    table.add(owner=None, idle=None, cost=4)
    table.add(owner=owners[0], idle=40 * DAY, cost=12)
    for number in range(4):
        table.add(legacy=False, owner=owners[0], age=(number + 5) * DAY, idle=0.001 * DAY)


def by_sql(table: KeyTable) -> dict[tuple[str, str], float]:
    """What the metrics must be, counted by the database itself."""
    legacy = "FROM virtual_keys WHERE key_lookup_hash IS NULL"
    numbers = {
        ("keyshift_keys", "legacy"): f"SELECT count(*) {legacy}",
        ("keyshift_keys", "modern"): "SELECT count(key_lookup_hash) FROM virtual_keys",
        ("keyshift_legacy_owners", ""): f"SELECT count(DISTINCT user_id) {legacy}",
        ("keyshift_legacy_keys_baseline", ""): f"SELECT count(*) {legacy}",
        ("keyshift_legacy_last_used_timestamp_seconds", ""): (
            f"SELECT floor(extract(epoch FROM max(last_used_at))) {legacy}"
        ),
        ("keyshift_migration_start_timestamp_seconds", ""): (
            "SELECT extract(epoch FROM min(created_at)) FROM virtual_keys WHERE key_lookup_hash IS NOT NULL"
        ),
    }
    for name, length in (("5m", "5 minutes"), ("1h", "1 hour"), ("24h", "1 day"), ("7d", "7 days"), ("30d", "30 days")):
        numbers["keyshift_legacy_keys_used", name] = (
            f"SELECT count(*) {legacy} AND last_used_at > now() - interval '{length}'"
        )
    for cost in (4, 10, 12):
        numbers["keyshift_legacy_keys_by_bcrypt_cost", str(cost)] = (
            f"SELECT count(*) {legacy} AND split_part(key_hash, '$', 3)::int = {cost}"
        )
    return {name: float(table.database.execute(query)[0][0]) for name, query in numbers.items()}


def by_metrics(serve: Serve, names: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    families = {name for name, _ in names}
    return {
        (name, "".join(dict(labels).values())): value
        for (name, labels), value in serve.metrics().items()
        if name in families
    }


def queries(table: KeyTable) -> list[str]:
    """The statements of the monitor's role as the server recorded them."""
    return [
        row[0]
        for row in table.database.execute(
            "SELECT query FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE rolname = %s",
            (f"monitor_{table.database.name}",),
        )
    ]


# --- what it counts


def test_every_number_is_the_databases_own(table: KeyTable):
    plant(table)
    with Serve(watching(table.database.dsn())) as serve:
        expected = by_sql(table)
        assert by_metrics(serve, expected) == pytest.approx(expected, abs=1e-3)
        assert expected["keyshift_legacy_keys_used", "5m"] == 1
        assert expected["keyshift_legacy_keys_used", "30d"] == 7


def test_numbers_follow_the_table(table: KeyTable):
    plant(table)
    with Serve(watching(table.database.dsn())) as serve:
        table.database.execute("UPDATE virtual_keys SET last_used_at = now() WHERE key_hash LIKE '$2b$04%%'", ())
        table.database.execute("DELETE FROM virtual_keys WHERE key_hash LIKE '$2b$12%%'", ())
        table.upgrade(table.database.execute("SELECT id::text FROM virtual_keys WHERE name = 'key 3'")[0][0])
        expected = {name: value for name, value in by_sql(table).items() if value}
        expected.pop(("keyshift_legacy_keys_baseline", ""))

        def shown() -> dict:
            return {name: value for name, value in by_metrics(serve, expected).items()}

        eventually(lambda: shown() == pytest.approx(expected, abs=1e-3), 10, "the new numbers")
        assert serve.metric("keyshift_legacy_keys_baseline") == 11
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="12") is None


def test_a_key_that_is_being_written_is_counted_when_it_is_committed(table: KeyTable):
    table.add()
    writer = table.database.postgres.connect(table.database.name)
    writer.autocommit = False
    with closing(writer), Serve(watching(table.database.dsn())) as serve:
        with writer.cursor() as cursor:
            cursor.execute("INSERT INTO virtual_keys (key_hash, key_prefix) VALUES ('h', 'sk-')")
            cursor.execute("DELETE FROM virtual_keys WHERE key_hash <> 'h'")
            serve.wait_for_poll()
            assert serve.keys() == (1, 0)
            assert serve.metric("keyshift_legacy_keys_created_total") == 0
        writer.commit()
        eventually(lambda: serve.metric("keyshift_legacy_keys_created_total") == 1, 10, "the commit")
        assert serve.keys() == (1, 0)


def test_a_rare_pulse_finds_a_key_that_was_committed_late(table: KeyTable):
    """Between censuses: the transaction began, with its now(), before the last pulse and ended after it."""
    table.fill(legacy=50_000, modern=10)
    table.database.execute(
        "CREATE INDEX ON virtual_keys (greatest(created_at, last_used_at)) WHERE key_lookup_hash IS NULL"
    )
    writer = table.database.postgres.connect(table.database.name)
    writer.autocommit = False
    with closing(writer), Serve(watching(table.database.dsn(), database_duty="1%")) as serve:
        with writer.cursor() as cursor:
            cursor.execute("INSERT INTO virtual_keys (key_hash, key_prefix) VALUES ('late', 'sk-')")
            table.add(age=0 * DAY)
            eventually(lambda: serve.keys() == (50_001, 10), 15, "the key that was committed at once")
            writer.commit()
        eventually(lambda: serve.keys() == (50_002, 10), 15, "the key that was committed late")
        assert serve.metric("keyshift_legacy_keys_created_total") == 2


# --- what it may do


def settings_view(table: KeyTable) -> dict:
    """A table of one key whose name tells the settings of the session that reads it."""
    names = [
        "transaction_read_only", "transaction_isolation", "statement_timeout", "lock_timeout",
        "application_name", "idle_in_transaction_session_timeout", "TimeZone",
        "client_connection_check_interval", "client_encoding",
    ]
    values = ", ".join(f"'{name}', current_setting('{name}')" for name in names)
    table.add()
    table.database.execute(
        f"""CREATE VIEW settings AS SELECT id, key_lookup_hash, key_hash, key_prefix, user_id, max_budget,
                current_spend, expires_at, blocked, created_at, last_used_at, json_build_object({values})::text AS name
            FROM virtual_keys"""
    )
    return {"table": "settings"}


def in_seconds(setting: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(ms|s|min|h)?", setting).groups()
    return int(number) * {"ms": 0.001, "s": 1, "min": 60, "h": 3600, None: 0.001}[unit]


def test_a_daemons_session_is_read_only_and_bounded(table: KeyTable):
    config = watching(
        f"{table.database.dsn()}?application_name=somebody&options=-c%20statement_timeout%3D0%20-c%20lock_timeout%3D0",
        gateway=settings_view(table),
        timeout="3s",
        census_timeout="7s",
    )
    with Serve(config) as serve:
        serve.stop()
        with closing(sqlite3.connect(serve.state_directory / "keyshift.db")) as journal:
            seen = json.loads(journal.execute("SELECT name FROM legacy_key").fetchone()[0])
    assert (seen["transaction_read_only"], seen["transaction_isolation"]) == ("on", "repeatable read")
    assert seen["application_name"] == "keyshift"
    assert in_seconds(seen["statement_timeout"]) == 6.3, "nine tenths of timeout: the server gives up first"
    assert 0 < in_seconds(seen["lock_timeout"]) <= 2
    assert 0 < in_seconds(seen["idle_in_transaction_session_timeout"]) <= 10
    assert in_seconds(seen["client_connection_check_interval"]) > 0
    assert (seen["TimeZone"], seen["client_encoding"]) == ("UTC", "UTF8")


def test_a_reports_session_is_read_only_and_bounded(table: KeyTable, tmp_path):
    settings_view(table)
    config = tmp_path / "keyshift.yaml"
    config.write_text("gateway: {table: settings}\n")
    result = Keyshift().run("report", "--format=json", f"--config={config}", env={"DATABASE_URL": table.database.dsn()})
    seen = json.loads(json.loads(result.stdout)["keys"][0]["name"])
    assert (seen["transaction_read_only"], seen["transaction_isolation"]) == ("on", "repeatable read")
    assert seen["application_name"] == "keyshift"
    assert in_seconds(seen["statement_timeout"]) > 0
    assert 0 < in_seconds(seen["lock_timeout"]) <= 2


def test_nothing_can_be_written_through_it(table: KeyTable):
    table.add()
    table.database.execute(
        """CREATE TABLE touched (at timestamptz);
           CREATE FUNCTION touch() RETURNS boolean LANGUAGE sql VOLATILE AS
               'INSERT INTO public.touched VALUES (now()) RETURNING true';
           CREATE VIEW touching AS SELECT * FROM virtual_keys WHERE touch()"""
    )
    with Serve(watching(table.database.dsn(), gateway={"table": "touching"})) as serve:
        assert serve.metric("keyshift_source_up", source="keys") == 0
        assert "read-only transaction" in serve.log()
    assert table.database.execute("SELECT count(*) FROM touched") == [(0,)]


def test_one_connection_is_kept_and_given_back(table: KeyTable):
    dsn = monitor(table, "SELECT ON virtual_keys")
    target = table.database.postgres
    with Proxy(target.port) as proxy:
        with Serve(watching(dsn.replace(f":{target.port}/", f":{proxy.port}/"))) as serve:
            for _ in range(3):
                serve.wait_for_poll()
            assert len(target.watchers()) == 1
            assert proxy.accepted == 1
            idle = f"SELECT state {WATCHERS} AND state LIKE 'idle in%%'"
            eventually(lambda: target.execute(idle, ()) == [], 5, "no transaction left open")
        eventually(lambda: target.watchers() == [], 5, "no backend left")


# --- what it never reads


def test_no_hash_is_selected_and_none_leaves_the_server(table: KeyTable):
    plant(table)
    rows = table.database.execute("SELECT key_hash, key_lookup_hash FROM virtual_keys")
    hashes = [text for row in rows for text in row if text]
    dsn = monitor(table, "SELECT ON virtual_keys", "SELECT ON users")
    target = table.database.postgres
    with Proxy(target.port) as proxy:
        behind = dsn.replace(f":{target.port}/", f":{proxy.port}/")
        with Serve(watching(f"{behind}?sslmode=disable")) as serve:
            serve.wait_for_poll()
            assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="10") == 6
        for form in ("text", "json"):
            result = Keyshift().run("report", f"--format={form}", "--group-by=owner", env={"DATABASE_URL": behind})
            assert result.returncode == 0
        sent = bytes(proxy.received)
    assert b"owner0@example.com" in sent, "the recording holds nothing"
    for text in hashes:
        assert leaks.secret(text).encode() not in sent
        assert text.rpartition("$")[2].encode() not in sent
    texts = queries(table)
    assert any("key_hash" in text for text in texts) and any("key_lookup_hash" in text for text in texts)
    for text in texts:
        hash = r'(k\.)?"key_lookup_hash"'
        asked = [f"octet_length\\({hash}\\)", f"btrim\\({hash}::text", f'{hash} (IS NULL|COLLATE "C" ~|IN \\()']
        asked += [f"SELECT {hash} FROM [^)]* WHERE", f"GROUP BY {hash} HAVING", f"left\\({hash}, "]
        harmless = re.sub("|".join(asked), "", text)
        harmless = re.sub(
            r"""CASE WHEN k\."key_hash" LIKE '[^']*' THEN substr\(k\."key_hash", 5, 2\) END""", "", harmless)
        assert "hash" not in harmless, text
        # PostgreSQL 18 writes /*, ... */ for what follows in a list.
        assert "*" not in re.sub(r"count\(\*\)|/\*, \.\.\. \*/", "", harmless), text


def test_a_hash_free_view_is_enough(table: KeyTable):
    plant(table)
    table.database.execute(VIEW)
    dsn = monitor(table, "SELECT ON key_inventory")
    with Serve(watching(dsn, gateway={"table": "key_inventory", "columns": {"legacy": "legacy"}})) as serve:
        expected = by_sql(table)
        assert by_metrics(serve, expected) == pytest.approx(expected, abs=1e-3)
        report = Keyshift().run("report", "--format=json", f"--config={serve.config_path}")
    keys = json.loads(report.stdout)["keys"]
    assert len(keys) == 11
    assert {key["bcrypt_cost"] for key in keys} == {4, 10, 12}
    assert {key["owner_email"] for key in keys} == {None}
    for text in queries(table):
        assert "virtual_keys" not in text and "hash" not in text


def test_a_role_without_the_hashes_cannot_use_the_table_but_the_view(table: KeyTable):
    """The rights are real: the same role is refused on the table."""
    plant(table)
    table.database.execute(VIEW)
    dsn = monitor(table, "SELECT ON key_inventory")
    with Serve(watching(dsn)) as serve:
        assert serve.errors().keys() == {"permission"}
        assert serve.keys() == (None, None)
    with Serve(watching(dsn, gateway={"table": "key_inventory", "columns": {"legacy": "legacy"}})) as serve:
        assert serve.keys() == (11, 4)


# --- names


def test_table_and_columns_may_have_any_name(table: KeyTable):
    plant(table)
    table.database.execute(
        '''CREATE SCHEMA "Müll; DROP";
           ALTER TABLE virtual_keys SET SCHEMA "Müll; DROP";
           ALTER TABLE "Müll; DROP".virtual_keys RENAME TO "API ""Keys""";
           ALTER TABLE "Müll; DROP"."API ""Keys""" RENAME id TO "Id";
           ALTER TABLE "Müll; DROP"."API ""Keys""" RENAME key_lookup_hash TO "select";
           ALTER TABLE "Müll; DROP"."API ""Keys""" RENAME key_hash TO "it's a hash";
           ALTER TABLE "Müll; DROP"."API ""Keys""" RENAME user_id TO "user";
           ALTER TABLE "Müll; DROP"."API ""Keys""" RENAME created_at TO "näme \\ with";
           ALTER TABLE "Müll; DROP"."API ""Keys""" RENAME last_used_at TO "%s";
           ALTER TABLE users RENAME TO "People";
           ALTER TABLE "People" RENAME email TO "E-mail"'''
    )
    gateway = {
        "table": '"Müll; DROP"."API ""Keys"""',
        "columns": {
            "id": '"Id"', "lookup_hash": '"select"', "bcrypt_hash": '"it\'s a hash"', "owner": '"user"',
            "created_at": '"näme \\ with"', "last_used_at": '"%s"',
        },
        "users": {"table": '"People"', "email": '"E-mail"'},
    }
    with Serve(watching(table.database.dsn(), gateway=gateway)) as serve:
        assert serve.keys() == (11, 4)
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="12") == 2
        serve.wait_for_poll()
        report = Keyshift().run("report", "--format=json", f"--config={serve.config_path}")
    assert {key["owner_email"] for key in json.loads(report.stdout)["keys"]} == {
        None, "owner0@example.com", "owner1@example.com", "owner2@example.com"
    }


def test_a_gateway_of_another_make_needs_few_columns(database: Database):
    database.execute(
        """CREATE TABLE tokens (no bigint PRIMARY KEY, old boolean NOT NULL, born timestamp NOT NULL, used timestamp);
           INSERT INTO tokens VALUES (1, true, '2024-01-01', NULL), (2, true, '2024-01-02', now() AT TIME ZONE 'UTC'),
                                     (3, false, '2024-01-03', NULL)"""
    )
    gateway = {
        "preset": "custom",
        "table": "tokens",
        "columns": {"id": "no", "legacy": "old", "created_at": "born", "last_used_at": "used"},
    }
    with Serve(watching(database.dsn(), gateway=gateway)) as serve:
        assert serve.keys() == (2, 1)
        assert serve.metric("keyshift_legacy_keys_used", window="5m") == 1
        assert serve.metric("keyshift_legacy_owners") == 0
        assert serve.metric("keyshift_migration_start_timestamp_seconds") == 1704240000
        database.execute("UPDATE tokens SET used = now() AT TIME ZONE 'UTC' + interval '9 seconds' WHERE no = 2")
        eventually(lambda: serve.metric("keyshift_legacy_uses_observed_total") == 1, 10, "the use")
        report = Keyshift().run("report", "--format=csv", f"--config={serve.config_path}")
    assert report.stdout.decode().splitlines()[1:] == [
        line for line in report.stdout.decode().splitlines() if line.startswith(("1,", "2,"))
    ]


def test_a_table_found_through_the_search_path(table: KeyTable):
    table.add()
    table.database.execute("CREATE SCHEMA gateway; ALTER TABLE virtual_keys SET SCHEMA gateway")
    dsn = monitor(table, "USAGE ON SCHEMA gateway", "SELECT ON gateway.virtual_keys")
    table.database.execute(f"ALTER ROLE monitor_{table.database.name} SET search_path = gateway")
    with Serve(watching(dsn)) as serve:
        assert serve.keys() == (1, 0)


def test_a_function_of_somebody_else_is_not_called_in_place_of_the_systems(table: KeyTable):
    """Whoever may create functions in public could have a better fitting substr (CVE-2018-1058) tell the whole hash."""
    table.add()
    table.database.execute(
        """CREATE FUNCTION public.substr(character varying, integer, integer) RETURNS text LANGUAGE sql
               AS $$ SELECT '31' $$"""
    )
    with Serve(watching(monitor(table, "SELECT ON virtual_keys"))) as serve:
        assert serve.keys() == (1, 0)
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="10") == 1
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="31") is None


def test_the_time_is_the_systems_whatever_the_search_path_says(table: KeyTable):
    table.add(idle=3 * DAY)
    table.database.execute(
        """CREATE SCHEMA trap;
           CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2001-01-01'::timestamptz $$;
           GRANT USAGE ON SCHEMA trap TO PUBLIC"""
    )
    dsn = monitor(table, "SELECT ON virtual_keys")
    table.database.execute(f"ALTER ROLE monitor_{table.database.name} SET search_path = trap, pg_catalog, public")
    with Serve(watching(dsn)) as serve:
        assert serve.keys() == (1, 0)
        assert serve.metric("keyshift_legacy_keys_used", window="7d") == 1
        assert serve.metric("keyshift_source_last_success_timestamp_seconds", source="keys") > 1_600_000_000


# --- clocks


@pytest.mark.parametrize("skew", ["+90000s", "-90000s"])
def test_times_are_the_databases_when_the_clocks_differ(table: KeyTable, skew: str):
    """This host's clock is 25 hours off: windows, ages and starts must not be."""
    plant(table)
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    environment = {"LD_PRELOAD": str(library), "FAKETIME": skew, "DONT_FAKE_MONOTONIC": "1"}
    with Serve(watching(table.database.dsn()), env=environment) as serve:
        expected = by_sql(table)
        assert by_metrics(serve, expected) == pytest.approx(expected, abs=1e-3)
        now = float(table.database.execute("SELECT extract(epoch FROM now())")[0][0])
        for name in ("keyshift_source_last_success_timestamp_seconds", "keyshift_observation_start_timestamp_seconds"):
            assert serve.metric(name, source="keys") == pytest.approx(now, abs=30)
        loaded = serve.metric("keyshift_config_last_reload_success_timestamp_seconds")
        assert abs(loaded - now) > 80_000, "the clock was not off"
        serve.wait_for_poll()
        (complaint,) = [line for line in serve.log().splitlines() if "clocks differ" in line]
        assert re.search(r"seconds_ahead_here=-?(90000|89999|89998)", complaint)
        assert ("-" in skew) == ("seconds_ahead_here=-" in complaint)
        assert serve.errors() == {}
