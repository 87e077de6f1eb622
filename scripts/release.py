# SPDX-License-Identifier: Apache-2.0
"""Puts everything of a release into one directory: scripts/release.py DIRECTORY FILE...

FILEs are packages and images; to them come archives of the source, the Helm chart, the monitoring (alerts, dashboards,
mixin) and the example for compose, all as the last commit has them, and SHA256SUMS of everything. The same commit and the
same files give the same bytes.
"""

import copy
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SUMS = "SHA256SUMS"
MONITORING = ("alerts/", "dashboards/", "LICENSE")


class Archive(NamedTuple):
    prefix: str
    paths: tuple[str, ...]
    below: str = ""  # what names in it leave out


ARCHIVES = {
    "keyshift-{version}-source.tar.gz": Archive("keyshift-{version}/", ("",)),
    "keyshift-{version}-monitoring.tar.gz": Archive("keyshift-monitoring-{version}/", (*MONITORING, "mixin.libsonnet")),
    "keyshift-{version}-compose.tar.gz": Archive("keyshift-compose-{version}/", (*MONITORING, "config/compose/", "config/alertmanager.yaml")),
    # The name that Helm gives and takes.
    "keyshift-{version}.tgz": Archive("keyshift/", ("packaging/helm/keyshift/",), "packaging/helm/keyshift/"),
}


def project_version() -> str:
    return re.search(r"^project\(keyshift VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def archive(of: Archive, version: str, commit: tarfile.TarFile) -> bytes:
    """Of the files of the commit. A link that leads out of the archive becomes the file that it leads to."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for member in commit:
            name = member.name
            if member.isdir() or not name.startswith(of.paths):
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(name), member.linkname))
            if member.issym() and not target.startswith(of.paths):
                member = commit.getmember(target)
            made = copy.copy(member)
            made.name = of.prefix.format(version=version) + name.removeprefix(of.below)
            tar.addfile(made, commit.extractfile(member) if made.isreg() else None)
    return gzip.compress(out.getvalue(), 9, mtime=0)


def main() -> int:
    if len(sys.argv) < 3:
        print("usage: scripts/release.py DIRECTORY FILE...", file=sys.stderr)
        return 64
    directory, files = Path(sys.argv[1]), list(map(Path, sys.argv[2:]))
    if changed := git("status", "--porcelain").splitlines():
        print(f"release: {len(changed)} files are not committed: the archives hold what the last commit has", file=sys.stderr)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for file in files:
        shutil.copy(file, directory)
    version = project_version()
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", "HEAD"))) as commit:
        for name, of in ARCHIVES.items():
            (directory / name.format(version=version)).write_bytes(archive(of, version, commit))
    made = sorted(path.name for path in directory.iterdir())
    sums = [f"{hashlib.sha256((directory / name).read_bytes()).hexdigest()}  {name}\n" for name in made]
    (directory / SUMS).write_text("".join(sums))
    for name in made:
        print(f"{directory / name}: {(directory / name).stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
