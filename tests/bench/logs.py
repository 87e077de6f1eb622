"""How fast log lines are counted, side by side with mtail, ripgrep, grep and wc on the same corpora, and what following
logs costs the daemon: memory, CPU and the time until a line shows.

Every program is pinned to one core; what is compared is CPU time, user and system, since others may use the machine.
`--lines` 500000 for a quick look.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from harness.tools.scratch import scratch_directory
from bench import logs_peers as peers
from bench.logs_corpus import FAILURES, Corpus, corpora
from bench.logs_daemon import measure_daemon
from bench.logs_peers import Speed
from bench.logs_rules import RULES, beginnings, expressions
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


class Bench:
    def __init__(self, program: Path, lines: int):
        self._program = program
        self._directory = scratch_directory("bench-logs")
        self._corpora = corpora(CORPORA, lines)
        self._measured: dict[tuple, Speed] = {}
        self.wrong: list[str] = []

    def results(self) -> list[Result]:
        return [
            self.text("text", rules=8, mtail=50, ripgrep=3.5),
            self.text("text", rules=8, mtail=50, ripgrep=3.5, key="message"),
            self.text("text", rules=64, mtail=100),
            self.text("text", rules=64, mtail=100, key="message"),
            self.text("ansi", rules=8, mtail=30),
            self.text("ansi", rules=8, mtail=30, key="message"),
            self.text("json", rules=8, mtail=60),
            self.text("json", rules=8, mtail=60, key="message"),
            self.combined(mtail=70),
        ]

    def text(
        self, name: str, *, rules: int, mtail: float, ripgrep: float | None = None, key: str = "regex"
    ) -> Result:
        """`key`: how keyshift is given the rules, as the peers' expressions or as how the message begins."""
        corpus, wanted = self._warm(name), expressions(rules)
        own = self._keyshift(corpus, gateway_log("tracing_json" if name == "json" else "tracing_text", rules, key))
        others = [
            Peer("mtail", self._once((name, rules, "mtail"), partial(self._mtail, corpus, wanted)), mtail),
            Peer("rg -c", self._once((name, rules, "rg"), partial(peers.ripgrep, corpus, wanted)), ripgrep),
            Peer("grep -cE", self._once((name, rules, "grep"), partial(peers.grep, corpus, wanted))),
            Peer("wc -l", self._once((name, "wc"), partial(peers.wc, corpus))),
        ]
        counted = json.loads(own.output)
        self._same(f"{name}, {rules} rules, lines that match", counted["matched"], int(others[2].speed.output))
        for event, expression in RULES if rules == len(RULES) else []:
            self._same(f"{name}, {event}", counted["events"][event], self._grep(corpus, expression))
        return Result(f"{name}, {rules} rules by {key}", own, others)

    def combined(self, *, mtail: float) -> Result:
        corpus = self._warm("combined")
        own = self._keyshift(corpus, access_log())
        failing = [f'" {status} {size} "' for status, size, _, _ in FAILURES]
        others = [
            Peer("mtail", peers.mtail(corpus, peers.mtail_combined(), self._directory), mtail),
            Peer("rg -c", peers.ripgrep(corpus, failing)),
            Peer("grep -cE", peers.grep(corpus, failing)),
            Peer("wc -l", peers.wc(corpus)),
        ]
        counted = json.loads(own.output)
        self._same("combined, lines", counted["matched"], corpus.lines)
        for outcome, expression in OUTCOMES.items():
            self._same(f"combined, {outcome}", counted["events"][f"request_{outcome}"], self._grep(corpus, expression))
        for (_, _, _, reason), expression in zip(FAILURES, failing):
            self._same(f"combined, {reason}", counted["events"][f"failure_{reason}"], self._grep(corpus, expression))
        return Result("combined, outcomes and reasons", own, others)

    def _once(self, what: tuple, measure: Callable[[], Speed]) -> Speed:
        """A peer does the same however keyshift is given its rules."""
        if what not in self._measured:
            self._measured[what] = measure()
        return self._measured[what]

    def _mtail(self, corpus: Corpus, wanted: Sequence[str]) -> Speed:
        return peers.mtail(corpus, peers.mtail_rules(wanted), self._directory)

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
        command = [self._program.absolute(), configuration, corpus.path.absolute()]
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
    columns = "  {:<31}{:<10}{:>12}{:>9}{:>9}{:>11}{:>10}  {}"
    print(columns.format("work", "program", "M lines/s", "CPU s", "wall s", "peak MiB", "keyshift", "target"))
    for result in results:
        for name, speed, at_least in [("keyshift", result.own, None)] + [
            (peer.name, peer.speed, peer.at_least) for peer in result.peers
        ]:
            own = result.own
            ratio = own.million_lines_a_cpu_second / speed.million_lines_a_cpu_second
            verdict = "" if at_least is None else f">= {at_least:g} x: {'ok' if ratio >= at_least else 'MISSED'}"
            part = f"{speed.lines:,} lines" + (", once" if speed.runs == 1 else "") if speed.lines < own.lines else ""
            print(
                columns.format(
                    result.work if speed is own else "",
                    name,
                    f"{speed.million_lines_a_cpu_second:.3g}",
                    f"{speed.cpu_seconds:.2f}",
                    f"{speed.seconds:.2f}",
                    f"{speed.peak_bytes / MIB:.1f}",
                    "" if speed is own else f"{ratio:.3g} x",
                    "; ".join(filter(None, [verdict, part])),
                ).rstrip(),
                flush=True,
            )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--bench-logs", type=Path, help="bench_logs; default: in the same build as the binary")
    options.add_argument("--lines", type=int, default=5_000_000)
    options.add_argument("--only", choices=("speed", "daemon"), help="default: both")
    options.add_argument("--seconds", type=float, default=60.0, help="of following idle logs (default: %(default)s)")
    given = options.parse_args()
    program = given.bench_logs or given.binary.parent.parent / "tests" / "bench" / "bench_logs"
    wrong: list[str] = []
    if given.only != "daemon":
        bench = Bench(program, given.lines)
        print_results(f"Counting {given.lines:,} lines, one core, medians by CPU time", bench.results())
        wrong = bench.wrong
        print("  counts are those of grep" if not wrong else "  WRONG COUNTS:\n  " + "\n  ".join(wrong))
    if given.only != "speed":
        measure_daemon(given.binary, corpora(CORPORA, given.lines)["combined"], given.seconds)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
