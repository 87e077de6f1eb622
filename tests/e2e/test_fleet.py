# SPDX-License-Identifier: Apache-2.0
"""Three gateways on one database, a keyshift beside each, a Prometheus or VictoriaMetrics that scrapes them, and the
daemon in the centre that reads the fleet back from there: its counts, its verdict, and who it misses. The configuration
is that of docs/operations.md."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest
import requests
import yaml

from gateway_sim import Gateway, Seed, summed
from harness.exposition import Samples
from harness.keyshift import Keyshift, Serve
from harness.postgres import Database
from harness.ports import free_port
from harness.prometheus import Prometheus
from harness.query_api import QueryServer
from harness.redis import Redis
from harness.victoria_metrics import VictoriaMetrics
from harness.wait import eventually
from harness.watching import watching

DRAIN_SECONDS = 10
HOSTS = 3
TIMEOUT = 45.0
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def documented() -> tuple[dict, dict, dict]:
    """Configurations of a host, of Prometheus and of the centre."""
    section = re.search(r"^## A fleet of gateways\n(.*?)^## ", OPERATIONS.read_text(), re.M | re.S)[1]
    host, prometheus, centre = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.S))
    return host, prometheus, centre


def host_tree(gateway: Gateway) -> dict:
    tree, _, _ = documented()
    tree["collectors"][0].update(targets=[f"{gateway.url}/metrics"], interval="200ms", timeout="2s")
    return tree


def centre_tree(dsn: str, url: str) -> dict:
    _, _, tree = documented()
    keys, fleet = tree["collectors"]
    assert keys == {"type": "keys"}
    fleet.update(url=url, interval="200ms", timeout="5s")
    return {
        "migration": {"drain_window": f"{DRAIN_SECONDS}s", "failure_budget": "100%"},
        "collectors": [*watching(dsn)["collectors"], fleet],
    }


class Fleet:
    """`servers` has one gateway, `hosts` the keyshift beside it, by number."""

    def __init__(self, kind: type[QueryServer], database: Database, redis: Redis, stack: ExitStack):
        none = {"system_keys": 0, "dormant_keys": 0, "unused_keys": 0, "modern_keys": 0, "special": False}
        planted = Seed(owners=HOSTS + 1, keys_per_owner=1, **none).plant(database.dsn())
        # Without a name nothing but its owner tells a key's replacement, and that is not enough for SAFE.
        database.execute("DELETE FROM virtual_keys WHERE name IS NULL", ())
        self.old_keys = [key for key in planted.keys if key.name]
        assert len(self.old_keys) == HOSTS
        options = {"behaviour": "fallback", "require_auth": True, "auth_metrics": True, "fallback_scope": "legacy"}
        self.gateways = [
            stack.enter_context(Gateway(database.dsn(), redis.url(), **options)) for _ in range(HOSTS)
        ]
        self.hosts = [stack.enter_context(Serve(host_tree(gateway))) for gateway in self.gateways]
        port = free_port()
        self.targets = [f"127.0.0.1:{host.port}" for host in self.hosts] + [f"127.0.0.1:{port}"]
        _, scraping, _ = documented()
        self.job = scraping["scrape_configs"][0]["job_name"]
        self.server = stack.enter_context(kind({self.job: self.targets}, interval="1s"))
        self.centre = stack.enter_context(Serve(centre_tree(database.dsn(), self.server.url), port=port))

    def post(self, gateway: Gateway, path: str, bearer: str | None, body: dict | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{gateway.url}{path}", json=body, headers=headers, timeout=20)

    def use(self, number: int, key: str | None) -> int:
        return self.post(self.gateways[number], "/v1/models", key).status_code

    def replacement(self, number: int) -> str:
        """A new key for the owner of the legacy key with this number, of the same name."""
        key = self.old_keys[number]
        login = {"email": key.owner.email, "password": key.owner.password}
        gateway = self.gateways[number]
        token = self.post(gateway, "/auth/login", None, login).json()["token"]
        return self.post(gateway, "/auth/key/generate", token, {"name": key.name}).json()["key"]

    def true_counts(self) -> dict[str, float]:
        counts = summed([gateway.counts() for gateway in self.gateways])
        return {
            "fallback": counts["fallback"]["hits"],
            "hits": counts["auth_cache"]["verified"]["hit"],
            "misses": counts["authenticated"]["without_cache"],
            **counts["failures"],
        }

    def seen_counts(self) -> dict[str, float]:
        samples = self.centre.metrics()
        failures = {
            dict(labels)["reason"]: value
            for (name, labels), value in samples.items()
            if name == "keyshift_auth_failures_total" and value
        }
        names = {
            "fallback": "keyshift_fallback_auth_total",
            "hits": "keyshift_auth_cache_hits_total",
            "misses": "keyshift_auth_cache_misses_total",
        }
        return {**{word: samples[name, frozenset()] for word, name in names.items()}, **failures}

    def wait_for_looks(self, count: int) -> None:
        """Of the centre at the fleet."""
        looks = ("keyshift_source_poll_duration_seconds_count", {"source": "prometheus"})
        before = self.centre.metric(looks[0], **looks[1])
        eventually(lambda: self.centre.metric(looks[0], **looks[1]) >= before + count, TIMEOUT, f"{count} looks")

    def verdict(self) -> dict[str, Any]:
        result = Keyshift().run("verdict", f"--config={self.centre.config_path}", "--format=json")
        return json.loads(result.stdout)

    def wait_for_verdict(self, *wanted: str) -> dict[str, Any]:
        latest: dict[str, Any] = {}

        def reached() -> bool:
            latest.clear()
            latest.update(self.verdict())
            return latest["verdict"] in wanted

        try:
            eventually(reached, TIMEOUT, f"{wanted}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {json.dumps(latest, indent=1)}") from None
        return latest


class NeverSafe:
    """Looks at the verdict in /metrics all the time from its beginning to its end: it must never be SAFE."""

    def __init__(self, serve: Serve):
        self._serve = serve
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.looks = 0
        self.safe = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind, *_) -> None:
        self._end.set()
        self._thread.join()
        if kind is None:
            assert self.looks > 20 and self.safe == 0, f"SAFE in {self.safe} of {self.looks} looks"

    def _run(self) -> None:
        while not self._end.wait(0.05):
            self.looks += 1
            self.safe += is_safe(self._serve.metrics())


def is_safe(samples: Samples) -> bool:
    return samples["keyshift_fallback_removal_safe", frozenset()] == 1


def evidence(samples: Samples) -> dict[str, str]:
    rows = [dict(labels) for name, labels in samples if name == "keyshift_evidence_info"]
    return {row["signal"]: row["evidence"] for row in rows}


@pytest.fixture(params=[Prometheus, VictoriaMetrics], ids=lambda kind: kind.name)
def fleet(request: pytest.FixtureRequest, database: Database, redis: Redis) -> Iterator[Fleet]:
    with redis.client() as client:
        client.flushall()
    with ExitStack() as stack:
        made = Fleet(request.param, database, redis, stack)
        everything = dict.fromkeys(("fallback", "auth_cache", "auth_failures"), "prometheus")
        eventually(lambda: evidence(made.centre.metrics()) == everything, TIMEOUT, "the fleet is read back")
        made.server.wait_for('keyshift_evidence_info{evidence="prometheus"}')
        yield made


def check_counts(fleet: Fleet) -> None:
    """Equal, and so they stay while nobody does anything."""
    truth = fleet.true_counts()
    try:
        eventually(lambda: fleet.seen_counts() == truth, TIMEOUT, "equal counts")
    except AssertionError:
        raise AssertionError(f"seen {fleet.seen_counts()}, true {truth}") from None
    time.sleep(3)
    assert fleet.seen_counts() == truth == fleet.true_counts()


def work(fleet: Fleet, new_keys: list[str], rounds: int) -> None:
    """Every client at every gateway with its old and its new key, and some that have none."""
    old_keys = [key.text for key in fleet.old_keys]
    for turn in range(rounds):
        for number in range(HOSTS):
            assert {fleet.use(number, key) for key in [*old_keys, *new_keys]} == {200}
            assert fleet.use(number, f"sk-unknown-{turn}-{number}") == 401
            for _ in range(number):
                assert fleet.use(number, None) == 401


def test_one_verdict_for_all_hosts(fleet: Fleet):
    new_keys = [fleet.replacement(number) for number in range(HOSTS)]
    work(fleet, new_keys, rounds=3)
    truth = fleet.true_counts()
    assert min(truth["fallback"], truth["hits"], truth["misses"], truth["unknown_key"]) > 0
    check_counts(fleet)
    shown = fleet.server.query(f'keyshift_fallback_auth_total{{job="{fleet.job}"}}')
    assert sum(value for _, value in shown) == 2 * truth["fallback"], "the centre is scraped too, and not counted"

    with NeverSafe(fleet.centre):
        fleet.hosts[1].stop()
        unknown = fleet.wait_for_verdict("UNKNOWN")
        time.sleep(DRAIN_SECONDS + 3)
        assert fleet.verdict()["verdict"] == "UNKNOWN", "longer than the drain window"
    assert {check["check"]: check["outcome"] for check in unknown["checks"]}["no_fallback_hits"] == "UNKNOWN"
    fleet.hosts[1].start()
    fleet.wait_for_verdict("NOT_YET", "SAFE")
    assert fleet.seen_counts() == truth, "one that was forgotten is not counted again"
    safe = fleet.wait_for_verdict("SAFE")
    assert {check["outcome"] for check in safe["checks"]} == {"pass"}

    fleet.hosts[2].stop()
    fleet.server.wait_for(f'up{{job="{fleet.job}",instance="{fleet.targets[2]}"}} == 0')
    fleet.wait_for_looks(2)
    with NeverSafe(fleet.centre):
        assert fleet.use(2, "sk-unknown-at-night") == 401
        fleet.wait_for_verdict("UNKNOWN")
        time.sleep(3)
    fleet.hosts[2].start()
    fleet.wait_for_verdict("SAFE")
    check_counts(fleet)


def test_a_host_that_counts_nothing_of_its_own_keeps_the_verdict_unknown(fleet: Fleet, database: Database):
    with Serve(watching(database.dsn())) as other:
        fleet.server.set_targets({fleet.job: [*fleet.targets, f"127.0.0.1:{other.port}"]})
        what = f'instance="127.0.0.1:{other.port}",job="keyshift": does not count fallback of its own gateway'
        command = ("status", f"--config={fleet.centre.config_path}")
        eventually(lambda: what in Keyshift().run(*command).stdout.decode(), TIMEOUT, "it is named")
        assert fleet.verdict()["verdict"] == "UNKNOWN"


def test_a_fleet_that_nobody_scrapes_any_more_is_unknown(fleet: Fleet):
    """Its last values are still there for minutes."""
    tree = yaml.safe_load(fleet.centre.config_path.read_text())
    tree["collectors"][1]["stale_after"] = "3s"
    fleet.centre.configure(tree)
    fleet.centre.restart()
    eventually(lambda: "without" not in status_line(fleet), TIMEOUT, "all are there")
    fleet.server.set_targets({})
    eventually(lambda: "without" in status_line(fleet), TIMEOUT, "they are missing")
    assert fleet.verdict()["verdict"] == "UNKNOWN"


def status_line(fleet: Fleet) -> str:
    text = Keyshift().run("status", f"--config={fleet.centre.config_path}").stdout.decode()
    return next(line for line in text.splitlines() if re.search(r"\bprometheus +(up|down)", line))
