# SPDX-License-Identifier: Apache-2.0
"""Sliding one-minute windows in Redis sorted sets, for keys that have limits."""

import time
from dataclasses import dataclass

import redis

from . import logs
from .counts import Counts
from .keys import VirtualKey
from .logs import Log
from .metrics import Metrics
from .replies import Failure, Refused, refused

WINDOW_SECONDS = 60
EXPIRE_SECONDS = 70


@dataclass
class Window:
    allowed: bool = True
    remaining: int | None = None


class RateLimiter:
    """Without Redis every request passes."""

    def __init__(self, client: redis.Redis | None, metrics: Metrics, log: Log, counts: Counts):
        self._client, self._metrics, self._log, self._counts = client, metrics, log, counts

    def enforce(self, key: VirtualKey) -> None:
        """Raises Refused when a limit of `key` is reached; the refused request counts towards the window."""
        if self._client is None or (key.rate_limit_rpm is None and key.rate_limit_tpm is None):
            return
        try:
            requests = self._advance(f"ratelimit:{key.id}:requests", key.rate_limit_rpm)
            tokens = self._advance(f"ratelimit:{key.id}:tokens", key.rate_limit_tpm)
        except redis.RedisError as error:
            text = f"Rate limit check failed: Rate limit error: Redis error: {error}"
            raise Refused(Failure(500, text, "backend_error")) from error
        self._report(key.id, requests, tokens)
        if not (requests.allowed and tokens.allowed):
            raise refused("rate_limited")

    def _advance(self, name: str, limit: int | None) -> Window:
        if limit is None:
            return Window()
        now = time.time()
        second = int(now)
        pipeline = self._client.pipeline()
        pipeline.zremrangebyscore(name, "-inf", second - WINDOW_SECONDS)
        pipeline.zcount(name, second - WINDOW_SECONDS, "+inf")
        pipeline.zadd(name, {f"{second}:{int(now % 1 * 1e6)}": second})
        pipeline.expire(name, EXPIRE_SECONDS)
        used = pipeline.execute()[1]
        return Window(used < limit, max(0, limit - used - (used < limit)))

    def _report(self, key_id: str, requests: Window, tokens: Window) -> None:
        windows = {"requests": requests, "tokens": tokens}
        if requests.allowed and tokens.allowed:
            self._counts.add("rate_limit", "passed")
            self._log.debug(
                logs.LIMITER,
                f"Rate limit check passed for key {key_id}: requests_remaining={_rust_option(requests.remaining)}, "
                f"tokens_remaining={_rust_option(tokens.remaining)}",
            )
            for kind, window in windows.items():
                if window.remaining is not None:
                    self._metrics.rate_limit_remaining.set(window.remaining, key_id, kind)
            return
        self._counts.add("rate_limit", "exceeded")
        self._log.warn(
            logs.LIMITER,
            f"Rate limit exceeded for key {key_id}: "
            f"requests_allowed={_rust_bool(requests.allowed)}, tokens_allowed={_rust_bool(tokens.allowed)}",
        )
        for kind, window in windows.items():
            if window.remaining == 0:
                self._metrics.rate_limit_exceeded.add(1, key_id, kind)


def _rust_option(value: int | None) -> str:
    return "None" if value is None else f"Some({value})"


def _rust_bool(value: bool) -> str:
    return "true" if value else "false"
