# SPDX-License-Identifier: Apache-2.0
"""The daemon as a pod would run it: with the arguments, environment and configuration of an object of Kubernetes; its mounts are
folders of a scratch directory, and a port of this machine is its port."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from harness.documents.manifests import Object, of_kind, pod_of
from harness.product.keyshift import Serve
from harness.tools.scratch import scratch_directory


class InPod(Serve):
    """Context manager, as `Serve`. `secrets` are the texts of the mounted Secret's keys; `node` is the folder that stands for /."""

    name = "pod"

    def __init__(self, workload: Object, found: Sequence[Object], secrets: Mapping[str, str], node: Path | None = None, **options: Any):
        super().__init__(None, **options)
        pod = pod_of(workload)
        (self._container,) = pod["containers"]
        self._node = node
        self.mounts = {mount["mountPath"]: self._mounted(mount["name"]) for mount in self._container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for mount in self._container["volumeMounts"]:
            volume, place = volumes[mount["name"]], self.mounts[mount["mountPath"]]
            place.mkdir(parents=True, exist_ok=True)
            if "configMap" in volume:
                for name, text in of_kind(found, "ConfigMap", volume["configMap"]["name"])["data"].items():
                    (place / name).write_text(self._here(text))
            for source in volume.get("projected", {}).get("sources", []):
                for item in source["secret"]["items"]:
                    (place / item["path"]).write_text(secrets[item["key"]])
                    (place / item["path"]).chmod(volume["projected"]["defaultMode"])
        self.config_path = self.mounts["/etc/keyshift"] / "keyshift.yaml"
        self.state_directory = self.mounts["/var/lib/keyshift"]

    def _mounted(self, name: str) -> Path:
        if name == "pod-logs" and self._node:
            return self._node / "var/log/pods"
        # What keyshift leaves in its own directory must hold no secret.
        return scratch_directory("secrets") if name == "secrets" else self.directory / name

    def _here(self, text: str) -> str:
        for path in sorted(self.mounts, key=len, reverse=True):
            text = text.replace(path, str(self.mounts[path]))
        return text.replace(":11947", f"127.0.0.1:{self.port}")

    def argv(self) -> Sequence[str]:
        program, *_ = super().argv()
        return [program, *(self._here(argument) for argument in self._container["args"])]

    def environment(self) -> Mapping[str, str]:
        told = {each["name"]: self._here(each["value"]) for each in self._container["env"]}
        return {**super().environment(), **told}

    def probe(self, name: str) -> int:
        """What the probe's request is answered with."""
        return self.get(self._container[name]["httpGet"]["path"]).status_code


def configuration(found: Sequence[Object], name: str = "keyshift") -> dict[str, Any]:
    return yaml.safe_load(of_kind(found, "ConfigMap", name)["data"]["keyshift.yaml"])
