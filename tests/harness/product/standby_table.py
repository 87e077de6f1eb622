# SPDX-License-Identifier: Apache-2.0
"""A key table that is read from a standby, and what keyshift says of its lag. The fixtures are imported by the tests."""

import re
import time
from collections.abc import Iterator

import pytest

from harness.product.keyshift import Serve
from harness.product.verdicts import DRAIN_WINDOW_SECONDS, DrainedTable, ask, check, soon_safe, wait_until_safe
from harness.servers.postgres import Postgres
from harness.servers.standby import Standby
from harness.tools.wait import eventually


@pytest.fixture
def primary() -> Iterator[Postgres]:
    """It commits nothing that a test does not."""
    with Postgres(settings={"autovacuum": "off"}) as server:
        yield server


@pytest.fixture
def table(primary: Postgres) -> DrainedTable:
    return DrainedTable(primary.create_database())


@pytest.fixture
def standby(primary: Postgres, table: DrainedTable) -> Iterator[Standby]:
    with Standby(primary) as server:
        server.connect_again()
        yield server


def on(standby: Postgres, table: DrainedTable, **options) -> dict:
    """A configuration that reads the table there."""
    return soon_safe(standby.dsn(database=table.database.name), **options)


def data_at(serve: Serve) -> float:
    return serve.metric("keyshift_source_last_success_timestamp_seconds", source="keys") or 0


def assert_lag_is_said(serve: Serve) -> None:
    """By the metric, the verdict and the status; the poll itself has not failed."""
    first = data_at(serve)
    assert serve.metric("keyshift_source_up", source="keys") == 1
    eventually(lambda: time.time() - data_at(serve) > 3, 10, "data of some seconds ago")
    assert data_at(serve) == first
    outcome, evidence = check(serve, "sources_fresh")
    assert outcome == "UNKNOWN"
    assert re.search(r", on a standby that is \d+s behind; ", evidence), evidence
    assert serve.metric("keyshift_fallback_removal_check", check="sources_fresh") is None
    status = ask(serve, "status")
    assert re.search(r"UNKNOWN sources_fresh: .*on a standby that is \d+s behind", status), status
    assert re.search(r"keys +up, read ([3-9]|\d\d) s ago", status), status


def assert_use_is_found(serve: Serve, used_at: float) -> None:
    """A use on the primary is seen at last, and SAFE comes a drain window after it, not earlier."""
    last_used = "keyshift_legacy_last_used_timestamp_seconds"
    eventually(lambda: (serve.metric(last_used) or 0) >= int(used_at), 40, "the use is seen")
    wait_until_safe(serve)
    assert time.time() - used_at >= DRAIN_WINDOW_SECONDS


def use_once_more(table: DrainedTable) -> float:
    """When. Of another key: the first use is older than the drain window by now, and the gap would lengthen that."""
    table.use(table.legacy[1])
    return time.time()
