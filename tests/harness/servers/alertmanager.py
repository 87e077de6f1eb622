# SPDX-License-Identifier: Apache-2.0
"""Alertmanager from Debian, what it sends to its receivers, and amtool."""

import json
import subprocess
import threading
from collections.abc import Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import requests
import yaml

from harness.servers.server import Server
from harness.tools import http
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT, program

Alert = dict[str, Any]


class Receiver:
    """A web server that takes what Alertmanager sends; `url` + /NAME is the address of the receiver NAME."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._received: list[tuple[str, Alert]] = []
        received = self._received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                received.extend((self.path.removeprefix("/"), alert) for alert in message["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def alerts(self, name: str, status: str = "firing") -> set[str]:
        """The names of all alerts that receiver `name` was ever told to be `status`."""
        return {alert["labels"]["alertname"] for to, alert in self.told() if to == name and alert["status"] == status}

    def told(self) -> list[tuple[str, Alert]]:
        """(receiver, alert), in the order in which they came."""
        return list(self._received)


class Alertmanager(Server):
    """One instance with the configuration in `text`, without a cluster."""

    name = "alertmanager"

    def __init__(self, text: str):
        super().__init__()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._configuration = self.directory / "alertmanager.yml"
        self._configuration.write_text(text)

    def argv(self) -> Sequence[str]:
        return [
            program("prometheus-alertmanager"),
            f"--config.file={self._configuration}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]

    def answers(self) -> bool:
        return http.answers(f"{self.url}/-/ready")

    def post(self, alerts: Iterable[dict[str, str]]) -> None:
        """Alerts with these labels, firing from now on."""
        with requests.Session() as session:
            session.trust_env = False
            body = [{"labels": labels} for labels in alerts]
            session.post(f"{self.url}/api/v2/alerts", json=body, timeout=10).raise_for_status()

    def active(self) -> list[tuple[dict[str, str], str]]:
        """The labels of each alert that has not been resolved, and whether it is `active` or `suppressed`."""
        found = http.get(f"{self.url}/api/v2/alerts").json()
        return [(alert["labels"], alert["status"]["state"]) for alert in found]

    def states(self, instance: str) -> dict[str, str]:
        """By name, those of one instance."""
        return {labels["alertname"]: state for labels, state in self.active() if labels.get("instance") == instance}


def addressed_to(text: str, receiver: Receiver) -> str:
    """The configuration `text`, with the webhooks of all its receivers at `receiver`."""
    tree = yaml.safe_load(text)
    for each in tree["receivers"]:
        for hook in each["webhook_configs"]:
            hook["url"] = f"{receiver.url}/{each['name']}"
    return yaml.safe_dump(tree)


def amtool(args: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run amtool to its end, whatever its exit code."""
    return subprocess.run(
        [program("amtool"), *args], capture_output=True, env=CLEAN_ENVIRONMENT, text=True, timeout=60, check=False
    )
