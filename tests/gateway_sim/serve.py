# SPDX-License-Identifier: Apache-2.0
"""Runs one gateway until SIGTERM or SIGINT."""

import asyncio
import json
import os
import signal
import sys
import traceback
from dataclasses import dataclass

from aiohttp import web

from . import logs
from .app import start_app
from .counts import Counts
from .logs import Log
from .server import Server
from .settings import Settings


@dataclass
class ServeOptions:
    settings: Settings
    dsn: str | None
    redis_url: str | None
    host: str = "127.0.0.1"
    port: int = 3000
    log_file: str | None = None
    log_format: str = "text"
    log_level: str = "error"
    colour: bool = True


async def serve(options: ServeOptions, companion=None) -> None:
    """Prints `{"url": …, "pid": …}` once it listens. `companion(url)`, if given, runs beside it until the end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    log, counts = _open_log(options)
    app = await asyncio.to_thread(start_app, options.settings, log, counts, options.dsn, options.redis_url)
    server = Server(app)
    runner = web.AppRunner(server.web_application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port, shutdown_timeout=0.2)
    await site.start()
    port = runner.addresses[0][1]
    log.info(logs.MAIN, f"LLM Gateway server listening on {options.host}:{port}")
    url = f"http://{options.host}:{port}"
    print(json.dumps({"url": url, "pid": os.getpid()}), flush=True)
    failed = False
    if companion:
        failed = await _until_stopped(stop, companion(url))
    else:
        await stop.wait()
    await runner.cleanup()
    _exit_at_once(server, 1 if failed else 0)


async def _until_stopped(stop: asyncio.Event, companion) -> bool:
    """Whether the companion failed, which ends the gateway too."""
    task = asyncio.create_task(companion)
    task.add_done_callback(lambda _: stop.set())
    await stop.wait()
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, Exception):
        traceback.print_exception(outcome)
        return True
    return False


def _open_log(options: ServeOptions) -> tuple[Log, Counts]:
    stream = open(options.log_file, "a", encoding="utf-8") if options.log_file else sys.stdout
    counts = Counts()
    log = Log(stream, counts, level=options.log_level, style=options.log_format, colour=options.colour)
    return log, counts


def _exit_at_once(server: Server, status: int) -> None:
    """A worker deep in an O(n) comparison must not hold up the end: interpreter exit would wait for it."""
    server.abandon_workers()
    sys.stdout.flush()
    os._exit(status)
