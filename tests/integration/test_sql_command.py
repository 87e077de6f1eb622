# SPDX-License-Identifier: Apache-2.0
"""keyshift sql: what it prints is run by psql; the role it makes is enough for keyshift, and may do no more."""

import contextlib
import json
from collections.abc import Iterator

import psycopg2
import pytest

from gateway_sim import Planted, Seed, create_schema
from harness.product.counting import gateway_of, looking, run, settled
from harness.product.keyshift import Keyshift, Serve
from harness.product.least_privilege import drop_reader, prepared_by_sql
from harness.product.watching import KeyTable
from harness.servers.postgres import Database
from harness.tools.wait import eventually


@pytest.fixture
def planted(database: Database) -> Planted:
    return Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())


@pytest.fixture
def reader(database: Database) -> Iterator[None]:
    yield
    drop_reader(database)


def may_read(dsn: str, column: str) -> bool:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT {column} FROM virtual_keys LIMIT 1")
        except psycopg2.errors.InsufficientPrivilege:
            return False
    return True


@pytest.mark.parametrize("view", [True, False])
def test_the_printed_sql_is_enough_and_not_too_much(database, planted, reader, view):
    dsn = prepared_by_sql(database, *([] if view else ["role", "index", "statements"]))
    assert not may_read(dsn, "key_hash")
    assert may_read(dsn, "key_lookup_hash") == (not view)
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.Error):
            cursor.execute("UPDATE virtual_keys SET name = NULL" if not view else "DELETE FROM keyshift_keys")
    if not view:
        rows = json.loads(Keyshift().run("report", "--format", "json", env={"DATABASE_URL": dsn}).stdout)
        assert "@example.com" in json.dumps(rows), rows
    gateway_section = {"gateway": {"table": "keyshift_keys"}} if view else {}
    with gateway_of(database, "fallback") as gateway, Serve({**gateway_section, **looking(dsn)}) as serve:
        run(gateway, planted)
        assert settled(serve, gateway)["scans"] > 0
        legacy = database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")[0][0]
        eventually(lambda: serve.metric("keyshift_keys", state="legacy") == legacy, 10, "the keys are counted")


@pytest.mark.parametrize("view", [True, False])
def test_the_index_serves_the_pulse(database, reader, view):
    create_schema(database.dsn())
    KeyTable(database).fill(20_000, 20_000)
    dsn = prepared_by_sql(database, *([] if view else ["role", "index", "statements"]))
    gateway_section = {"gateway": {"table": "keyshift_keys"}} if view else {}
    tree = {**gateway_section, **looking(dsn, keys={"database_duty": "0.1%", "interval": "100ms"})}
    scans = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'keyshift_legacy_activity'"
    database.execute("ANALYZE virtual_keys")
    with Serve(tree):
        eventually(lambda: database.execute(scans)[0][0] > 0, 30, "a pulse goes by the index")


def test_sections_names_and_mistakes(tmp_path):
    everything = Keyshift().run("sql").stdout.decode()
    assert all(part in everything for part in ("CREATE ROLE", "CREATE VIEW", "CREATE INDEX", "CREATE EXTENSION"))
    assert "PASSWORD '" not in everything
    one = Keyshift().run("sql", "index").stdout.decode()
    assert "CREATE INDEX" in one and "CONCURRENTLY" in one and "CREATE ROLE" not in one
    config = tmp_path / "k.yaml"
    config.write_text(
        "gateway: {table: 'x.\"Key \"\"1\"\"\"', columns: {lookup_hash: '\"SHA\"', bcrypt_hash: null}}\n"
        "collectors: [{type: keys, database_url: 'postgres://h/d'}]\n"
    )
    other = Keyshift().run("sql", "--config", config).stdout.decode()
    assert 'ON "x"."Key ""1"""' in other and '"SHA" IS NULL AS legacy' in other and "bcrypt_cost" not in other
    assert "statements: {table: 'x.\"Key \"\"1\"\"\"'}" in other
    wrong = Keyshift().run("sql", "rolle")
    assert (wrong.returncode, wrong.stdout) == (64, b"") and b"role, view, index or statements" in wrong.stderr
