# SPDX-License-Identifier: Apache-2.0
"""Three gateways on one database, a keyshift beside each, a Prometheus or VictoriaMetrics that scrapes them, and the
daemon in the centre that reads the fleet back from there: its counts, its verdict, and who it misses.

Around Prometheus everything is as config/fleet has it: nginx before each gateway, hosts that read logs, a job of its
own for the centre. Around VictoriaMetrics it is as docs/operations.md has it: hosts that read metrics, the centre among
them."""

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
from harness.documents.alert_rules import groups, violations
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import watching
from harness.servers.nginx import Nginx
from harness.servers.postgres import Database
from harness.servers.prometheus import Prometheus, promtool
from harness.servers.query_api import QueryServer, Targets
from harness.servers.redis import Redis
from harness.servers.victoria_metrics import VictoriaMetrics
from harness.tools.exposition import Samples
from harness.tools.ports import free_port
from harness.tools.wait import eventually

DRAIN_SECONDS = 10
HOSTS = 3
TIMEOUT = 45.0
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
EXAMPLE = Path(__file__).parents[2] / "config" / "fleet"
JOB, CENTRE_JOB = "keyshift", "keyshift-central"


def documented_host() -> dict:
    section = re.search(r"^## A fleet of gateways\n(.*?)^## ", OPERATIONS.read_text(), re.M | re.S)[1]
    (host,) = re.findall(r"```yaml\n(.*?)```", section, re.S)
    return yaml.safe_load(host)


def example(name: str) -> dict:
    return yaml.safe_load((EXAMPLE / name).read_text())


def metrics_host(gateway: Gateway) -> dict:
    tree = documented_host()
    tree["collectors"][0].update(targets=[f"{gateway.url}/metrics"], interval="200ms", timeout="2s")
    return tree


def log_host(gateway: Gateway, proxy: Nginx) -> dict:
    tree = example("log-host.yaml")
    del tree["web"]
    access, own = tree["collectors"]
    access.update(interval="200ms", input={"files": [f"{proxy.access_log}*"]})
    own.update(interval="200ms", input={"files": [str(gateway.log_path)]})
    return tree


def centre_tree(dsn: str, url: str) -> dict:
    keys, fleet = example("central.yaml")["collectors"]
    assert keys == {"type": "keys"} and fleet["instances"] == HOSTS and fleet["job"] == JOB
    fleet.update(url=url, interval="200ms", timeout="5s")
    return {
        "migration": {"drain_window": f"{DRAIN_SECONDS}s", "failure_budget": "100%"},
        "collectors": [*watching(dsn)["collectors"], fleet],
    }


class FleetPrometheus(Prometheus):
    """By the example's own configuration, but for its addresses and how often it scrapes."""

    def write_targets(self, targets: Targets) -> None:
        tree = example("prometheus.yaml")
        tree["global"] = self._settings["global"]
        tree["rule_files"] = [str((EXAMPLE / file).resolve()) for file in tree["rule_files"]]
        hosts, centre = tree["scrape_configs"]
        assert (hosts["job_name"], centre["job_name"]) == (JOB, CENTRE_JOB)
        (file,) = hosts["file_sd_configs"][0]["files"]
        centre["static_configs"][0]["targets"] = list(targets.get(CENTRE_JOB, []))
        (self.directory / file).write_text(yaml.safe_dump([{"targets": list(targets.get(JOB, []))}]))
        self._configuration.write_text(yaml.safe_dump(tree))


class Fleet:
    """`servers` has one gateway, `hosts` the keyshift beside it, by number."""

    def __init__(self, kind: type[QueryServer], database: Database, redis: Redis, stack: ExitStack):
        self.reads_logs = kind is FleetPrometheus
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
        self.doors = [gateway.url for gateway in self.gateways]
        trees = [metrics_host(gateway) for gateway in self.gateways]
        if self.reads_logs:
            proxies = [stack.enter_context(Nginx(gateway.url)) for gateway in self.gateways]
            self.doors = [proxy.url for proxy in proxies]
            trees = [log_host(gateway, proxy) for gateway, proxy in zip(self.gateways, proxies)]
        port = free_port()
        self.targets: list[str] = []
        self.centre_target = f"127.0.0.1:{port}"
        self.server = stack.enter_context(kind(self.jobs(), interval="1s"))
        self.centre = stack.enter_context(Serve(centre_tree(database.dsn(), self.server.url), port=port))
        # After the centre, so that all they count is new: of older ones it counts from when it first sees them.
        self.hosts = [stack.enter_context(Serve(tree)) for tree in trees]
        self.targets = [f"127.0.0.1:{host.port}" for host in self.hosts]
        self.server.set_targets(self.jobs())

    def jobs(self, *further: str) -> dict[str, list[str]]:
        """Which targets are scraped, with further hosts."""
        hosts = [*self.targets, *further]
        if self.reads_logs:
            return {JOB: hosts, CENTRE_JOB: [self.centre_target]}
        return {JOB: [*hosts, self.centre_target]}

    def post(self, number: int, path: str, bearer: str | None, body: dict | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{self.doors[number]}{path}", json=body, headers=headers, timeout=20)

    def use(self, number: int, key: str | None) -> int:
        return self.post(number, "/v1/models", key).status_code

    def replacement(self, number: int) -> str:
        """A new key for the owner of the legacy key with this number, of the same name."""
        key = self.old_keys[number]
        login = {"email": key.owner.email, "password": key.owner.password}
        token = self.post(number, "/auth/login", None, login).json()["token"]
        return self.post(number, "/auth/key/generate", token, {"name": key.name}).json()["key"]

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


@pytest.fixture(params=[FleetPrometheus, VictoriaMetrics], ids=lambda kind: kind.name)
def fleet(request: pytest.FixtureRequest, database: Database, redis: Redis) -> Iterator[Fleet]:
    with redis.client() as client:
        client.flushall()
    with ExitStack() as stack:
        made = Fleet(request.param, database, redis, stack)
        # Until its log has lines of that level, a gateway's cache counts as not measured.
        assert {made.use(number, "sk-unknown-at-first") for number in range(HOSTS)} == {401}
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


def check_rules(fleet: Fleet, truth: dict[str, float]) -> None:
    """What the example records of all hosts."""
    server = fleet.server
    server.wait_for("job:keyshift_hosts_up:sum", lambda found: [value for _, value in found] == [HOSTS])
    everything = f'job:keyshift_fallback_auth:sum{{job="{JOB}"}}'
    server.wait_for(everything, lambda found: [value for _, value in found] == [truth["fallback"]])
    failures = {labels["reason"]: value for labels, value in server.query("job:keyshift_auth_failures:sum") if value}
    assert failures == {reason: truth[reason] for reason in failures} and len(failures) == 2
    for recorded in ("fallback_auth", "auth_failures", "http_requests", "auth_cache_hits", "auth_cache_misses"):
        server.wait_for(f"sum(job:keyshift_{recorded}:rate5m) > 0")
    assert 0 < server.query("job:keyshift_auth_cache_hits:ratio_rate5m")[0][1] < 1


def work(fleet: Fleet, new_keys: list[str], rounds: int) -> None:
    """Every client at every gateway with its old and its new key, and some that have none."""
    old_keys = [key.text for key in fleet.old_keys]
    for turn in range(rounds):
        for number in range(HOSTS):
            assert {fleet.use(number, key) for key in [*old_keys, *new_keys]} == {200}
            assert fleet.use(number, f"sk-unknown-{turn}-{number}") == 401
            for _ in range(number):
                assert fleet.use(number, None) == 401


@pytest.mark.time_limit(400)
def test_one_verdict_for_all_hosts(fleet: Fleet):
    new_keys = [fleet.replacement(number) for number in range(HOSTS)]
    work(fleet, new_keys, rounds=3)
    truth = fleet.true_counts()
    assert min(truth["fallback"], truth["hits"], truth["misses"], truth["unknown_key"]) > 0
    check_counts(fleet)
    # The centre is scraped too, some time after it has counted, and counts no such series of its own.
    both = 2 * truth["fallback"]
    fleet.server.wait_for("sum(keyshift_fallback_auth_total)", lambda found: [value for _, value in found] == [both])
    if fleet.reads_logs:
        check_rules(fleet, truth)

    with NeverSafe(fleet.centre):
        fleet.hosts[1].stop()
        fleet.wait_for_verdict("UNKNOWN")
        time.sleep(DRAIN_SECONDS + 3)
        missing = fleet.verdict()
        assert missing["verdict"] == "UNKNOWN", "longer than the drain window"
    # The column of last uses vouches for all hosts; what only the fleet can count is unknown, and says why.
    unknown = {check["check"]: check["evidence"] for check in missing["checks"] if check["outcome"] == "UNKNOWN"}
    assert unknown.keys() == {"no_fallback_hits", "failures_normal"}
    assert all("prometheus" in text and "cannot be read in full" in text for text in unknown.values())
    fleet.hosts[1].start()
    fleet.wait_for_verdict("NOT_YET", "SAFE")
    assert fleet.seen_counts() == truth, "one that was forgotten is not counted again"
    safe = fleet.wait_for_verdict("SAFE")
    assert {check["check"] for check in safe["checks"] if check["outcome"] != "pass"} <= {"failures_normal"}

    fleet.hosts[2].stop()
    fleet.server.wait_for(f'up{{job="{JOB}",instance="{fleet.targets[2]}"}} == 0')
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
        fleet.server.set_targets(fleet.jobs(f"127.0.0.1:{other.port}"))
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


def test_the_example_is_valid():
    result = promtool(["check", "config", EXAMPLE / "prometheus.yaml"])
    assert result.returncode == 0, result.stderr + result.stdout
    assert violations(groups((EXAMPLE / "fleet.rules.yaml").read_text()), set()) == []
    hosts = yaml.safe_load((EXAMPLE / "hosts.yaml").read_text())
    assert len(hosts[0]["targets"]) == example("central.yaml")["collectors"][1]["instances"]
