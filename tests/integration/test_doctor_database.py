# SPDX-License-Identifier: Apache-2.0
"""keyshift doctor on PostgreSQL: what it says mends a fault does mend it, on a real server."""

import json
import re
from collections.abc import Iterator

import psycopg2
import pytest

from gateway_sim import Seed
from harness.product.doctor import doctor
from harness.product.keyshift import Keyshift
from harness.product.watching import KeyTable
from harness.servers.postgres import Database, Postgres
from harness.tools import leaks
from harness.tools.wait import eventually

KEYS = {"collectors": [{"type": "keys"}]}
STATEMENTS = {"collectors": [{"type": "statements"}]}


@pytest.fixture(scope="module")
def planted(postgres: Postgres) -> Iterator[Database]:
    """One database for all tests, which leave its tables as they were."""
    database = postgres.create_database()
    Seed(seed=7, owners=2, keys_per_owner=1).plant(database.dsn())
    yield database
    database.drop()


@pytest.fixture
def role(planted: Database) -> Iterator[str]:
    """A role without any right."""
    planted.postgres.create_role("watcher", "watcher's password")
    yield "watcher"
    planted.postgres.drop_role("watcher", planted.name)


def mend(database: Database, statements: list[str]) -> None:
    """As a database administrator does, outside of any transaction."""
    for statement in statements:
        database.execute(statement)


def test_rights_are_asked_for_one_by_one_until_it_works(planted: Database, role: str):
    dsn = planted.dsn(role)
    planted.execute("ALTER TABLE virtual_keys ENABLE ROW LEVEL SECURITY")
    planted.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    try:
        steps = ["a schema that it may not use", "may not read column", "row-level security"]
        for step in steps:
            seen = doctor(KEYS, DATABASE_URL=dsn)
            failed = seen.of("keys", "failure")
            assert seen.exit_code == 69 and failed[-1]["reason"] == "permission"
            assert step in failed[-1]["what"] + failed[-1]["mend"]
            mend(planted, seen.sql("keys", failed[-1]["what"]))
        seen = doctor(KEYS, DATABASE_URL=dsn)
        assert seen.exit_code == 0 and seen.of("keys", "warning") == []
        assert "may neither change the key table nor read its bcrypt hashes" in seen.what("keys", "ok")
    finally:
        planted.execute("ALTER TABLE virtual_keys DISABLE ROW LEVEL SECURITY")
        planted.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")


def test_another_schema_has_the_table(planted: Database):
    tree = {**KEYS, "gateway": {"table": "elsewhere.virtual_keys"}}
    planted.execute("CREATE SCHEMA elsewhere")
    try:
        seen = doctor(tree, DATABASE_URL=planted.dsn())
        assert 'set gateway.table: "public"."virtual_keys"' in seen.mend("keys", "failure")
        tree["gateway"]["table"] = seen.mend("keys", "failure").split("gateway.table: ")[1]
        assert doctor(tree, DATABASE_URL=planted.dsn()).exit_code == 0
    finally:
        planted.execute("DROP SCHEMA elsewhere")


@pytest.mark.parametrize("to", ["watcher", "PUBLIC"])
def test_more_rights_than_needed(planted: Database, role: str, to: str):
    planted.execute(f"GRANT SELECT, DELETE ON virtual_keys TO {to}; GRANT UPDATE (name) ON virtual_keys TO {to}")
    dsn = planted.dsn(role)
    seen = doctor(KEYS, DATABASE_URL=dsn)
    assert seen.exit_code == 0 and len(seen.of("keys", "warning")) == 2
    mend(planted, seen.sql("keys", "may change public.virtual_keys"))
    mend(planted, seen.sql("keys", "may read the bcrypt hashes in public.virtual_keys"))
    seen = doctor(KEYS, DATABASE_URL=dsn)
    assert seen.exit_code == 0 and seen.of("keys", "warning") == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), psycopg2.connect(dsn) as connection:
        connection.cursor().execute("SELECT key_hash FROM virtual_keys")


@pytest.mark.parametrize("how", ["superuser", "owner", "member"])
def test_a_role_that_is_not_keyshifts_own(planted: Database, role: str, how: str):
    planted.postgres.create_role("boss", "boss's password", ["SELECT, DELETE ON virtual_keys"], planted.name)
    if how == "superuser":
        planted.execute("ALTER ROLE watcher SUPERUSER")
    elif how == "owner":
        planted.execute("ALTER TABLE virtual_keys OWNER TO watcher")
    else:
        planted.execute("GRANT boss TO watcher")
    try:
        seen = doctor(KEYS, DATABASE_URL=planted.dsn(role))
        assert seen.exit_code == 0
        advice = seen.of("keys", "warning")[0]["mend"]
        assert re.search(rf"keyshift sql --config \S+ \| psql -d {planted.name}\n", advice) and "\\password keyshift" in advice
    finally:
        planted.execute("ALTER TABLE virtual_keys OWNER TO postgres")
        planted.postgres.drop_role("boss", planted.name)


def test_a_view_that_is_older_than_the_configuration(planted: Database, tmp_path):
    gateway = {"table": "public.keyshift_keys", "statements": {"table": "public.virtual_keys"}}
    tree = {"gateway": gateway, **KEYS}
    try:
        planted.execute("CREATE VIEW keyshift_keys AS SELECT id, created_at FROM virtual_keys")
        planted.postgres.create_role("keyshift", "keyshift's password")
        seen = doctor(tree, DATABASE_URL=planted.dsn())
        wanted = rf"run: keyshift sql --config \S+ view \| psql -d {planted.name}"
        assert seen.exit_code == 69 and re.search(wanted, seen.mend("keys", "failure"))
        (tmp_path / "k.yaml").write_text(json.dumps(tree))
        sql = Keyshift().run("sql", "view", "--config", tmp_path / "k.yaml", env={"DATABASE_URL": planted.dsn()})
        planted.psql(sql.stdout)
        assert doctor(tree, DATABASE_URL=planted.dsn("keyshift")).exit_code == 0
    finally:
        planted.execute("DROP VIEW IF EXISTS keyshift_keys, keyshift_keys_shared")
        planted.postgres.drop_role("keyshift", planted.name)


def test_the_role_of_its_own(planted: Database):
    planted.psql(Keyshift().run("sql", "role").stdout)
    try:
        planted.execute("ALTER ROLE keyshift PASSWORD 'a password of its own'")
        leaks.secret("a password of its own")
        dsn = planted.dsn().replace(planted.dsn().split("//")[1].split("@")[0], "keyshift:a%20password%20of%20its%20own")
        seen = doctor(KEYS, DATABASE_URL=dsn)
        assert seen.exit_code == 0 and seen.of("keys", "warning") == [], seen.findings
    finally:
        planted.execute("DROP OWNED BY keyshift; DROP ROLE keyshift")


def test_who_is_not_let_in(planted: Database, role: str):
    wrong = planted.dsn(role).replace("watcher%27s", leaks.secret("nobodys"))
    seen = doctor(KEYS, DATABASE_URL=wrong)
    assert seen.exit_code == 69 and '\\password "watcher"' in seen.mend("keys", "failure")
    assert seen.of("keys", "failure")[0]["reason"] == "auth"
    planted.execute(f'REVOKE CONNECT ON DATABASE "{planted.name}" FROM PUBLIC')
    seen = doctor(KEYS, DATABASE_URL=planted.dsn(role))
    mend(planted, seen.sql("keys", "permission denied for database"))
    assert "may not read column" in doctor(KEYS, DATABASE_URL=planted.dsn(role)).what("keys", "failure")


def test_names_that_lead_nowhere(planted: Database):
    seen = doctor(KEYS, DATABASE_URL="postgresql://watcher@no-such-host.invalid/gateway")
    assert seen.of("keys", "failure")[0]["reason"] == "connect" and "host name" in seen.mend("keys", "failure")
    seen = doctor(KEYS, DATABASE_URL=planted.postgres.dsn(database="nothing"))
    assert seen.of("keys", "failure")[0]["reason"] == "schema" and "database name" in seen.mend("keys", "failure")


def test_a_large_table_without_an_index(postgres: Postgres):
    database = postgres.create_database()
    KeyTable(database).fill(legacy=100, modern=20_000)
    database.execute("ANALYZE virtual_keys")
    # As if it had that many rows.
    database.execute("SET allow_system_table_mods = on; UPDATE pg_class SET reltuples = 200000 WHERE relname = 'virtual_keys'")
    seen = doctor(KEYS, DATABASE_URL=database.dsn())
    assert seen.exit_code == 0 and "some 200000 rows" in seen.what("keys", "warning")
    mend(database, seen.sql("keys", "no index serves the polls of what changed"))
    database.execute("ANALYZE virtual_keys")
    assert "an index makes polls" in doctor(KEYS, DATABASE_URL=database.dsn()).what("keys", "ok")
    database.psql(Keyshift().run("sql", "index").stdout)
    assert database.execute("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'keyshift%'") == [(1,)], "the same"
    database.drop()


def test_statements_are_mended_step_by_step():
    """From a server that counts none to one that has room for all, and then its standby."""
    settings = {
        "shared_preload_libraries": "auto_explain",
        "compute_query_id": "off",
        "pg_stat_statements.track": "none",
        "pg_stat_statements.max": "100",
    }
    with Postgres(settings=settings) as server:
        database = server.create_database(extensions=[])
        Seed(seed=7, owners=2, keys_per_owner=1).plant(database.dsn())
        database.execute("CREATE ROLE watcher LOGIN PASSWORD 'watching'; GRANT pg_read_all_settings TO watcher")
        leaks.secret("watching")
        dsn = f"postgresql://watcher:watching@127.0.0.1:{server.port}/{database.name}"

        def is_mended(part: str) -> bool:
            return part not in json.dumps(doctor(STATEMENTS, DATABASE_URL=dsn).findings)

        def step(part: str, *, restart: bool = False) -> None:
            seen = doctor(STATEMENTS, DATABASE_URL=dsn)
            assert seen.exit_code == 69, part
            mend(database, seen.sql("statements", part))
            if restart:
                server.restart()
            # A server that was told to read its configuration does so a little later.
            eventually(lambda: is_mended(part), 10.0, f"mended: {part}")

        step("pg_stat_statements is not loaded", restart=True)
        assert database.execute("SHOW shared_preload_libraries") == [("auto_explain, pg_stat_statements",)]
        step("the extension pg_stat_statements is not in this database")
        step("pg_stat_statements.track is none")
        step("may not read the statements of other users")
        step("no statement is counted, for want of query ids")
        database.execute("; ".join("SELECT " + ", ".join(["1"] * i) for i in range(1, 150)))
        seen = doctor(STATEMENTS, DATABASE_URL=dsn)
        assert seen.exit_code == 0
        mend(database, seen.sql("statements", "for want of room"))
        server.restart()
        seen = doctor(STATEMENTS, DATABASE_URL=dsn)
        assert seen.exit_code == 0 and "has room, and has dropped statements" in seen.what("statements", "ok")
        database.execute("GRANT SELECT ON virtual_keys TO watcher")
        database.execute(
            "SET allow_system_table_mods = on; UPDATE pg_class SET reltuples = 200000 WHERE relname = 'virtual_keys'"
        )
        server.stop()
        server.become_standby()
        server.start()
        seen = doctor({"collectors": [{"type": "keys"}, {"type": "statements"}]}, DATABASE_URL=dsn)
        assert "a standby that does not stream, and no commit" in seen.what("keys", "failure")
        assert "a standby: its statistics do not hold" in seen.what("statements", "failure")
        mend(database, seen.sql("keys", "cancels a census that holds up its replay for more than 30s"))
        assert "cancels" not in doctor(KEYS, DATABASE_URL=dsn).what("keys", "warning")
