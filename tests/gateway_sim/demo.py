# SPDX-License-Identifier: Apache-2.0
"""Seed, gateway and traffic in one process: a migration in fast motion."""

import asyncio

from .seed import Seed
from .serve import ServeOptions, serve
from .traffic import Traffic


def run_demo(
    options: ServeOptions,
    seed: Seed,
    *,
    dsn: str,
    via: str | None,
    duration: float,
    rate: float,
    too_early: float,
    leave: float,
) -> None:
    planted = seed.plant(dsn)

    async def companion(url: str) -> None:
        traffic = Traffic(via or url, planted, seed=seed.seed, dsn=dsn, too_early=too_early, leave=leave)
        await traffic.run_timed(duration, rate, linger=True)

    asyncio.run(serve(options, companion))
