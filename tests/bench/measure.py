"""What the benchmarks share: medians, alternation, the memory of a process, and the table of results.

Nothing here is a test. The machine may be busy, so a figure stands only beside its peer's from the same run: both take
turns, and the ratio of their medians is what is held against the target.
"""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1024.0 * 1024.0

median = statistics.median


def alternate(jobs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Each job's results, one a round. The order turns round from one round to the next, so that nobody is always
    the one who comes first."""
    results: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds):
        order = list(jobs) if number % 2 == 0 else list(reversed(jobs))
        for name in order:
            results[name].append(jobs[name]())
    return results


# --- processes ---


def status_bytes(pid: int, field: str) -> int:
    """A size from /proc/PID/status, such as VmRSS (resident now) or VmHWM (at most, so far); 0 once it has ended."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def smaps_bytes(pid: int, field: str) -> int:
    """A size from /proc/PID/smaps_rollup, such as Private_Dirty."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"smaps_rollup has no {field}")


def forget_peak(pid: int) -> None:
    """VmHWM counts from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pid: int) -> float:
    """User and system time of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100.0


@dataclass(frozen=True)
class Finished:
    seconds: float
    peak_bytes: int


def run_to_null(argv: Sequence[object], environment: Mapping[str, str]) -> Finished:
    """Run a program to its successful end with its output thrown away: how long, and its resident memory at most.

    The memory is looked at 50 times a second, because the kernel's account of a child's peak begins with the
    parent's own.
    """
    peak = 0
    began = time.perf_counter()
    with subprocess.Popen(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(environment),
    ) as process:
        while True:
            peak = max(peak, status_bytes(process.pid, "VmHWM"))
            try:
                code = process.wait(0.02)
                break
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - began
        if code != 0:
            raise RuntimeError(f"{argv[0]} exited with {code}: {process.stderr.read().decode()}")
    return Finished(seconds, peak)


# --- results ---


@dataclass(frozen=True)
class Row:
    """One line of the table. Without a target it is there for orientation only."""

    work: str
    measured: float
    unit: str
    peer: float | None = None  # in the same unit
    at_most: float | None = None  # of the ratio to the peer where there is one, else of the measured value
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.measured / self.peer

    @property
    def verdict(self) -> str:
        if self.at_most is None:
            return ""
        value = self.measured if self.ratio is None else self.ratio
        if value <= self.at_most:
            return "PASS"
        return f"MISS by {100 * (value / self.at_most - 1):.0f} %"


_HEADINGS = ("work", "measured", "peer", "ratio", "target", "", "note")


def print_table(title: str, rows: Sequence[Row]) -> None:
    """To standard output, at once: a run is long and somebody is waiting."""
    cells = [_HEADINGS] + [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    print(f"\n{title}")
    for line in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip(), flush=True)


def _cells(row: Row) -> tuple[str, ...]:
    def quantity(value: float | None) -> str:
        return "" if value is None else f"{_number(value)} {row.unit}".rstrip()

    target = ""
    if row.at_most is not None:
        target = "<= " + (quantity(row.at_most) if row.ratio is None else f"{_number(row.at_most)} x")
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} x"
    return (row.work, quantity(row.measured), quantity(row.peer), ratio, target, row.verdict, row.note)


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
