# SPDX-License-Identifier: Apache-2.0
"""VictoriaMetrics from Debian, single-node, scraping given targets and answering Prometheus's queries."""

from collections.abc import Sequence

import yaml

from harness.servers.query_api import QueryServer, Targets, scrape_jobs
from harness.tools import http
from harness.tools.process import program


class VictoriaMetrics(QueryServer):
    """One instance. `targets` maps a job's name to its host:port addresses, all scraped at `interval`, such as "1s".

    It evaluates no rules. What it scraped can be queried about a second later; but where a query for a series came
    before the series, its empty answer is remembered for up to ten seconds. `flush`, so also `wait_for`, ends both.
    """

    name = "victoria-metrics"

    def __init__(self, targets: Targets, *, interval: str = "1s"):
        super().__init__()
        self._configuration = self.directory / "scrape.yml"
        self._interval = interval
        self.write_targets(targets)

    def write_targets(self, targets: Targets) -> None:
        tree = {"global": {"scrape_interval": self._interval}, "scrape_configs": scrape_jobs(targets)}
        self._configuration.write_text(yaml.safe_dump(tree))

    def argv(self) -> Sequence[str]:
        return [
            program("victoria-metrics"),
            f"-promscrape.config={self._configuration}",
            f"-storageDataPath={self.directory / 'data'}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-search.latencyOffset=0s",
            "-search.disableCache",
            "-memory.allowedBytes=128MiB",
            "-loggerLevel=WARN",
        ]

    def answers(self) -> bool:
        return http.answers(f"{self.url}/health")

    def flush(self) -> None:
        http.get(f"{self.url}/internal/force_flush").raise_for_status()
