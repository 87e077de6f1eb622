# SPDX-License-Identifier: Apache-2.0
"""What keyshift counts of a gateway with a fallback, as Prometheus has it, against what the gateway says it did: over
reset statistics, a keyshift that is killed, and a gateway that is started again."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway_sim import Gateway, Planted, Seed, Traffic
from harness.product.counting import looking
from harness.product.keyshift import Keyshift, Serve
from harness.servers.postgres import Database
from harness.servers.prometheus import Prometheus
from harness.servers.redis import Redis
from harness.tools.wait import eventually

COUNTERS = [
    *({"event": "fallback", "metric": "gateway_auth_fallback_total"},),
    *(
        {"event": f"auth_cache_{result}", "metric": "gateway_auth_cache_total", "labels": {"result": result}}
        for result in ("hit", "miss")
    ),
    *({"event": "auth_failure", "metric": "gateway_auth_failures_total", "reason_label": "reason"},),
]


@dataclass
class World:
    evidence: str
    database: Database
    redis: Redis
    planted: Planted
    gateway: Gateway
    serve: Serve
    prometheus: Prometheus
    seed: int = 0

    def traffic(self, steps: int = 40) -> None:
        self.seed += 1
        Traffic(self.gateway.url, self.planted, seed=self.seed).run_steps(steps)

    def expected(self) -> dict[str, float]:
        counts = self.gateway.counts()
        lookup = counts["statements"]["lookup"]
        by_statements = self.evidence == "statements"
        expected = {
            "keyshift_fallback_auth_total": counts["fallback"]["hits"],
            "keyshift_auth_cache_hits_total": counts["auth_cache"]["verified"]["hit"],
            "keyshift_auth_cache_misses_total": counts["authenticated"]["without_cache"],
            'keyshift_auth_lookups_total{result="found"}': lookup["rows"],
            'keyshift_auth_lookups_total{result="not_found"}': lookup["calls"] - lookup["rows"],
            "keyshift_auth_verifications_total": counts["statements"]["touch"]["calls"],
            "keyshift_fallback_scans_total": counts["fallback"]["attempts"],
            "keyshift_fallback_scanned_keys_total": counts["fallback"]["compared"],
        }
        if by_statements:
            # Which of the scans were in vain is told by the keys' last uses, to two seconds: see assert_hits().
            del expected["keyshift_fallback_auth_total"]
        if not by_statements:
            for reason in ("unknown_key", "missing_header", "blocked", "expired"):
                name = f'keyshift_auth_failures_total{{reason="{reason}"}}'
                expected[name] = counts["failures"].get(reason, 0)
        return expected

    def stored(self) -> dict[str, float | None]:
        """What Prometheus has."""
        values = {}
        for name in self.expected():
            samples = self.prometheus.query(name)
            assert len(samples) <= 1, name
            values[name] = samples[0][1] if samples else None
        return values

    def settle(self) -> dict[str, float]:
        expected = self.expected()
        with contextlib.suppress(AssertionError):
            eventually(lambda: self.stored() == expected, 20, "Prometheus has it all")
        assert self.stored() == expected
        self.assert_hits()
        return expected

    def assert_hits(self) -> None:
        """No use is missed, and no more are counted than there were scans, once all of them have been judged."""
        fallback = self.gateway.counts()["fallback"]
        uses, most = fallback["hits"], fallback["hits" if self.evidence == "gateway_metrics" else "attempts"]

        def hits() -> float:
            return self.serve.metric("keyshift_fallback_auth_total")

        eventually(lambda: uses <= hits() <= most, 20, f"{uses} to {most} uses, not {hits()}")

    def resets(self, source: str) -> float | None:
        return self.serve.metric("keyshift_source_resets_total", source=source)


@pytest.fixture(params=["statements", "gateway_metrics"])
def world(request, database: Database, own_redis: Redis) -> Iterator[World]:
    planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
    with Gateway(
        database.dsn(), own_redis.url(), behaviour="fallback", require_auth=True, auth_metrics=True
    ) as gateway:
        config = looking(database.dsn())
        # Of this gateway it is known that nobody reads keys by their id but its own checks.
        config["gateway"] = {"statements": {"by_id": "select * from virtual_keys where id = $1"}}
        config["collectors"].append({"type": "redis", "url": own_redis.url(), "interval": "200ms"})
        if request.param == "gateway_metrics":
            # After three polls without an answer the statements take over, who count scans in vain for a while.
            target = {"targets": [f"{gateway.url}/metrics"], "interval": "2s", "counters": COUNTERS}
            config["collectors"].append({"type": "gateway_metrics", **target})
        with Serve(config) as serve, Prometheus({"keyshift": [f"127.0.0.1:{serve.port}"]}) as prometheus:
            yield World(request.param, database, own_redis, planted, gateway, serve, prometheus)


def test_every_event_is_counted_once(world: World):
    for signal_name in ("fallback", "auth_cache"):
        assert world.serve.metric("keyshift_evidence_info", signal=signal_name, evidence=world.evidence) == 1
    world.traffic()
    seen = world.settle()
    assert seen["keyshift_fallback_scans_total"] > 5 and seen["keyshift_auth_cache_hits_total"] > 5

    # The instance is shared with other tests, whose statements may evict some, which counts as a reset too.
    before = world.resets("statements")
    world.database.reset_statements()
    eventually(lambda: world.resets("statements") > before, 10, "the reset is noticed")
    world.traffic()
    world.settle()

    world.serve.kill9()
    world.traffic()
    world.serve.start()
    world.settle()

    world.gateway.restart()
    if world.evidence == "gateway_metrics":
        eventually(lambda: world.resets("gateway_metrics") == 1, 10, "the restart is noticed")
    world.traffic()
    last = world.settle()
    assert all(last[name] > seen[name] for name in seen if not name.endswith('d"}')), "each part adds something"
    info = world.prometheus.query("keyshift_evidence_info")
    named = {(labels["signal"], labels["evidence"]) for labels, _ in info}
    assert {("fallback", world.evidence), ("auth_cache", world.evidence)} <= named


def test_status_shows_what_is_counted(world: World):
    world.traffic()
    seen = world.settle()
    result = Keyshift().run("status", "--config", world.serve.config_path)
    text = result.stdout.decode()
    assert result.returncode == 0, result.stderr
    hits = int(world.serve.metric("keyshift_fallback_auth_total"))
    assert f"fallback hits: {hits} in all, {hits} within 24h (by full hours), by {world.evidence}" in text
    assert f"{int(seen['keyshift_auth_cache_hits_total'])} hits" in text
    assert "not counted" not in text
