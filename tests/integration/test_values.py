# SPDX-License-Identifier: Apache-2.0
"""Values that contradict each other, or what was seen, are none: every sentinel of every column that keyshift reads, on
the gateway's table and on the view that `keyshift sql` prints, for every preset and for `custom`."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.product.doctor import doctor
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import watching
from harness.servers.postgres import Database
from harness.tools.wait import eventually

HASH = "encode(sha256('{}'), 'hex')"


@dataclass
class Row:
    """What stands in a row, as SQL, where it differs from that of a legacy key in use; and what becomes of it."""

    values: dict[str, str]
    problem: str | None = None
    shows: dict[str, Any] = field(default_factory=dict)
    legacy: bool = True


def expires(value: str, problem: str | None, shown: Any = None) -> Row:
    return Row({"expires": value}, problem, {"expires_at": shown})


def budget(value: str, problem: str | None = "budget_not_positive", over: bool = False) -> Row:
    return Row({"budget": value, "spend": "5"}, problem, {"over_budget": over})


def used(value: str, problem: str | None, never: bool) -> Row:
    return Row({"used": value}, problem, {"last_used_at": None} if never else {})


def created(value: str) -> Row:
    return Row({"created": value}, "creation_unknown", {"created_at": None})


def hashed(value: str, problem: str | None, legacy: bool = True) -> Row:
    return Row({"hash": value}, problem, legacy=legacy)


ROWS = {
    "sound": Row({}),
    "expires in year 1": expires("'0001-01-01'", "expiry_before_creation"),
    "expires in 1970": expires("'1970-01-01'", "expiry_before_creation"),
    "expires infinitely early": expires("'-infinity'", "expiry_before_creation"),
    "never expires": expires("'infinity'", None),
    "expires before a use": expires("now() - interval '1 hour'", "expiry_before_use"),
    "has expired": Row({"expires": "'2026-01-02'", "created": "'2026-01-01'", "used": "NULL"}),
    "budget 0": budget("0"),
    "budget -1": budget("-1"),
    "budget NaN": budget("'NaN'"),
    "over budget": budget("4", None, True),
    "within its budget": budget("6", None),
    "used in year 1": used("'0001-01-01'", "use_before_creation", True),
    "used in 1970": used("'1970-01-01'", "use_before_creation", True),
    "used infinitely early": used("'-infinity'", "use_before_creation", True),
    "never used": used("NULL", None, True),
    "used in 9 hours": used("now() + interval '9 hours'", "use_in_future", False),
    "used for ever": used("'infinity'", "use_in_future", False),
    "created never": created("NULL"),
    "created infinitely early": created("'-infinity'"),
    "created infinitely late": created("'infinity'"),
    "perhaps blocked": Row({"blocked": "NULL"}, "flag_unknown", {"blocked": False}),
    "blocked": Row({"blocked": "true"}, None, {"blocked": True}),
    "empty hash": hashed("''", "hash_empty"),
    "blank hash": hashed("E' \\t '", "hash_empty"),
    "hash 'none'": hashed("'none'", "hash_malformed"),
    "short hash": hashed(f"left({HASH.format(1)}, 63)", "hash_malformed"),
    "long hash": hashed(f"{HASH.format(1)} || '0'", "hash_malformed"),
    "upper case": hashed(f"upper({HASH.format(2)})", "hash_malformed"),
    "one of two": hashed(HASH.format(3), "hash_shared"),
    "two of two": hashed(HASH.format(3), "hash_shared"),
    "modern": hashed(HASH.format(4), None, legacy=False),
    "modern too": hashed(HASH.format(5), None, legacy=False),
}


@dataclass
class Gateway:
    """The names of a preset's table and columns; a column that is not there has none."""

    gateway: dict[str, Any]
    table: str
    columns: dict[str, str]
    time: str = "timestamptz"

    def plant(self, database: Database, rows: dict[str, Row]) -> dict[str, Row]:
        """Makes the table; those rows that say something of its columns."""
        types = {
            "created": self.time, "used": self.time, "expires": "timestamptz", "budget": "numeric", "spend": "numeric",
            "blocked": "boolean",
        }  # fmt: skip
        listed = ", ".join(f"{column} {types.get(name, 'text')}" for name, column in self.columns.items())
        table = self.table.split(".")
        schema = f"CREATE SCHEMA IF NOT EXISTS {table[0]};" if len(table) == 2 else ""
        database.execute(f"{schema} CREATE TABLE {self.table} ({listed})")
        kept = {name: row for name, row in rows.items() if row.values.keys() <= self.columns.keys()}
        for name, row in kept.items():
            values = {
                "id": f"$${name.replace(' ', '-')}$$", "name": f"$${name}$$", "created": "now() - interval '90 days'",
                "used": "now() - interval '10 minutes'", "blocked": "false", **row.values,
            }  # fmt: skip
            values = {column: value for column, value in values.items() if column in self.columns}
            named = ", ".join(self.columns[column] for column in values)
            database.execute(f"INSERT INTO {self.table} ({named}) VALUES ({', '.join(values.values())})")
        return kept


GATEWAYS = {
    "inferxgate": Gateway(
        {},
        "virtual_keys",
        {"id": "id", "name": "name", "hash": "key_lookup_hash", "created": "created_at", "used": "last_used_at",
         "expires": "expires_at", "budget": "max_budget", "spend": "current_spend", "blocked": "blocked",
         "owner": "user_id", "prefix": "key_prefix", "bcrypt": "key_hash"},
    ),
    "langfuse": Gateway(
        {"preset": "langfuse"},
        "api_keys",
        {"id": "id", "name": "note", "hash": "fast_hashed_secret_key", "created": "created_at", "used": "last_used_at",
         "owner": "project_id", "prefix": "display_secret_key", "bcrypt": "hashed_secret_key"},
        time="timestamp",
    ),
    "custom": Gateway(
        {"preset": "custom", "table": '"Gate way"."Keys"',
         "columns": {"id": '"Id"', "name": '"Name"', "created_at": '"createdAt"', "last_used_at": '"lastUsedAt"',
                     "lookup_hash": {"column": '"lookupHash"', "length": 64, "characters": "hex"},
                     "expires_at": '"expiresAt"', "blocked": '"off"', "max_budget": '"max"', "current_spend": '"spent"'}},
        '"Gate way"."Keys"',
        {"id": '"Id"', "name": '"Name"', "hash": '"lookupHash"', "created": '"createdAt"', "used": '"lastUsedAt"',
         "expires": '"expiresAt"', "budget": '"max"', "spend": '"spent"', "blocked": '"off"'},
    ),
}  # fmt: skip


def written(path: Path, tree: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(tree))
    return path


def through_a_view(database: Database, gateway: dict[str, Any], table: str, tmp_path: Path) -> dict[str, Any]:
    """The same gateway behind the view that `keyshift sql` prints."""
    config = written(tmp_path / "sql.yaml", {"gateway": gateway})
    printed = Keyshift().run("sql", "view", "--role", "pg_monitor", "--config", config)
    assert printed.returncode == 0, printed.stderr
    database.psql(printed.stdout)
    schema = table.rpartition(".")[0]
    return {**gateway, "table": f"{schema}.keyshift_keys" if schema else "keyshift_keys", "statements": {"table": table}}


def problems(serve: Serve) -> dict[str, float]:
    return {
        dict(labels)["problem"]: value
        for (name, labels), value in serve.metrics().items()
        if name == "keyshift_rows_implausible" and value
    }


@pytest.mark.parametrize("view", [False, True], ids=["table", "view"])
@pytest.mark.parametrize("preset", GATEWAYS)
def test_what_contradicts_itself_is_none(database: Database, tmp_path: Path, preset: str, view: bool):
    kind = GATEWAYS[preset]
    rows = kind.plant(database, ROWS)
    gateway = through_a_view(database, kind.gateway, kind.table, tmp_path) if view else kind.gateway
    dsn = database.dsn()
    config = written(tmp_path / "k.yaml", watching(dsn, gateway=gateway))
    report = Keyshift().run("report", "--format", "json", "--config", config)
    assert report.returncode == 0, report.stderr
    shown = {key["name"]: key for key in json.loads(report.stdout)["keys"]}
    assert shown.keys() == {name for name, row in rows.items() if row.legacy}
    for name, row in rows.items():
        for column, value in row.shows.items():
            assert shown[name][column] == value, name
    with Serve(watching(dsn, gateway=gateway)) as serve:
        legacy = sum(row.legacy for row in rows.values())
        assert serve.keys() == (legacy, len(rows) - legacy)
        assert problems(serve) == Counter(row.problem for row in rows.values() if row.problem)
        # All of it holds in pulses too.
        database.execute(f"UPDATE {kind.table} SET {kind.columns['used']} = now() WHERE {kind.columns['name']} = 'sound'")
        serve.wait_for_poll()
        assert serve.keys() == (legacy, len(rows) - legacy)
    found = doctor(watching(dsn, gateway=gateway))
    warnings = found.what("keys", "warning")
    for part in ("empty lookup hash", "share their lookup hash", "ahead of the database's clock", "before they were created"):
        assert part in warnings, warnings
    for secret in database.execute(f"SELECT {kind.columns['hash']} FROM {kind.table} WHERE length({kind.columns['hash']}) > 10"):
        assert secret[0] not in json.dumps(found.findings)


def judged(serve: Serve, check: str) -> dict[str, Any]:
    """What the verdict says of one check."""
    answer = json.loads(Keyshift().run("verdict", "--format", "json", "--config", serve.config_path).stdout)
    (found,) = (found for found in answer["checks"] if found["check"] == check)
    return found


def refused(serve: Serve) -> str:
    assert serve.errors().keys() == {"schema"}
    assert serve.keys() == (None, None)
    return serve.log()


CUSTOM = {"id": "id", "created_at": "made", "last_used_at": "used", "lookup_hash": "hash"}
PLAIN = {"preset": "custom", "table": "keys", "columns": CUSTOM}


def keys_table(database: Database, *values: str, column: str = "hash text") -> None:
    database.execute(f"CREATE TABLE keys (id serial PRIMARY KEY, made timestamptz DEFAULT now(), used timestamptz, {column})")
    for value in values:
        database.execute(f"INSERT INTO keys (hash) VALUES ({value})")


@pytest.mark.parametrize(
    "values,column,said",
    [
        (["DEFAULT"], "hash bytea DEFAULT sha256('x')", "has a DEFAULT"),
        (
            ["'0123456789abcdef'", "'0123456789abcdefg'", "NULL"],
            "hash text",
            "holds values of 17 and of 16 octets|holds values of 16 and of 17 octets",
        ),
        (["'$2b$10$abc'"], "hash text", "begin like a slow hash"),
        (["'pbkdf2_sha256$260000$x'"], "hash varchar(90)", "begin like a slow hash"),
        (["'sha512$$x'"], "hash varchar(90)", "begin like a slow hash"),
        (["'$argon2id$v=19$x'::bytea"], "hash bytea", "begin like a slow hash"),
    ],
)
def test_a_lookup_column_that_tells_nothing_is_refused_until_the_file_says_what_it_is(database, tmp_path, values, column, said):
    keys_table(database, *values, column=column)
    tree = watching(database.dsn(), gateway=PLAIN)
    config = written(tmp_path / "k.yaml", tree)
    with Serve(tree, until="healthy") as serve:
        eventually(lambda: serve.errors(), 10, "the first poll")
        log = refused(serve)
    report = Keyshift().run("report", "--config", config)
    assert report.returncode == 69 and b"All keys" not in report.stdout
    text = doctor(tree).what("keys", "failure")
    for output in (log, report.stderr.decode(), text):
        assert re.search(said, output), output
        assert "column hash of keys" in output
    # The way out that the message names.
    for way in ({"legacy_when": {"column": "hash", "length": 4}}, {"columns": {**CUSTOM, "lookup_hash": {"column": "hash", "length": 32}}}):
        with Serve(watching(database.dsn(), gateway={**PLAIN, **way})) as serve:
            assert sum(serve.keys()) == len(values)


@pytest.mark.parametrize("view", [False, True], ids=["table", "view"])
def test_values_too_short_for_a_hash_are_named_and_can_be_told_from_hashes(database, tmp_path, view):
    keys_table(database, HASH.format(1), HASH.format(2), "'pending'", "'soon'", "NULL")
    gateway = through_a_view(database, PLAIN, "keys", tmp_path) if view else PLAIN
    tree = watching(database.dsn(), gateway=gateway)
    with Serve(tree) as serve:
        assert serve.keys() == (1, 4)
        assert problems(serve) == {"hash_short": 2}
        assert judged(serve, "inventory")["outcome"] == "UNKNOWN"
    found = doctor(tree)
    warnings = found.what("keys", "warning")
    assert "2 keys have a lookup hash of fewer than 16 octets" in warnings, warnings
    assert "pending" not in json.dumps(found.findings)
    # The way out that doctor names.
    shape = {"column": "hash", "length": 64, "characters": "hex"}
    with Serve(watching(database.dsn(), gateway={**PLAIN, "columns": {**CUSTOM, "lookup_hash": shape}})) as serve:
        assert serve.keys() == (3, 2)
        assert problems(serve) == {"hash_malformed": 2}


@pytest.mark.parametrize("default", ["NULL", "''", "'  '::text"])
def test_a_default_that_is_no_hash_is_harmless(database, default):
    keys_table(database, "DEFAULT", "'abcd'", column=f"hash text DEFAULT {default}")
    with Serve(watching(database.dsn(), gateway=PLAIN), until="healthy") as serve:
        eventually(lambda: serve.errors() or serve.keys() != (None, None), 10, "the first poll")
        assert serve.keys() == ((1, 1) if default != "'  '::text" else (None, None))


WHEN = [
    ({"column": "hash", "begins_with": ["pbkdf2$", "$2"]}, ["'pbkdf2$x'", "'$2b$x'"], ["'sha256$x'"], ["NULL"]),
    ({"column": "hash", "length": 5}, ["'12345'"], ["'1234'", "'123456'"], ["NULL"]),
    ({"column": "hash", "is": None}, ["NULL"], ["'x'", "''"], []),
    ({"column": "flag", "is": True}, ["true"], ["false"], ["NULL"]),
    ({"column": "flag", "is": False}, ["false"], ["true"], ["NULL"]),
]  # fmt: skip


@pytest.mark.parametrize("view", [False, True], ids=["table", "view"])
@pytest.mark.parametrize("when,legacy,modern,neither", WHEN, ids=lambda value: str(value)[:30])
def test_legacy_when(database, tmp_path, when, legacy, modern, neither, view):
    keys_table(database, column="hash text, flag boolean")
    for value in [*legacy, *modern, *neither]:
        database.execute(f"INSERT INTO keys ({when['column']}) VALUES ({value})")
    gateway = {"preset": "custom", "table": "keys", "columns": {**CUSTOM, "lookup_hash": None}, "legacy_when": when}
    gateway["columns"].pop("lookup_hash")
    if view:
        gateway = through_a_view(database, gateway, "keys", tmp_path)
    with Serve(watching(database.dsn(), gateway=gateway)) as serve:
        assert serve.keys() == (len(legacy) + len(neither), len(modern))
        assert problems(serve) == ({"neither": len(neither)} if neither else {})


@pytest.mark.parametrize("view", [False, True], ids=["table", "view"])
def test_legacy_when_with_the_shape_of_a_lookup_hash(database, tmp_path, view):
    keys_table(database, "'$2b$10$x'", "'sha256$00ff'", "'sha256$00fg'", "'plain'", "NULL")
    shape = {"column": "hash", "begins_with": "sha256$", "length": 11, "characters": "hex"}
    gateway = {**PLAIN, "columns": {**CUSTOM, "lookup_hash": shape}, "legacy_when": {"column": "hash", "begins_with": "$2"}}
    if view:
        gateway = through_a_view(database, gateway, "keys", tmp_path)
    with Serve(watching(database.dsn(), gateway=gateway)) as serve:
        assert serve.keys() == (4, 1)
        assert problems(serve) == {"neither": 3}


@pytest.mark.parametrize(
    "flag,blocked",
    [
        ({"blocked": {"column": "gone", "is": "set"}}, ["set"]),
        ({"active": {"column": "gone", "is": None}}, ["set"]),
        ({"active": "on"}, ["off"]),
        ({"active": {"column": "on", "is": False}}, ["set", "unset"]),
        ({"blocked": {"column": "on", "is": False}}, ["off"]),
    ],
)
def test_what_is_blocked(database, tmp_path, flag, blocked):
    keys_table(database, column='hash text, name text, gone timestamptz, "on" boolean')
    for name, gone, on in (("set", "now()", "true"), ("unset", "NULL", "true"), ("off", "NULL", "false"), ("null", "NULL", "NULL")):
        database.execute(f"INSERT INTO keys (name, gone, \"on\") VALUES ('{name}', {gone}, {on})")
    flag = json.loads(json.dumps(flag).replace('"on"', '"\\"on\\""'))
    tree = watching(database.dsn(), gateway={**PLAIN, "columns": {**CUSTOM, "name": "name", **flag}})
    report = Keyshift().run("report", "--format", "json", "--config", written(tmp_path / "k.yaml", tree))
    shown = {key["name"]: key["blocked"] for key in json.loads(report.stdout)["keys"]}
    assert {name for name, off in shown.items() if off} == set(blocked), report.stderr


def test_an_owner_by_join(database, tmp_path):
    keys_table(database, column="hash text, holder int")
    database.execute("CREATE TABLE people (nr int, mail text); INSERT INTO people VALUES (7, 'seven@example.com')")
    database.execute("INSERT INTO keys (holder) VALUES (7)")
    owner = {"column": "holder", "table": "people", "id": "nr", "label": "mail"}
    tree = watching(database.dsn(), gateway={**PLAIN, "columns": {**CUSTOM, "owner": owner}})
    report = Keyshift().run("report", "--format", "json", "--config", written(tmp_path / "k.yaml", tree))
    assert json.loads(report.stdout)["keys"][0]["owner_email"] == "seven@example.com"
    assert b"Owner        seven@example.com (7)\n" in Keyshift().run("key", "1", "--config", tmp_path / "k.yaml").stdout


def test_a_last_use_in_the_future_is_a_use_when_it_changes(database):
    keys_table(database, "NULL")
    local = "now() + interval '9 hours'"
    database.execute(f"UPDATE keys SET used = {local}")
    with Serve(watching(database.dsn(), gateway=PLAIN)) as serve:
        serve.wait_for_poll()
        serve.wait_for_poll()
        first = serve.metric("keyshift_legacy_uses_observed_total")
        for _ in range(3):
            serve.wait_for_poll()
        assert serve.metric("keyshift_legacy_uses_observed_total") == first, "it stands still"
        last = serve.metric("keyshift_legacy_last_used_timestamp_seconds")
        database.execute("SELECT pg_sleep(1.1)")
        database.execute(f"UPDATE keys SET used = {local}")
        eventually(lambda: serve.metric("keyshift_legacy_uses_observed_total") == first + 1, 10, "the use")
        assert serve.metric("keyshift_legacy_last_used_timestamp_seconds") > last
        assert serve.metric("keyshift_legacy_keys_used", window="5m") == 1
    assert "9h ahead" in doctor(watching(database.dsn(), gateway=PLAIN)).what("keys", "warning")


def test_ids_that_are_hashes_are_never_shown(database, tmp_path):
    secret = "GdAx8Nsz.pbkdf2_sha256$600000$c2FsdA$aGFzaA"
    database.execute("CREATE TABLE keys (id text PRIMARY KEY, made timestamptz DEFAULT now(), used timestamptz, hash text)")
    database.execute(f"INSERT INTO keys (id) VALUES ('{secret}')")
    tree = watching(database.dsn(), gateway=PLAIN)
    report = Keyshift().run("report", "--config", written(tmp_path / "k.yaml", tree))
    assert report.returncode == 69
    with Serve(tree, until="healthy") as serve:
        eventually(lambda: serve.errors(), 10, "the first poll")
        log = refused(serve)
        page = repr(serve.metrics())
    found = doctor(tree)
    assert "password hashes" in found.what("keys", "failure")
    for output in (report.stdout.decode(), report.stderr.decode(), log, page, json.dumps(found.findings)):
        assert secret not in output and "c2FsdA" not in output


def test_a_column_in_mixed_case_is_asked_for_in_quotes(database):
    database.execute('CREATE TABLE "Keys" ("Id" int, made timestamptz, used timestamptz, hash text)')
    assert "'\"Keys\"'" in doctor(watching(database.dsn(), gateway=PLAIN)).mend("keys", "failure")
    quoted = {**PLAIN, "table": '"Keys"'}
    assert "'\"Id\"'" in doctor(watching(database.dsn(), gateway=quoted)).mend("keys", "failure")


def test_a_key_that_a_view_shows_several_times_counts_once(database, tmp_path):
    keys_table(database, "NULL")
    database.execute("CREATE VIEW thrice AS SELECT k.* FROM keys k, generate_series(1, 3)")
    tree = watching(database.dsn(), gateway={**PLAIN, "table": "thrice"})
    report = Keyshift().run("report", "--config", written(tmp_path / "k.yaml", tree))
    assert b"Found 1 " in report.stdout and report.stdout.count(b"unnamed") == 1, report.stdout
    assert "ids are not unique" in doctor(tree).what("keys", "warning")


@pytest.mark.parametrize("made,used", [("timestamptz", "timestamp"), ("timestamp", "timestamptz"), ("date", "timestamp"), ("date", "date"), ("timestamp", "timestamp")])
def test_the_printed_index_serves_pulses_whatever_the_types(database, tmp_path, made, used):
    database.execute(f"CREATE TABLE keys (id serial PRIMARY KEY, made {made} DEFAULT now(), used {used}, hash text)")
    database.execute("INSERT INTO keys (made) SELECT now() - interval '90 days' FROM generate_series(1, 20000)")
    config = written(tmp_path / "sql.yaml", {"gateway": PLAIN})
    database.psql(Keyshift().run("sql", "index", "--config", config).stdout)
    database.execute("ANALYZE keys")
    tree = watching(database.dsn(), gateway=PLAIN, database_duty="0.1%", interval="100ms")
    scans = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'keyshift_legacy_activity'"
    with Serve(tree):
        eventually(lambda: database.execute(scans)[0][0] > 0, 30, "a pulse goes by the index")


def test_without_last_uses_the_verdict_is_unknown_and_says_what_to_do(database, tmp_path):
    keys_table(database, "NULL", "'a'")
    gateway = {**PLAIN, "columns": {**CUSTOM, "last_used_at": None}, "fallback": "present"}
    database.psql(Keyshift().run("sql", "index", "--config", written(tmp_path / "sql.yaml", {"gateway": gateway})).stdout)
    tree = {**watching(database.dsn(), gateway=gateway), "migration": {"drain_window": "1s", "dormant_after": "1s"}}
    with Serve(tree) as serve:
        assert serve.keys() == (1, 1)
        check = judged(serve, "no_live_use")
        assert check["outcome"] == "UNKNOWN" and "last_used_at: null" in check["evidence"]
        database.execute("DELETE FROM keys WHERE hash IS NULL")
        gone = lambda: serve.metric("keyshift_legacy_keys", phase="retired_in_use")  # noqa: E731
        eventually(lambda: gone() == 1, 10, "the deleted key may have been in use")
