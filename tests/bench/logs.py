"""How fast log lines are counted, side by side with mtail, ripgrep, grep and wc on the same corpora, and what following
logs costs the daemon: memory, CPU and the time until a line shows.

Every program is pinned to one core; what is compared is CPU time, user and system, since others may use the machine.
Machines differ in what a copy from the page cache costs, so each speed is also shown as a share of `wc -l`'s on the same
file, and of the bound: a loop that reads the blocks that keyshift reads, and counts their lines. `--lines` 500000 for a
quick look: a program's start counts then. `--ripgrep PATH` for a newer one beside the system's.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from harness.tools.process import program
from harness.tools.scratch import scratch_directory
from bench import logs_peers as peers
from bench.logs_corpus import FAILURES, Corpus, corpora
from bench.logs_daemon import measure_daemon
from bench.logs_peers import Speed
from bench.logs_rules import RULES, STATEMENT, beginnings, expressions
from bench.measure import MIB

CORPORA = Path("build/bench-corpora")
OUTCOMES = {
    "success": '" [23][0-9]{2} [0-9]+ "',
    "auth_failure": '" 401 [0-9]+ "',
    "rate_limited": '" 429 [0-9]+ "',
    "client_error": '" (40[02-9]|41[0-9]|42[0-8]|4[3-9][0-9]) [0-9]+ "',
    "server_error": '" 5[0-9]{2} [0-9]+ "',
}


@dataclass(frozen=True)
class Peer:
    name: str
    speed: Speed
    at_least: float | None = None  # times its speed


@dataclass(frozen=True)
class Result:
    work: str
    own: Speed
    peers: list[Peer]
    wc: Speed
    bound: Speed


class Bench:
    def __init__(self, bench_logs: Path, lines: int, ripgreps: list[object]):
        self._program = bench_logs.absolute()
        self._ripgreps = {f"rg {peers.version_of(one)} -c": one for one in ripgreps}
        self._directory = scratch_directory("bench-logs")
        self._corpora = corpora(CORPORA, lines)
        self._measured: dict[tuple, Speed] = {}
        self.wrong: list[str] = []

    def results(self) -> list[Result]:
        return [
            *self.text("text", rules=8, mtail=50, ripgrep=3.5),
            *self.text("text", rules=64, mtail=100),
            *self.text("ansi", rules=8, mtail=30),
            *self.text("json", rules=8, mtail=60),
            self.combined(mtail=70),
        ]

    def text(self, name: str, *, rules: int, mtail: float, ripgrep: float | None = None) -> list[Result]:
        """keyshift is given the rules as how the message begins, and as the peers' expressions."""
        corpus, wanted = self._warm(name), expressions(rules)
        log_format = "tracing_json" if name == "json" else "tracing_text"
        mtail_speed = peers.mtail(corpus, peers.mtail_rules(wanted), self._directory)
        others = [Peer("mtail", mtail_speed, mtail), *self._greps(corpus, wanted, ripgrep)]
        by_message = self._keyshift(corpus, gateway_log(log_format, rules, "message"))
        by_regex = self._keyshift(corpus, gateway_log(log_format, rules, "regex"))
        for own in (by_message, by_regex):
            self._check(name, corpus, rules, json.loads(own.output))
        return [
            self._result(f"{name}, {rules} rules by message", corpus, by_message, others),
            self._result(
                f"{name}, {rules} rules by regex", corpus, by_regex, [*others, Peer("by message", by_message, 1 / 1.5)]
            ),
        ]

    def combined(self, *, mtail: float) -> Result:
        corpus = self._warm("combined")
        own = self._keyshift(corpus, access_log())
        failing = [f'" {status} {size} "' for status, size, _, _ in FAILURES]
        mtail_speed = peers.mtail(corpus, peers.mtail_combined(), self._directory)
        others = [Peer("mtail", mtail_speed, mtail), *self._greps(corpus, failing, None)]
        counted = json.loads(own.output)
        self._same("combined, lines", counted["matched"], corpus.lines)
        for outcome, expression in OUTCOMES.items():
            self._same(f"combined, {outcome}", counted["events"][f"request_{outcome}"], self._grep(corpus, expression))
        for (_, _, _, reason), expression in zip(FAILURES, failing):
            self._same(f"combined, {reason}", counted["events"][f"failure_{reason}"], self._grep(corpus, expression))
        return self._result("combined, outcomes and reasons", corpus, own, others)

    def _greps(self, corpus: Corpus, wanted: Sequence[str], at_least: float | None) -> list[Peer]:
        ripgreps = [
            Peer(name, peers.ripgrep(command, corpus, wanted), at_least) for name, command in self._ripgreps.items()
        ]
        return [*ripgreps, Peer("grep -cE", peers.grep(corpus, wanted))]

    def _result(self, work: str, corpus: Corpus, own: Speed, others: list[Peer]) -> Result:
        wc = self._once(("wc", corpus.path), lambda: peers.wc(corpus))
        bound = self._once(("bound", corpus.path), lambda: peers.bound(self._program, corpus))
        return Result(work, own, [*others, Peer("wc -l", wc), Peer("bound", bound)], wc, bound)

    def _check(self, name: str, corpus: Corpus, rules: int, counted: dict) -> None:
        statements = [] if name == "json" else [STATEMENT]
        matching = self._grep(corpus, "|".join([*expressions(rules), *statements]))
        self._same(f"{name}, {rules} rules, lines that match", counted["matched"], matching)
        for event, expression in RULES if rules == len(RULES) else []:
            self._same(f"{name}, {event}", counted["events"][event], self._grep(corpus, expression))

    def _once(self, what: tuple, measure: Callable[[], Speed]) -> Speed:
        if what not in self._measured:
            self._measured[what] = measure()
        return self._measured[what]

    def _warm(self, name: str) -> Corpus:
        """The page cache holds it: reading from disk is nobody's merit here."""
        corpus = self._corpora[name]
        for path in (corpus.path, corpus.part):
            with path.open("rb") as file:
                while file.read(1 << 22):
                    pass
        return corpus

    def _keyshift(self, corpus: Corpus, collector: dict) -> Speed:
        configuration = self._directory / "keyshift.yaml"
        collector["input"] = {"files": [str(corpus.path)]}
        tree = {"collectors": [collector], "state": {"directory": str(self._directory / "state")}}
        configuration.write_text(yaml.safe_dump(tree))
        command = [self._program, configuration, corpus.path.absolute()]
        return peers.speed(corpus.lines, lambda: peers.run_pinned(command))

    def _grep(self, corpus: Corpus, expression: str) -> int:
        return int(peers.run_pinned(["grep", "-cE", expression, corpus.path], {"LC_ALL": "C"}).output)

    def _same(self, what: str, own: int, others: int) -> None:
        if own != others:
            self.wrong.append(f"{what}: keyshift counts {own:,}, grep {others:,}")


# --- what keyshift is told to count


def gateway_log(log_format: str, rules: int, key: str) -> dict:
    events = [event for event, _ in RULES] + ["gateway_started"] * (rules - len(RULES))
    texts = expressions(rules) if key == "regex" else beginnings(rules)
    return {
        "type": "gateway_log",
        "format": log_format,
        "rules": [{"event": event, key: text} for event, text in zip(events, texts)],
    }


def access_log() -> dict:
    return {"type": "access_log", "format": "nginx_combined"}


# --- output


def print_results(title: str, results: list[Result]) -> None:
    print(f"\n{title}")
    columns = "  {:<31}{:<13}{:>10}{:>8}{:>8}{:>10}{:>10}{:>9}{:>9}  {}"
    print(
        columns.format(
            "work", "program", "M lines/s", "CPU s", "wall s", "peak MiB", "keyshift", "of wc", "of bound", "target"
        )
    )
    for result in results:
        own = result.own.million_lines_a_cpu_second
        for peer in [Peer("keyshift", result.own), *result.peers]:
            speed, is_own = peer.speed, peer.speed is result.own
            ratio = own / speed.million_lines_a_cpu_second
            part = f"{speed.lines:,} lines" if speed.lines < result.own.lines else ""
            once = "once" if speed.runs == 1 else ""
            print(
                columns.format(
                    result.work if is_own else "",
                    peer.name,
                    f"{speed.million_lines_a_cpu_second:.3g}",
                    f"{speed.cpu_seconds:.2f}",
                    f"{speed.seconds:.2f}",
                    f"{speed.peak_bytes / MIB:.1f}",
                    "" if is_own else f"{ratio:.3g} x",
                    share(speed, result.wc),
                    share(speed, result.bound),
                    "; ".join(filter(None, [verdict(ratio, peer.at_least), part, once])),
                ).rstrip(),
                flush=True,
            )


def share(speed: Speed, of: Speed) -> str:
    return f"{100 * speed.million_lines_a_cpu_second / of.million_lines_a_cpu_second:.3g} %"


def verdict(ratio: float, at_least: float | None) -> str:
    if at_least is None:
        return ""
    held = "ok" if ratio >= at_least else f"MISSED by {100 * (1 - ratio / at_least):.0f} %"
    return f">= {at_least:.3g} x: {held}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--bench-logs", type=Path, help="bench_logs; default: in the same build as the binary")
    options.add_argument("--lines", type=int, default=5_000_000)
    options.add_argument("--ripgrep", type=Path, help="another one, beside the system's")
    options.add_argument("--only", choices=("speed", "daemon"), help="default: both")
    options.add_argument("--seconds", type=float, default=60.0, help="of following idle logs (default: %(default)s)")
    given = options.parse_args()
    bench_logs = given.bench_logs or given.binary.parent.parent / "tests" / "bench" / "bench_logs"
    wrong: list[str] = []
    if given.only != "daemon":
        bench = Bench(bench_logs, given.lines, [program("rg"), *([given.ripgrep] if given.ripgrep else [])])
        print_results(f"Counting {given.lines:,} lines, one core, medians by CPU time", bench.results())
        wrong = bench.wrong
        print("  counts are those of grep" if not wrong else "  WRONG COUNTS:\n  " + "\n  ".join(wrong))
    if given.only != "speed":
        measure_daemon(given.binary, corpora(CORPORA, given.lines)["combined"], given.seconds)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
