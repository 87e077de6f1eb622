# SPDX-License-Identifier: Apache-2.0
"""The objects of Kubernetes: what they hold, and what is wrong with them that a cluster would find, or nobody."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "config" / "kubernetes"
CHART = ROOT / "packaging" / "helm" / "keyshift"
USER = 65532
CONFIGMAP_BYTES = 1 << 20
# An object's text once more, as an annotation that `kubectl apply` adds.
ANNOTATION_BYTES = 256 << 10

Object = dict[str, Any]


def objects(name: str) -> list[Object]:
    """Those of a file of config/kubernetes."""
    return [each for each in yaml.safe_load_all((FOLDER / name).read_text()) if each]


def of_kind(found: Sequence[Object], kind: str, name: str = "keyshift") -> Object:
    return next(each for each in found if (each["kind"], each["metadata"]["name"]) == (kind, name))


def pod_of(workload: Object) -> dict[str, Any]:
    return workload["spec"]["template"]["spec"]


def violations(found: Sequence[Object]) -> list[str]:
    """One sentence for each fault; objects that are named must be among them, but for Secrets."""
    sentences = []
    for each in found:
        checks = {"Deployment": _of_workload, "DaemonSet": _of_workload, "Service": _of_service, "ConfigMap": _of_configmap,
                  "ServiceMonitor": _of_monitor, "PodMonitor": _of_monitor, "NetworkPolicy": _of_policy}  # fmt: skip
        check = checks.get(each["kind"], lambda *_: iter(()))
        sentences += [f"{each['kind']} {each['metadata']['name']}: {what}" for what in check(each, found)]
    return sentences


def _of_workload(each: Object, found: Sequence[Object]) -> Iterator[str]:
    labels = each["spec"]["template"]["metadata"]["labels"]
    if not _selects(each["spec"]["selector"]["matchLabels"], labels):
        yield "does not select its own pods"
    if each["kind"] == "Deployment" and (each["spec"]["replicas"] > 1 or each["spec"]["strategy"] != {"type": "Recreate"}):
        yield "may have two pods at once"
    pod = pod_of(each)
    if pod.get("automountServiceAccountToken") is not False:
        yield "has a token"
    (container,) = pod["containers"]
    ports = {port["name"] for port in container["ports"]}
    for probe in ("livenessProbe", "readinessProbe"):
        if "httpGet" in container[probe] and container[probe]["httpGet"]["port"] not in ports:
            yield f"{probe} asks a port that there is not"
        if container[probe].get("exec", {"command": ["keyshift", "healthcheck"]})["command"][:2] != ["keyshift", "healthcheck"]:
            yield f"{probe} runs what the image has not"
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    if mounted != set(volumes):
        yield f"mounts {sorted(mounted)} of {sorted(volumes)}"
    if not {"cpu", "memory"} <= set(container["resources"]["requests"]) or "memory" not in container["resources"]["limits"]:
        yield "does not say what it needs"
    yield from _of_names(pod, volumes, found)
    yield from _of_rights(each, pod, container)


def _of_names(pod: Mapping[str, Any], volumes: Mapping[str, Any], found: Sequence[Object]) -> Iterator[str]:
    there = {(each["kind"], each["metadata"]["name"]) for each in found}
    wanted = {("ServiceAccount", pod["serviceAccountName"])}
    for volume in volumes.values():
        if "configMap" in volume:
            wanted.add(("ConfigMap", volume["configMap"]["name"]))
        if "persistentVolumeClaim" in volume:
            wanted.add(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
    yield from (f"names {kind} {name}, which is not there" for kind, name in sorted(wanted - there))


def _of_rights(each: Object, pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    """The profile `restricted` of pod security; what reads the node's files has all of it but the user and the volumes."""
    mine = container["securityContext"]
    confined = {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    if mine != confined or pod["securityContext"].get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "is not confined"
    on_node = [volume for volume in pod["volumes"] if "hostPath" in volume]
    if each["kind"] == "DaemonSet":
        reads = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
        if reads != {"state"}:
            yield "may write more of the node than its state"
    elif on_node or (pod["securityContext"].get("runAsNonRoot"), pod["securityContext"].get("runAsUser")) != (True, USER):
        yield "is not what the profile restricted admits"
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "is in a namespace of the node"


def _of_service(each: Object, found: Sequence[Object]) -> Iterator[str]:
    pods = [other["spec"]["template"] for other in found if other["kind"] in ("Deployment", "DaemonSet")]
    chosen = [pod for pod in pods if _selects(each["spec"]["selector"], pod["metadata"]["labels"])]
    if len(chosen) != 1:
        yield f"selects {len(chosen)} kinds of pods"
    for port in each["spec"]["ports"]:
        if any(port["targetPort"] not in {own["name"] for own in pod["spec"]["containers"][0]["ports"]} for pod in chosen):
            yield "leads to a port that there is not"


def _of_monitor(each: Object, found: Sequence[Object]) -> Iterator[str]:
    wanted = each["spec"]["selector"]["matchLabels"]
    if each["kind"] == "ServiceMonitor":
        chosen = [other for other in found if other["kind"] == "Service" and _selects(wanted, other["metadata"]["labels"])]
        ports = {port["name"] for service in chosen for port in service["spec"]["ports"]}
    else:
        pods = [other["spec"]["template"] for other in found if other["kind"] in ("Deployment", "DaemonSet")]
        chosen = [pod for pod in pods if _selects(wanted, pod["metadata"]["labels"])]
        ports = {port["name"] for pod in chosen for port in pod["spec"]["containers"][0]["ports"]}
    if len(chosen) != 1:
        yield f"selects {len(chosen)} of them"
    for endpoint in each["spec"].get("endpoints") or each["spec"]["podMetricsEndpoints"]:
        if endpoint["port"] not in ports:
            yield "scrapes a port that there is not"
        if {rule.get("targetLabel") for rule in endpoint["relabelings"]} != {"job", "instance"}:
            yield "gives a new pod another name than the one before"


def _of_policy(each: Object, found: Sequence[Object]) -> Iterator[str]:
    pods = [other["spec"]["template"] for other in found if other["kind"] in ("Deployment", "DaemonSet")]
    if not all(_selects(each["spec"]["podSelector"]["matchLabels"], pod["metadata"]["labels"]) for pod in pods):
        yield "leaves a pod out"


def _of_configmap(each: Object, _: Sequence[Object]) -> Iterator[str]:
    size = sum(len(text.encode()) for text in each["data"].values())
    if size > CONFIGMAP_BYTES or len(yaml.safe_dump(each)) > ANNOTATION_BYTES:
        yield f"is too large for `kubectl apply`: {size} bytes"


def _selects(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(wanted) and wanted.items() <= labels.items()
