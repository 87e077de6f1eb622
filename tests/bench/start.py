"""Start to the first answered scrape, and resident memory: the daemon on a small table.

The scrapes of the memory figures use one connection. For orientation a start of `keyshift --version` is timed in turn:
what the machine takes to load the program.
"""

import argparse
import http.client
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from harness.keyshift import binary_path
from harness.ports import free_port
from harness.process import CLEAN_ENVIRONMENT
from harness.scratch import scratch_directory
from bench.key_table import KeyTable, start_postgres
from bench.measure import MIB, Row, alternate, median, print_table, status_bytes
from bench.watch import use_binary

TARGET_MS = 25.0
TARGET_IDLE_MIB = 9
TARGET_SCRAPED_MIB = 12
SCRAPES = 1000


class Daemon:
    """`serve` without a configuration file, started without the harness's waiting."""

    def __init__(self, database_url: str):
        self.port = free_port()
        self._home = scratch_directory("bench-home")
        self._environment: Mapping[str, str] = {
            **CLEAN_ENVIRONMENT,
            "DATABASE_URL": database_url,
            "XDG_STATE_HOME": str(self._home),
        }

    def __enter__(self) -> "Daemon":
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            [str(binary_path()), "serve", f"--web.listen-address=127.0.0.1:{self.port}"],
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
    with Daemon(url) as daemon:
        daemon.first_answer_ms("/-/ready")
        time.sleep(2)
        idle = memory_row("resident, idle", daemon.pid, TARGET_IDLE_MIB)
        daemon.scrape(SCRAPES)
        return [idle, memory_row(f"resident, after {SCRAPES:,} scrapes", daemon.pid, TARGET_SCRAPED_MIB)]


def memory_row(title: str, pid: int, at_most: float) -> Row:
    note = f"{status_bytes(pid, 'RssAnon') / MIB:.3g} MiB of it its own, the rest pages of program and libraries"
    return Row(title, status_bytes(pid, "VmRSS") / MIB, "MiB", at_most=at_most, note=note)


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
