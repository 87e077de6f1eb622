"""Start to the first answered scrape, and memory: the daemon on a small table.

The memory is of a daemon with the collectors keys and redis, as the kernel's smaps_rollup has it: while no other
keyshift runs, since a second one makes the program's pages look shared. The scrapes use one connection. For
orientation a start of `keyshift --version` is timed in turn: what the machine takes to load the program.
"""

import argparse
import http.client
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from harness.product.keyshift import binary_path
from harness.servers.redis import Redis
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT
from harness.tools.scratch import scratch_directory
from bench.key_table import KeyTable, start_postgres
from bench.measure import MIB, Row, alternate, median, print_table, smaps_bytes, status_bytes
from bench.watch import use_binary

TARGET_MS = 25.0
TARGET_IDLE_MIB = 4
TARGET_SCRAPED_MIB = 5
TARGET_PRIVATE_MIB = 11
SCRAPES = 1000


class Daemon:
    """`serve`, started without the harness's waiting; without a configuration unless given."""

    def __init__(self, database_url: str, configuration: str = ""):
        self.port = free_port()
        self._home = scratch_directory("bench-home")
        self._environment: Mapping[str, str] = {
            **CLEAN_ENVIRONMENT,
            "DATABASE_URL": database_url,
            "XDG_STATE_HOME": str(self._home),
        }
        self._options: list[str] = []
        if configuration:
            (self._home / "keyshift.yaml").write_text(f"{configuration}state: {{directory: {self._home}}}\n")
            self._options.append(f"--config={self._home / 'keyshift.yaml'}")

    def __enter__(self) -> "Daemon":
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            [str(binary_path()), "serve", f"--web.listen-address=127.0.0.1:{self.port}", *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(self._environment),
        )
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait(10)

    @property
    def pid(self) -> int:
        return self._process.pid

    def first_answer_ms(self, path: str = "/metrics") -> float:
        """From the start until `path` is answered with 200."""
        while time.perf_counter() - self.began < 10:
            try:
                if self.request(path) == 200:
                    return 1000 * (time.perf_counter() - self.began)
            except ConnectionRefusedError:
                pass
            time.sleep(0.0005)
        raise RuntimeError(f"no answer from {path} in 10 s")

    def request(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            return self._get(connection, path)
        finally:
            connection.close()

    def scrape(self, times: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        for _ in range(times):
            assert self._get(connection, "/metrics") == 200
        connection.close()

    @staticmethod
    def _get(connection: http.client.HTTPConnection, path: str) -> int:
        connection.request("GET", path, headers={"Accept": "text/plain"})
        response = connection.getresponse()
        response.read()
        return response.status


def start_ms(url: str, path: str = "/metrics", again: bool = False) -> float:
    """`again`: with the state of a run before."""
    daemon = Daemon(url)
    if again:
        with daemon:
            daemon.first_answer_ms("/-/ready")
    with daemon:
        return daemon.first_answer_ms(path)


def version_ms() -> float:
    began = time.perf_counter()
    subprocess.run([str(binary_path()), "--version"], stdout=subprocess.DEVNULL, env=CLEAN_ENVIRONMENT, check=True)
    return 1000 * (time.perf_counter() - began)


def start_rows(up: str, down: str, rounds: int) -> list[Row]:
    took = alternate(
        {
            "up": lambda: start_ms(up),
            "again": lambda: start_ms(up, again=True),
            "down": lambda: start_ms(down),
            "ready": lambda: start_ms(up, "/-/ready"),
            "version": version_ms,
        },
        rounds,
    )

    def row(title: str, name: str, judged: bool = True) -> Row:
        note = f"best {min(took[name]):.1f}, worst {max(took[name]):.1f}"
        return Row(title, median(took[name]), "ms", at_most=TARGET_MS if judged else None, note=note)

    return [
        row("first scrape, new state, source up", "up"),
        row("first scrape, state of before, source up", "again"),
        row("first scrape, new state, source down", "down"),
        row("ready, source up", "ready", False),
        row("keyshift --version", "version", False),
    ]


def memory_rows(url: str) -> list[Row]:
    with Redis() as redis:
        collectors = f"collectors: [{{type: keys}}, {{type: redis, url: '{redis.url()}'}}]\n"
        with Daemon(url, collectors) as daemon:
            daemon.first_answer_ms("/-/ready")
            time.sleep(2)
            rows = memory_rows_of(daemon.pid, "idle", TARGET_IDLE_MIB)
            daemon.scrape(SCRAPES)
            return rows + memory_rows_of(daemon.pid, f"after {SCRAPES:,} scrapes", TARGET_SCRAPED_MIB)


def memory_rows_of(pid: int, when: str, at_most: float) -> list[Row]:
    dirty, clean = (smaps_bytes(pid, f"Private_{kind}") / MIB for kind in ("Dirty", "Clean"))
    note = f"resident {status_bytes(pid, 'VmRSS') / MIB:.3g} MiB, with the pages of libraries"
    return [
        Row(f"private dirty memory, {when}", dirty, "MiB", at_most=at_most, note="keys and redis"),
        Row(f"private memory, {when}", dirty + clean, "MiB", at_most=TARGET_PRIVATE_MIB, note=note),
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--rounds", type=int, default=15)
    given = options.parse_args()
    use_binary(given.binary)
    with start_postgres() as postgres:
        table = KeyTable(postgres, 1000, 0.6)
        down = table.url.replace(f":{postgres.port}/", f":{free_port()}/")
        rows = start_rows(table.url, down, given.rounds) + memory_rows(table.url)
    print_table("Start and memory, keys collector, 1,000 keys", rows)


if __name__ == "__main__":
    main()
