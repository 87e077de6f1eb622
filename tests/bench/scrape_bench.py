# SPDX-License-Identifier: Apache-2.0
"""Requests per second, latency and CPU per scrape of a running exporter, beside a peer that answers from a cache.

    scrape_bench.py URL --pid PID [--peer sql|node] [--rounds 3] [--seconds 3]

The peer is Debian's prometheus-sql-exporter, timer-driven, with as many series as a default keyshift has; `--peer node`
takes prometheus-node-exporter without collectors instead, the next nearest to a cached page. Both are driven by wrk from
one thread, in turn, in each round; what is printed are medians over the rounds, and ratios of these. Absolute figures
mean nothing on a shared machine. p99 on one connection is mostly the machine's: look at the peer's beside it.
"""

import argparse
import json
import re
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.measure import MIB, alternate, cpu_seconds, median, status_bytes
from harness.servers.postgres import Postgres
from harness.tools.ports import free_port
from harness.tools.process import Process, program
from harness.tools.scratch import scratch_directory

CONNECTIONS = (1, 8, 64)
ENCODINGS = ("identity", "gzip")
SERIES = 205  # of the peer, beside some 45 about itself
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
UNIT_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass
class Target:
    name: str
    url: str
    pid: int


@dataclass
class Figures:
    """Of one run of wrk, or the medians of several."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


def page(url: str, encoding: str = "identity") -> bytes:
    request = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
    with DIRECT.open(request, timeout=5) as reply:
        return reply.read()


def samples(url: str) -> int:
    return sum(1 for line in page(url).splitlines() if line and not line.startswith(b"#"))


def measure(target: Target, connections: int, encoding: str, seconds: int) -> Figures:
    command = [program("wrk"), "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-H", f"Accept-Encoding: {encoding}"]
    before = cpu_seconds(target.pid)
    output = subprocess.run([*command, target.url], capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(target.pid) - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{target.name} failed requests:\n{output}")

    def percentile(name: str) -> float:
        number, unit = re.search(rf"{name}%\s+([\d.]+)(us|ms|s)\b", output).groups()
        return float(number) * UNIT_MS[unit]

    requests = int(re.search(r"(\d+) requests in", output)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return Figures(rate, percentile("50"), percentile("99"), 1000 * spent / requests)


def medians(runs: list[Figures]) -> Figures:
    return Figures(*(median(values) for values in zip(*(vars(run).values() for run in runs))))


def start_sql_exporter() -> Target:
    """It runs one query now and then, and renders its last result at each scrape."""
    postgres = Postgres().start()
    url = postgres.dsn(sslmode="disable").replace("postgresql:", "postgres:")  # the only spelling it knows
    directory = scratch_directory("sql-exporter")
    query = f"SELECT 'postgres-main' AS source, 'phase_' || n AS phase, n * 1234.5 AS keys FROM generate_series(1, {SERIES}) n"
    described = {"name": "keys", "help": "Keys by phase.", "labels": ["source", "phase"], "values": ["keys"], "query": query}
    job = {"name": "keys", "interval": "5m", "connections": [url], "queries": [described]}
    (directory / "config.yml").write_text(json.dumps({"jobs": [job]}))
    port = free_port()
    argv = [program("prometheus-sql-exporter"), f"-config.file={directory}/config.yml", f"-web.listen-address=127.0.0.1:{port}"]
    return started("sql_exporter", argv, directory, port, b"sql_keys{")


def start_node_exporter() -> Target:
    directory = scratch_directory("node-exporter")
    port = free_port()
    argv = [program("prometheus-node-exporter"), "--collector.disable-defaults", f"--web.listen-address=127.0.0.1:{port}"]
    return started("node_exporter without collectors", argv, directory, port, b"go_goroutines ")


def started(name: str, argv: list[str], directory: Path, port: int, wanted: bytes) -> Target:
    process = Process(argv, log_path=directory / "log", cwd=directory)
    url = f"http://127.0.0.1:{port}/metrics"

    def serves() -> bool:
        try:
            return wanted in page(url)
        except OSError:
            return False

    process.wait_until(serves, 30, "serves its page")
    return Target(name, url, process.pid)


def describe(target: Target) -> None:
    sizes = ", ".join(f"{len(page(target.url, encoding))} bytes in {encoding}" for encoding in ENCODINGS)
    resident = status_bytes(target.pid, "VmRSS") / MIB
    print(f"{target.name}: {samples(target.url)} samples, {sizes}, {resident:.1f} MiB resident")


def compare(ours: Target, peer: Target, encoding: str, connections: int, rounds: int, seconds: int) -> list[Figures]:
    jobs = {target.name: partial(measure, target, connections, encoding, seconds) for target in (ours, peer)}
    runs = alternate(jobs, rounds)
    return [medians(runs[ours.name]), medians(runs[peer.name])]


def print_row(name: str, mine: Figures, its: Figures) -> None:
    cells = "  | ".join(
        f"{figures.requests_per_second:10.0f}{figures.p50_ms:9.3f}{figures.p99_ms:9.3f}{figures.cpu_ms:9.4f}"
        for figures in (mine, its)
    )
    ratios = f"{mine.requests_per_second / its.requests_per_second:8.1f}{its.cpu_ms / mine.cpu_ms:8.1f}"
    print(f"{name:24}{cells}  |{ratios}", flush=True)


def print_targets(results: dict[tuple[str, int], list[Figures]]) -> None:
    """Those of DESIGN.md, section 14."""
    one, eight, many = (results["identity", connections] for connections in CONNECTIONS)
    cpu = max(figures[0].cpu_ms for figures in results.values())
    ratio = eight[0].requests_per_second / eight[1].requests_per_second
    for what, value, reached in (
        ("at most 0.1 ms CPU per scrape, either encoding", cpu, cpu <= 0.1),
        ("1 connection: p50 at most 0.2 ms", one[0].p50_ms, one[0].p50_ms <= 0.2),
        ("1 connection: p99 at most 1 ms", one[0].p99_ms, one[0].p99_ms <= 1),
        ("8 connections: at least 15000 requests/s", eight[0].requests_per_second, eight[0].requests_per_second >= 15000),
        ("8 connections: at least 5 times the peer's requests/s", ratio, ratio >= 5),
        ("64 connections: p99 under 5 ms", many[0].p99_ms, many[0].p99_ms < 5),
    ):
        print(f"{'PASS' if reached else 'MISS'}  {what}: {value:.4g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the page, such as http://127.0.0.1:11947/metrics")
    parser.add_argument("--pid", type=int, required=True, help="of the exporter behind it")
    parser.add_argument("--peer", choices=("sql", "node"), default="sql")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    arguments = parser.parse_args()

    ours = Target("keyshift", arguments.url, arguments.pid)
    peer = start_sql_exporter() if arguments.peer == "sql" else start_node_exporter()
    for target in (ours, peer):
        describe(target)
    columns = f"{'req/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}"
    print(f"\n{'keyshift | peer | ratios':24}{columns}  |{columns}  |{'req/s':>8}{'CPU':>8}")
    results = {}
    for encoding, connections in product(ENCODINGS, CONNECTIONS):
        figures = compare(ours, peer, encoding, connections, arguments.rounds, arguments.seconds)
        print_row(f"{encoding}, {connections} connections", *figures)
        results[encoding, connections] = figures
    print()
    print_targets(results)
    print()
    for target in (ours, peer):
        describe(target)


if __name__ == "__main__":
    main()
