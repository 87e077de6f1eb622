# SPDX-License-Identifier: Apache-2.0
"""What tests of the collector `redis` share: a configuration that looks at it often, and what keyshift then shows."""

from collections.abc import Callable
from typing import Any

import redis

from harness.product.keyshift import Serve
from harness.tools.tcp import TcpServer

COUNTERS = {
    "hits": ("keyshift_redis_keyspace_hits_total", "keyspace_hits"),
    "misses": ("keyshift_redis_keyspace_misses_total", "keyspace_misses"),
    "evicted": ("keyshift_redis_evicted_keys_total", "evicted_keys"),
}
PATIENCE = 15.0


def watching_redis(url: str, **options: Any) -> dict[str, Any]:
    """A configuration with a redis collector only, which looks ten times a second."""
    collector = {"type": "redis", "url": url.replace("$", "$$"), "interval": "100ms", "timeout": "2s", **options}
    return {"collectors": [collector]}


def counted(serve: Serve) -> dict[str, float | None]:
    samples = serve.metrics()
    return {name: samples.get((metric, frozenset())) for name, (metric, _) in COUNTERS.items()}


def own_counts(client: redis.Redis) -> dict[str, float]:
    """What `counted` is about, by INFO."""
    stats = client.info("stats")
    return {name: float(stats[field]) for name, (_, field) in COUNTERS.items()}


def entries(serve: Serve) -> dict[str, float]:
    return {
        dict(labels)["cache"]: value
        for (name, labels), value in serve.metrics().items()
        if name == "keyshift_cache_entries"
    }


def is_up(serve: Serve) -> bool:
    return serve.metric("keyshift_source_up", source="redis") == 1


def look(serve: Serve) -> None:
    """Wait for the end of a look that began after this call."""
    serve.wait_for_poll(source="redis")


def wait(serve: Serve, predicate: Callable[[], object], what: str) -> None:
    serve.process.wait_until(predicate, PATIENCE, what)


def read(client: redis.Redis, *, hits: int = 0, misses: int = 0) -> None:
    """As clients of Redis do."""
    client.set("read by the test", "x")
    for _ in range(hits):
        client.get("read by the test")
    for _ in range(misses):
        client.get("not there")


class Answering(TcpServer):
    """Answers whatever comes with the same bytes."""

    def __init__(self, answer: bytes):
        self._answer = answer
        super().__init__()

    async def serve(self, reader, writer) -> None:
        while await reader.read(65536):
            writer.write(self._answer)
            await writer.drain()
