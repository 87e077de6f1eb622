# SPDX-License-Identifier: Apache-2.0
"""Corners of PostgreSQL: roles that do not inherit, schemas that may not be used, types over types, tables in parts, times
of two kinds, databases without an encoding. What is printed to be run is run."""

import re
import json
from pathlib import Path

import pytest
import yaml
from psycopg2 import sql

from harness.product.doctor import doctor
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import watching
from harness.servers.postgres import Database, Postgres
from harness.tools.wait import eventually

CUSTOM = {
    "id": "id",
    "created_at": "made",
    "last_used_at": "used",
    "lookup_hash": "hash",
    "bcrypt_hash": None,
    "owner": None,
    "name": None,
    "prefix": None,
    "expires_at": None,
    "blocked": None,
    "max_budget": None,
    "current_spend": None,
}
PLAIN = {"preset": "custom", "table": "keys", "columns": CUSTOM}
INDEXES = "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'keyshift_legacy_activity%'"


def config(path: Path, tree: dict) -> Path:
    path.write_text(yaml.safe_dump(tree))
    return path


def reported(dsn: str, tmp_path: Path, gateway: dict, *options: str) -> list[dict]:
    tree = {"gateway": gateway, "collectors": [{"type": "keys"}], "state": {"directory": str(tmp_path / "state")}}
    file = config(tmp_path / "report.yaml", tree)
    result = Keyshift().run("report", "--config", file, "--format", "json", *options, env={"DATABASE_URL": dsn})
    assert result.returncode == 0, result.stderr.decode()
    return json.loads(result.stdout)["keys"]


def fill(database: Database, rows: int, table: str = "keys") -> None:
    database.execute(
        f"INSERT INTO {table} (made, used) SELECT now() - interval '90 days', now() - interval '2 days' "
        f"FROM generate_series(1, {rows})"
    )


def test_a_schema_that_may_not_be_used_is_a_missing_right_in_every_command(database: Database, tmp_path):
    database.execute("CREATE SCHEMA vault; CREATE TABLE vault.keys (id int, made timestamptz, used timestamptz, hash text)")
    dsn = database.create_monitor(())
    tree = watching(dsn, gateway=PLAIN)
    grant = "GRANT USAGE ON SCHEMA \"vault\" TO"
    file = config(tmp_path / "k.yaml", tree)
    report = Keyshift().run("report", "--config", file)
    assert grant in report.stderr.decode(), report.stderr
    found = doctor(tree)
    assert found.of("keys", "failure")[0]["reason"] == "permission" and grant in found.mend("keys", "failure")
    with Serve(tree) as serve:
        errors = lambda reason: serve.metric("keyshift_source_errors_total", source="keys", reason=reason)  # noqa: E731
        eventually(lambda: errors("permission"), 10, "serve says permission")
        assert not errors("schema")
        role = dsn.split("//")[1].split(":")[0]
        database.execute(sql.SQL("GRANT USAGE ON SCHEMA vault TO {0}; GRANT SELECT ON vault.keys TO {0}").format(sql.Identifier(role)))
        # Its table is then found in no schema of the search path, and where it is is said.
        assert '"vault"."keys"' in doctor(tree).mend("keys", "failure")


@pytest.mark.parametrize("parameter", ["schema=vault", "currentSchema=vault,public", "search_path=vault", "options%5Bsearch_path%5D=vault"])
def test_a_client_s_parameter_chooses_the_table(database: Database, tmp_path, parameter):
    database.execute("CREATE TABLE keys (id int, made timestamptz, used timestamptz, hash text); INSERT INTO keys VALUES (1, now())")
    database.execute("CREATE SCHEMA vault; CREATE TABLE vault.keys (LIKE keys); INSERT INTO vault.keys VALUES (2, now()), (3, now())")
    assert [key["id"] for key in reported(database.dsn(), tmp_path, PLAIN)] == ["1"]
    keys = reported(f"{database.dsn()}?{parameter}&pgbouncer=true&connection_limit=1", tmp_path, PLAIN)
    assert sorted(key["id"] for key in keys) == ["2", "3"]
    missing = Keyshift().run("report", env={"DATABASE_URL": f"{database.dsn()}?schema=nowhere"})
    assert b"in a schema that schema of database_url names" in missing.stderr, missing.stderr


def test_the_printed_sql_is_about_the_table_that_the_url_chooses(database: Database, tmp_path):
    database.execute("CREATE SCHEMA vault; CREATE TABLE vault.keys (id int, made timestamptz, used timestamptz, hash text)")
    file = config(tmp_path / "k.yaml", {"gateway": PLAIN, "collectors": [{"type": "keys"}]})
    env = {"DATABASE_URL": f"{database.dsn()}?schema=vault"}
    role = f"corner_{database.name}"
    printed = Keyshift().run("sql", "--config", file, "--role", role, "role", "view", "index", env=env).stdout
    assert b'GRANT USAGE ON SCHEMA "vault"' in printed, printed
    try:
        database.psql(printed)
        assert database.execute(INDEXES) == [(1,)]
    finally:
        database.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


def test_what_doctor_says_lets_a_role_that_does_not_inherit_read_statements(database: Database):
    database.execute("CREATE TABLE keys (id int, made timestamptz, used timestamptz, hash text)")
    dsn = database.create_monitor(("SELECT ON keys",))
    role = dsn.split("//")[1].split(":")[0]
    database.execute(f'ALTER ROLE "{role}" NOINHERIT; GRANT pg_read_all_stats TO "{role}"')
    tree = {**watching(dsn, gateway=PLAIN)}
    tree["collectors"] = [*tree["collectors"], {"type": "statements", "database_url": dsn}]
    found = doctor(tree)
    assert found.of("statements", "failure")[0]["reason"] == "permission"
    for statement in found.sql("statements", "may not read the statements"):
        database.execute(statement)
    assert not doctor(tree).of("statements", "failure")


def test_domains_money_and_owners_of_any_case(database: Database, tmp_path):
    database.execute("CREATE EXTENSION citext; CREATE DOMAIN moment AS timestamptz; CREATE DOMAIN instant AS moment")
    database.execute("CREATE TABLE users (id citext PRIMARY KEY, mail citext); INSERT INTO users VALUES ('a@x', 'mail@example.com')")
    database.execute(
        "CREATE TABLE keys (id int PRIMARY KEY, made instant, used moment, hash text, owner citext, budget numeric, spend money)"
    )
    database.execute("INSERT INTO keys VALUES (1, now(), NULL, NULL, 'A@x', 5, 7), (2, NULL, NULL, NULL, 'a@X', 5, 1)")
    columns = {**CUSTOM, "owner": "owner", "max_budget": "budget", "current_spend": "spend"}
    gateway = {**PLAIN, "columns": columns, "users": {"table": "users", "id": "id", "email": "mail"}}
    state = {"directory": str(tmp_path / "state")}
    file = config(tmp_path / "k.yaml", {"gateway": gateway, "collectors": [{"type": "keys", "database_url": database.dsn()}], "state": state})
    result = Keyshift().run("report", "--config", file, "--format", "json", "--group-by", "owner")
    assert result.returncode == 0, result.stderr.decode()
    text = result.stdout.decode()
    assert text.count("mail@example.com") >= 1 and "null" in text and "1970" not in text, text
    keys = {key["id"]: key for key in reported(database.dsn(), tmp_path, gateway)}
    assert {key["owner_id"] for key in keys.values()} == {"a@x"}, "two spellings are one owner"
    assert keys["1"]["over_budget"] and not keys["2"]["over_budget"] and keys["2"]["created_at"] is None


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_names_that_are_no_utf8_end_nothing(postgres: Postgres, tmp_path, encoding):
    name = f"corner_{encoding.lower()}"
    postgres.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    database = Database(postgres, name)
    try:
        database.execute(
            "SET client_encoding = 'LATIN1'; CREATE TABLE keys (id text PRIMARY KEY, made timestamptz, used timestamptz, hash text, name text)"
        )
        database.execute("INSERT INTO keys VALUES ('a', now(), now(), NULL, convert_from('\\xffe9', getdatabaseencoding())), ('b', now(), now(), NULL, 'plain')")
        gateway = {**PLAIN, "columns": {**CUSTOM, "name": "name"}}
        names = {key["id"]: key["name"] for key in reported(database.dsn(), tmp_path, gateway)}
        assert names["b"] == "plain" and names["a"], names
        assert encoding != "LATIN1" or names["a"] == "ÿé"
        with Serve(watching(database.dsn(), gateway=gateway)) as serve:
            assert serve.keys() == (2, 0)
            database.execute("DELETE FROM keys WHERE id = 'a'")
            eventually(lambda: serve.keys() == (1, 0), 10, "the key with the strange name is gone")
    finally:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("preset", ["custom", "domains"])
def test_the_index_of_times_of_two_kinds_can_be_made(database: Database, tmp_path, preset):
    types = ("timestamp", "timestamptz") if preset == "custom" else ("local", "timestamptz")
    database.execute("CREATE DOMAIN local AS timestamp")
    database.execute(f"CREATE TABLE keys (id serial PRIMARY KEY, made {types[0]}, used {types[1]}, hash text)")
    fill(database, 20_000)
    file = config(tmp_path / "sql.yaml", {"gateway": PLAIN})
    database.psql(Keyshift().run("sql", "index", "--config", file).stdout)
    database.execute("ANALYZE keys")
    assert "an index makes" in doctor(watching(database.dsn(), gateway=PLAIN)).what("keys", "ok")


def test_the_preset_s_index_goes_by_what_the_columns_are(database: Database):
    database.execute("CREATE TABLE virtual_keys (id serial, created_at timestamp, last_used_at timestamptz, key_lookup_hash text)")
    database.psql(Keyshift().run("sql", "index").stdout)
    assert database.execute(INDEXES) == [(1,)]


def test_a_partitioned_table_gets_its_index_part_by_part(database: Database, tmp_path):
    database.execute(
        "CREATE TABLE keys (id serial, made timestamptz, used timestamptz, hash text, part int DEFAULT 1) PARTITION BY LIST (part);"
        "CREATE TABLE keys_1 PARTITION OF keys FOR VALUES IN (1) PARTITION BY RANGE (id);"
        "CREATE TABLE keys_1_1 PARTITION OF keys_1 FOR VALUES FROM (0) TO (60000);"
        "CREATE TABLE keys_1_2 PARTITION OF keys_1 FOR VALUES FROM (60000) TO (200000);"
        "CREATE TABLE keys_2 PARTITION OF keys FOR VALUES IN (2)"
    )
    fill(database, 120_000)
    # As autovacuum does it, never the table itself.
    database.execute("ANALYZE keys_1_1; ANALYZE keys_1_2")
    tree = watching(database.dsn(), gateway=PLAIN)
    assert re.search(r"keyshift sql --config \S+ index \| psql", doctor(tree).about("keys", "no index serves")["mend"])
    printed = Keyshift().run("sql", "index", "--config", config(tmp_path / "sql.yaml", {"gateway": PLAIN})).stdout
    database.psql(printed)
    # One of each leaf, of keys_1 and of the table, all valid.
    assert database.execute(
        "SELECT count(*), bool_and(i.indisvalid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname LIKE 'keys%' "
        "AND pg_get_indexdef(i.indexrelid) LIKE '%GREATEST%'"
    ) == [(5, True)]
    database.psql(printed)
    database.execute("ANALYZE keys")
    assert "an index makes" in doctor(tree).what("keys", "ok")


def test_a_flag_that_is_generated_and_virtual_has_no_index_and_needs_none(database: Database, tmp_path):
    if database.postgres.major_version() < 18:
        pytest.skip("machine: PostgreSQL 18 has virtual generated columns")
    database.execute(
        "CREATE TABLE keys (id serial PRIMARY KEY, made timestamptz, used timestamptz, hash text, old boolean GENERATED ALWAYS AS (hash IS NULL) VIRTUAL)"
    )
    fill(database, 110_000)
    database.execute("ANALYZE keys")
    gateway = {**PLAIN, "columns": {**CUSTOM, "legacy": "old", "lookup_hash": None}}
    found = doctor(watching(database.dsn(), gateway=gateway)).about("keys", "no index serves")
    assert "generated and virtual" in found["mend"] and "CREATE INDEX" not in found["mend"]
    file = config(tmp_path / "sql.yaml", {"gateway": gateway})
    database.psql(Keyshift().run("sql", "index", "--config", file).stdout)
    assert database.execute(INDEXES) == [(0,)]
    with Serve(watching(database.dsn(), gateway=gateway)) as serve:
        assert serve.keys() == (110_000, 0)


def test_a_temporal_key_is_told_of(database: Database):
    if database.postgres.major_version() < 18:
        pytest.skip("machine: PostgreSQL 18 has temporal keys")
    database.execute(
        "CREATE EXTENSION btree_gist; CREATE TABLE keys (id int, made timestamptz, used timestamptz, hash text, valid tstzrange, "
        "PRIMARY KEY (id, valid WITHOUT OVERLAPS))"
    )
    database.execute("INSERT INTO keys VALUES (1, now(), NULL, NULL, '[2020-01-01, 2021-01-01)'), (1, now(), NULL, NULL, '[2021-01-01,)')")
    found = doctor(watching(database.dsn(), gateway=PLAIN)).about("keys", "ids are not unique")
    assert "valid now" in found["mend"]
    with Serve(watching(database.dsn(), gateway=PLAIN)) as serve:
        assert serve.keys() == (1, 0)


def test_a_view_of_one_s_own_is_told_no_index_that_cannot_be_made(database: Database):
    database.execute("CREATE TABLE base (id serial PRIMARY KEY, made timestamptz, used timestamptz, hash text); CREATE VIEW keys AS SELECT * FROM base")
    fill(database, 110_000, "base")
    database.execute("ANALYZE base")
    found = doctor(watching(database.dsn(), gateway=PLAIN))
    assert "gateway.statements.table" in found.about("keys", "no index serves")["mend"]
    assert "CREATE INDEX" not in json.dumps(found.findings, ensure_ascii=False), found.findings


def test_sql_is_printed_before_there_is_a_database_url(tmp_path):
    file = config(tmp_path / "k.yaml", {"gateway": PLAIN, "collectors": [{"type": "keys"}, {"type": "statements"}]})
    for url in ("", "postgresql://u:S3cr3t@h/d?frobnicate=1"):
        result = Keyshift().run("sql", "--config", file, env={"DATABASE_URL": url} if url else {})
        assert result.returncode == 0 and b"CREATE ROLE" in result.stdout, result.stderr


def test_a_text_that_its_encoding_cannot_turn_into_utf8_has_a_way_out(postgres: Postgres, tmp_path):
    postgres.execute("CREATE DATABASE corner_win ENCODING 'WIN1252' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    database = Database(postgres, "corner_win")
    try:
        database.execute("CREATE TABLE keys (id text PRIMARY KEY, made timestamptz, used timestamptz, hash text, name text)")
        database.execute("SET client_encoding = 'WIN1252'; INSERT INTO keys VALUES ('a', now(), now(), NULL, convert_from('\\x81', 'WIN1252'))")
        gateway = {**PLAIN, "columns": {**CUSTOM, "name": "name"}}
        assert "name, prefix" in doctor(watching(database.dsn(), gateway=gateway)).mend("keys", "failure")
        assert [key["id"] for key in reported(database.dsn(), tmp_path, PLAIN)] == ["a"], "the way out"
    finally:
        postgres.execute("DROP DATABASE corner_win WITH (FORCE)")
