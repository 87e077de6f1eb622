# SPDX-License-Identifier: Apache-2.0
"""From a client that is locked out to the message that somebody gets: a simulated gateway, keyshift, Prometheus with
the rules and Alertmanager with the configuration of this project, all their durations divided by 300.

A gateway loses its fallback while owners still use old keys, a key is deleted in use, and Redis goes down. What must
come comes, what follows from something else does not, and after the mend all is over.
"""

import csv
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

import pytest
import requests
import yaml

from gateway_sim import Gateway, PlantedKey, Seed
from harness.documents.alert_rules import ROOT, RULES, RUNBOOKS, headings, scaled, scaled_durations
from harness.product.keyshift import Keyshift, Serve
from harness.servers.alertmanager import Alertmanager, Receiver, addressed_to
from harness.servers.postgres import Database
from harness.servers.prometheus import Prometheus
from harness.servers.redis import Redis
from harness.tools import leaks
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

FACTOR = 1 / 300
TIMEOUT = 30.0
# Three seconds without a look, or one without a scrape, may also come from a machine under load.
OF_LOAD = {"Down", "DataStale"}
COUNTERS = [
    {"event": "fallback", "metric": "gateway_auth_fallback_total"},
    {"event": "auth_failure", "metric": "gateway_auth_failures_total", "reason_label": "reason"},
    {"event": "request_success", "metric": "gateway_auth_cache_total"},
    {"event": "request_auth_failure", "metric": "gateway_auth_failures_total"},
]


class Clients:
    """One for each owner, which uses the key that it has been given, all the time, from a thread."""

    def __init__(self, url: str, keys: dict[str, str]):
        self.keys = keys
        """By owner's address; change it to deploy another key."""
        self.statuses: dict[str, int] = {}
        """What each client got last."""
        self._url = url
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._end.wait(0.1):
                for owner, key in list(self.keys.items()):
                    headers = {"Authorization": f"Bearer {key}"}
                    reply = session.post(f"{self._url}/v1/models", headers=headers, timeout=10)
                    self.statuses[owner] = reply.status_code


@dataclass
class World:
    gateway: Gateway
    serve: Serve
    redis: Redis
    clients: Clients
    prometheus: Prometheus
    alertmanager: Alertmanager
    receiver: Receiver
    keys: list[PlantedKey]
    tokens: dict[str, str] = field(default_factory=dict)

    def manage(self, key: PlantedKey, path: str, body: dict | None = None) -> requests.Response:
        """As the owner of the key, who logs in with a password."""
        address = key.owner.email
        with requests.Session() as session:
            session.trust_env = False
            if address not in self.tokens:
                login = {"email": address, "password": key.owner.password}
                reply = session.post(f"{self.gateway.url}/auth/login", json=login, timeout=10)
                self.tokens[address] = reply.json()["token"]
            bearer = {"Authorization": f"Bearer {self.tokens[address]}"}
            reply = session.post(f"{self.gateway.url}{path}", json=body, headers=bearer, timeout=10)
            reply.raise_for_status()
            return reply

    def deploy_new_key(self, key: PlantedKey) -> None:
        new = self.manage(key, "/auth/key/generate", {"name": key.name}).json()["key"]
        self.clients.keys[key.owner.email] = new

    def firing(self) -> set[str]:
        return {labels["alertname"].removeprefix("Keyshift") for labels in self.prometheus.firing_alerts()}

    def told(self, receiver: str, status: str = "firing") -> set[str]:
        return {name.removeprefix("Keyshift") for name in self.receiver.alerts(receiver, status)}


def configuration(database: Database, gateway: Gateway, redis: Redis, canary: PlantedKey) -> dict:
    often = {"interval": "200ms", "timeout": "2s"}
    probe = {"url": f"{gateway.url}/v1/models", "canary_id": canary.id, "canary_key": leaks.secret(canary.text)}
    return {
        "collectors": [
            {"type": "keys", "database_url": database.dsn(), "database_duty": "100%", **often},
            {"type": "gateway_metrics", "targets": [f"{gateway.url}/metrics"], "counters": COUNTERS, **often},
            {"type": "redis", "url": redis.url(), **often},
            {"type": "probe", "canary_interval": "1s", **probe, **often},
        ],
    }


@pytest.fixture
def world(database: Database, own_redis: Redis) -> Iterator[World]:
    none = {"system_keys": 0, "unused_keys": 0, "modern_keys": 0, "special": False}
    planted = Seed(owners=4, keys_per_owner=1, dormant_keys=1, **none).plant(database.dsn())
    # Only a replacement of the same name ends the alarm about a key that was deleted in use.
    database.execute("DELETE FROM virtual_keys WHERE name IS NULL", ())
    keys = [key for key in planted.with_role("active") if key.name]
    (canary,) = planted.with_role("dormant")
    options = {"behaviour": "fallback", "require_auth": True, "auth_metrics": True}
    with ExitStack() as stack:
        gateway = stack.enter_context(Gateway(database.dsn(), **options))
        clients = stack.enter_context(Clients(gateway.url, {key.owner.email: key.text for key in keys}))
        serve = stack.enter_context(Serve(configuration(database, gateway, own_redis, canary)))
        receiver = stack.enter_context(Receiver())
        text = addressed_to((ROOT / "config" / "alertmanager.yaml").read_text(), receiver)
        text = yaml.safe_dump(scaled_durations(yaml.safe_load(text), FACTOR))
        alertmanager = stack.enter_context(Alertmanager(text))
        rules = scratch_directory("rules") / RULES.name
        rules.write_text(scaled(RULES.read_text(), FACTOR))
        prometheus = Prometheus(
            {"keyshift": [f"127.0.0.1:{serve.port}"]},
            interval="200ms",
            rule_files=[rules],
            alertmanagers=[f"127.0.0.1:{alertmanager.port}"],
        )
        stack.enter_context(prometheus)
        prometheus.wait_for("keyshift_source_up == 1", lambda sources: len(sources) == 4, TIMEOUT)
        yield World(gateway, serve, own_redis, clients, prometheus, alertmanager, receiver, keys)


def test_who_is_locked_out_comes_to_the_one_on_call(world: World):
    moving, locked_out, deleted = world.keys
    world.deploy_new_key(moving)
    eventually(lambda: list(world.clients.statuses.values()) == [200] * 3, 10, "all work")
    # As long as the longest window of a rule that looks back before the change.
    time.sleep(3)
    seen(world, lambda: world.firing() == set(), "nothing fires")
    assert (world.told("page") | world.told("ticket")) <= OF_LOAD

    world.manage(deleted, f"/auth/key/delete?key_id={deleted.id}")
    world.gateway.set_fallback(False)
    world.redis.stop()

    paged = {"LegacyKeyStranded", "KeyRetiredInUse", "AuthFailureBurnFast"}
    follow = {"UnknownKeyAttempts", "DataStale"}
    seen(world, lambda: paged <= world.told("page"), "pages")
    seen(world, lambda: "SourceDown" in world.told("ticket"), "a ticket for Redis")
    seen(world, lambda: follow <= world.firing(), "what follows fires too")
    time.sleep(2)
    assert world.told("page") - OF_LOAD == paged
    assert world.told("ticket") - OF_LOAD == {"SourceDown"}, "what follows is muted"
    states = {labels["alertname"]: state for labels, state in world.alertmanager.active()}
    assert {states[f"Keyshift{name}"] for name in follow} == {"suppressed"}
    told = [alert["labels"] for _, alert in world.receiver.told() if alert["status"] == "firing"]
    assert ("KeyshiftDataStale", "redis") not in {(labels["alertname"], labels.get("source")) for labels in told}
    check_messages(world)
    assert listed(world) == [deleted.id]

    world.redis.start()
    world.deploy_new_key(locked_out)
    world.deploy_new_key(deleted)
    eventually(lambda: set(world.clients.statuses.values()) == {200}, 10, "all work again")
    seen(world, lambda: world.firing() == set(), "nothing fires any more")
    seen(world, lambda: paged <= world.told("page", "resolved"), "those on call are told")
    seen(world, lambda: "SourceDown" in world.told("ticket", "resolved"), "the ticket is closed")
    assert world.told("page") - OF_LOAD == paged
    # A day's budget is still used up when the fire is out.
    assert world.told("ticket") - {"AuthFailureBurnSlow", *OF_LOAD} == {"SourceDown"}


def seen(world: World, reached, what: str) -> None:
    try:
        eventually(reached, TIMEOUT, what)
    except AssertionError as failure:
        told = [(to, alert["labels"]["alertname"], alert["status"]) for to, alert in world.receiver.told()]
        raise AssertionError(f"{failure}\nfiring: {world.firing()}\ntold: {told}\n{world.alertmanager.log()}") from None


def listed(world: World) -> list[str]:
    """Ids of the keys that were deleted in use, as the runbook finds them."""
    command = re.search(r"`keyshift (report --phase retired_in_use)`", RUNBOOKS.read_text())[1]
    result = Keyshift().run(*command.split(), "--format=csv", f"--config={world.serve.config_path}")
    assert result.returncode == 0, result.stderr.decode()
    return [row["id"] for row in csv.DictReader(result.stdout.decode().splitlines())]


def check_messages(world: World) -> None:
    """Each says whom, what and where to read on."""
    anchors = headings(RUNBOOKS.read_text())
    for _, alert in world.receiver.told():
        notes, labels = alert["annotations"], alert["labels"]
        assert labels["instance"] == f"127.0.0.1:{world.serve.port}"
        assert notes["description"].startswith(f"{labels['job']} on {labels['instance']}: ") and "{{" not in notes["description"]
        assert notes["runbook_url"].partition("#")[2] in anchors
    stranded = next(alert for _, alert in world.receiver.told() if alert["labels"]["alertname"].endswith("Stranded"))
    assert "have no replacement in use: 1. Their clients fail now." in stranded["annotations"]["description"]
