# SPDX-License-Identifier: Apache-2.0
"""A migration in fast motion: simulated gateway and clients, the daemon, and Prometheus with the rules; for pictures."""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from harness.documents.alert_rules import RULES, groups, rules
from harness.documents.dashboards import COUNTERS
from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable
from harness.servers.postgres import Database, Postgres
from harness.servers.prometheus import Prometheus
from harness.servers.redis import Redis
from harness.tools.process import CLEAN_ENVIRONMENT, Process
from harness.tools.scratch import scratch_directory
from panel_answers import Range

TESTS = Path(__file__).parents[1]
MIGRATION_SECONDS = 60
REST_SECONDS = 10
DEADLINE_SECONDS = 40 * 86400


@contextlib.contextmanager
def migrated(postgres: Postgres, redis: Redis) -> Iterator[tuple[Prometheus, Range]]:
    """Prometheus once most keys have moved, and the times between which they did."""
    with contextlib.ExitStack() as stack:
        database = postgres.create_database()
        stack.callback(database.drop)
        gateway = _gateway(stack, database, redis)
        serve = stack.enter_context(Serve(_tree(database, redis, gateway)))
        rule_file = scratch_directory("rules") / RULES.name
        rule_file.write_text(_hasty_rules())
        targets = {"keyshift": [f"127.0.0.1:{serve.port}"]}
        prometheus = stack.enter_context(Prometheus(targets, interval="1s", rule_files=[rule_file]))
        prometheus.wait_for("keyshift_keys")
        begin = time.time()
        time.sleep(MIGRATION_SECONDS / 2)
        KeyTable(database).add(name="rogue", age=0 * DAY, idle=0 * DAY)
        time.sleep(MIGRATION_SECONDS / 2 + REST_SECONDS)
        prometheus.wait_for("instance:keyshift_auth_failures:ratio_rate1h")
        yield prometheus, Range(begin, time.time())


def _hasty_rules() -> str:
    """Every second, and an alert fires as soon as its condition holds."""
    tree = groups()
    for group in tree:
        group["interval"] = "1s"
    for rule in rules(tree):
        rule.pop("for", None)
    return yaml.safe_dump({"groups": tree}, sort_keys=False)


def _gateway(stack: contextlib.ExitStack, database: Database, redis: Redis) -> str:
    """With its clients; its URL once it answers."""
    directory = scratch_directory("gateway")
    output = directory / "output"
    options = ["--duration", str(MIGRATION_SECONDS), "--port", "0", "--owners", "12", "--leave", "0.2", "--auth-metrics"]
    process = stack.enter_context(
        Process(
            ["/usr/bin/python3", "-m", "gateway_sim", "demo", *options, "--log-file", directory / "gateway.log"],
            log_path=output,
            env={
                **CLEAN_ENVIRONMENT,
                "PYTHONPATH": str(TESTS),
                "DATABASE_URL": database.dsn(),
                "REDIS_URL": redis.url(database=9),
            },
            cwd=directory,
        )
    )
    return process.wait_until(lambda: _url_in(output), 30, "the gateway answers")


def _url_in(output: Path) -> str:
    for line in output.read_text().splitlines():
        with contextlib.suppress(json.JSONDecodeError, KeyError, TypeError):
            return json.loads(line)["url"]
    return ""


def _tree(database: Database, redis: Redis, gateway: str) -> dict:
    often = {"interval": "1s", "timeout": "5s"}
    return {
        "migration": {"deadline": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + DEADLINE_SECONDS))},
        "collectors": [
            {"type": "keys", "database_url": database.dsn(), "database_duty": "100%", **often},
            {"type": "statements", "database_url": database.dsn(), **often},
            {"type": "redis", "url": redis.url(database=9), **often},
            {"type": "gateway_metrics", "targets": [f"{gateway}/metrics"], "counters": COUNTERS, **often},
        ],
    }
