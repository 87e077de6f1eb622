# SPDX-License-Identifier: Apache-2.0
"""pg_stat_statements as other releases of PostgreSQL show it, and ways to make the real one forget.

`tests/fixtures/statements` holds the columns of its views from PostgreSQL 13 to 18. What a reader meets:

- 13: no `toplevel`, no pg_stat_statements_info, so neither evictions nor resets can be seen there;
- 14: `toplevel` and pg_stat_statements_info came; 15 and 16: temp_blk_*_time and jit_* came;
- 17: blk_read_time and blk_write_time are now shared_blk_*_time, beside local_blk_*_time; jit_deform_*; `stats_since`
  says since when an entry counts, and `minmax_stats_since`;
- 18: wal_buffers_full and parallel_workers_*.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2 import sql

from harness.servers.postgres import Database

Columns = list[tuple[str, str]]

VERSIONS = (13, 14, 15, 16, 17, 18)

_FIXTURES = Path(__file__).parents[2] / "fixtures" / "statements"
_SUPERUSER_OID = 10


@dataclass(frozen=True)
class Layout:
    """Names and types of the views' columns, and the extension's version. `info` is None where there is no such
    view."""

    extension: str
    statements: Columns
    info: Columns | None


def layout(version: int) -> Layout:
    """Of a major version of PostgreSQL."""
    tree = json.loads((_FIXTURES / f"postgresql_{version}.json").read_text())
    info = tree["pg_stat_statements_info"]
    return Layout(tree["extension"], _columns(tree["pg_stat_statements"]), None if info is None else _columns(info))


def columns(database: Database, view: str) -> Columns:
    """Of a view or table that is there, in the notation of `Layout`."""
    rows = database.execute(
        """SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
           WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum""",
        (view,),
    )
    return _columns(rows)


class ImitatedStatements:
    """The views of PostgreSQL `version` in the schema `schema` of a real database, readable by all, with rows that the
    test gives. A reader finds them by a search_path that begins with the schema, or by name."""

    def __init__(self, database: Database, version: int, schema: str | None = None):
        self.database = database
        self.schema = schema or f"stat_{version}"
        self._layout = layout(version)
        self._next_queryid = 1
        database.execute(self._sql("CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO PUBLIC"))
        self._create("pg_stat_statements", self._layout.statements)
        if self._layout.info is not None:
            self._create("pg_stat_statements_info", self._layout.info)
            database.execute(self._sql("INSERT INTO {schema}.pg_stat_statements_info VALUES (0, now())"))

    @property
    def name(self) -> str:
        return f"{self.schema}.pg_stat_statements"

    def add(self, query: str | None, **values: Any) -> int:
        """One entry, of the superuser in this database unless told otherwise; its queryid. What is not given is 0."""
        row = {**self._defaults(), "query": query, **values}
        unknown = row.keys() - {name for name, _ in self._layout.statements}
        assert not unknown.intersection(values), f"this version has no columns {unknown}"
        known = [name for name in row if name not in unknown]
        statement = sql.SQL("INSERT INTO {}.pg_stat_statements ({}) VALUES ({})").format(
            sql.Identifier(self.schema),
            sql.SQL(", ").join(map(sql.Identifier, known)),
            sql.SQL(", ").join(sql.Placeholder() * len(known)),
        )
        self.database.execute(statement, [row[name] for name in known])
        return row["queryid"]

    def replace(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """These entries and no others; nothing else tells a reader."""
        self.database.execute(self._sql("DELETE FROM {schema}.pg_stat_statements"))
        for row in rows:
            self.add(**row)

    def count(self, queryid: int, calls: int, rows: int) -> None:
        """An entry's statement ran so often more."""
        update = "UPDATE {schema}.pg_stat_statements SET calls = calls + %s, rows = rows + %s WHERE queryid = %s"
        self.database.execute(self._sql(update), (calls, rows, queryid))

    def evict(self, queryid: int) -> None:
        """Drop an entry as happens when there are too many."""
        self.database.execute(self._sql("DELETE FROM {schema}.pg_stat_statements WHERE queryid = %s"), (queryid,))
        self._tell("dealloc = dealloc + 1")

    def reset(self) -> None:
        """As pg_stat_statements_reset()."""
        self.replace([])
        self._tell("dealloc = 0, stats_reset = now()")

    def _tell(self, change: str) -> None:
        if self._layout.info is not None:
            self.database.execute(self._sql("UPDATE {schema}.pg_stat_statements_info SET " + change))

    def _create(self, view: str, of: Columns) -> None:
        fields = (
            sql.SQL("{} {}{}").format(sql.Identifier(name), sql.SQL(kind), sql.SQL(_default(kind))) for name, kind in of
        )
        create = "CREATE TABLE {schema}.{view} ({fields}); GRANT SELECT ON {schema}.{view} TO PUBLIC"
        self.database.execute(self._sql(create, view=sql.Identifier(view), fields=sql.SQL(", ").join(fields)))

    def _defaults(self) -> dict[str, Any]:
        dbid = self.database.execute("SELECT oid FROM pg_database WHERE datname = current_database()")[0][0]
        queryid, self._next_queryid = self._next_queryid, self._next_queryid + 1
        return {"userid": _SUPERUSER_OID, "dbid": dbid, "toplevel": True, "queryid": queryid}

    def _sql(self, text: str, **parts: sql.Composable) -> sql.Composed:
        return sql.SQL(text).format(schema=sql.Identifier(self.schema), **parts)


def crowd_out(database: Database, statements: int) -> None:
    """Run so many different statements that a real, small pg_stat_statements evicts what was seldom run.

    Neither names nor constants make a difference to it, but the types of constants do.
    """
    kinds = {"0": "1", "1": "'a'"}
    lists = (", ".join(kinds[bit] for bit in f"{number:b}") for number in range(statements))
    database.execute(";".join(f"SELECT {constants}" for constants in lists))


def _columns(pairs: Iterable[Iterable[str]]) -> Columns:
    return [(name, kind) for name, kind in pairs]


def _default(kind: str) -> str:
    return {"oid": "", "text": "", "boolean": "", "timestamp with time zone": " DEFAULT now()"}.get(kind, " DEFAULT 0")
