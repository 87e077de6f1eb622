# SPDX-License-Identifier: Apache-2.0
"""The harness's pg_stat_statements: kept, lost, evicted and hidden by the real one, imitated for other releases."""

import contextlib

import psycopg2
import pytest

from harness.servers import statements
from harness.servers.postgres import Database, Postgres
from harness.servers.statements import ImitatedStatements


def calls(database: Database, query: str) -> int:
    rows = database.execute("SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements WHERE query = %s", (query,))
    return rows[0][0]


def fetch(dsn: str, query: str) -> list[tuple]:
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_statistics_outlive_a_restart_but_neither_crash_nor_reset(own_postgres):
    database = own_postgres.create_database()
    marker = "SELECT $1 AS marker"
    for _ in range(3):
        database.execute("SELECT 7 AS marker")
    assert calls(database, marker) == 3
    own_postgres.restart()
    assert calls(database, marker) == 3
    own_postgres.restart("immediate")
    assert calls(database, marker) == 3
    database.execute("CREATE TABLE t AS SELECT 7 AS a")
    own_postgres.crash()
    assert calls(database, marker) == 0
    assert database.execute("SELECT a FROM t") == [(7,)]
    database.execute("SELECT 7 AS marker")
    assert calls(database, marker) == 1
    before = database.execute("SELECT stats_reset FROM pg_stat_statements_info")
    database.reset_statements()
    assert calls(database, marker) == 0
    assert database.execute("SELECT stats_reset FROM pg_stat_statements_info") > before


def test_a_small_table_of_statements_evicts():
    with Postgres(settings={"pg_stat_statements.max": "100"}) as server:
        database = server.create_database()
        database.execute("SELECT 7 + 1 AS marker")
        statements.crowd_out(database, 300)
        assert database.execute("SELECT count(*) <= 100 FROM pg_stat_statements") == [(True,)]
        assert database.execute("SELECT dealloc > 0 FROM pg_stat_statements_info") == [(True,)]
        assert calls(database, "SELECT $1 + $2 AS marker") == 0


def test_texts_of_other_roles_need_pg_read_all_stats(database):
    database.execute("SELECT 7 AS of_the_superuser")
    query = "SELECT DISTINCT query FROM pg_stat_statements WHERE query LIKE '%of\\_the\\_superuser' OR query LIKE '<%'"
    assert fetch(database.create_monitor(), query) == [("SELECT $1 AS of_the_superuser",)]
    assert fetch(database.create_monitor(grants=()), query) == [("<insufficient privilege>",)]


@pytest.mark.parametrize("version", [13, 14, 15, 16])
def test_the_columns_are_those_of_the_real_extension(postgres, version):
    """PostgreSQL 15 can create the extension as older releases had it."""
    database = postgres.create_database(extensions=())
    layout = statements.layout(version)
    database.execute("CREATE EXTENSION pg_stat_statements VERSION %s", (layout.extension,))
    assert statements.columns(database, "pg_stat_statements") == layout.statements
    has_info = database.execute("SELECT to_regclass('pg_stat_statements_info') IS NOT NULL")[0][0]
    assert has_info == (layout.info is not None)
    if has_info:
        assert statements.columns(database, "pg_stat_statements_info") == layout.info
    database.drop()


@pytest.mark.parametrize("version", statements.VERSIONS)
def test_an_imitation_has_the_columns_and_the_given_rows(database, version):
    imitated = ImitatedStatements(database, version)
    layout = statements.layout(version)
    assert statements.columns(database, imitated.name) == layout.statements
    first = imitated.add("SELECT 1", calls=5, rows=4)
    imitated.count(first, calls=2, rows=1)
    imitated.add("SELECT 2", calls=1)
    seen = fetch(
        database.dsn(options=f"-c search_path={imitated.schema},public"),
        "SELECT query, calls, rows, total_exec_time, d.datname FROM pg_stat_statements s"
        " JOIN pg_database d ON d.oid = s.dbid ORDER BY query",
    )
    assert seen == [("SELECT 1", 7, 5, 0.0, database.name), ("SELECT 2", 1, 0, 0.0, database.name)]
    imitated.evict(first)
    assert fetch(database.create_monitor(grants=()), f"SELECT query FROM {imitated.name}") == [("SELECT 2",)]
    if layout.info is not None:
        info = f"SELECT dealloc, stats_reset FROM {imitated.schema}.pg_stat_statements_info"
        (dealloc, before), = database.execute(info)
        imitated.reset()
        (dealloc_after, after), = database.execute(info)
        assert (dealloc, dealloc_after) == (1, 0) and after > before


def test_the_releases_differ_where_readers_stumble():
    names = {version: {name for name, _ in statements.layout(version).statements} for version in statements.VERSIONS}
    assert [version for version in names if "toplevel" not in names[version]] == [13]
    assert [version for version in names if "stats_since" in names[version]] == [17, 18]
    assert [version for version in names if "blk_read_time" in names[version]] == [13, 14, 15, 16]
    assert [version for version in names if statements.layout(version).info is None] == [13]
    assert [len(statements.layout(version).statements) for version in statements.VERSIONS] == [32, 33, 43, 43, 49, 52]
    assert all({"total_exec_time", "calls", "rows", "queryid", "query"} <= of for of in names.values())


def test_a_column_that_the_release_lacks_is_refused(database):
    with pytest.raises(AssertionError, match="stats_since"):
        ImitatedStatements(database, 15).add("SELECT 1", stats_since="now")
