# SPDX-License-Identifier: Apache-2.0
"""Every panel, annotation and variable of the dashboards, asked of a real Prometheus that has scraped a daemon beside a
simulated gateway: none errs, and all that can have data there has."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway_sim import Gateway, Seed, Traffic
from harness.documents.alert_rules import RULES, every, groups, rules
from harness.documents.dashboards import COUNTERS, FILES, Panel, concrete, expressions, load, panels
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable
from harness.servers.nginx import Nginx
from harness.servers.postgres import Database, Postgres
from harness.servers.prometheus import Prometheus
from harness.servers.redis import Redis
from harness.tools.http import get
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

# Nothing is forecast within seconds, and nothing fails.
EMPTY = {"Days of reserve", "Forecast end against the deadline"}
# Of panels with several queries: forecasts.
EMPTY_QUERIES = {("Burn-down", "D"), ("Burn-down", "E")}


@pytest.fixture(scope="module")
def prometheus(postgres: Postgres, redis: Redis) -> Iterator[Prometheus]:
    """It has scraped while clients used old, new and unknown keys, and while keys came and went."""
    with ExitStack() as stack:
        database: Database = postgres.create_database()
        stack.callback(database.drop)
        planted = Seed(seed=5, owners=4, keys_per_owner=1).plant(database.dsn())
        options = {"behaviour": "fallback", "require_auth": True, "auth_metrics": True}
        gateway = stack.enter_context(Gateway(database.dsn(), redis.url(database=9), **options))
        proxy = stack.enter_context(Nginx(gateway.url))
        serve = stack.enter_context(Serve(tree(database, redis, gateway, proxy)))
        rule_file = scratch_directory("rules") / RULES.name
        rule_file.write_text(every(RULES.read_text(), "500ms"))
        targets = {"keyshift": [f"127.0.0.1:{serve.port}"]}
        server = stack.enter_context(Prometheus(targets, interval="250ms", rule_files=[rule_file]))
        server.wait_for("keyshift_keys")
        table = KeyTable(database)
        rogue = table.add(name="rogue", age=0 * DAY, idle=0 * DAY)
        traffic = Traffic(proxy.url, planted, seed=5)
        for _ in range(3):
            traffic.run_steps(25)
            time.sleep(0.5)
        table.delete(rogue)
        marked = Keyshift().run("mark", "brownout-begin", f"--config={serve.config_path}")
        assert marked.returncode == 0, marked.stderr
        eventually(lambda: serve.metric("keyshift_phase_transitions_total", phase="retired_in_use"), 10, "the deletion")
        database.reset_statements()
        eventually(lambda: serve.metric("keyshift_source_resets_total", source="statements"), 10, "the reset")
        traffic.run_steps(25)
        server.wait_for('ALERTS{alertname="KeyshiftLegacyKeyCreated", alertstate="firing"}')
        server.wait_for("increase(keyshift_source_resets_total[1m]) > 0")
        server.wait_for("keyshift_mark_timestamp_seconds")
        yield server


def tree(database: Database, redis: Redis, gateway: Gateway, proxy: Nginx) -> dict:
    often = {"interval": "250ms", "timeout": "5s"}
    return {
        "migration": {"deadline": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 40 * 86400))},
        "collectors": [
            {"type": "keys", "database_url": database.dsn(), "database_duty": "100%", **often},
            {"type": "statements", "database_url": database.dsn(), **often},
            {"type": "redis", "url": redis.url(database=9), **often},
            {"type": "gateway_metrics", "targets": [f"{gateway.url}/metrics"], "counters": COUNTERS, **often},
            {"type": "access_log", "input": {"files": [str(proxy.access_log)]}, **often},
            {"type": "gateway_log", "input": {"files": [str(gateway.log_path)]}, **often},
        ],
        "web": {"per_key_series": True},
    }


def asked(prometheus: Prometheus, expression: str, *, instant: bool) -> int:
    """How many series it returns."""
    expression = concrete(expression, interval="3s", range="1m")
    if instant:
        return len(prometheus.query(expression))
    now = time.time()
    return len(prometheus.query_range(expression, now - 20, now, 0.5))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_panel_has_data_and_none_errs(prometheus: Prometheus, path: Path):
    missing = {
        (panel["title"], target["refId"])
        for panel in panels(load(path))
        for target in panel["targets"]
        if not asked(prometheus, target["expr"], instant=target["instant"])
    }
    expected = {(panel["title"], target["refId"]) for panel in panels(load(path)) for target in panel["targets"]}
    expected = {each for each in expected if each[0] in EMPTY or each in EMPTY_QUERIES}
    assert missing == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_annotation_and_variable_finds_something(prometheus: Prometheus, path: Path):
    dashboard = load(path)
    for expression in expressions(dashboard)[sum(len(panel["targets"]) for panel in panels(dashboard)) :]:
        assert asked(prometheus, expression, instant=False), expression


def test_columns_of_tables_are_there(prometheus: Prometheus):
    """A column that no answer has would be missing without a word."""
    for panel in (panel for path in FILES for panel in panels(load(path)) if panel["type"] == "table"):
        if panel["title"] in EMPTY:
            continue
        several = len(panel["targets"]) > 1
        there = {f"Value #{target['refId']}" for target in panel["targets"]} if several else {"Value"}
        for target in panel["targets"]:
            answer = prometheus.query(concrete(target["expr"], interval="3s"))
            there |= {label for labels, _ in answer for label in labels}
        assert set(columns(panel)) <= there | {"source", "gateway"}, panel["title"]


def columns(panel: Panel) -> list[str]:
    (kept,) = (each for each in panel["transformations"] if each["id"] == "filterFieldsByName")
    return kept["options"]["include"]["names"]


def test_a_query_that_errs_is_noticed(prometheus: Prometheus):
    with pytest.raises(AssertionError, match="parse error"):
        asked(prometheus, "rate(keyshift_keys{})", instant=True)
    with pytest.raises(AssertionError, match="many-to-"):
        asked(prometheus, "keyshift_legacy_keys / on (job) keyshift_keys", instant=True)


def test_prometheus_has_loaded_every_rule_and_none_fails(prometheus: Prometheus):
    served = get(f"{prometheus.url}/api/v1/rules").json()["data"]["groups"]
    loaded = [rule for group in served for rule in group["rules"]]
    assert len(loaded) == len(list(rules(groups())))
    assert {rule["health"] for rule in loaded} == {"ok"}
