# SPDX-License-Identifier: Apache-2.0
"""Prometheus from Debian, scraping given targets, and promtool."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from harness.servers.query_api import QueryServer, Targets, scrape_jobs
from harness.tools import http
from harness.tools.process import CLEAN_ENVIRONMENT, program


class Prometheus(QueryServer):
    """One instance. `targets` maps a job's name to its host:port addresses, all scraped and all rules evaluated at
    `interval`, such as "200ms". `rule_files` are paths, globs allowed. `alertmanagers` are host:port addresses, told of
    firing alerts once a second. `scrape` is set in every job, and of `by_job` what has its name: how
    its targets are asked.

    Its first scrape comes five seconds after a start, a delay built into its target discovery: share one where you can.
    """

    name = "prometheus"

    def __init__(
        self,
        targets: Targets,
        *,
        interval: str = "1s",
        rule_files: Sequence[str | Path] = (),
        alertmanagers: Sequence[str] = (),
        scrape: Mapping[str, Any] | None = None,
        by_job: Mapping[str, Mapping[str, Any]] | None = None,
    ):
        super().__init__()
        self._by_job = dict(by_job or {})
        self._scrape = dict(scrape or {})
        self._configuration = self.directory / "prometheus.yml"
        self._alertmanagers = list(alertmanagers)
        self.configure(targets, interval=interval, rule_files=rule_files)

    def configure(self, targets: Targets, *, interval: str = "1s", rule_files: Sequence[str | Path] = ()) -> None:
        """Write its configuration anew; takes effect at the next start."""
        self._settings = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(Path(file).absolute()) for file in rule_files],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": self._alertmanagers}]}]},
        }
        self.write_targets(targets)

    def write_targets(self, targets: Targets) -> None:
        tree = {**self._settings, "scrape_configs": [{**job, **self._scrape, **self._by_job.get(job["job_name"], {})} for job in scrape_jobs(targets)]}
        self._configuration.write_text(yaml.safe_dump(tree))

    def argv(self) -> Sequence[str]:
        return [
            program("prometheus"),
            f"--config.file={self._configuration}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--scrape.discovery-reload-interval=10ms",
            "--rules.alert.resend-delay=1s",
            "--log.level=warn",
        ]

    def answers(self) -> bool:
        return http.answers(f"{self.url}/-/ready")

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[dict[str, str]]:
        """The labels of each series that the expression has between two times."""
        data = self._get("query_range", query=expression, start=str(start), end=str(end), step=str(step))
        return [series["metric"] for series in data["result"]]

    def firing_alerts(self) -> list[dict[str, str]]:
        """The labels of each alert that fires now."""
        return [alert["labels"] for alert in self._get("alerts")["alerts"] if alert["state"] == "firing"]


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
