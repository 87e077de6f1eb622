# SPDX-License-Identifier: Apache-2.0
"""Prometheus from Debian, scraping given targets, and promtool."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from harness import http
from harness.ports import free_port
from harness.process import CLEAN_ENVIRONMENT, program
from harness.server import Server
from harness.wait import eventually

Vector = list[tuple[dict[str, str], float]]


class Prometheus(Server):
    """One instance. `targets` maps a job's name to its host:port addresses, all scraped and all rules evaluated at
    `interval`, such as "200ms". `rule_files` are paths, globs allowed.

    Its first scrape comes five seconds after a start, a delay built into its target discovery: share one where you can.
    """

    name = "prometheus"

    def __init__(
        self, targets: Mapping[str, Sequence[str]], *, interval: str = "1s", rule_files: Sequence[str | Path] = ()
    ):
        super().__init__()
        self.port = free_port()
        self._configuration = self.directory / "prometheus.yml"
        self.configure(targets, interval=interval, rule_files=rule_files)

    def configure(
        self, targets: Mapping[str, Sequence[str]], *, interval: str = "1s", rule_files: Sequence[str | Path] = ()
    ) -> None:
        """Write its configuration anew; takes effect at the next start."""
        jobs = [{"job_name": job, "static_configs": [{"targets": list(hosts)}]} for job, hosts in targets.items()]
        tree = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(Path(file).absolute()) for file in rule_files],
            "scrape_configs": jobs,
        }
        self._configuration.write_text(yaml.safe_dump(tree))

    def argv(self) -> Sequence[str]:
        return [
            program("prometheus"),
            f"--config.file={self._configuration}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--scrape.discovery-reload-interval=10ms",
            "--log.level=warn",
        ]

    def answers(self) -> bool:
        return http.answers(f"{self.url}/-/ready")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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
            latest[:] = self.query(expression)
            return bool(predicate(latest))

        try:
            eventually(pleases, timeout, expression)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; its value: {latest}") from None
        return latest

    def firing_alerts(self) -> list[dict[str, str]]:
        """The labels of each alert that fires now."""
        return [alert["labels"] for alert in self._get("alerts")["alerts"] if alert["state"] == "firing"]

    def _get(self, endpoint: str, **params: str) -> dict:
        body = http.get(f"{self.url}/api/v1/{endpoint}", params=params).json()
        assert body["status"] == "success", f"{params}: {body.get('error')}"
        return body["data"]


def promtool(args: Sequence[str | Path], input: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool to its end, whatever its exit code; `input` is its standard input."""
    return subprocess.run(
        [program("promtool"), *args],
        input=input,
        capture_output=True,
        env=CLEAN_ENVIRONMENT,
        text=True,
        timeout=60,
        check=False,
    )
