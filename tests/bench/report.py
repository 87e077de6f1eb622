"""`keyshift report` beside `psql -c "COPY ... TO STDOUT"` of the same rows in the same order: whole runs, from start to
end, both to /dev/null.

The peer runs the select that the report sends, so that both ask the same of the server. The text format shows four of
its columns only: a second peer, for orientation, copies just these.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from harness.product.keyshift import binary_path
from harness.tools.process import CLEAN_ENVIRONMENT
from bench.key_table import KeyTable, start_postgres
from bench.measure import MIB, Row, alternate, median, print_table, run_to_null
from bench.psql import copy_command
from bench.watch import use_binary

TARGET_RATIO = 1.5
TARGET_MIB = 32

_SHOWN = """SELECT id, coalesce(name, 'unnamed'), key_prefix, coalesce(user_id::text, 'system') FROM virtual_keys
            WHERE key_lookup_hash IS NULL ORDER BY created_at DESC, id"""


def captured(table: KeyTable) -> str:
    """What the report sends, from PostgreSQL's own account."""
    table.forget_statements()
    run_to_null([binary_path(), "report"], environment(table))
    (select,) = table.selects()
    return select


def environment(table: KeyTable) -> dict[str, str]:
    return {**CLEAN_ENVIRONMENT, "HOME": "/nonexistent", "DATABASE_URL": table.url}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--keys", type=int, default=1_000_000, help="all of them legacy")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    use_binary(given.binary)
    peaks: dict[str, int] = {}
    with start_postgres() as postgres:
        table = KeyTable(postgres, given.keys, 1.0)
        select = captured(table)

        def job(name: str, argv: list) -> Callable[[], float]:
            def run() -> float:
                finished = run_to_null(argv, environment(table))
                peaks[name] = max(peaks.get(name, 0), finished.peak_bytes)
                return finished.seconds

            return run

        commands = {
            "text": [binary_path(), "report"],
            "psql text": copy_command(table.url, select),
            "csv": [binary_path(), "report", "--format", "csv"],
            "psql csv": copy_command(table.url, select, "(FORMAT csv)"),
            "psql shown": copy_command(table.url, _SHOWN),
        }
        seconds = alternate({name: job(name, argv) for name, argv in commands.items()}, given.rounds)
    took = {name: median(values) for name, values in seconds.items()}
    rows = []
    for name in ("text", "csv"):
        peer = f"psql {name}"
        rows.append(Row(name, took[name], "s", took[peer], TARGET_RATIO, "peer: COPY of the same select"))
        if name == "text":
            shown = took["psql shown"]
            rows.append(Row("  four columns of it", took[name], "s", shown, note="peer: COPY of those shown"))
        memory = f"psql: {peaks[peer] / MIB:.3g} MiB"
        rows.append(Row("  peak memory", peaks[name] / MIB, "MiB", at_most=TARGET_MIB, note=memory))
    print_table(f"Report of {given.keys:,} legacy keys", rows)


if __name__ == "__main__":
    main()
