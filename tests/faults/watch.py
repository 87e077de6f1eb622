# SPDX-License-Identifier: Apache-2.0
"""Scrapes without a pause, as several Prometheus would: what was shown at each moment, and how long each answer took."""

import http.client
import re
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import Self

from harness.product.keyshift import Serve
from harness.tools.wait import eventually

LONGEST_SCRAPE_SECONDS = 0.1
_PAUSE_SECONDS = 0.02
# On a machine that others use too, a single scrape may wait for a processor: the middle one of five does not by chance.
_GROUP = 5
_SAMPLE = re.compile(r"^(keyshift_\w+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Sample:
    """One answer; `up` is None as long as nothing is known of the source."""

    at: float
    seconds: float
    up: bool | None
    safe: bool
    polls: float
    errors: dict[str, float] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        """Polls that failed so far."""
        return int(sum(self.errors.values()))


class Watch:
    """Scrapes from `with` to its end, in a thread of its own."""

    def __init__(self, serve: Serve, source: str):
        self.samples: list[Sample] = []
        self.lost: list[str] = []
        """Scrapes without an answer, and why."""
        self._port, self._source = serve.port, source
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: self.samples, 10, "the first scrape")
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def latest(self) -> Sample:
        return self.samples[-1]

    def since(self, begin: float) -> Sample:
        """The first that began later: a poll that ended just before counts to what was before."""
        return next(sample for sample in self.samples if sample.at >= begin)

    def another(self, count: int = 1) -> Sample:
        """The latest, once so many more have begun and ended."""
        begin = time.monotonic()
        eventually(lambda: sum(sample.at >= begin for sample in self.samples) >= count, 10, f"{count} more scrapes")
        return self.latest

    def worst(self, since: float) -> float:
        """Of groups of five scrapes that began later: the longest middle one, in seconds."""
        taken = [sample.seconds for sample in self.samples if sample.at >= since]
        groups = [taken[first : first + _GROUP] for first in range(0, len(taken) - _GROUP + 1, _GROUP)]
        assert groups, "too few scrapes to say anything"
        return max(statistics.median(group) for group in groups)

    def quick(self, since: float) -> float:
        """The worst, which must be within the limit; where it is not, the fault stands on and it is measured once more."""
        worst = self.worst(since)
        if worst > LONGEST_SCRAPE_SECONDS:
            again = time.monotonic()
            self.another(4 * _GROUP)
            worst = self.worst(again)
        assert worst <= LONGEST_SCRAPE_SECONDS, f"a scrape takes {1000 * worst:.0f} ms"
        assert not self.lost, self.lost
        return worst

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        while not self._stopping.wait(_PAUSE_SECONDS):
            begin = time.monotonic()
            try:
                connection.request("GET", "/metrics", headers={"Accept": "text/plain"})
                text = connection.getresponse().read().decode()
            except (OSError, http.client.HTTPException) as failure:
                self.lost.append(repr(failure))
                connection.close()
                continue
            self.samples.append(self._sample(begin, time.monotonic() - begin, text))
        connection.close()

    def _sample(self, at: float, seconds: float, text: str) -> Sample:
        up, safe, polls, errors = None, False, 0.0, {}
        for name, labels, value in _SAMPLE.findall(text):
            found = dict(_LABEL.findall(labels))
            if name == "keyshift_fallback_removal_safe":
                safe = float(value) == 1
            if found.get("source") != self._source:
                continue
            if name == "keyshift_source_up":
                up = float(value) == 1
            elif name == "keyshift_source_poll_duration_seconds_count":
                polls = float(value)
            elif name == "keyshift_source_errors_total" and float(value):
                errors[found["reason"]] = float(value)
        return Sample(at, seconds, up, safe, polls, errors)
