"""A census of the key table beside psql's COPY of the same select, and the daemon's memory meanwhile.

A census is timed by the daemon itself, as keyshift_source_poll_duration_seconds: begin, copy, ledger, state, commit.
The peer is timed by psql on an open connection. They take turns, the daemon stopped while psql runs. What the tests of
the lookup hash cost is told by psql alone: the same select with no more than IS NULL in their place.
"""

import argparse
import math
import re
from pathlib import Path

from bench.key_table import KeyTable, start_postgres
from bench.measure import MIB, Row, median, print_table
from bench.psql import Psql
from bench.watch import Watch, use_binary

TARGET_RATIO = 1.5
TESTS_RATIO = 2.5
_TESTS = re.compile(r'CASE WHEN (k\."key_lookup_hash" IS NULL) THEN .*? END')
SMALL, SMALL_MIB = 1_000_000, 96  # up to so many keys, at most so much memory
LARGE_MIB = 256


class Census:
    """The measurements of one table."""

    def __init__(self, table: KeyTable, rounds: int):
        self.first: list[float] = []
        self.later: list[float] = []
        self.restarted: list[float] = []
        self.copy: list[float] = []
        self.tested: list[float] = []
        self.plain: list[float] = []
        self.first_peak = self.later_peak = self.resident = 0
        self._table = table
        self._select = self._captured()
        with Psql(table.url) as self._psql:
            warm = [self._psql.copy_seconds(self._select) for _ in range(2)]
            # So long that a census is due at every poll: the budget lets one take half of the time.
            self._interval = f"{math.ceil(4 * warm[-1] + 0.5)}s"
            for number in range(max(2, rounds // 2)):
                self._run(later=rounds if number == 0 else 0)
            plain, replaced = _TESTS.subn(r"\1", self._select)
            assert replaced == 1, self._select
            for _ in range(max(3, rounds)):
                self.tested.append(self._psql.copy_seconds(self._select))
                self.plain.append(self._psql.copy_seconds(plain))

    def _captured(self) -> str:
        """What the daemon sends for a census, from PostgreSQL's own account."""
        self._table.forget_statements()
        with Watch(self._table.url, interval="1h", timeout="1h"):
            selects = self._table.selects()
        (census,) = [select for select in selects if "WHERE" not in select]
        return census

    def _run(self, later: int) -> None:
        """One daemon with a state of its own, from its first census on, and once more after a restart."""
        with Watch(self._table.url, interval=self._interval, timeout="1h", database_duty="100%") as watch:
            self.first.append(watch.next_poll_seconds())
            self.first_peak = max(self.first_peak, watch.peak_bytes())
            watch.forget_peak()
            for _ in range(later):
                self.later.append(self._next_census_seconds(watch))
            self.later_peak = max(self.later_peak, watch.peak_bytes())
            self.resident = max(self.resident, watch.resident_bytes())
            self._take_turn(watch)
            watch.restart()
            self.restarted.append(watch.next_poll_seconds())

    def _next_census_seconds(self, watch: Watch) -> float:
        """On a busy machine a pulse may come first."""
        while True:
            self._take_turn(watch)
            self._table.forget_statements()
            took = watch.next_poll_seconds()
            if self._select in self._table.selects():
                return took

    def _take_turn(self, watch: Watch) -> None:
        watch.pause()
        self.copy.append(self._psql.copy_seconds(self._select))
        watch.resume()


def rows(title: str, table: KeyTable, census: Census) -> list[Row]:
    copy = median(census.copy)
    limit = SMALL_MIB if table.keys <= SMALL else LARGE_MIB
    return [
        Row(f"{title}: census", median(census.later), "s", copy, TARGET_RATIO, "peer: psql COPY of the same select"),
        Row("  the first, which fills the journal", median(census.first), "s", copy, TARGET_RATIO),
        Row("  the first after a restart", median(census.restarted), "s", copy, note="reads the journal back"),
        Row("  its select, psql alone", median(census.tested), "s", median(census.plain), TESTS_RATIO, "peer: IS NULL in place of the tests"),
        Row("  peak memory, first census", census.first_peak / MIB, "MiB", at_most=limit),
        Row("  peak memory, later ones", census.later_peak / MIB, "MiB", at_most=limit),
        Row("  resident between them", census.resident / MIB, "MiB", at_most=limit),
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--keys", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--shares", type=float, nargs="+", default=[0.6, 1.0], help="of legacy keys")
    given = options.parse_args()
    use_binary(given.binary)
    with start_postgres() as postgres:
        results: dict[int, float] = {}
        table_rows: list[Row] = []
        for keys in (given.keys // 10, given.keys):
            for share in given.shares if keys == given.keys else given.shares[:1]:
                table = KeyTable(postgres, keys, share)
                census = Census(table, given.rounds)
                table_rows += rows(f"{keys:,} keys, {share:.0%} legacy", table, census)
                results.setdefault(keys, median(census.later))
                table.database.drop()
        small, large = results.values()
        table_rows.append(
            Row("a key's share of a census", 1e6 * large / given.keys, "µs", 1e6 * small / (given.keys // 10), 1.3,
                f"linear: peer is the table of {given.keys // 10:,}")
        )
    print_table("Census", table_rows)


if __name__ == "__main__":
    main()
