# SPDX-License-Identifier: Apache-2.0
"""Command line of the simulated gateway: serve, seed, traffic, demo."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys

from .demo import run_demo
from .logs import Filter
from .seed import Planted, Seed
from .serve import ServeOptions, serve
from .settings import BEHAVIOURS, SCANS, Settings
from .traffic import Traffic

DESCRIPTION = "A simulated API gateway for keyshift's tests and demo: real HTTP, PostgreSQL, Redis and bcrypt."
EPILOG = "DATABASE_URL, REDIS_URL, JWT_SECRET, RUST_LOG and NO_COLOR act as in the real gateway; the options win."


def main() -> int:
    options = _parser().parse_args()
    try:
        return options.run(options) or 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("gateway_sim", description=DESCRIPTION, epilog=EPILOG)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("serve", help="run one gateway until SIGTERM", epilog=EPILOG)
    _add_database(command)
    _add_serve(command)
    command.add_argument("--require-auth", action="store_true", help="guard /v1 (default: open, as in the source)")
    command.set_defaults(run=_serve)

    command = commands.add_parser("seed", help="create the schema and plant users and keys", epilog=EPILOG)
    _add_database(command)
    _add_seed(command)
    add = command.add_argument
    add("--bcrypt-cost", type=int, default=10, help="cost of the planted hashes (default: %(default)s)")
    add("--output", metavar="FILE", help="write the plaintext keys as JSON, mode 0600, for `traffic`")
    command.set_defaults(run=_seed)

    command = commands.add_parser("traffic", help="send a migration's traffic to a running gateway", epilog=EPILOG)
    _add_database(command)
    add = command.add_argument
    add("--gateway", required=True, metavar="URL", help="where to send it (a proxy in front is fine)")
    add("--keys", required=True, metavar="FILE", help="what `seed --output` wrote")
    add("--seed", type=int, default=1, help="the same seed makes the same decisions (default: %(default)s)")
    _add_traffic(command)
    add("--steps", type=int, metavar="N", help="N requests one after another instead of timed traffic")
    add("--linger", action="store_true", help="after --duration, go on with steady traffic until SIGTERM")
    command.set_defaults(run=_traffic)

    command = commands.add_parser(
        "demo",
        help="serve, seed and traffic in one process, auth required",
        description="Plants keys, serves with auth required, and runs a whole migration in fast motion; then steady"
        " traffic until SIGTERM.",
        epilog=EPILOG,
    )
    _add_database(command)
    _add_serve(command)
    _add_seed(command)
    _add_traffic(command)
    command.add_argument("--via", metavar="URL", help="send the traffic to this proxy instead of to the gateway")
    command.set_defaults(run=_demo, behaviour="fallback", bcrypt_cost=4, auth_cache_ttl=15, require_auth=True)
    return parser


def _add_database(parser: argparse.ArgumentParser) -> None:
    url = os.environ.get("DATABASE_URL")
    parser.add_argument("--database-url", default=url, help="PostgreSQL (default: $DATABASE_URL)")


def _add_serve(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--redis-url", default=os.environ.get("REDIS_URL"), help="Redis; without it no caches (default: $REDIS_URL)")
    add("--behaviour", choices=BEHAVIOURS, default="faithful", help="default: %(default)s")
    add("--fallback-scope", choices=SCANS, default="all", help="rows the fallback scans (default: %(default)s)")
    add("--host", default="127.0.0.1", help="default: %(default)s")
    add("--port", type=int, default=3000, help="0 takes a free one (default: %(default)s)")
    add("--bcrypt-cost", type=int, default=10, help="cost of keys made here (default: %(default)s)")
    add("--auth-cache-ttl", type=int, default=300, metavar="SECONDS", help="default: %(default)s")
    add("--provider-delay", type=float, default=0.0, metavar="SECONDS", help="time a made-up provider takes")
    add("--auth-metrics", action="store_true", help="count authentication in /metrics, as the source does not")
    add("--process-metrics", action="store_true", help="process_start_time_seconds in /metrics, likewise")
    add("--log-file", metavar="FILE", help="append log lines here (default: standard output)")
    add("--log-format", choices=("text", "json"), default="text", help="default: %(default)s")
    add("--log-level", type=_rust_log, default=_rust_log(os.environ.get("RUST_LOG", "")), metavar="FILTER",
        help="as RUST_LOG, whose value it is by default")
    no_colour = bool(os.environ.get("NO_COLOR"))
    add("--no-color", action="store_true", default=no_colour, help="no ANSI escapes in text lines")


def _rust_log(text: str) -> str:
    """Levels, and levels of targets. Of anything else, as of nothing, errors alone are left."""
    try:
        Filter(text)
    except ValueError:
        return "error"
    return text


def _add_seed(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--seed", type=int, default=1, help="the same seed plants the same keys (default: %(default)s)")
    add("--owners", type=int, default=6, help="default: %(default)s")
    add("--keys-per-owner", type=int, default=2, help="legacy keys in use (default: %(default)s)")
    add("--system-keys", type=int, default=2, help="legacy keys without an owner (default: %(default)s)")
    add("--dormant-keys", type=int, default=2, help="legacy keys unused for months (default: %(default)s)")
    add("--unused-keys", type=int, default=1, help="legacy keys never used (default: %(default)s)")
    add("--modern-keys", type=int, default=2, help="keys that have a lookup hash already (default: %(default)s)")


def _add_traffic(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--duration", type=float, default=120, metavar="SECONDS", help="length of the migration (default: %(default)s)")
    add("--rate", type=float, default=15, help="requests a second (default: %(default)s)")
    add("--too-early", type=float, default=0.25, metavar="SHARE", help="keys deleted in use (default: %(default)s)")
    add("--leave", type=float, default=0.0, metavar="SHARE", help="keys that never migrate (default: %(default)s)")


def _serve_options(options) -> ServeOptions:
    settings = Settings(
        behaviour=options.behaviour,
        require_auth=options.require_auth,
        bcrypt_cost=options.bcrypt_cost,
        fallback_scope=options.fallback_scope,
        auth_cache_ttl=options.auth_cache_ttl,
        provider_delay=options.provider_delay,
        jwt_secret=_jwt_secret(),
        auth_metrics=options.auth_metrics,
        process_metrics=options.process_metrics,
    )
    return ServeOptions(
        settings=settings,
        dsn=options.database_url,
        redis_url=options.redis_url,
        host=options.host,
        port=options.port,
        log_file=options.log_file,
        log_format=options.log_format,
        log_level=options.log_level,
        colour=not options.no_color,
    )


def _jwt_secret() -> str:
    if secret := os.environ.get("JWT_SECRET"):
        return secret
    print("WARNING: JWT_SECRET not set, using default (INSECURE for production!)", file=sys.stderr)
    return Settings.jwt_secret


def _seed_of(options) -> Seed:
    return Seed(
        seed=options.seed,
        owners=options.owners,
        keys_per_owner=options.keys_per_owner,
        system_keys=options.system_keys,
        dormant_keys=options.dormant_keys,
        unused_keys=options.unused_keys,
        modern_keys=options.modern_keys,
        bcrypt_cost=options.bcrypt_cost,
    )


def _need_database(options) -> str:
    if not options.database_url:
        sys.exit("gateway_sim: give --database-url or DATABASE_URL")
    return options.database_url


def _serve(options) -> None:
    asyncio.run(serve(_serve_options(options)))


def _seed(options) -> None:
    planted = _seed_of(options).plant(_need_database(options))
    if options.output:
        planted.save(options.output)
    legacy = sum(key.legacy for key in planted.keys)
    print(json.dumps({"users": len(planted.users), "legacy": legacy, "modern": len(planted.keys) - legacy}))


def _traffic(options) -> None:
    traffic = Traffic(
        options.gateway,
        Planted.load(options.keys),
        seed=options.seed,
        dsn=options.database_url,
        too_early=options.too_early,
        leave=options.leave,
    )
    if options.steps:
        traffic.run_steps(options.steps)
    else:
        asyncio.run(_timed_traffic(traffic, options))
    print(json.dumps(traffic.totals()))


async def _timed_traffic(traffic: Traffic, options) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asyncio.current_task().cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await traffic.run_timed(options.duration, options.rate, linger=options.linger)


def _demo(options) -> None:
    run_demo(
        _serve_options(options),
        _seed_of(options),
        dsn=_need_database(options),
        via=options.via,
        duration=options.duration,
        rate=options.rate,
        too_early=options.too_early,
        leave=options.leave,
    )


if __name__ == "__main__":
    sys.exit(main())
