# SPDX-License-Identifier: Apache-2.0
"""A daemon that watches for long, while everything goes on around it: memory and descriptors stay, and each thing counts once.

KEYSHIFT_SOAK_SECONDS=3600 for the long form (make soak), KEYSHIFT_SOAK_SEED for another course.
"""

import os
import random
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from gateway_sim import Gateway, Seed, Traffic
from harness.product.counting import counted, done, gateway_of, looking
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching_logs import events, lines
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools.log_writer import line
from harness.tools.wait import eventually

SECONDS = int(os.environ.get("KEYSHIFT_SOAK_SECONDS", "100"))
SEED = int(os.environ.get("KEYSHIFT_SOAK_SEED", "7"))
MIB = 1024 * 1024
# Of the time: until then caches fill, and the allocator finds its size.
WARM_UP = 0.3
MOST_GROWTH = 2 * MIB
KEPT_FILES = 3


class Course:
    """What happens around the daemon, one thing after the other."""

    def __init__(self, serve: Serve, gateway: Gateway, traffic: Traffic, own_redis: Redis, database: Database, log: Path):
        self._serve, self._gateway, self._traffic, self._redis, self._database, self._log = (
            serve, gateway, traffic, own_redis, database, log,
        )  # fmt: skip
        self._rng = random.Random(SEED)
        self._session = requests.Session()
        self.written = self.rotations = 0
        self.done: dict[str, int] = {}
        # As many rotated files as are kept from now on, so that as many are followed.
        for _ in range(KEPT_FILES):
            self.write(10)
            self._rotate()

    def step(self) -> None:
        self._traffic.run_steps(3)
        self.write(self._rng.randrange(200))
        self._serve.scrape_text()
        action = self._rng.choice(self._actions())
        action()
        self.done[action.__name__.strip("_")] = self.done.get(action.__name__.strip("_"), 0) + 1

    def write(self, count: int) -> None:
        with self._log.open("ab") as log:
            log.write(b"".join(line(self.written + n, 200, 12) for n in range(count)))
        self.written += count

    def _actions(self) -> list[Callable[[], None]]:
        return [
            self._rotate, self._look_at_the_page, self._ask_the_api, self._run_a_command, self._reload, self._restart_redis,
            self._end_a_backend, self._connections_that_break_off, *[self._wait] * 4,
        ]  # fmt: skip

    def _rotate(self) -> None:
        self._log.rename(self._log.with_suffix(f".log.{self.rotations}"))
        self._log.with_suffix(f".log.{self.rotations - KEPT_FILES}").unlink(missing_ok=True)
        self._log.touch()
        self.rotations += 1

    def _look_at_the_page(self) -> None:
        for path in ("/", "/keys", "/owners", "/activity"):
            self._serve.get(path, headers={"Accept": "text/html"})

    def _ask_the_api(self) -> None:
        for path in ("/api/v1/verdict", "/api/v1/keys?limit=50", "/api/v1/events", "/api/v1/nothing"):
            self._serve.get(path)

    def _run_a_command(self) -> None:
        Keyshift().run(self._rng.choice(("status", "verdict", "failures", "report")), "--config", self._serve.config_path)

    def _reload(self) -> None:
        os.kill(self._serve.pid, signal.SIGHUP)

    def _restart_redis(self) -> None:
        self._redis.stop()
        self._redis.start()

    def _end_a_backend(self) -> None:
        self._database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'keyshift%'")

    def _connections_that_break_off(self) -> None:
        for _ in range(20):
            with self._session.get(f"{self._serve.url}/metrics", stream=True) as answer:
                next(answer.iter_content(64))

    def _wait(self) -> None:
        time.sleep(0.2)


class Sizes:
    """Of a process, over time."""

    def __init__(self, pid: int):
        self._process = Path(f"/proc/{pid}")
        self.memory: list[int] = []
        self.descriptors: list[int] = []
        self.threads: list[int] = []

    def take(self) -> None:
        fields = dict(entry.split(":", 1) for entry in (self._process / "smaps_rollup").read_text().splitlines()[1:])
        self.memory.append(int(fields["Private_Dirty"].split()[0]) * 1024)
        self.descriptors.append(len(list((self._process / "fd").iterdir())))
        self.threads.append(len(list((self._process / "task").iterdir())))

    def growth(self, of: list[int], middle: Callable[[list[int]], float]) -> float:
        """From after the warm-up to the end."""
        first, last = of[int(len(of) * WARM_UP) :][: len(of) // 5], of[-len(of) // 5 :]
        return middle(last) - middle(first)


@pytest.mark.time_limit(SECONDS + 180)
def test_memory_stays_and_each_thing_counts_once(database: Database, redis: Redis, own_redis: Redis, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.touch()
    planted = Seed(seed=SEED, owners=3, keys_per_owner=2).plant(database.dsn())
    with gateway_of(database, "fallback", redis_url=redis.url()) as gateway:
        tree = looking(database.dsn())
        tree["collectors"] += [
            {"type": "access_log", "input": {"files": [f"{tmp_path}/access.log*"]}},
            {"type": "gateway_log", "input": {"files": [str(gateway.log_path)]}},
            {"type": "redis", "url": own_redis.url(), "interval": "500ms"},
        ]
        with Serve(tree) as serve:
            course = Course(serve, gateway, Traffic(gateway.url, planted, seed=SEED, dsn=database.dsn()), own_redis, database, log)
            sizes = Sizes(serve.pid)
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                course.step()
                sizes.take()
            wanted = done(gateway)
            eventually(lambda: counted(serve) == wanted, 30, f"each statement once: {wanted}, not {counted(serve)}")
            eventually(lambda: sum(lines(serve).values()) == course.written, 30, f"{course.written} requests, each once")
            hits = gateway.counts()["fallback"]["hits"]
            eventually(lambda: events(serve).get("fallback") == hits, 30, f"{hits} fallbacks, each once")
            logged = sum(gateway.counts()["log_lines"].values())
            eventually(lambda: sum(lines(serve, "gateway_log").values()) == logged, 30, f"{logged} lines of the gateway, each once")
            state = sum(path.stat().st_size for path in serve.state_directory.iterdir() if path.is_file())
    memory, descriptors, threads = (
        sizes.growth(sizes.memory, statistics.median), sizes.growth(sizes.descriptors, min), sizes.growth(sizes.threads, min),
    )  # fmt: skip
    print(
        f"\nsoak of {SECONDS} s, seed {SEED}: {len(sizes.memory)} steps, {course.written} requests, {sum(wanted.values()):.0f} statements, {logged} lines of the gateway's own, "
        f"{course.done}\n  memory {sizes.memory[0] / MIB:.2f} MiB at first, {sizes.memory[-1] / MIB:.2f} at last, grew by {memory / MIB:.2f} after the warm-up; "
        f"descriptors {sizes.descriptors[0]} to {sizes.descriptors[-1]}, threads {sizes.threads[0]} to {sizes.threads[-1]}; state {state / MIB:.2f} MiB"
    )
    assert memory <= MOST_GROWTH
    assert descriptors <= 0 and threads <= 0
