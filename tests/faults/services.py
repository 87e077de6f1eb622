# SPDX-License-Identifier: Apache-2.0
"""The sources that ask Redis, or something by HTTP."""

import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from faults.sites import BehindProxy, descendants, environment
from gateway_sim import Gateway
from gateway_sim.keys import bcrypt_hash
from harness.servers.prometheus import Prometheus
from harness.servers.redis import Redis
from harness.servers.time_travel import Clock
from harness.tools import leaks
from harness.tools.http_faults import HttpFaults, text

_PATH = "/v1/models"
_LEGACY_TEXT = "sk-a-legacy-key-of-the-faults"


class OfRedis(BehindProxy):
    """Hits of its keyspace. A restart sets them back, so that what is counted is what grew."""

    source = "redis"

    def set_up(self, stack: ExitStack) -> None:
        self.server = stack.enter_context(Redis())
        self.behind(stack, self.server.port)
        self._hits = 0

    def collectors(self) -> list[dict[str, Any]]:
        return [{"type": "redis", "url": f"redis://127.0.0.1:{self.proxy.port}/0"}]

    def work(self) -> None:
        with self.server.client() as client:
            client.set("a key", "x")
            client.get("a key")
        self._hits += 1

    def counted(self) -> Any:
        return self.serve.metric("keyshift_redis_keyspace_hits_total")

    def done(self) -> Any:
        return self._hits


class OfGateway(BehindProxy):
    """A gateway with a fallback and a legacy key that it accepts."""

    def set_up(self, stack: ExitStack) -> None:
        options = {"behaviour": "fallback", "fallback_scope": "legacy", "require_auth": True, "auth_metrics": True}
        self._gateways_clock = Clock()
        self.gateway = Gateway(self.database.dsn(), **options)
        self.start_server()
        stack.callback(self.gateway.close)
        stack.callback(self.stop_server)
        self.behind(stack, int(self.gateway.url.rpartition(":")[2]))
        self.address = self.gateway.url
        hashed = bcrypt_hash(leaks.secret(_LEGACY_TEXT), 4)
        self.database.execute("UPDATE virtual_keys SET key_hash = %s WHERE id = %s", (hashed, self.table.legacy[0]))

    def stop_server(self) -> None:
        self.gateway.stop()

    def start_server(self) -> None:
        with environment(self._gateways_clock.environment):
            self.gateway.start()

    def processes(self) -> list[int]:
        return descendants(self.gateway.pid)

    def jump(self, by: timedelta) -> None:
        self._gateways_clock.advance(by)

    def call(self, key: str) -> None:
        request = urllib.request.Request(self.address + _PATH, headers={"Authorization": f"Bearer {key}"}, method="POST")
        try:
            urllib.request.urlopen(request, timeout=20).close()
        except urllib.error.HTTPError as error:
            error.close()


class GatewayMetrics(OfGateway):
    """Failed authentications."""

    source = "gateway_metrics"

    def set_up(self, stack: ExitStack) -> None:
        super().set_up(stack)
        self._failures = 0

    def collectors(self) -> list[dict[str, Any]]:
        counters = [
            {"event": "fallback", "metric": "gateway_auth_fallback_total"},
            {"event": "auth_failure", "metric": "gateway_auth_failures_total", "reason_label": "reason"},
        ]
        return [{"type": "gateway_metrics", "targets": [f"http://{self.proxy.address}/metrics"], "counters": counters}]

    def prove(self) -> None:
        self.look()
        self.call(_LEGACY_TEXT)
        hits = lambda: self.serve.metric("keyshift_fallback_auth_total")  # noqa: E731
        self.serve.process.wait_until(hits, self.patience, "a use is counted")

    def work(self) -> None:
        self.call("sk-unknown")
        self._failures += 1

    def counted(self) -> Any:
        return self.serve.metric("keyshift_auth_failures_total", reason="unknown_key")

    def done(self) -> Any:
        return self._failures


class Probe(OfGateway):
    """It counts nothing: its own requests are left out everywhere."""

    source = "probe"

    def collectors(self) -> list[dict[str, Any]]:
        return [{"type": "probe", "url": f"http://{self.proxy.address}{_PATH}"}]


class OfPrometheus(BehindProxy):
    """A Prometheus that scrapes one other host with keyshift, whose page the test writes."""

    source = "prometheus"

    def set_up(self, stack: ExitStack) -> None:
        self._host = stack.enter_context(HttpFaults())
        self._fallbacks = self._failures = 0
        self._show()
        self.server = stack.enter_context(Prometheus({"keyshift": [self._host.address]}, interval="200ms"))
        self.server.wait_for('keyshift_fallback_auth_total{job="keyshift"}')
        self.behind(stack, self.server.port)

    def collectors(self) -> list[dict[str, Any]]:
        return [{"type": "prometheus", "url": f"http://{self.proxy.address}"}]

    def prove(self) -> None:
        self.look()
        self._fallbacks += 1
        self._show()
        self.table.use(self.table.legacy[0])
        hits = lambda: self.serve.metric("keyshift_fallback_auth_total")  # noqa: E731
        self.serve.process.wait_until(hits, self.patience, "a use is counted")

    def work(self) -> None:
        self._failures += 1
        self._show()

    def counted(self) -> Any:
        return self.serve.metric("keyshift_auth_failures_total", reason="unknown_key")

    def done(self) -> Any:
        return self._failures

    def start_server(self) -> None:
        super().start_server()
        self.server.wait_for('keyshift_fallback_auth_total{job="keyshift"}')

    def _show(self) -> None:
        lines = [
            f"keyshift_fallback_auth_total {self._fallbacks}",
            'keyshift_evidence_info{signal="fallback",evidence="gateway_metrics"} 1',
            f'keyshift_auth_failures_total{{reason="unknown_key"}} {self._failures}',
            'keyshift_evidence_info{signal="auth_failures",evidence="gateway_metrics"} 1',
            'keyshift_source_up{source="gateway_metrics"} 1',
            'keyshift_gateway_up{gateway="127.0.0.1:1"} 1',
            'keyshift_observation_start_timestamp_seconds{source="gateway_metrics"} 1000',
        ]
        self._host.answer(text("".join(f"{line}\n" for line in lines)), "/metrics")
