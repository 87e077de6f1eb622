# SPDX-License-Identifier: Apache-2.0
"""A whole migration in two minutes: private PostgreSQL, Redis and Prometheus, a simulated gateway with clients that move
to new keys one after the other, `keyshift serve` watching, and what an operator would see and do meanwhile
(demo_story.py). Everything is on loopback, in temporary directories, and gone at the end: Ctrl-C, SIGTERM, or
DEMO_SECONDS."""

import contextlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

from harness.product.keyshift import Serve
from harness.servers.postgres import Postgres
from harness.servers.prometheus import Prometheus
from harness.servers.redis import Redis
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT, Process
from harness.tools.scratch import scratch_directory

from demo_story import Story

ROOT = Path(__file__).resolve().parents[1]
MIGRATION_SECONDS = 120
DRAIN_SECONDS = 10
BAR = 30


def main() -> int:
    limit = int(os.environ.get("DEMO_SECONDS", "0"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    done = False
    with contextlib.suppress(KeyboardInterrupt):
        done = run(limit)
    print("\nstopped; nothing is left behind")
    return 0 if done or not limit else 1


def run(limit: int) -> bool:
    """Whether all keys had moved within `limit` seconds; 0: until it is interrupted."""
    print("starting PostgreSQL, Redis, a simulated gateway, keyshift and Prometheus ...", flush=True)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(Postgres()).create_database()
        redis = stack.enter_context(Redis())
        migration = min(MIGRATION_SECONDS, limit * 3 // 4) if limit else MIGRATION_SECONDS
        log = scratch_directory("gateway") / "gateway.log"
        gateway = start_gateway(stack, database.dsn(), redis.url(), migration, log)
        env = {"DATABASE_URL": database.dsn(), "REDIS_URL": redis.url()}
        serve = Serve(
            {
                # Seconds in place of days.
                "migration": {"drain_window": f"{DRAIN_SECONDS}s"},
                "collectors": [
                    {"type": "keys", "interval": "1s", "database_duty": "20%"},
                    {"type": "statements", "interval": "1s"},
                    {"type": "redis", "interval": "1s"},
                    {"type": "gateway_log", "format": "tracing_text", "input": {"files": [str(log)]}},
                ],
            },
            env=env,
            port=preferred_port(11947),
        )
        stack.enter_context(serve)
        rules = ROOT / "alerts" / "keyshift.rules.yaml"
        prometheus = stack.enter_context(Prometheus({"keyshift": [f"127.0.0.1:{serve.port}"]}, rule_files=[rules]))
        print(f"  status page {serve.url}/")
        print(f"  metrics     {serve.url}/metrics")
        print(f"  Prometheus  {prometheus.url}/graph?g0.expr=keyshift_keys&g0.tab=0&g0.range_input=5m")
        print(f"  alerts      {prometheus.url}/alerts")
        print(f"  gateway     {gateway}")
        print(f"  report      DATABASE_URL='{database.dsn()}' {os.environ['KEYSHIFT_BINARY']} report")
        print(f"\nkeys move within {migration} s; " + (f"ends after {limit} s" if limit else "Ctrl-C ends") + "\n", flush=True)
        return watch(serve, Story(serve, gateway, env), time.monotonic() + limit if limit else None)


def start_gateway(stack: contextlib.ExitStack, dsn: str, redis_url: str, migration: int, log: Path) -> str:
    """The simulated gateway with its traffic; its URL once it answers."""
    directory = log.parent
    process = stack.enter_context(
        Process(
            ["/usr/bin/python3", "-m", "gateway_sim", "demo", "--duration", str(migration), "--log-file", log,
             "--log-level", "info", "--no-color", "--port", str(preferred_port(3000))],
            log_path=directory / "output",
            env={**CLEAN_ENVIRONMENT, "PYTHONPATH": str(ROOT / "tests"), "DATABASE_URL": dsn, "REDIS_URL": redis_url},
            cwd=directory,
        )
    )
    return process.wait_until(lambda: url_in(directory / "output"), 30, "the gateway answers")


def url_in(output: Path) -> str:
    for line in output.read_text().splitlines():
        with contextlib.suppress(json.JSONDecodeError, KeyError, TypeError):
            return json.loads(line)["url"]
    return ""


def preferred_port(port: int) -> int:
    """`port` if it is free, so that the URLs are the usual ones; another one otherwise."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    return free_port()


def watch(serve: Serve, story: Story, end: float | None) -> bool:
    """A line whenever a number has changed, redrawn in place on a terminal, and the story as it goes on. Whether all
    keys have moved at the end."""
    last = ""
    while end is None or time.monotonic() < end:
        story.go_on()
        line = status_line(serve)
        if sys.stdout.isatty():
            print("\r\x1b[K" + line, end="", flush=True)
        elif bar_of(line) != bar_of(last):
            print(line, flush=True)
        last = line
        time.sleep(1)
    print()
    return bool(serve.metric("keyshift_legacy_keys_baseline")) and serve.metric("keyshift_keys", state="legacy") == 0


def bar_of(line: str) -> str:
    return line.partition("]")[0]


def status_line(serve: Serve) -> str:
    metrics = serve.metrics()

    def value(name: str, **labels: str) -> int:
        return int(metrics[name, frozenset(labels.items())])

    legacy = value("keyshift_keys", state="legacy")
    baseline = value("keyshift_legacy_keys_baseline")
    moved = baseline - legacy
    filled = BAR * moved // baseline if baseline else BAR
    return (
        f"[{'#' * filled}{'.' * (BAR - filled)}] {moved} of {baseline} legacy keys gone, "
        f"{legacy} left ({value('keyshift_legacy_keys_used', window='5m')} used within 5 min), "
        f"{value('keyshift_keys', state='modern')} modern, "
        f"{value('keyshift_fallback_auth_total')} scans of the fallback"
    )


if __name__ == "__main__":
    sys.exit(main())
