# SPDX-License-Identifier: Apache-2.0
"""What a release is made of: everything is there, of one version, and as the sums say; each archive can be used by itself."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from harness.product.debian_package import field
from harness.servers.prometheus import promtool
from harness.tools.process import CLEAN_ENVIRONMENT, program, run_as

ROOT = Path(__file__).parents[2]
VERSION = re.search(r"^project\(keyshift VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
ARCHITECTURES = {"amd64": b"\x3e\x00", "arm64": b"\xb7\x00"}  # and the machine in their programs' headers
ALWAYS = {
    "SHA256SUMS",
    f"keyshift-{VERSION}-compose.tar.gz",
    f"keyshift-{VERSION}-monitoring.tar.gz",
    f"keyshift-{VERSION}-source.tar.gz",
    f"keyshift-{VERSION}.oci.tar",
    f"keyshift-{VERSION}.tgz",
    *(f"keyshift-{VERSION}-{architecture}{end}" for architecture in ARCHITECTURES for end in (".tar", ".spdx.json")),
}


def packages(dist: Path) -> list[Path]:
    return sorted(dist.glob("*.deb"))


def depended_on(package: Path) -> str:
    return re.sub(r" \([^)]*\)", "", field(package, "Depends"))


def unpack(archive: Path, directory: Path) -> Path:
    run_as(None, [program("tar"), "-xf", archive, "-C", directory])
    (top,) = directory.iterdir()
    return top


def test_everything_is_there_and_nothing_else(dist: Path) -> None:
    releases = {field(package, "Version").partition("~")[2] for package in packages(dist)}
    assert "deb13" in releases and releases <= {"deb12", "deb13"}
    wanted = {f"keyshift_{VERSION}~{release}_{architecture}.deb" for release in releases for architecture in ARCHITECTURES}
    assert {path.name for path in dist.iterdir()} == ALWAYS | wanted


def test_the_sums_are_those_of_all_files(dist: Path, tmp_path: Path) -> None:
    listed = [line.split("  ") for line in (dist / "SHA256SUMS").read_text().splitlines()]
    assert [name for _, name in listed] == sorted(path.name for path in dist.iterdir() if path.name != "SHA256SUMS")
    for digest, name in listed:
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest, name
    damaged = shutil.copytree(dist, tmp_path / "dist", ignore=lambda _, names: {name for name in names if name.endswith((".deb", ".tar"))})
    with (damaged / f"keyshift-{VERSION}.tgz").open("ab") as chart:
        chart.write(b"x")
    command = ["sha256sum", "--check", "--ignore-missing", "--quiet", "SHA256SUMS"]
    done = subprocess.run(command, cwd=damaged, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == f"keyshift-{VERSION}.tgz: FAILED\n"


def test_packages_are_for_the_architecture_that_they_name(dist: Path, tmp_path: Path) -> None:
    for package in packages(dist):
        architecture = package.stem.rpartition("_")[2]
        directory = tmp_path / package.stem
        run_as(None, [program("dpkg-deb"), "--extract", package, directory])
        header = (directory / "usr/bin/keyshift").read_bytes()[:20]
        assert header[:4] == b"\x7fELF" and header[18:20] == ARCHITECTURES[architecture], package.name
        assert (field(package, "Architecture"), field(package, "Version")) == (architecture, package.name.split("_")[1])


def test_packages_differ_in_nothing_but_their_architecture(dist: Path) -> None:
    """Of one release: the same files, and the same packages depended on, of whatever version."""
    for package in packages(dist):
        if package.name.endswith("_amd64.deb"):
            other = package.with_name(package.name.replace("_amd64", "_arm64"))
            assert depended_on(other) == depended_on(package)
            listed = [
                subprocess.run([program("dpkg-deb"), "--fsys-tarfile", path], capture_output=True, check=True).stdout for path in (package, other)
            ]
            names = [subprocess.run(["tar", "-t"], input=tar, capture_output=True, check=True).stdout for tar in listed]
            assert names[0] == names[1]


def test_lintian_has_nothing_to_say_of_any_package(dist: Path) -> None:
    for package in packages(dist):
        command = [program("lintian"), "--pedantic", "--allow-root", package]
        done = subprocess.run(command, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.stdout + done.stderr == "", package.name


def test_the_chart_is_whole(dist: Path, tmp_path: Path) -> None:
    """Its rules and dashboards are links in the repository: what they lead to is in the archive."""
    chart = unpack(dist / f"keyshift-{VERSION}.tgz", tmp_path)
    told = yaml.safe_load((chart / "Chart.yaml").read_text())
    assert (chart.name, told["version"], told["appVersion"]) == ("keyshift", VERSION, VERSION)
    assert not [path for path in chart.rglob("*") if path.is_symlink()]
    original = ROOT / "packaging" / "helm" / "keyshift"
    assert {path.relative_to(chart) for path in chart.rglob("*")} == {path.relative_to(original) for path in original.rglob("*")}
    assert promtool(["check", "rules", chart / "files" / "keyshift.rules.yaml"]).returncode == 0
    assert json.loads((chart / "files" / "dashboards" / "keyshift-overview.json").read_text())["panels"]


def test_the_monitoring_is_whole(dist: Path, tmp_path: Path) -> None:
    top = unpack(dist / f"keyshift-{VERSION}-monitoring.tar.gz", tmp_path)
    assert promtool(["check", "rules", top / "alerts" / "keyshift.rules.yaml"]).returncode == 0
    command = [program("jsonnet"), "-e", "std.objectFields((import 'mixin.libsonnet').grafanaDashboards)"]
    made = subprocess.run(command, cwd=top, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    assert json.loads(made) == sorted(path.name for path in (top / "dashboards").glob("*.json"))


def test_the_example_for_compose_holds_what_it_mounts(dist: Path, tmp_path: Path) -> None:
    top = unpack(dist / f"keyshift-{VERSION}-compose.tar.gz", tmp_path)
    place = top / "config" / "compose"
    services = yaml.safe_load((place / "compose.yaml").read_text())["services"].values()
    mounted = [volume.split(":")[0] for service in services for volume in service["volumes"] if volume.startswith(".")]
    assert len(mounted) > 4
    assert [name for name in mounted if not (place / name).exists()] == []


def test_the_source_is_what_is_committed(dist: Path, tmp_path: Path) -> None:
    top = unpack(dist / f"keyshift-{VERSION}-source.tar.gz", tmp_path)
    listed = subprocess.run(["git", "ls-tree", "-r", "--name-only", "-z", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    assert {str(path.relative_to(top)) for path in top.rglob("*") if not path.is_dir() or path.is_symlink()} == set(listed.strip("\0").split("\0"))


@pytest.mark.time_limit(300)
def test_it_is_made_alike_each_time(dist: Path, tmp_path: Path) -> None:
    """Of the same packages and images."""
    files = [path for path in dist.iterdir() if path.suffix in (".deb", ".tar", ".json")]
    again = tmp_path / "dist"
    subprocess.run([sys.executable, ROOT / "scripts" / "release.py", again, *files], check=True, capture_output=True)
    assert (again / "SHA256SUMS").read_text() == (dist / "SHA256SUMS").read_text()
