# SPDX-License-Identifier: Apache-2.0
"""One image, one store of containers, and one gateway with TLS for all tests of this directory."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_sim import Seed, create_schema
from harness.servers.postgres import Database, Postgres
from harness.servers.redis import Redis
from harness.tools.container import Podman
from harness.tools.process import program, run_as
from harness.tools.scratch import scratch_directory
from watched import USER

_DIRECTORY = Path(__file__).parents[2] / "build" / "image"


@pytest.fixture(scope="session")
def archive() -> Path:
    """`$KEYSHIFT_IMAGE`, else the one for amd64 that make image has made."""
    given = os.environ.get("KEYSHIFT_IMAGE") or next(iter(_DIRECTORY.glob("keyshift-*-amd64.tar")), None)
    if given is None:
        raise FileNotFoundError(f"there is no image in {_DIRECTORY}: run make image")
    return Path(given).absolute()


@pytest.fixture(scope="session")
def unpacked(archive: Path) -> Path:
    """The archive's own files: manifest.json, the configuration, the layer."""
    directory = scratch_directory("image")
    run_as(None, [program("tar"), "-xf", archive, "-C", directory])
    return directory


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    with Podman() as store:
        yield store


@pytest.fixture(scope="session")
def image(podman: Podman, archive: Path) -> str:
    name = podman.load(archive)
    if reason := podman.cannot_run(name):
        pytest.skip(f"machine: it runs no container: {reason}")
    return name


@pytest.fixture(scope="session")
def encrypted() -> Iterator[Postgres]:
    with Postgres(ssl=True) as server:
        yield server


@pytest.fixture(scope="session")
def encrypted_cache() -> Iterator[Redis]:
    with Redis(tls=True) as server:
        yield server


@pytest.fixture
def gateway(encrypted: Postgres) -> Iterator[Database]:
    """A database with a gateway's keys, 19 of them legacy."""
    database = encrypted.create_database()
    create_schema(database.dsn())
    Seed().plant(database.dsn())
    yield database
    database.drop()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A volume for the state: its owner is the image's user."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o710)
    os.chown(directory, USER, USER)
    # On the way there others may pass.
    for parent in directory.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    return directory
