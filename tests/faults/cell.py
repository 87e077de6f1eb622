# SPDX-License-Identifier: Apache-2.0
"""One cell of the matrix: what is shown while the fault stands, how long until all is well, and what that must be."""

import json
import math
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from faults import sources_and_faults
from faults.databases import Keys, Statements
from faults.logs import AccessLog, GatewayLog, LogSite
from faults.sources_and_faults import Cell
from faults.means import Means, means
from faults.network import Network
from faults.services import GatewayMetrics, OfPrometheus, OfRedis, Probe
from faults.sites import Site
from faults.watch import Sample, Watch
from harness.product.verdicts import ask
from harness.tools.wait import eventually

SITES: dict[str, type[Site]] = {
    site.source: site for site in (Keys, Statements, OfRedis, GatewayMetrics, OfPrometheus, Probe, AccessLog, GatewayLog)
}
INTERVALS_UNTIL_BACK = 2
# Where time is measured: an interval may be a twentieth longer, and what a log told is shown once it is saved.
_LAG_SECONDS = 0.5
_UNREAD, _READ = "part of a log cannot be read", "whole log read again"
_SCRAPES = 20


@dataclass(frozen=True)
class Result:
    """A row of the run: what was shown, by reason, and the verdict meanwhile."""

    row: str
    column: str
    shown: str
    verdict: str
    polls_until_back: int | None
    worst_scrape_ms: float


def record(result: Result) -> None:
    """Where `KEYSHIFT_FAULTS_RESULTS` says; page.py makes docs/reliability.md of them."""
    if folder := os.environ.get("KEYSHIFT_FAULTS_RESULTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{result.row}.{result.column}.json").write_text(json.dumps(asdict(result)))


def try_cell(site: Site, cell: Cell, network: Network) -> Means:
    site.work()
    site.wait_until_settled()
    how = means(cell.fault, site, network)
    if cell.fault == "down_at_start":
        how.apply(site)
    with Watch(site.serve, site.source) as watch:
        begin = time.monotonic()
        before = watch.latest
        try:
            if cell.fault != "down_at_start":
                how.apply(site)
            _stand(site, cell, how, watch)
            if _must_be_noticed(cell, how):
                eventually(lambda: watch.latest.at > begin + _stale_seconds(site), 10, "all is stale")
                watch.another(5)
            how.prepare(site)
            worst = watch.quick(begin)
            end = time.monotonic()
            read = site.serve.log().count(_READ)
        finally:
            how.end(site)
        if how.unread:
            site.serve.process.wait_until(lambda: site.serve.log().count(_READ) > read, site.patience, _READ)
        back = _wait_until_back(site, watch, time.monotonic() if how.unread else end)
    _judge(site, cell, how, watch.samples, begin, end)
    if not how.fresh:
        site.work()
        site.wait_until_counted()
    reasons = _reasons(before, watch.samples)
    shown = f"down, `{'`, `'.join(reasons)}`" if reasons else "up; a part is unread" if how.unread else how.words or "up"
    verdict = _said(cell, watch.samples, end)
    until = _intervals(site, back, watch.since(end).failures, end) if reasons or how.unread else None
    assert until is None or until <= INTERVALS_UNTIL_BACK, f"{until} intervals until it was read again"
    record(Result(cell.source, cell.fault, shown, verdict, until, 1000 * worst))
    return how


def _stand(site: Site, cell: Cell, how: Means, watch: Watch) -> None:
    """The fault, long enough to be seen."""
    if how.shows:
        site.serve.process.wait_until(lambda: watch.latest.up is False, site.patience, "it is shown as down")
    if how.counts:
        site.work()
    if how.shows:
        failures = sum(watch.latest.errors.values())
        eventually(lambda: sum(watch.latest.errors.values()) > failures, site.patience, "it fails again")
        _is_told(site)
    else:
        _polls(site, watch)
    if how.unread:
        site.serve.process.wait_until(lambda: _UNREAD in site.serve.log().splitlines()[-1], site.patience, _UNREAD)
    watch.another(_SCRAPES)
    if cell.fault == "frozen":
        end = time.monotonic() + sources_and_faults.frozen_seconds()
        eventually(lambda: time.monotonic() >= end, sources_and_faults.frozen_seconds(), "it has stood still for long")


def _is_told(site: Site) -> None:
    """To people too, and what was read before grows old."""
    read_at = lambda: site.serve.metric("keyshift_source_last_success_timestamp_seconds", source=site.source)  # noqa: E731
    before = read_at()
    told = ask(site.serve, "status")
    assert re.search(rf"^(Sources)? +{site.source} +down\b", told, re.MULTILINE), told
    assert read_at() == before, "it is not read, and its age says so"


def _polls(site: Site, watch: Watch) -> None:
    """Some of them, after the fault."""
    polls = watch.latest.polls
    eventually(lambda: watch.latest.polls >= polls + 3, site.patience, "three polls")


def _wait_until_back(site: Site, watch: Watch, since: float) -> Sample:
    """The first that shows it up, of those that began after the fault."""
    back: Callable[[], list[Sample]] = lambda: [sample for sample in watch.samples if sample.at >= since and sample.up]  # noqa: E731
    return eventually(back, site.patience, "it is up again")[0]


def _intervals(site: Site, back: Sample, failures: int, end: float) -> int:
    """Polls: those that failed still, and the one that succeeded. A log is also read whenever it grows: there, it is the time."""
    if isinstance(site, LogSite):
        return max(1, math.ceil((back.at - end - _LAG_SECONDS) / site.interval))
    return back.failures - failures + 1


def _must_be_noticed(cell: Cell, how: Means) -> bool:
    return cell.carries and (how.shows is True or how.unread)


def _stale_seconds(site: Site) -> float:
    """What was read is fresh for three polls, and for two seconds where polls come more often than that; one more to be told."""
    return max(3 * site.interval, 2.0) + 1.0


def _judge(site: Site, cell: Cell, how: Means, samples: list[Sample], begin: float, end: float) -> None:
    """Never SAFE on what is not known, where the verdict rests on the source: on the key table as soon as a poll has failed, on
    the others once they have not been read for so long that they are no longer fresh."""
    down = [sample for sample in samples if sample.up is False]
    if how.shows is False:
        assert not down, f"it was shown as down: {down[0]}"
    if how.doubts:
        assert not [sample for sample in samples if sample.at < end][-1].safe, "SAFE by a clock that was set"
    if cell.source == "keys":
        assert not [sample for sample in down if sample.safe], "SAFE after a poll of the key table that failed"
    if not _must_be_noticed(cell, how):
        return
    late = [sample for sample in samples if begin + _stale_seconds(site) < sample.at < end]
    assert late, "the fault did not stand for long enough"
    wrong = [sample for sample in late if sample.safe]
    assert not wrong, f"SAFE in {len(wrong)} of {len(late)} scrapes: {wrong[0]}"


def _said(cell: Cell, samples: list[Sample], end: float) -> str:
    """The verdict at the end of the fault, in words."""
    (last,) = [sample for sample in samples if sample.at < end][-1:]
    if not last.safe:
        return "not SAFE"
    return "SAFE" if cell.carries else "SAFE stands"


def _reasons(before: Sample, samples: list[Sample]) -> list[str]:
    after = samples[-1].errors
    return sorted(reason for reason, count in after.items() if count > before.errors.get(reason, 0))
