# SPDX-License-Identifier: Apache-2.0
"""The Helm chart: by Helm's linter, with several sets of values, against the types of Kubernetes and of the Prometheus operator, and
that config/kubernetes is what it renders. `make test-kubernetes` installs what this needs. No cluster is asked."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart import CHART, LOG_HOSTS, OPERATOR, RENDERED, brought, files, helm, judged, named, objects, rendered, template

from harness.documents.manifests import of_kind, pod_of, violations
from harness.product.keyshift import Keyshift
from harness.servers.prometheus import promtool

EVERYTHING: dict[str, Any] = {
    "name": "eu-keys",
    "image": {"repository": "registry.internal:5000/team/keyshift", "digest": "sha256:" + "ab" * 32, "pullSecrets": [{"name": "pull"}]},
    "secrets": [{"secret": "keys", "keys": ["database_url", "redis_url"]}, {"secret": "web", "keys": ["web.yaml", "tls.crt", "tls.key"]}],
    "args": ["--web.external-url=https://ops.internal/keyshift"],
    "env": [{"name": "REGION", "value": "eu"}],
    "persistence": {"storageClass": "fast", "size": "100Gi"},
    "resources": {"requests": {"cpu": "1", "memory": "8Gi"}, "limits": {"memory": "8Gi"}},
    "service": {"port": 80},
    "probes": {"scheme": "HTTPS"},
    "networkPolicy": {"from": [], "egress": [{"ports": [{"protocol": "TCP", "port": 5432}]}]},
    "prometheusOperator": {"create": "always", "labels": {"release": "stack"}, "interval": "1m", "runbooks": "https://wiki/keyshift"},
    "dashboards": {"labels": {"dashboards": "yes"}, "annotations": {}},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "podLabels": {"team": "auth"},
    "podAnnotations": {"note": "x"},
}  # fmt: skip
SETS: dict[str, dict[str, Any]] = {
    "none": {},
    "everything": EVERYTHING,
    "claim": {"persistence": {"existingClaim": "mine"}},
    "volatile": {"persistence": {"enabled": False}},
    "stopped": {"replicas": 0},
    "users": {"probes": {"by": "command"}},
    "bare": {"networkPolicy": {"enabled": False}, "dashboards": {"enabled": False}, "prometheusOperator": {"create": "never"}},
    "logs": yaml.safe_load(LOG_HOSTS.read_text()),
    "logs_and_everything": {**EVERYTHING, "logs": {"enabled": True, "job": "keyshift-nodes", "nodeSelector": {"gateway": "yes"}, "tolerations": [{"operator": "Exists"}]}},
}  # fmt: skip


def given(place: Path, values: dict[str, Any]) -> tuple[str, ...]:
    path = place / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    return (*OPERATOR, "--values", str(path))


def test_helm_finds_no_fault_in_it():
    result = helm("lint", "--strict", CHART)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "[WARNING]" not in result.stdout


@pytest.mark.parametrize("name", files())
def test_the_files_are_what_it_renders(name: str):
    assert (RENDERED / name).read_text() == rendered(name), "run: make kubernetes"


@pytest.mark.parametrize("name", SETS)
def test_its_objects_have_the_right_types_and_fit_together(tmp_path: Path, name: str):
    found = objects(template(*given(tmp_path, SETS[name])))
    assert judged(found) == []
    faults = violations(found)
    assert [each for each in faults if "PersistentVolumeClaim mine" not in each] == []
    assert all(len(each["metadata"]["name"]) <= 63 for each in found)


def test_wrong_types_and_unknown_fields_are_found():
    found = objects(template(*OPERATOR))
    wrong = copy.deepcopy(found)
    of_kind(wrong, "Deployment")["spec"]["replicas"] = "1"
    pod_of(of_kind(wrong, "Deployment"))["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True
    of_kind(wrong, "ServiceMonitor")["spec"]["endpoints"][0]["relabeling"] = []
    told = "\n".join(judged(wrong))
    assert all(word in told for word in ("must be integer", "readOnlyRootFileSystem", '"relabeling"'))


@pytest.mark.parametrize(
    "setting,where,what",
    [
        ("replicas=2", "/replicas", "maximum: got 2, want 1"),
        ("persistance.enabled=false", "", "additional properties 'persistance' not allowed"),
        ("image.digest=abc", "/image/digest", "does not match"),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy", "must be one of"),
        ("config.web.listen=127.0.0.1:11947", "/config/web/listen", "must be ':11947'"),
        ("config.state.directory=/data", "/config/state/directory", "must be '/var/lib/keyshift'"),
        ("config.collectors=null", "/config", "missing property 'collectors'"),
        ("secrets=null", "", "missing property 'secrets'"),
        ("secrets[0].name=x", "/secrets/0", "additional properties 'name' not allowed"),
        ("persistence.size=2GB", "/persistence/size", "does not match"),
        ("resources.limits.memory=256MB", "/resources/limits/memory", "does not match"),
        ("service.port=70000", "/service/port", "maximum: got 70,000, want 65,535"),
        ("probes.scheme=https", "/probes/scheme", "must be one of 'HTTP', 'HTTPS'"),
        ("prometheusOperator.create=yes", "/prometheusOperator/create", "must be one of 'auto', 'always', 'never'"),
        ("prometheusOperator.interval=15", "/prometheusOperator/interval", "got number, want string"),
        ("logs.job=keyshift", "/logs/job", "does not match"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(setting: str, where: str, what: str):
    result = helm("template", "keyshift", CHART, "--set", setting)
    assert result.returncode != 0
    assert f"at '{where}'" in result.stderr and what in result.stderr


def test_a_tag_that_moves_is_refused():
    result = helm("template", "keyshift", CHART, "--set", "image.tag=latest")
    assert result.returncode != 0 and "image.tag: latest is another program tomorrow" in result.stderr


def test_without_the_operator_nothing_is_asked_of_it():
    kinds = {each["apiVersion"] for each in objects(template())}
    assert kinds == {"v1", "apps/v1", "networking.k8s.io/v1"}


def test_values_arrive_where_they_belong(tmp_path: Path):
    found = objects(template(*given(tmp_path, EVERYTHING)))
    pod = pod_of(of_kind(found, "Deployment", "eu-keys"))
    (container,) = pod["containers"]
    assert container["image"] == f"registry.internal:5000/team/keyshift@sha256:{'ab' * 32}"
    assert container["args"] == ["serve", "--config=/etc/keyshift/keyshift.yaml", *EVERYTHING["args"]]
    (secrets,) = (volume["projected"]["sources"] for volume in pod["volumes"] if "projected" in volume)
    assert [source["secret"]["name"] for source in secrets] == ["keys", "web"]
    assert of_kind(found, "NetworkPolicy", "eu-keys")["spec"]["policyTypes"] == ["Ingress", "Egress"]
    monitor = of_kind(found, "ServiceMonitor", "eu-keys")
    assert (monitor["metadata"]["labels"]["release"], monitor["spec"]["endpoints"][0]["scheme"]) == ("stack", "https")
    rules = of_kind(found, "PrometheusRule", "eu-keys")["spec"]
    urls = {rule["annotations"]["runbook_url"].partition("#")[0] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    assert urls == {"https://wiki/keyshift"}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    assert promtool(["check", "rules", tmp_path / "rules.yaml"]).returncode == 0


@pytest.mark.parametrize("name", ["none", "everything", "logs"])
def test_each_configuration_passes_check(tmp_path: Path, name: str):
    found = objects(template(*given(tmp_path, SETS[name])))
    (tmp_path / "database_url").write_text("postgresql://u@h/d")
    for each in found:
        if each["kind"] == "ConfigMap" and "keyshift.yaml" in each["data"]:
            text = each["data"]["keyshift.yaml"].replace("/run/secrets/keyshift", str(tmp_path))
            (tmp_path / "keyshift.yaml").write_text(text)
            result = Keyshift().run("check", tmp_path / "keyshift.yaml")
            assert result.returncode == 0, named(each) + result.stderr.decode()


def test_with_users_a_command_takes_the_place_of_requests(tmp_path: Path):
    (container,) = pod_of(of_kind(objects(template(*given(tmp_path, SETS["users"]))), "Deployment"))["containers"]
    command = ["keyshift", "healthcheck", "--config=/etc/keyshift/keyshift.yaml"]
    assert [container[probe].get("exec") for probe in ("livenessProbe", "readinessProbe")] == [{"command": command}] * 2


def test_a_changed_configuration_makes_a_new_pod(tmp_path: Path):
    sums = [
        of_kind(objects(template(*args)), "Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
        for args in ((), ("--set", "config.log.level=debug"))
    ]
    assert sums[0] != sums[1]


def test_kustomize_takes_the_folder():
    result = subprocess.run([brought("kubectl"), "kustomize", RENDERED], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    expected = [*objects(rendered("keyshift.yaml")), *objects(rendered("dashboards.yaml"))]
    assert sorted(map(json.dumps, objects(result.stdout))) == sorted(map(json.dumps, sorted_keys(expected)))


def sorted_keys(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Kustomize orders the members of objects."""
    return json.loads(json.dumps(found, sort_keys=True))
