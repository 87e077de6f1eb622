# SPDX-License-Identifier: Apache-2.0
"""The archive of images for all architectures: what it says of each, and that a registry takes it and gives each machine its own."""

import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.servers.server import Server
from harness.tools import http
from harness.tools.container import Podman
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT, program

ROOT = Path(__file__).parents[2]


class Registry(Server):
    """Docker's, on loopback."""

    name = "docker-registry"

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self._configuration = self.directory / "registry.yaml"
        tree = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(self.directory / "blobs")}},
            "http": {"addr": f"127.0.0.1:{self.port}"},
        }
        self._configuration.write_text(yaml.safe_dump(tree))

    def argv(self) -> list[str]:
        return [program("docker-registry"), "serve", str(self._configuration)]

    def answers(self) -> bool:
        return http.answers(f"http://127.0.0.1:{self.port}/v2/")


@pytest.fixture(scope="module")
def index(dist: Path) -> Path:
    (archive,) = dist.glob("*.oci.tar")
    return archive


@pytest.fixture(scope="module")
def blobs(index: Path) -> dict[str, bytes]:
    with tarfile.open(index) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


@pytest.fixture(scope="module")
def registry(index: Path) -> Iterator[str]:
    """The address of the image in a registry, into which the archive was copied as docs/install/docker.md has it."""
    with Registry() as server:
        name = f"127.0.0.1:{server.port}/keyshift"
        document = (ROOT / "docs" / "install" / "docker.md").read_text()
        (command,) = re.findall(r"^skopeo copy .*$", document, re.MULTILINE)
        version = index.name.removeprefix("keyshift-").removesuffix(".oci.tar")
        given = command.replace("registry.internal/keyshift", name).replace("build/dist/", f"{index.parent}/").split()
        assert f"{name}:{version}" in command.replace("registry.internal/keyshift", name)
        done = subprocess.run([program("skopeo"), *given[1:], "--dest-tls-verify=false"], env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield f"{name}:{version}"


def manifests(blobs: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """Of each architecture: the manifest."""
    (whole,) = json.loads(blobs["index.json"])["manifests"]
    listed = json.loads(blob(blobs, whole))["manifests"]
    assert all(entry["platform"]["os"] == "linux" for entry in listed)
    return {entry["platform"]["architecture"]: json.loads(blob(blobs, entry)) for entry in listed}


def blob(blobs: dict[str, bytes], entry: dict[str, Any]) -> bytes:
    """What the entry refers to, of the size and with the digest that it states."""
    found = blobs[f"blobs/{entry['digest'].replace(':', '/')}"]
    assert len(found) == entry["size"] and f"sha256:{hashlib.sha256(found).hexdigest()}" == entry["digest"]
    return found


def test_it_holds_the_image_of_each_architecture(dist: Path, blobs: dict[str, bytes]) -> None:
    held = manifests(blobs)
    assert held.keys() == {"amd64", "arm64"}
    for architecture, manifest in held.items():
        (archive,) = dist.glob(f"keyshift-*-{architecture}.tar")
        with tarfile.open(archive) as tar:
            (image,) = json.load(tar.extractfile("manifest.json"))
            assert blob(blobs, manifest["config"]) == tar.extractfile(image["Config"]).read()
        settings = json.loads(blob(blobs, manifest["config"]))
        assert settings["architecture"] == architecture and settings["config"]["Healthcheck"]
        assert all(len(blob(blobs, layer)) < 18e6 + 3e6 for layer in manifest["layers"])


def test_a_registry_gives_each_machine_its_own(registry: str, blobs: dict[str, bytes]) -> None:
    with Podman() as podman:
        for architecture, manifest in manifests(blobs).items():
            podman.told("pull", "--quiet", "--tls-verify=false", "--arch", architecture, registry)
            told = json.loads(podman.told("image", "inspect", registry))[0]
            assert (told["Architecture"], told["Id"]) == (architecture, manifest["config"]["digest"].removeprefix("sha256:"))
            assert told["Healthcheck"]["Test"] == ["CMD", "/usr/bin/keyshift", "healthcheck"]
            podman.told("image", "rm", registry)


def test_the_one_for_this_machine_runs(registry: str) -> None:
    with Podman() as podman:
        podman.told("pull", "--quiet", "--tls-verify=false", registry)
        if reason := podman.cannot_run(registry):
            pytest.skip(f"machine: it runs no container: {reason}")
        assert podman.told("run", "--rm", "--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", registry, "version").startswith("keyshift ")


def test_images_of_two_versions_are_refused(dist: Path, tmp_path: Path) -> None:
    images = sorted(dist.glob("keyshift-*-a*64.tar"))
    other = tmp_path / "other.tar"
    with tarfile.open(images[0]) as tar, tarfile.open(other, "w") as out:
        for member in tar:
            content = tar.extractfile(member).read()
            if member.name == "manifest.json":
                content = content.replace(b"keyshift:", b"keyshift:9.")
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))
    done = subprocess.run([sys.executable, ROOT / "scripts" / "image_index.py", other, images[1]], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "these are not one version" in done.stderr


def test_it_is_made_alike_each_time(dist: Path, index: Path, tmp_path: Path) -> None:
    images = [Path(tmp_path / path.name) for path in sorted(dist.glob("keyshift-*-a*64.tar"))]
    for path in images:
        path.symlink_to(dist / path.name)
    subprocess.run([sys.executable, ROOT / "scripts" / "image_index.py", *images], check=True, capture_output=True)
    assert (tmp_path / index.name).read_bytes() == index.read_bytes()
