# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/install/docker.md as they are printed there, with Podman for Docker, up to the first metric."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.documents import documents
from harness.servers.postgres import Database
from harness.tools import http
from harness.tools.container import Podman
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT
from harness.tools.wait import eventually
from watched import LEGACY, gateway_role

DOCUMENT = documents.ROOT / "docs" / "install" / "docker.md"
# Neither a bridge nor Podman's own limits can be had everywhere: the network is this machine's, and instead of being
# published keyshift's port is another one.
_ENGINE = r"""#!/bin/bash
set -e
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    --publish)
        shift
        published=(serve --web.listen-address=127.0.0.1:PORT)
        ;;
    run) arguments+=(run --network=host --ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024) ;;
    *) arguments+=("$1") ;;
    esac
    shift
done
exec PODMAN "${arguments[@]}" "${published[@]}"
"""


class Engine:
    """A directory with a `docker` and a `podman` that do so, and where keyshift then answers."""

    def __init__(self, podman: Podman, directory: Path):
        self.directory = directory
        port = free_port()
        self.page = f"http://127.0.0.1:{port}"
        for name in ("docker", "podman"):
            program = directory / name
            program.write_text(_ENGINE.replace("PODMAN", " ".join(podman.argv())).replace("PORT", str(port)))
            program.chmod(0o755)

    def run(self, command: str) -> str:
        environment = {**CLEAN_ENVIRONMENT, "PATH": f"{self.directory}:{os.environ['PATH']}"}
        # What is left running must not hold the output.
        with (self.directory / "output").open("w+") as output:
            done = subprocess.run(
                ["/bin/bash", "-c", command], cwd=self.directory, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
            )
            output.seek(0)
            told = output.read()
        assert done.returncode == 0, f"{command}\n{told}"
        return told

    def has_counted(self) -> bool:
        eventually(lambda: http.answers(f"{self.page}/-/ready"), 30, "it is ready")
        return f'keyshift_keys{{state="legacy"}} {LEGACY:.0f}' in http.get(f"{self.page}/metrics").text


@pytest.fixture
def engine(podman: Podman, image: str, tmp_path: Path) -> Iterator[Engine]:
    yield Engine(podman, tmp_path)
    podman.run("rm", "--force", "--time=0", "--ignore", "keyshift")
    podman.run("volume", "rm", "--force", "keyshift")


def printed(number: int) -> list[str]:
    """The commands of a block."""
    return documents.commands([block for block in documents.blocks(DOCUMENT) if not block.kind][number])


def role_url(gateway: Database) -> str:
    return gateway.postgres.dsn(gateway_role(gateway), gateway.name)


def test_two_commands_to_the_first_metric(engine: Engine, archive: Path, gateway: Database) -> None:
    commands = printed(0)
    assert len(commands) == 2
    begun = time.monotonic()
    for command in commands:
        command = re.sub(r"\S*/keyshift-[\d.]+-amd64\.tar", str(archive), command)
        engine.run(re.sub(r"'postgresql://[^']*'", f"'{role_url(gateway)}'", command))
    assert engine.has_counted()
    print(f"\nthe first metric after {time.monotonic() - begun:.1f} s")
    (status,) = printed(1)
    assert "legacy" in engine.run(status)


def test_with_a_secret(engine: Engine, gateway: Database) -> None:
    (engine.directory / "database_url").write_text(role_url(gateway))
    for command in printed(2):
        engine.run(command)
    assert engine.has_counted()
