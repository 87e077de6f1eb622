"""What the gateway's writes take behind PgBouncer in transaction pooling, with and without keyshift on the same pool of two.

Both share user and database. With keyshift means: `serve` with the collectors keys and statements, each of which polls
once a second, thirty and fifteen times as often as by default. The two take turns; each turn gives a 99th percentile.
"""

import argparse
import threading
import time
from pathlib import Path

import psycopg2

from bench.key_table import KeyTable, start_postgres
from bench.measure import Row, alternate, median, print_table
from bench.watch import use_binary
from harness.product.keyshift import Serve
from harness.servers.pgbouncer import PgBouncer

TARGET_RATIO = 1.1
_CLIENTS = 4
_PAUSE_SECONDS = 0.005


class Gateway:
    """Clients that write the last use of a key each, with a short pause between two writes."""

    def __init__(self, url: str, keys: list[str]):
        self.seconds: list[float] = []
        self.failures = 0
        self._url, self._keys = url, keys

    def write(self, writes: int) -> float:
        """So many writes; the 99th percentile of what one takes."""
        self.seconds = []
        threads = [threading.Thread(target=self._client, args=(key, writes // _CLIENTS)) for key in self._keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]

    def _client(self, key: str, writes: int) -> None:
        connection = psycopg2.connect(self._url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for _ in range(writes):
                began = time.perf_counter()
                try:
                    cursor.execute("UPDATE virtual_keys SET last_used_at = now() WHERE id = %s", (key,))
                except psycopg2.Error:
                    self.failures += 1
                self.seconds.append(time.perf_counter() - began)
                time.sleep(_PAUSE_SECONDS)
        connection.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--keys", type=int, default=10_000)
    options.add_argument("--writes", type=int, default=10_000, help="in each turn")
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    use_binary(given.binary)
    with start_postgres() as postgres:
        table = KeyTable(postgres, given.keys, 0.6)
        postgres.create_role("gateway", "the gateway's own", ["pg_read_all_stats"])
        table.database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO gateway")
        keys = [key for (key,) in table.database.execute(f"SELECT id::text FROM virtual_keys LIMIT {_CLIENTS}")]
        with PgBouncer(postgres) as bouncer:
            url = bouncer.behind(postgres.dsn("gateway", table.database.name))
            gateway = Gateway(url, keys)
            polls = [0.0]

            def beside_keyshift() -> float:
                source = {"database_url": url, "interval": "1s"}
                config = {"collectors": [{"type": "keys", **source}, {"type": "statements", **source}]}
                with Serve(config) as serve:
                    took = gateway.write(given.writes)
                    polls.append(serve.polls("keys") + serve.polls("statements"))
                    if serve.errors("keys") or serve.errors("statements"):
                        raise RuntimeError(f"keyshift had errors: {serve.log()}")
                return took

            gateway.write(given.writes)
            turns = {"beside": beside_keyshift, "alone": lambda: gateway.write(given.writes)}
            p99 = alternate(turns, given.rounds)
    print_table(
        f"{given.writes:,} writes of the gateway a turn, {given.keys:,} keys, PgBouncer with a pool of two",
        [
            Row("99th percentile of a write", 1000 * median(p99["beside"]), "ms", 1000 * median(p99["alone"]),
                TARGET_RATIO, f"peer: without keyshift; {sum(polls):.0f} polls"),
            Row("writes that failed", gateway.failures, "", at_most=0),
        ],
    )


if __name__ == "__main__":
    main()
