# SPDX-License-Identifier: Apache-2.0
"""What config/kubernetes holds: that its objects fit together, that what they embed is accepted by who reads it, and that keyshift runs
with the arguments, variables, configuration and secrets of its pods. No cluster is asked; tests/kubernetes renders the files."""

import copy
import gzip
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.documents.dashboards import FILES
from harness.documents.manifests import CHART, ROOT, Object, objects, of_kind, pod_of, violations
from harness.documents.pods import InPod, configuration
from harness.product.keyshift import Keyshift
from harness.product.watching import DAY, KeyTable
from harness.product.watching_logs import events, lines, outcomes, reasons
from harness.servers.postgres import Database
from harness.servers.prometheus import promtool
from harness.tools.log_writer import line
from harness.tools.wait import eventually

SPLITS_AT = 16 * 1024


def central() -> list[Object]:
    """All that is for a gateway whose logs are not read."""
    return [*objects("keyshift.yaml"), *objects("dashboards.yaml"), *objects("prometheus-operator.yaml")]


def log_hosts() -> list[Object]:
    """The same, where the logs are read on each node."""
    changed = objects("log-hosts.yaml")
    replaced = {(each["kind"], each["metadata"]["name"]) for each in changed}
    return [*changed, *(each for each in central() if (each["kind"], each["metadata"]["name"]) not in replaced)]


@pytest.mark.parametrize("found", [central, log_hosts])
def test_the_objects_fit_together(found: Callable[[], list[Object]]):
    assert violations(found()) == []


def container(found: list[Object], kind: str = "Deployment") -> dict[str, Any]:
    name = "keyshift-logs" if kind == "DaemonSet" else "keyshift"
    return pod_of(of_kind(found, kind, name))["containers"][0]


@pytest.mark.parametrize(
    "change,what",
    [
        (lambda f: of_kind(f, "Deployment")["spec"].update(replicas=2), "two pods at once"),
        (lambda f: of_kind(f, "Deployment")["spec"].update(strategy={"type": "RollingUpdate"}), "two pods at once"),
        (lambda f: of_kind(f, "Deployment")["spec"]["selector"]["matchLabels"].update(a="b"), "its own pods"),
        (lambda f: pod_of(of_kind(f, "Deployment")).pop("automountServiceAccountToken"), "has a token"),
        (lambda f: pod_of(of_kind(f, "Deployment")).update(serviceAccountName="other"), "ServiceAccount other"),
        (lambda f: container(f)["livenessProbe"]["httpGet"].update(port="web"), "port that there is not"),
        (lambda f: container(f)["readinessProbe"].update(exec={"command": ["curl", "localhost"]}), "runs what the image has not"),
        (lambda f: container(f)["volumeMounts"].pop(), "mounts"),
        (lambda f: container(f)["resources"].update(limits={}), "what it needs"),
        (lambda f: container(f)["securityContext"].update(readOnlyRootFilesystem=False), "not confined"),
        (lambda f: pod_of(of_kind(f, "Deployment"))["securityContext"].update(runAsUser=0), "restricted"),
        (lambda f: pod_of(of_kind(f, "Deployment")).update(hostNetwork=True), "namespace of the node"),
        (lambda f: container(f, "DaemonSet")["volumeMounts"][1].pop("readOnly"), "more of the node"),
        (lambda f: f.remove(of_kind(f, "PersistentVolumeClaim")), "PersistentVolumeClaim keyshift"),
        (lambda f: of_kind(f, "Service")["spec"]["selector"].update({"app.kubernetes.io/component": "x"}), "selects 0"),
        (lambda f: of_kind(f, "Service")["spec"]["ports"][0].update(targetPort="web"), "port that there is not"),
        (lambda f: of_kind(f, "ServiceMonitor")["spec"]["endpoints"][0].update(port="web"), "port that there is not"),
        (lambda f: of_kind(f, "PodMonitor", "keyshift-logs")["spec"]["podMetricsEndpoints"][0].update(relabelings=[]), "another name"),
        (lambda f: of_kind(f, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].update(a="b"), "leaves a pod out"),
        (lambda f: of_kind(f, "ConfigMap")["data"].update(more="x" * 300_000), "too large"),
    ],
)
def test_a_planted_fault_is_found(change: Callable[[list[Object]], Any], what: str):
    found = copy.deepcopy(log_hosts())
    change(found)
    (sentence, *_) = violations(found)
    assert what in sentence


def test_the_version_is_that_of_the_project():
    (version,) = re.findall(r"^project\(keyshift VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.M)
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == version
    images = {container(log_hosts(), kind)["image"] for kind in ("Deployment", "DaemonSet")}
    assert images == {f"keyshift:{version}"}


@pytest.mark.parametrize("found,name", [(central, "keyshift"), (log_hosts, "keyshift"), (log_hosts, "keyshift-logs")])
def test_the_embedded_configurations_pass_check(tmp_path: Path, found: Callable[[], list[Object]], name: str):
    (tmp_path / "database_url").write_text("postgresql://u@h/d")
    text = of_kind(found(), "ConfigMap", name)["data"]["keyshift.yaml"].replace("/run/secrets/keyshift", str(tmp_path))
    (tmp_path / "keyshift.yaml").write_text(text)
    result = Keyshift().run("check", tmp_path / "keyshift.yaml")
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()


@pytest.mark.parametrize("name", ["keyshift", "keyshift-logs"])
def test_the_embedded_rules_pass_promtool(tmp_path: Path, name: str):
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(of_kind(log_hosts(), "PrometheusRule", name)["spec"]))
    result = promtool(["check", "rules", tmp_path / "rules.yaml"])
    assert result.returncode == 0, result.stdout + result.stderr


def test_rules_and_dashboards_are_those_of_the_project():
    rules = of_kind(central(), "PrometheusRule")["spec"]
    assert rules == yaml.safe_load((ROOT / "alerts" / "keyshift.rules.yaml").read_text())
    maps = [each for each in central() if "grafana_dashboard" in each["metadata"]["labels"]]
    assert {name: text for each in maps for name, text in each["data"].items()} == {path.name: path.read_text() for path in FILES}


def test_the_sum_of_the_nodes_is_of_the_job_that_the_centre_asks_for():
    found = log_hosts()
    (asked,) = (each["job"] for each in configuration(found)["collectors"] if each["type"] == "prometheus")
    endpoint = of_kind(found, "PodMonitor", "keyshift-logs")["spec"]["podMetricsEndpoints"][0]
    (job,) = (rule["replacement"] for rule in endpoint["relabelings"] if rule["targetLabel"] == "job")
    assert job == asked != "keyshift"
    expressions = [rule["expr"] for group in of_kind(found, "PrometheusRule", "keyshift-logs")["spec"]["groups"] for rule in group["rules"]]
    assert all(f'job="{job}"' in each or "job:" in each for each in expressions) and not any('job="keyshift"' in each for each in expressions)


# --- as a pod runs it


@pytest.fixture
def secrets(database: Database) -> dict[str, str]:
    keys = KeyTable(database)
    keys.add(idle=DAY)
    keys.add(legacy=False)
    return {"database_url": database.dsn()}


def test_keyshift_runs_as_the_deployment_says(secrets: dict[str, str]):
    found = central()
    with InPod(of_kind(found, "Deployment"), found, secrets) as pod:
        assert pod.keys() == (1, 1)
        assert (pod.probe("livenessProbe"), pod.probe("readinessProbe")) == (200, 200)
        written = {path.name for path in pod.state_directory.iterdir()}
        assert {"keyshift.db", "keyshift.sock"} <= written
        result = Keyshift().run("verdict", "--config", pod.config_path)
        assert result.returncode in (0, 1, 2, 3), result.stderr
        assert b"keyshift verdict" not in result.stderr
        pod.stop()
        pod.start()
        assert pod.keys() == (1, 1)


def test_a_second_one_on_the_same_volume_is_refused(secrets: dict[str, str]):
    found = central()
    with InPod(of_kind(found, "Deployment"), found, secrets) as pod:
        second = InPod(of_kind(found, "Deployment"), found, secrets)
        text = second.config_path.read_text().replace(str(second.state_directory), str(pod.state_directory))
        second.config_path.write_text(text)
        result = subprocess.run(second.argv(), env=dict(second.environment()), capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 69
        assert "another keyshift is using the state directory" in result.stderr
        assert pod.keys() == (1, 1)


@pytest.mark.parametrize("text,what", [("", "empty"), (None, "database_url")])
def test_a_secret_that_is_empty_or_missing_is_said(secrets: dict[str, str], text: str | None, what: str):
    found = central()
    pod = InPod(of_kind(found, "Deployment"), found, secrets)
    secret = pod.mounts["/run/secrets/keyshift"] / "database_url"
    secret.chmod(0o600)
    secret.unlink() if text is None else secret.write_text(text)
    result = subprocess.run(pod.argv(), env=dict(pod.environment()), capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 78
    assert what in result.stderr


# --- the log of a node


def cri(text: bytes, tag: bytes = b"F", stream: bytes = b"stdout") -> bytes:
    """As containerd writes it."""
    return b"2026-01-10T00:00:00.123456789Z " + stream + b" " + tag + b" " + text.rstrip(b"\n") + b"\n"


def ingress(number: int, status: int, size: int) -> bytes:
    """As ingress-nginx writes it, inside containerd's line."""
    behind = b" 512 0.004 [default-gateway-8080] [] 10.2.0.7:8080 1512 0.004 200 5f0c2a\n"
    return cri(line(number, status, size).rstrip(b"\n") + behind)


def test_the_log_of_a_node_is_counted_exactly_over_kubelets_rotation(tmp_path: Path):
    """kubelet renames a log, makes a new one, and later compresses what is old: into a file beside it, which then takes its place."""
    proxy = tmp_path / "var/log/pods/ingress-nginx_ingress-nginx-controller-7d4b_1b2c-3d/controller"
    gateway = tmp_path / "var/log/pods/default_gateway-5c6d_4e5f-6a/gateway"
    other = tmp_path / "var/log/pods/default_other-1_2/other"
    for place in (proxy, gateway, other):
        place.mkdir(parents=True)
    (proxy / "0.log").write_bytes(ingress(0, 200, 1512) + ingress(1, 401, 15))
    says = b"2026-01-10T00:00:00.949528Z  WARN gateway::auth: Fallback authentication succeeded for key\n"
    (gateway / "0.log").write_bytes(cri(says))
    (other / "0.log").write_bytes(cri(says))
    found = log_hosts()
    with InPod(of_kind(found, "DaemonSet", "keyshift-logs"), found, {}, node=tmp_path) as pod:
        eventually(lambda: reasons(pod) == {"unknown_key": 1}, 30, "what was there is counted")
        eventually(lambda: pod.metric("keyshift_fallback_auth_total") == 1, 30, "the gateway's log is, and no other")
        rotated = (proxy / "0.log").rename(proxy / "0.log.20260110-000001")
        (proxy / "0.log").write_bytes(ingress(2, 401, 19) + cri(line(3, 401, 15)[:40], b"P"))
        eventually(lambda: reasons(pod) == {"unknown_key": 1, "expired": 1}, 30, "and the new file")
        pod.kill9()
        packed = proxy / "0.log.20260110-000001.gz"
        packed.with_suffix(".tmp").write_bytes(gzip.compress(rotated.read_bytes()))
        packed.with_suffix(".tmp").rename(packed)
        rotated.unlink()
        with (proxy / "0.log").open("ab") as file:
            file.write(cri(line(3, 401, 15)[40:].rstrip(b"\n") + b" 512 0.004 [d] [] 10.2.0.7:8080 1512 0.004 200 5f\n"))
        (proxy / "1.log").write_bytes(ingress(4, 429, 19))
        pod.start()
        eventually(lambda: reasons(pod) == {"unknown_key": 2, "expired": 1, "rate_limited": 1}, 30, "the parts are one line")
        assert outcomes(pod) == {"success": 1, "auth_failure": 3, "rate_limited": 1}
        assert lines(pod) == {"matched": 5}
        assert pod.metric("keyshift_fallback_auth_total") == 1
        assert events(pod).get("fallback", 1) == 1
