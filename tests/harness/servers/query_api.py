# SPDX-License-Identifier: Apache-2.0
"""What Prometheus and VictoriaMetrics have in common: targets that they scrape, and the API that answers queries."""

import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.servers.server import Server
from harness.tools import http
from harness.tools.ports import free_port
from harness.tools.wait import eventually

Vector = list[tuple[dict[str, str], float]]
Targets = Mapping[str, Sequence[str]]

_RELOAD_SECONDS = 20.0


class QueryServer(Server):
    """One server on a port of its own. `url` is what its clients are given; targets are host:port addresses by job."""

    def __init__(self):
        super().__init__()
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write_targets(self, targets: Targets) -> None:
        """Into its configuration, all else as before."""
        raise NotImplementedError

    def set_targets(self, targets: Targets) -> None:
        """Scrape these from now on and no others; returns when the running server has them."""
        self.write_targets(targets)
        self.process.send_signal(signal.SIGHUP)
        wanted = sorted((job, host) for job, hosts in targets.items() for host in hosts)
        eventually(lambda: self.targets() == wanted, _RELOAD_SECONDS, f"{self.name} has its new targets")

    def targets(self) -> list[tuple[str, str]]:
        """(job, instance) of what it scrapes now."""
        active = self._get("targets")["activeTargets"]
        return sorted((target["labels"]["job"], target["labels"]["instance"]) for target in active)

    def flush(self) -> None:
        """Make all that was scraped so far visible to queries."""

    def query(self, expression: str) -> Vector:
        """The value now of an instant expression, one (labels, value) a series; AssertionError if it is wrong."""
        data = self._get("query", query=expression)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        assert data["resultType"] == "vector", f"not an instant vector: {expression}"
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]

    def wait_for(self, expression: str, predicate: Callable[[Vector], object] = bool, timeout: float = 20.0) -> Vector:
        """The expression's value as soon as it pleases the predicate, by default as soon as there is one."""
        latest: Vector = []

        def pleases() -> bool:
            self.flush()
            latest[:] = self.query(expression)
            return bool(predicate(latest))

        try:
            eventually(pleases, timeout, expression)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; its value: {latest}") from None
        return latest

    def _get(self, endpoint: str, **params: str) -> Any:
        body = http.get(f"{self.url}/api/v1/{endpoint}", params=params).json()
        assert body["status"] == "success", f"{params}: {body.get('error')}"
        return body["data"]


def scrape_jobs(targets: Targets) -> list[dict[str, Any]]:
    """As in Prometheus's configuration file."""
    return [{"job_name": job, "static_configs": [{"targets": list(hosts)}]} for job, hosts in targets.items()]
