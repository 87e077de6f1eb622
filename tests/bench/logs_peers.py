"""The peers that count lines of a log, from Debian, and how they and keyshift are run: each pinned to one core."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.tools.process import CLEAN_ENVIRONMENT, program
from bench.logs_corpus import FAILURES, Corpus
from bench.measure import median, status_bytes

CORE = "1"
ROUNDS = 3
SLOW_SECONDS = 10.0  # what takes longer for a part of the corpus is run once


@dataclass(frozen=True)
class Run:
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


@dataclass(frozen=True)
class Speed:
    """Medians of some runs over `lines` lines."""

    lines: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    runs: int
    output: str  # of the last run

    @property
    def million_lines_a_cpu_second(self) -> float:
        return self.lines / self.cpu_seconds / 1e6


def run_pinned(argv: Sequence[object], environment: Mapping[str, str] | None = None) -> Run:
    """On one core to its end; exit code 1 is grep's way to say that nothing matched."""
    words = [program("taskset"), "-c", CORE, *(str(word) for word in argv)]
    began = time.perf_counter()
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**CLEAN_ENVIRONMENT, **(environment or {})},
    )
    peak = 0
    while True:
        peak = max(peak, status_bytes(process.pid, "VmHWM"))
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    output, complaint = process.communicate()
    if process.returncode not in (0, 1) or (process.returncode == 1 and complaint):
        raise RuntimeError(f"{argv[0]} exited with {process.returncode}: {complaint[-2000:]}")
    return Run(seconds, used.ru_utime + used.ru_stime, peak, output)


def speed(lines: int, job: Callable[[], Run], rounds: int = ROUNDS) -> Speed:
    runs = [job()]
    while len(runs) < rounds and runs[0].seconds < SLOW_SECONDS:
        runs.append(job())
    return Speed(
        lines,
        median(run.seconds for run in runs),
        median(run.cpu_seconds for run in runs),
        max(run.peak_bytes for run in runs),
        len(runs),
        runs[-1].output,
    )


# --- peers


def version_of(ripgrep: object) -> str:
    return subprocess.run([ripgrep, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def ripgrep(command: object, corpus: Corpus, expressions: Sequence[str]) -> Speed:
    words = [word for expression in expressions for word in ("-e", expression)]
    return speed(corpus.lines, lambda: run_pinned([command, "--no-config", "-c", *words, corpus.path]))


def grep(corpus: Corpus, expressions: Sequence[str]) -> Speed:
    command = [program("grep"), "-cE", "|".join(expressions), corpus.path]
    return speed(corpus.lines, lambda: run_pinned(command, {"LC_ALL": "C"}))


def wc(corpus: Corpus) -> Speed:
    return speed(corpus.lines, lambda: run_pinned([program("wc"), "-l", corpus.path]))


def bound(bench_logs: Path, corpus: Corpus) -> Speed:
    """The same blocks read, and their lines counted: what is left when nothing is done with a line."""
    return speed(corpus.lines, lambda: run_pinned([bench_logs, "--bound", corpus.path]))


def mtail(corpus: Corpus, text: str, directory: Path) -> Speed:
    """On a part of the corpus: the whole would take minutes."""
    file = directory / "program.mtail"
    file.write_text(text)
    command = [program("mtail"), "--one_shot", "--one_shot_format=prometheus", "--progs", file, "--logs", corpus.part]
    environment = {"HOME": str(directory), "TMPDIR": str(directory)}
    return speed(corpus.part_lines, lambda: run_pinned(command, environment))


def mtail_counts(output: str) -> dict[str, float]:
    """What it printed, by name and label."""
    counts = {}
    for line in output.splitlines():
        if match := re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line):
            labels = re.findall(r'(\w+)="([^"]*)"', match[2])
            counts[" ".join([match[1], *(value for name, value in labels if name != "prog")])] = float(match[3])
    return counts


def mtail_rules(expressions: Sequence[str]) -> str:
    """A counter for each expression."""
    counters = [f"counter rule_{number}\n" for number in range(len(expressions))]
    rules = [
        f"/{expression.replace('/', chr(92) + '/')}/ {{\n  rule_{number}++\n}}\n"
        for number, expression in enumerate(expressions)
    ]
    return "".join(counters + rules)


def mtail_combined() -> str:
    """Every field, requests by outcome, failures by reason."""
    reasons = "".join(
        f'    $bytes == {size} {{\n      failures["{reason}"]++\n    }}\n'
        for status, size, _, reason in FAILURES
        if status == 401
    )
    return (
        "counter requests by outcome\ncounter failures by reason\n"
        r"/^(?P<remote_addr>\S+) - (?P<remote_user>\S+) \[(?P<time>[^\]]+)\] "
        r'"(?P<method>\S+) (?P<path>\S+) (?P<protocol>[^"]+)" (?P<status>\d+) (?P<bytes>\d+) '
        r'"(?P<referer>[^"]*)" "(?P<agent>[^"]*)"$/ {'
        "\n"
        '  $status < 400 {\n    requests["success"]++\n  } else {\n'
        f'  $status == 401 {{\n    requests["auth_failure"]++\n{reasons}  }} else {{\n'
        '  $status == 429 {\n    requests["rate_limited"]++\n    failures["rate_limited"]++\n  } else {\n'
        '  $status < 500 {\n    requests["client_error"]++\n  } else {\n'
        '    requests["server_error"]++\n  }}}}\n}\n'
    )
