# SPDX-License-Identifier: Apache-2.0
"""A migration of weeks within seconds, for the status page: a gateway's tables, metrics and access log by a clock that is set
forward, and the daemon that watches them. Keys are in every phase that matters, some names are hostile, and some clients fail."""

import random
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.servers.time_travel import Clock
from harness.tools import http_answers as answers
from harness.tools.http_faults import HttpFaults
from harness.tools.scratch import scratch_directory

NAMES = ["Production API", "CI pipeline", "Mobile app", "data-science notebook", "Staging", "Batch jobs", "Größe – Übersetzer"]
HOSTILE = {
    "markup": "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "wide": "漢" * 255,
    "long": "W" * 255,
    "turned": "\u202egnp.exe\u202c and \u2067more",
    "arabic": "مفتاح الإنتاج",
    "control": "tab\there\x1b[31mred",
    "quotes": "\"'`&lt;",
}
OWNERS = 9
HOUR = timedelta(hours=1)
# Bodies of refusals of the reference gateway by their size, and how often each comes at most within a step.
REFUSALS = {18: 2, 15: 7, 19: 1, 28: 4}


class Scene:
    """`days` of a migration of `keys` old keys. Its daemon serves at `serve.url`."""

    def __init__(self, database: Database, clock: Clock, *, keys: int = 48, days: int = 8, deadline_days: int = 60):
        self._random = random.Random(1)
        self._clock = clock
        self._ahead = timedelta()
        self._counts: dict[str, int] = {}
        self.table = KeyTable(database)
        self.log = scratch_directory("log") / "access.log"
        self.log.touch()
        self.metrics = HttpFaults()
        self._keys = keys
        self._days = days
        self.hostile: dict[str, str] = {}
        self._plant()
        self._count()
        deadline = time.gmtime(time.time() + (days + deadline_days) * 86400)
        self.serve = Serve(
            self._tree(database, time.strftime("%Y-%m-%dT%H:%M:%SZ", deadline)), env=clock.environment
        )

    def __enter__(self) -> Self:
        self.metrics.__enter__()
        self.serve.__enter__()
        for day in range(self._days):
            self._live(day)
        self.lock_out()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.serve.__exit__(*exception)
        self.metrics.__exit__(*exception)

    def mark(self, *words: str) -> None:
        result = Keyshift().run("mark", *words, "--config", self.serve.config_path, env=self._clock.environment)
        assert result.returncode == 0, result.stderr.decode()

    def advance(self, by: timedelta) -> None:
        self._clock.advance(by)
        self._ahead += by
        self._count()
        for size, most in REFUSALS.items():
            self.fail("192.0.2.1", size, "crawler/1", self._random.randrange(most + 1))
        for source in ("keys", "access_log", "gateway_metrics"):
            self.serve.wait_for_poll(source=source)

    def fail(self, client: str, size: int, agent: str, times: int = 1) -> None:
        """A client is refused."""
        moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(time.time() + self._ahead.total_seconds()))
        line = f'{client} - - [{moment}] "POST /v1/chat/completions HTTP/1.1" 401 {size} "-" "{agent}"\n'
        with self.log.open("a") as log:
            log.write(line * times)

    def lock_out(self) -> None:
        """Keys go while they are in use, and their clients fail."""
        self.table.use(*self._used)
        self.serve.wait_for_poll()
        self.table.delete(*self._used[:2])
        self.fail("203.0.113.7", 15, "python-requests/2.31", 41)
        self.fail("2001:db8::1", 28, "<b>curl/8</b>", 3)
        for source in ("keys", "access_log"):
            self.serve.wait_for_poll(source=source)

    def _plant(self) -> None:
        owners = [self.table.add_user(f"owner{i}@example.org") for i in range(OWNERS)]
        self._old: list[tuple[str, str, str]] = []
        self._new: list[tuple[int, str, str]] = []
        for i in range(self._keys):
            owner, age = owners[i % OWNERS], (40 + self._random.randrange(300)) * DAY
            name = f"{NAMES[i % len(NAMES)]} {i // len(NAMES) + 1}"
            self._old.append((self.table.add(name=name, owner=owner, age=age, idle=HOUR * self._random.randrange(1, 100)), name, owner))
        for word, name in HOSTILE.items():
            self.hostile[word] = self.table.add(name=name, owner=owners[0], age=35 * DAY, idle=2 * DAY)
        for i in range(4):
            self.table.add(name=f"old project {i}", owner=owners[i], age=400 * DAY, idle=90 * DAY)
        self.table.add(name="old blocked", owner=owners[1], age=200 * DAY, idle=20 * DAY, blocked=True)
        self._used = [self._old[i][0] for i in range(6)]

    def _live(self, day: int) -> None:
        """A day: some move, some of those who moved lose the old key, the others go on."""
        moving = self._old[6 + 3 * day : 9 + 3 * day]
        for id, name, owner in moving:
            new = self.table.add(legacy=False, name=name, owner=owner, age=0 * DAY, idle=None)
            if self._random.random() < 0.8:
                self._new.append((day, id, new))
        self.table.use(*[new for _, _, new in self._new])
        self.table.delete(*[id for moved, id, _ in self._new if moved == day - 5])
        still = [id for id, _, _ in self._old[9 + 3 * day :]]
        self.table.use(*self._used, *still[: len(still) * 2 // 3])
        if day == self._days // 2:
            self.mark("brownout-begin", "--note", "ten minutes")
        self.advance(HOUR)
        if day == self._days // 2:
            self.mark("brownout-end")
        self.advance(11 * HOUR)
        self.advance(12 * HOUR)

    def _count(self) -> None:
        """The gateway's own metrics grow."""
        def grow(name: str, by: int) -> int:
            self._counts[name] = self._counts.get(name, 0) + by
            return self._counts[name]

        moved = min(1.0, self._ahead / (self._days * DAY)) if self._days else 1.0
        hits, misses = grow("hit", int(400 * (0.3 + 0.6 * moved))), grow("miss", int(400 * (0.7 - 0.6 * moved)))
        self.metrics.answer(
            answers.text(
                "# TYPE gateway_auth_fallback_total counter\n"
                f"gateway_auth_fallback_total {grow('fallback', int(90 * (1.1 - moved)))}\n"
                "# TYPE gateway_auth_cache_total counter\n"
                f'gateway_auth_cache_total{{result="hit"}} {hits}\ngateway_auth_cache_total{{result="miss"}} {misses}\n'
                "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1\n"
            )
        )

    def _tree(self, database: Database, deadline: str) -> Mapping[str, Any]:
        tree = watching(database.dsn())
        often = {"interval": "200ms", "timeout": "2s"}
        tree["migration"] = {"deadline": deadline}
        tree["collectors"] += [
            {
                "type": "gateway_metrics", "targets": [self.metrics.url], **often,
                "counters": [
                    {"event": "fallback", "metric": "gateway_auth_fallback_total"},
                    {"event": "auth_cache_hit", "metric": "gateway_auth_cache_total", "labels": {"result": "hit"}},
                    {"event": "auth_cache_miss", "metric": "gateway_auth_cache_total", "labels": {"result": "miss"}},
                ],
            },
            {"type": "access_log", "format": "nginx_combined", "input": {"files": [str(self.log)]}, **often},
        ]  # fmt: skip
        return tree
