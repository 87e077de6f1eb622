# SPDX-License-Identifier: Apache-2.0
"""What /metrics looks like, line by line: names, help, types, labels, and every value that is not a matter of chance.

A change here is a change for dashboards and alerts. `KEYSHIFT_UPDATE_GOLDEN=1` writes the files anew; look at the diff.
"""

import difflib
import os
import re
from pathlib import Path

import pytest

from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.ports import free_port

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"
UPDATE = os.environ.get("KEYSHIFT_UPDATE_GOLDEN") == "1"

# Values that differ from run to run, and what stands in their place.
VOLATILE = [
    (re.compile(r"^(process_\w+(?:\{.*\})?) .*$", re.M), r"\1 ~"),
    (re.compile(r"^(keyshift_\w*_timestamp_seconds\{source=.*\}) .*$", re.M), r"\1 ~"),
    (re.compile(r"^(keyshift_legacy_last_used_timestamp_seconds) .*$", re.M), r"\1 ~"),
    (re.compile(r"^(keyshift_fallback_removal_earliest_timestamp_seconds) .*$", re.M), r"\1 ~"),
    (re.compile(r"^(keyshift_config_last_reload_success_timestamp_seconds) .*$", re.M), r"\1 ~"),
    (re.compile(r"^(keyshift_source_poll_duration_seconds_(?:bucket\{.*\}|sum\{.*\})) .*$", re.M), r"\1 ~"),
    (re.compile(r"^(keyshift_state_size_bytes|keyshift_state_start_timestamp_seconds) .*$", re.M), r"\1 ~"),
    # Only where somebody asked before it was ready, as the harness may.
    (re.compile(r'^keyshift_http_server_requests_total\{handler="ready",code="503"\} .*\n', re.M), ""),
    (re.compile(r"^(keyshift_http_server_requests_total\{.*\}) .*$", re.M), r"\1 ~"),
    (re.compile(r"^keyshift_build_info\{.*\}", re.M), "keyshift_build_info{~}"),
]


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    owners = [keys.add_user(f"owner{n}@example.com") for n in range(2)]
    for number, idle in enumerate([0.001, 0.02, 0.5, 3, 20, 100]):
        keys.add(owner=owners[number % 2], age=200 * DAY, idle=idle * DAY, cost=10)
    keys.add(idle=None, cost=4)
    keys.add(legacy=False)
    keys.add(legacy=False)
    # Fixed points in time, where a metric shows one.
    keys.database.execute(
        "UPDATE virtual_keys SET created_at = '2026-01-10T00:00:00.25Z' WHERE key_lookup_hash IS NOT NULL"
    )
    return keys


def assert_golden(name: str, text: str) -> None:
    for pattern, replacement in VOLATILE:
        text = pattern.sub(replacement, text)
    path = GOLDEN / name
    if UPDATE:
        path.write_text(text)
    expected = path.read_text()
    difference = difflib.unified_diff(
        expected.splitlines(), text.splitlines(), f"tests/golden/metrics/{name}", "now", lineterm=""
    )
    assert text == expected, "\n".join(["/metrics has changed:", *difference])


def tree(dsn: str) -> dict:
    return {**watching(dsn, interval="1h"), "migration": {"deadline": "2026-03-31T00:00:00Z"}}


@pytest.mark.parametrize("form,accept", [("text", "text/plain"), ("openmetrics", "application/openmetrics-text")])
def test_a_database_that_is_watched(table: KeyTable, form: str, accept: str):
    with Serve(tree(table.database.dsn())) as serve:
        serve.scrape_text()
        assert_golden(f"watched.{form}", serve.get("/metrics", headers={"Accept": accept}).text)


def test_a_database_that_was_never_reached():
    with Serve(tree(f"postgresql://monitor@127.0.0.1:{free_port()}/gateway")) as serve:
        serve.scrape_text()
        assert_golden("never_reached.text", serve.scrape_text())


def test_a_difference_is_noticed_and_shown(table: KeyTable):
    if UPDATE:
        return
    table.add(cost=12)
    with Serve(tree(table.database.dsn())) as serve:
        serve.scrape_text()
        with pytest.raises(AssertionError) as failure:
            assert_golden("watched.text", serve.scrape_text())
    shown = str(failure.value)
    assert '-keyshift_keys{state="legacy"} 7' in shown
    assert '+keyshift_keys{state="legacy"} 8' in shown
    assert '+keyshift_legacy_keys_by_bcrypt_cost{cost="12"} 1' in shown
