# SPDX-License-Identifier: Apache-2.0
"""The image as a file: what is in it and what is not, its settings, its size, its licences, and that it is made alike."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from harness.tools.process import CLEAN_ENVIRONMENT

ROOT = Path(__file__).parents[2]
DOCUMENTS = "usr/share/doc/"
RECORDS = "var/lib/dpkg/status.d/"
# What else there is beside programs, libraries, licences and records of packages.
OTHERS = {
    "etc/debian_version", "etc/group", "etc/keyshift/keyshift.yaml", "etc/nsswitch.conf", "etc/passwd",
    "etc/ssl/certs/ca-certificates.crt", "etc/ssl/openssl.cnf", "usr/lib/os-release",
    "usr/share/sbom/keyshift.spdx.json", "usr/share/zoneinfo/Etc/UTC",
}  # fmt: skip
# What the package alone can be held to: the tests' own build is larger than the one that is released.
MOST_BYTES = 45e6
MOST_COMPRESSED = 18e6
MOST_OF_TESTS = 6e6, 3e6


@pytest.fixture(scope="module")
def settings(unpacked: Path) -> dict[str, Any]:
    return json.loads((unpacked / json.loads((unpacked / "manifest.json").read_text())[0]["Config"]).read_text())


@pytest.fixture(scope="module")
def layer(unpacked: Path) -> Path:
    layers = json.loads((unpacked / "manifest.json").read_text())[0]["Layers"]
    assert len(layers) == 1
    return unpacked / layers[0]


@pytest.fixture(scope="module")
def members(layer: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(layer) as tar:
        return {member.name: member for member in tar}


@pytest.fixture(scope="module")
def texts(layer: Path) -> dict[str, bytes]:
    """Of the files that no program reads; links to them lead there."""
    found = {}
    with tarfile.open(layer) as tar:
        for member in tar:
            if member.name.startswith((DOCUMENTS, RECORDS, "etc/", "usr/share/sbom/")) and not member.isdir() and member.name != "etc/localtime":
                found[member.name] = tar.extractfile(member).read()
    return found


@pytest.fixture(scope="module")
def listed(texts: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """The packages of the SBOM, without the image itself."""
    packages = json.loads(texts["usr/share/sbom/keyshift.spdx.json"])["packages"]
    return {package["name"]: package for package in packages if package["SPDXID"] != "SPDXRef-Image"}


def test_nothing_is_in_it_but_what_keyshift_needs(members: dict[str, tarfile.TarInfo]) -> None:
    files = {name for name, member in members.items() if member.isfile()}
    libraries = {name for name in files if re.fullmatch(r"usr/lib/[^/]+-linux-gnu/[\w+.-]+\.so[.\d]*", name)}
    licences = {name for name in files if re.fullmatch(r"usr/share/(doc/[^/]+/copyright|common-licenses/[^/]+)", name)}
    records = {name for name in files if name.startswith(RECORDS)}
    assert files - libraries - licences - records - OTHERS == {"usr/bin/keyshift"}
    programs = {name for name in files if members[name].mode & 0o111}
    assert {name for name in programs if "/ld-linux" not in name} == {"usr/bin/keyshift"}, "no shell above all"
    assert not {name for name, member in members.items() if member.mode & 0o6000 or member.isdev()}


def test_its_user_owns_the_state_directory_alone(members: dict[str, tarfile.TarInfo]) -> None:
    owned = {name: (member.uid, member.gid, oct(member.mode & 0o7777)) for name, member in members.items() if member.uid or member.gid}
    assert owned == {"var/lib/keyshift": (65532, 65532, "0o710")}


def test_what_the_image_says_of_itself(settings: dict[str, Any], archive: Path) -> None:
    config = settings["config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["/usr/bin/keyshift"], ["serve"])
    assert (config["User"], config["StopSignal"]) == ("65532:65532", "SIGTERM")
    assert config["Volumes"] == {"/var/lib/keyshift": {}} and config["ExposedPorts"] == {"11947/tcp": {}}
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/keyshift", "healthcheck"]
    version = re.search(r"project\(keyshift VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert archive.name == f"keyshift-{version}-amd64.tar" and settings["architecture"] == "amd64"
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert (labels["title"], labels["version"], labels["licenses"]) == ("keyshift", version, "Apache-2.0")
    assert labels["created"] == settings["created"] and {"description", "vendor"} <= labels.keys()


def test_it_is_small(layer: Path, settings: dict[str, Any], members: dict[str, tarfile.TarInfo]) -> None:
    size, compressed = layer.stat().st_size, len(gzip.compress(layer.read_bytes(), 6))
    print(f"\nthe image has {size / 1e6:.1f} MB, {compressed / 1e6:.1f} compressed; keyshift {members['usr/bin/keyshift'].size / 1e6:.1f}")
    more, more_compressed = MOST_OF_TESTS if members["usr/bin/keyshift"].size > 10e6 else (0, 0)
    assert size <= MOST_BYTES + more
    assert compressed <= MOST_COMPRESSED + more_compressed


def test_every_licence_is_there(texts: dict[str, bytes], listed: dict[str, dict[str, Any]], members: dict[str, tarfile.TarInfo]) -> None:
    assert {name.split("/")[3] for name in texts if name.endswith("/copyright")} == listed.keys()
    assert all(texts[f"{DOCUMENTS}{name}/copyright"] for name in listed)
    referred = {name for text in texts.values() for name in re.findall(rb"/usr/share/common-licenses/([\w.-]*\w)", text)}
    there = {name.rpartition("/")[2] for name in members if name.startswith("usr/share/common-licenses/")}
    assert {name.decode() for name in referred} <= there


def test_the_bill_of_materials_lists_each_package(
    archive: Path, texts: dict[str, bytes], listed: dict[str, dict[str, Any]], members: dict[str, tarfile.TarInfo]
) -> None:
    told = json.loads(texts["usr/share/sbom/keyshift.spdx.json"])
    beside = archive.with_suffix(".spdx.json")
    assert not beside.exists() or json.loads(beside.read_text()) == told
    records = {name.removeprefix(RECORDS): text.decode() for name, text in texts.items() if name.startswith(RECORDS)}
    assert {name: package["versionInfo"] for name, package in listed.items()} == {
        name: re.search(r"^Version: (.*)$", record, re.MULTILINE)[1] for name, record in records.items()
    }
    assert {"keyshift", "libpq5", "libssl3t64", "libsystemd0", "ca-certificates", "tzdata", "libc6"} <= listed.keys()
    assert len(listed) < sum(".so" in name and member.isfile() for name, member in members.items())
    identities = [package["SPDXID"] for package in told["packages"]]
    assert len(set(identities)) == len(identities)
    contained = {line["relatedSpdxElement"] for line in told["relationships"] if line["relationshipType"] == "CONTAINS"}
    assert contained == set(identities) - {"SPDXRef-Image"}
    purls = [package["externalRefs"][0]["referenceLocator"] for package in listed.values()]
    assert all(re.fullmatch(r"pkg:deb/debian/[\w.+%-]+@[\w.%~+-]+\?arch=(amd64|all)&distro=debian-13(&upstream=[\w.%+-]+)?", purl) for purl in purls), purls


def test_authorities_are_trusted(texts: dict[str, bytes]) -> None:
    assert texts["etc/ssl/certs/ca-certificates.crt"].count(b"-----BEGIN CERTIFICATE-----") > 100


@pytest.mark.time_limit(900)
def test_it_is_made_alike_each_time(archive: Path, tmp_path: Path) -> None:
    """Of the package that the image was made of."""
    packages = sorted((ROOT / "build" / "trixie").glob("package*/keyshift_*_amd64.deb"), key=lambda path: path.stat().st_mtime)
    of_it = [path for path in packages if path.stat().st_mtime < archive.stat().st_mtime]
    assert of_it, "make image leaves the package there"
    command = [sys.executable, ROOT / "scripts" / "image.py", of_it[-1], tmp_path]
    environment = {**CLEAN_ENVIRONMENT, "PYTHONPATH": str(ROOT / "tests")}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    again = tmp_path / archive.name
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(archive.read_bytes()).digest()
