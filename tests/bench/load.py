"""The load that the daemon puts on the watched database: connections, and the share of the time that its own statements
take there, which `database_duty` bounds. PostgreSQL's own account of it.

Over a minute, on a table for which a census comes round several times in it.
"""

import argparse
import time
from pathlib import Path

from bench.key_table import READER, KeyTable, start_postgres
from bench.measure import MIB, Row, cpu_seconds, print_table
from bench.watch import Watch, use_binary

DUTY = 0.02  # the default

_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--keys", type=int, default=100_000)
    options.add_argument("--seconds", type=float, default=60.0)
    given = options.parse_args()
    use_binary(given.binary)
    with start_postgres() as postgres:
        table = KeyTable(postgres, given.keys, 0.6)
        most = 0
        with Watch(table.url, interval="1s", database_duty=f"{DUTY:%}") as watch:
            # From the end of a census on: as many censuses as rests between them.
            table.forget_statements()
            began = time.monotonic()
            cpu = cpu_seconds(watch.pid)
            while time.monotonic() - began < given.seconds:
                most = max(most, table.database.execute(_CONNECTIONS, (READER,))[0][0])
                time.sleep(0.5)
            cpu = cpu_seconds(watch.pid) - cpu
            elapsed = time.monotonic() - began
            statements = table.statements()
            peak = watch.peak_bytes()
    busy = sum(ms for _, _, ms in statements) / 1000.0
    censuses = sum(calls for text, calls, _ in statements if text.startswith("COPY (") and "WHERE" not in text)
    pulses = sum(calls for text, calls, _ in statements if text.startswith("COPY (") and "WHERE" in text)
    print_table(
        f"Load on the database over {elapsed:.0f} s, {given.keys:,} keys without the index, interval 1 s",
        [
            Row("connections at most", most, "", at_most=1),
            Row("share of the time in its statements", 100 * busy / elapsed, "%", at_most=100 * DUTY,
                note=f"{censuses} censuses, {pulses} pulses"),
            Row("the daemon's own CPU", 100 * cpu / elapsed, "% of a core", note=f"peak memory {peak / MIB:.3g} MiB"),
        ],
    )


if __name__ == "__main__":
    main()
