# SPDX-License-Identifier: Apache-2.0
"""Fixtures shared by the integration and end-to-end tests, and the rules of `harness.tools.strictness`."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway_sim import Gateway
from harness.servers.postgres import Database, Postgres, binary_directory
from harness.servers.redis import Redis
from harness.servers.time_travel import Clock, TravellingPostgres
from harness.tools import leaks, ports, strictness
from harness.tools.process import program

INSTALLED_STATE = Path("/var/lib/keyshift")
_INHERITED_SETTINGS = ("DATABASE_URL", "REDIS_URL")


def pytest_configure(config: pytest.Config) -> None:
    """Forget what would steer clients in this process elsewhere, and let `kill` and `timeout` end a run in order."""
    config.pluginmanager.register(strictness)
    for name in list(os.environ):
        if name in _INHERITED_SETTINGS or name.startswith("PG"):
            del os.environ[name]
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """The versions that this run's results hold for, and what is missing."""
    return [
        f"interpreter: {sys.executable}",
        _version(lambda: binary_directory() / "postgres", "--version"),
        _version(lambda: program("redis-server"), "--version"),
        _version(lambda: program("prometheus"), "--version"),
        _version(lambda: program("prometheus-alertmanager"), "--version"),
        _version(lambda: program("victoria-metrics"), "--version"),
        _version(lambda: program("openssl"), "version"),
        _version(lambda: program("nginx"), "-v"),
        _version(lambda: program("haproxy"), "-v"),
        "caddy " + _version(lambda: program("caddy"), "version"),
    ]


def _version(locate: Callable[[], str | Path], argument: str) -> str:
    try:
        path = locate()
    except FileNotFoundError as missing:
        return str(missing)
    result = subprocess.run([path, argument], capture_output=True, text=True, check=True)
    return (result.stdout or result.stderr).splitlines()[0]


@pytest.fixture(autouse=True)
def ports_are_given_back() -> Iterator[None]:
    """Those of the test's own servers: what fixtures of a wider scope reserve, they do before this."""
    with ports.given_back():
        yield


@pytest.fixture(autouse=True)
def no_secret_comes_out() -> Iterator[None]:
    """Nothing that keyshift printed, answered or wrote in the test holds a password or a hash that the test used."""
    leaks.forget()
    yield
    leaked = leaks.found()
    assert not leaked, "\n".join(leaked)


@pytest.fixture(autouse=True)
def the_installed_state_is_left_alone() -> Iterator[None]:
    """Commands look for a daemon's state where the package keeps it, unless they are told otherwise: what a test left
    there would be another one's daemon."""
    assert not _in_the_installed_state(), f"remove what is in {INSTALLED_STATE}: tests find it there"
    yield
    assert not _in_the_installed_state(), "this test, or one beside it, gave no state.directory and wrote here"


def _in_the_installed_state() -> list[str]:
    return [str(path) for path in INSTALLED_STATE.iterdir()] if INSTALLED_STATE.is_dir() else []


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """An instance shared by all tests: use `database`, and leave the instance itself as it was."""
    with Postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """A fresh database with pg_stat_statements, dropped afterwards."""
    fresh = postgres.create_database()
    yield fresh
    fresh.drop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def travelling(clock: Clock) -> Iterator[Database]:
    """A database on `clock`."""
    with TravellingPostgres(clock) as postgres:
        yield postgres.create_database()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """An instance of the test's own, to restart, stop or break."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """An instance shared by all tests: begin with `redis.client().flushall()` where its content matters."""
    with Redis() as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """An instance of the test's own, to restart, stop or break."""
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def plain_gateway() -> Iterator[Gateway]:
    """A simulated gateway without a database, shared by all tests: it asks for credentials and accepts none."""
    with Gateway(None, require_auth=True) as gateway:
        yield gateway
