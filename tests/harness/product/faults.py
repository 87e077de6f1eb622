# SPDX-License-Identifier: Apache-2.0
"""What the tests of a failing database share: a small watched table, its reader, and what must never be shown."""

import pytest

from harness.product.keyshift import Serve
from harness.product.watching import KeyTable
from harness.servers.postgres import Database, Postgres
from harness.tools import leaks
from harness.tools.tcp import Proxy

PASSWORD = "s3cret-of-the-monitor"
UNKNOWN_BEFORE_A_CENSUS = (
    "keyshift_keys",
    "keyshift_legacy_keys_baseline",
    "keyshift_legacy_keys_used",
    "keyshift_legacy_keys_by_bcrypt_cost",
    "keyshift_legacy_owners",
    "keyshift_legacy_last_used_timestamp_seconds",
    "keyshift_source_last_success_timestamp_seconds",
    "keyshift_observation_start_timestamp_seconds",
    "keyshift_migration_start_timestamp_seconds",
)


def url(port: int, host: str = "127.0.0.1", database: str = "gateway", **options: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return f"postgresql://monitor:{leaks.secret(PASSWORD)}@{host}:{port}/{database}?{query}"


def assert_unknown(serve: Serve) -> None:
    """No number about keys is shown, rather than a 0 that nobody has counted."""
    names = {name for name, _ in serve.metrics()}
    assert not names.intersection(UNKNOWN_BEFORE_A_CENSUS)


def assert_no_poll_took_longer_than(seconds: float, serve: Serve) -> None:
    """`seconds` is a bound of the histogram."""
    counts = {
        float(dict(labels)["le"]): value
        for (name, labels), value in serve.metrics().items()
        if name == "keyshift_source_poll_duration_seconds_bucket"
    }
    assert counts[seconds] == counts[float("inf")] > 0


def lines(serve: Serve, text: str) -> list[str]:
    return [line for line in serve.log().splitlines() if text in line]


@pytest.fixture
def table(database: Database) -> KeyTable:
    """Two legacy keys and a modern one, and a role that may read them."""
    keys = KeyTable(database)
    keys.add(name="first")
    keys.add(name="second")
    keys.add(name="new", legacy=False)
    database.create_role(f"monitor_{database.name}", PASSWORD, ["SELECT ON virtual_keys"])
    return keys


@pytest.fixture
def dsn(table: KeyTable) -> str:
    return table.database.dsn(f"monitor_{table.database.name}")


def behind(proxy: Proxy, dsn: str, target: Postgres) -> str:
    return dsn.replace(f":{target.port}/", f":{proxy.port}/")
