# SPDX-License-Identifier: Apache-2.0
"""One package, a booted Debian for each story of this directory, and one gateway's database."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway_sim import Seed, create_schema
from harness.product.debian_package import field, later, package_path
from harness.servers.machine import Machine, cannot_run
from harness.servers.postgres import Database, Postgres
from harness.tools.debian_root import RELEASES, debian_root
from harness.tools.scratch import scratch_directory

PORT = 11947


@pytest.fixture(scope="session")
def package() -> Path:
    """A copy at a place of its own: a checkout may be called keyshift, and a purge leaves nothing of that name."""
    return Path(shutil.copy(package_path(), scratch_directory("package")))


@pytest.fixture(scope="session")
def later_package(package: Path) -> Path:
    """The same program as a later version, with another comment in its /etc/default/keyshift."""
    return later(package, "/etc/default/keyshift", "# What the later version says.\n")


@pytest.fixture(scope="session")
def boot(package: Path) -> Callable[..., Machine]:
    """Of the package's release: `boot(directory, ...)` is a machine that can read these of this one's directories. Only
    one keyshift of them may run at a time, on its usual port."""
    if os.geteuid() != 0:
        pytest.skip("machine: only root can boot a container")
    # The first half of the question spares a machine that runs none at all the making of a Debian.
    release = RELEASES[field(package, "Version").split("~")[1]]
    if reason := cannot_run() or cannot_run(root := debian_root(package, release)):
        pytest.skip(f"machine: it runs no container: {reason}")

    def booted(*shared: Path | str) -> Machine:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # It fails, and says so, where something else of this machine listens on keyshift's own port.
            probe.bind(("127.0.0.1", PORT))
        return Machine(root, [package.parent, *shared])

    return booted


@pytest.fixture(scope="module")
def machine(boot: Callable[..., Machine], later_package: Path) -> Iterator[Machine]:
    with boot(later_package.parent) as booted:
        yield booted


@pytest.fixture(scope="session")
def gateway(postgres: Postgres) -> Iterator[Database]:
    """A database with a gateway's keys, 19 of them legacy."""
    database = postgres.create_database()
    create_schema(database.dsn())
    Seed().plant(database.dsn())
    yield database
    database.drop()


@pytest.fixture(scope="session")
def database_url(gateway: Database) -> str:
    """That of a role that may read; by name, so that names are resolved inside the service."""
    return gateway.create_monitor(("pg_read_all_stats", "pg_read_all_data")).replace("127.0.0.1", "localhost")
