"""A pulse: what changed since the last look, in the database, with and without the index of docs, and through the
hash-free view. Of the legacy keys 1 % were used within the last hour.

The text of the query is the one that PostgreSQL received from the daemon; the moment since when it asks, a setting, is
put where the table's uses are, so that it finds what a pulse of a busy gateway would find.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

from bench.key_table import HASH_FREE_VIEW, READER, KeyTable, start_postgres
from bench.measure import Row, median, print_table
from bench.watch import Watch, use_binary

TARGET_MS = 10.0
INTERVAL_SECONDS = 30  # the default
LOOK_BACK_SECONDS = 3600  # and what a pulse looks back beyond it: gateway.last_used_delay
TARGET_MS_A_ROW = 0.003  # beyond the first thousand or so: 300 ms for 100,000

_VIEW_CONFIGURATION = {
    "table": "keyshift_keys",
    "columns": {"lookup_hash": None, "legacy": "legacy", "bcrypt_hash": None, "bcrypt_cost": "bcrypt_cost"},
}


@dataclass(frozen=True)
class Explained:
    """The median of many executions."""

    ms: float
    rows: int
    node: str
    pages: int


def product_query(table: KeyTable, gateway: dict | None = None) -> str:
    """The select of a pulse, as sent."""
    table.forget_statements()
    with Watch(table.url, gateway=gateway, interval="100ms", timeout="1h", database_duty="100%") as watch:
        watch.next_polls(3)
        pulses = [select for select in table.selects() if "WHERE" in select]
    return pulses[0]


def explain(table: KeyTable, select: str, look_back_seconds: int, executions: int) -> Explained:
    """Of `select` as it would have been `look_back_seconds` after the last use in the table."""
    results = []
    with table.session() as session:
        session.execute(
            "SELECT set_config('keyshift.since', (max(last_used_at) - %s * interval '1 second')::text, false) "
            "FROM virtual_keys",
            (look_back_seconds,),
        )
        session.execute(f"SET ROLE {READER}")
        for _ in range(executions):
            session.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {select}")
            results.append(session.fetchone()[0][0])
    plan = results[0]["Plan"]
    leaf = plan
    while "Plans" in leaf:
        leaf = leaf["Plans"][0]
    return Explained(
        median([result["Execution Time"] + result["Planning Time"] for result in results]),
        plan["Actual Rows"],
        leaf["Node Type"] + (f" of {leaf['Index Name']}" if "Index Name" in leaf else ""),
        plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
    )


def row(title: str, result: Explained, judged: bool = True) -> Row:
    note = f"{result.rows:,} rows, {result.pages:,} pages, {result.node}"
    at_most = max(TARGET_MS, TARGET_MS_A_ROW * result.rows)
    return Row(title, result.ms, "ms", at_most=at_most if judged else None, note=note)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--keys", type=int, default=1_000_000)
    options.add_argument("--executions", type=int, default=200)
    given = options.parse_args()
    use_binary(given.binary)
    with start_postgres() as postgres:
        table = KeyTable(postgres, given.keys, 0.6)
        window = INTERVAL_SECONDS + LOOK_BACK_SECONDS
        query = product_query(table)
        unindexed = explain(table, query, window, max(3, given.executions // 20))
        rows = [row("without the index", unindexed, False)]
        table.index_activity()
        rows.append(row("with the index", explain(table, query, window, given.executions)))
        rows.append(row("  nothing new", explain(table, query, 0, given.executions)))
        minutes = explain(table, query, 90, given.executions // 10)
        rows.append(row("  without looking back", minutes, False))
        for options_sql in ("", "WITH (security_barrier)"):
            table.database.execute("DROP VIEW IF EXISTS keyshift_keys")
            table.database.execute(HASH_FREE_VIEW.format(name="keyshift_keys", options=options_sql))
            table.database.execute(f"GRANT SELECT ON keyshift_keys TO {READER}")
            through = product_query(table, _VIEW_CONFIGURATION)
            name = "through the hash-free view" + (", security_barrier" if options_sql else "")
            rows.append(row(name, explain(table, through, window, given.executions)))
        rows.append(sent(table))
    print_table(f"Pulse over {given.keys:,} keys, {table.legacy:,} of them legacy; planning and execution", rows)


def sent(table: KeyTable, pulses: int = 20) -> Row:
    """How many entries of pg_stat_statements the daemon's pulses take up: one text, one entry."""
    table.forget_statements()
    with Watch(table.url, interval="100ms", timeout="1h", database_duty="100%") as watch:
        watch.next_polls(pulses)
    texts = [text for text, _, _ in table.statements() if "WHERE" in text and "greatest" in text]
    return Row("entries in pg_stat_statements", len(texts), "", at_most=1, note=f"after {pulses} pulses or more")


if __name__ == "__main__":
    main()
