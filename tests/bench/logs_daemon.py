"""What following logs costs the daemon: memory while it reads a backlog, CPU while nothing happens, and how soon an
appended line is counted on /metrics."""

import http.client
import random
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from harness.product.keyshift import Serve
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually
from bench.logs_corpus import Corpus
from bench.measure import MIB, Row, print_table, status_bytes
from bench.watch import use_binary

FILES = 1_000
BACKLOG_BYTES = 1 << 30
LONG_LINE_BYTES = 100 << 20
APPENDS = 200
TARGET_MEMORY_MIB = 10
TARGET_CPU_PERCENT = 0.1
TARGET_LATENCY_MS = 5

LINE = '10.1.2.3 - - [{}] "POST /v1/models HTTP/1.1" 401 15 "-" "OpenAI/Python 1.54.3"\n'


def measure_daemon(binary: Path, corpus: Corpus, seconds: float) -> None:
    use_binary(binary)
    print_table(
        f"Following {FILES:,} logs, one collector, nginx combined",
        [*memory_rows(corpus), *idle_rows(seconds), *latency_rows()],
    )


class Following:
    """`serve` with a log directory of its own, and one connection to /metrics."""

    def __init__(self):
        self.logs = scratch_directory("bench-followed")
        collector = {"type": "access_log", "format": "nginx_combined", "input": {"files": [f"{self.logs}/*.log"]}}
        self.serve = Serve({"collectors": [collector]}, until="healthy")

    def __enter__(self) -> "Following":
        self.serve.start()
        self._connection = http.client.HTTPConnection("127.0.0.1", self.serve.port, timeout=30)
        return self

    def __exit__(self, *_) -> None:
        self._connection.close()
        self.serve.close()
        shutil.rmtree(self.logs)

    def lines(self) -> int:
        """Counted so far, whatever became of them."""
        return sum(int(value) for value in self._values(b"keyshift_log_lines_total{"))

    def requests(self) -> int:
        return sum(int(value) for value in self._values(b"keyshift_http_requests_total{"))

    def _values(self, start: bytes) -> Iterator[float]:
        self._connection.request("GET", "/metrics", headers={"Accept": "text/plain"})
        page = self._connection.getresponse().read()
        return (float(line.rpartition(b" ")[2]) for line in page.splitlines() if line.startswith(start))


# --- memory


def memory_rows(corpus: Corpus) -> list[Row]:
    with Following() as idle:
        (idle.logs / "access.log").write_text(LINE.format("18/Nov/2026:11:06:40 +0000"))
        eventually(lambda: idle.lines() == 1, 30, "the line is counted")
        time.sleep(1)
        resident = status_bytes(idle.serve.pid, "VmRSS")
    backlog = Following()
    expected = fill(backlog.logs, corpus)
    with backlog:
        eventually(lambda: backlog.lines() >= expected, 300, "the backlog is counted")
        assert backlog.lines() == expected, f"{backlog.lines():,} lines are counted of {expected:,}"
        peak = status_bytes(backlog.serve.pid, "VmHWM")
    note = f"idle {resident / MIB:.1f} MiB, at most {peak / MIB:.1f} MiB; {expected:,} lines"
    above = (peak - resident) / MIB
    return [Row(f"memory above idle, {FILES:,} files, 1 GiB", above, "MiB", at_most=TARGET_MEMORY_MIB, note=note)]


def fill(directory: Path, corpus: Corpus) -> int:
    """A GiB in FILES files, no two of which begin alike, one of them with a line of 100 MiB. How many lines it has."""
    pieces, rest, lines = iter(range(FILES - 1)), BACKLOG_BYTES - LONG_LINE_BYTES, 0
    size = rest // (FILES - 1)
    file = corpus.path.open("rb")
    for number in pieces:
        piece = file.read(size) + file.readline()
        if len(piece) < size:
            file.seek(0)
            file.readline()  # the second time round, files begin elsewhere
            piece = file.read(size) + file.readline()
        lines += piece.count(b"\n")
        (directory / f"{number}.log").write_bytes(piece)
    file.close()
    with (directory / "long.log").open("wb") as long:
        long.write(LINE.format("18/Nov/2026:11:06:40 +0000").encode())
        for _ in range(LONG_LINE_BYTES >> 20):
            long.write(b"x" * (1 << 20))
        long.write(b"\n")
    return lines + 2


# --- idle


def idle_rows(seconds: float) -> list[Row]:
    followed = Following()
    for number in range(FILES):
        (followed.logs / f"{number}.log").write_text(LINE.format(f"18/Nov/2026:11:06:{number % 60:02} +0000") * 3)
    with followed:
        eventually(lambda: followed.lines() == 3 * FILES, 60, "all lines are counted")
        time.sleep(2)
        before, began = cpu_nanoseconds(followed.serve.pid), time.monotonic()
        time.sleep(seconds)
        used = cpu_nanoseconds(followed.serve.pid) - before
        elapsed = time.monotonic() - began
    share = 100 * used / 1e9 / elapsed
    note = f"{used / 1e6:.1f} ms in {elapsed:.0f} s"
    return [Row(f"CPU, {FILES:,} idle logs", share, "%", at_most=TARGET_CPU_PERCENT, note=note)]


def cpu_nanoseconds(pid: int) -> int:
    """Of all its threads that still run: a finer account than the ticks of stat."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat"))


# --- latency


def latency_rows() -> list[Row]:
    """The time from the end of the write until an answer has it, one connection asking without a pause."""
    chance = random.Random(1)
    with Following() as followed:
        path = followed.logs / "access.log"
        path.write_text(LINE.format("18/Nov/2026:11:06:40 +0000"))
        eventually(lambda: followed.requests() == 1, 30, "the first line is counted")
        took = []
        with path.open("a", buffering=1) as log:
            for number in range(2, APPENDS + 2):
                time.sleep(chance.uniform(0.05, 0.15))
                log.write(LINE.format("18/Nov/2026:11:06:41 +0000"))
                written = time.perf_counter()
                while followed.requests() < number:
                    assert time.perf_counter() - written < 30, "a line was not counted within 30 s"
                took.append(1000 * (time.perf_counter() - written))
    quantiles = statistics.quantiles(took, n=100)
    note = f"p99 {quantiles[98]:.1f} ms, worst {max(took):.1f} ms, of {APPENDS} lines"
    return [Row("appended line to counter, p50", quantiles[49], "ms", at_most=TARGET_LATENCY_MS, note=note)]
