# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with statistics, extensions and TLS on the PostgreSQL under test, beside what tests/integration has of
it for every server."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_sim import Planted, Seed, create_schema
from harness.product.counting import counted, done, gateway_of, looking, resets, run, settled, wait_for_a_look
from harness.product.doctor import doctor
from harness.product.keyshift import Keyshift, Serve
from harness.product.least_privilege import drop_reader, prepared_by_sql
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import WATCHERS, Database, Postgres, binary_directory
from harness.tools.wait import eventually

SCAN = "SELECT id, key_hash FROM virtual_keys"
# Those that PostgreSQL 9.6 and later have left.
VERSIONS = ("1.4", "1.7", "1.8", "1.9", "1.10", "1.11")
# The library of the server under test, and what it needs beside the system's.
CLIENT_LIBRARIES = ("libpq.so.5", "libssl.so.1.1", "libcrypto.so.1.1")


@pytest.fixture
def planted(database: Database) -> Planted:
    return Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())


# --- resets


def reset_one(database: Database, query: str) -> None:
    """Entries of one statement, as pg_stat_statements_reset(userid, dbid, queryid) takes them."""
    done = database.execute(
        "SELECT pg_stat_statements_reset(userid, dbid, queryid) FROM pg_stat_statements WHERE query ILIKE %s AND dbid = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())",
        (query,),
    )
    assert done


def test_a_reset_of_one_entry_is_noticed_and_nothing_steps_back(database: Database, planted: Planted):
    with gateway_of(database, "fallback") as gateway, Serve(looking(database.dsn())) as serve:
        run(gateway, planted)
        before = settled(serve, gateway)
        for number, query in enumerate(("%UPDATE virtual_keys%last_used_at%", "%FROM virtual_keys%key_lookup_hash = $1%"), 1):
            reset_one(database, query)
            eventually(lambda: resets(serve) >= number, 10, f"the reset of {query} is noticed")
            assert all(counted(serve)[name] >= before[name] for name in before)
        run(gateway, planted, seed=8)
        settled(serve, gateway)


def test_a_reset_of_one_entry_that_has_passed_its_old_count_is_told_from_17_on(database: Database):
    """Between two looks: as documented, no earlier release can tell, and then only what was lost is missing."""
    create_schema(database.dsn())
    database.execute(SCAN)
    with Serve(looking(database.dsn())) as serve:
        for _ in range(2):
            database.execute(SCAN)
        eventually(lambda: counted(serve)["scans"] == 2, 15, "both are counted")
        serve.stop()
        # 3 calls are there; 1 more is lost, 5 come after it.
        database.execute(SCAN)
        reset_one(database, "%SELECT id, key_hash FROM virtual_keys%")
        for _ in range(5):
            database.execute(SCAN)
        serve.start()
        told = database.postgres.major_version() >= 17
        expected = 2 + (5 if told else 2)
        eventually(lambda: counted(serve)["scans"] == expected, 15, f"{expected} scans, not {counted(serve)}")
        wait_for_a_look(serve)
        assert counted(serve)["scans"] == expected
        assert (resets(serve) > 0) == told


# --- an extension older than its library


def older_versions() -> list[str]:
    """Those that the server's files can make and that are not its own."""
    directory = binary_directory().parent / "share" / "postgresql" / "extension"
    if not directory.exists():  # as Debian has them
        directory = Path("/usr/share/postgresql") / binary_directory().parent.name / "extension"
    control = (directory / "pg_stat_statements.control").read_text()
    own = re.search(r"default_version = '([\d.]+)'", control).group(1)
    return [version for version in VERSIONS if VERSIONS.index(version) < (VERSIONS + (own,)).index(own)]


@pytest.mark.parametrize("version", older_versions())
def test_an_extension_that_pg_upgrade_left_counts_right_and_the_doctors_advice_mends_it(postgres: Postgres, version: str):
    database = postgres.create_database(extensions=())
    database.execute(f"CREATE EXTENSION pg_stat_statements VERSION '{version}'")
    planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
    try:
        with gateway_of(database, "fallback") as gateway, Serve(looking(database.dsn())) as serve:
            run(gateway, planted)
            before = settled(serve, gateway)
            assert before["scans"] > 0 and resets(serve) == 0
            found = doctor({"collectors": [{"type": "statements"}]}, DATABASE_URL=database.dsn())
            older = version in ("1.4", "1.7", "1.8") and postgres.major_version() >= 14
            assert (found.exit_code, "older" in found.what("statements", "warning")) == (0, older), found.findings
            for statement in found.sql("statements", "older") if older else ["ALTER EXTENSION pg_stat_statements UPDATE"]:
                database.execute(statement)
            after = doctor({"collectors": [{"type": "statements"}]}, DATABASE_URL=database.dsn())
            assert "older" not in after.what("statements", "warning")
            serve.restart()
            run(gateway, planted, seed=8)
            more = settled(serve, gateway)
            assert more["scans"] > before["scans"]
    finally:
        database.drop()


# --- identities


def test_two_rows_of_one_statement_are_added_up():
    """Of an older extension: what was sent, and what ran within a function."""
    with Postgres(settings={"pg_stat_statements.track": "all"}) as server:
        database = server.create_database(extensions=())
        database.execute("CREATE EXTENSION pg_stat_statements VERSION '1.8'")
        create_schema(database.dsn())
        database.execute(
            f"CREATE FUNCTION nested() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM 1; EXECUTE ''{SCAN}''; END'"
        )
        with Serve(looking(database.dsn())) as serve:
            for _ in range(3):
                database.execute(SCAN)
                database.execute("SELECT nested()")
            rows = database.execute(f"SELECT calls FROM pg_stat_statements WHERE query = '{SCAN}' ORDER BY 1")
            assert rows == ([(3,), (3,)] if server.major_version() >= 14 else [(6,)])
            eventually(lambda: counted(serve)["scans"] == 6, 15, f"6 scans, not {counted(serve)}")
            wait_for_a_look(serve)
            assert counted(serve)["scans"] == 6 and resets(serve) == 0


def test_tables_of_one_name_in_two_schemas_are_told_where_they_share_statements(database: Database, planted: Planted):
    other = "CREATE SCHEMA other; CREATE TABLE other.virtual_keys (LIKE public.virtual_keys)"
    database.execute(other)
    statements = {"collectors": [{"type": "statements"}]}
    shared = "a table of the same name" in doctor(statements, DATABASE_URL=database.dsn()).what("statements", "warning")
    assert shared == (database.postgres.major_version() >= 18)
    named = {**statements, "gateway": {"statements": {"roles": ["postgres"]}}}
    assert "same name" not in doctor(named, DATABASE_URL=database.dsn()).what("statements", "warning")
    for schema in ("public", "other"):
        database.execute(f"SET search_path = {schema}; SELECT blocked FROM virtual_keys WHERE name = 'x'")
    ids = database.execute(
        """SELECT count(DISTINCT queryid) FROM pg_stat_statements WHERE query LIKE 'SELECT blocked FROM virtual_keys%%'
           AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())""", ()
    )  # fmt: skip
    assert ids == [(1 if shared else 2,)], "as the server does it"


# --- crash


def test_a_crash_that_loses_the_statistics_is_noticed_by_the_reader(own_postgres: Postgres):
    database = own_postgres.create_database()
    planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
    tree = looking(prepared_by_sql(database))
    tree["gateway"] = {"table": "keyshift_keys", "statements": {"table": "virtual_keys"}}
    with Serve(tree) as serve:
        with gateway_of(database, "fallback") as gateway:
            run(gateway, planted)
            before = settled(serve, gateway)
            serve.wait_for_poll()
            keys = serve.keys()
        own_postgres.crash()
        eventually(lambda: resets(serve) == 1, 30, "the crash is noticed")
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 1, 30, "keys are read again")
        assert (counted(serve), serve.keys()) == (before, keys)
        with gateway_of(database, "fallback") as gateway:
            run(gateway, planted, seed=8)
            more = done(gateway)
            eventually(lambda: counted(serve) == {name: before[name] + more[name] for name in more}, 15, "it counts on")
    drop_reader(database)


# --- TLS


@pytest.fixture(scope="module")
def direct_tls() -> Iterator[Postgres]:
    with Postgres(ssl=True) as server:
        KeyTable(server.create_database("gateway")).add()
        yield server


@contextlib.contextmanager
def client_libraries(directory: Path) -> Iterator[dict[str, str]]:
    """An environment in which programs use the libpq of the server under test, and nothing else of it."""
    source = binary_directory().parent / "lib"
    for name in CLIENT_LIBRARIES:
        if (source / name).exists():
            (directory / name).symlink_to(source / name)
    yield {"LD_LIBRARY_PATH": str(directory)}


def test_tls_without_a_round_of_asking(direct_tls: Postgres, tmp_path: Path):
    """sslnegotiation=direct, by the server's own libpq: Debian 12's does not know it."""
    root = direct_tls.certificate.certificate
    dsn = direct_tls.dsn(database="gateway", sslmode="verify-full", sslrootcert=root, sslnegotiation="direct")
    with client_libraries(tmp_path) as libraries:
        assert Keyshift().run("report", env={**libraries, "DATABASE_URL": dsn}).returncode == 0
        with Serve(watching(dsn), env=libraries) as serve:
            serve.wait_for_poll()
            assert (serve.keys(), serve.errors()) == ((1, 0), {})
            query = f"SELECT ssl FROM pg_stat_ssl WHERE pid IN (SELECT pid {WATCHERS})"
            assert direct_tls.execute(query) == [(True,)]


def test_a_libpq_that_does_not_know_it_is_named(direct_tls: Postgres):
    dsn = direct_tls.dsn(database="gateway", sslmode="require", sslnegotiation="direct")
    result = Keyshift().run("report", env={"DATABASE_URL": dsn})
    known = result.returncode == 0
    assert known or (result.returncode == 78 and b"sslnegotiation" in result.stderr), result.stderr
