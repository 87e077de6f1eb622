# SPDX-License-Identifier: Apache-2.0
"""POST /v1/chat/completions: a made-up provider behind real response cache, usage records, metrics and log lines."""

import hashlib
import json
import time
import uuid
from contextlib import contextmanager

import redis

from . import logs, sql
from .counts import Counts
from .logs import Log
from .metrics import Metrics
from .postgres import Database, DatabaseError
from .replies import ApiError, json_bytes
from .rust_text import rust_duration
from .settings import Settings

MODELS = {
    "claude-sonnet-4-5": "anthropic",
    "gemini-2.5-flash": "gemini",
    "gpt-4o": "openai",
    "sim-failing-model": "openai",
}
FAILING_MODEL = "sim-failing-model"
COST_PER_TOKEN = 0.00002


class ResponseCache:
    """`llm:cache:*` in Redis. Its failures are logged and otherwise act as a miss."""

    def __init__(self, client: redis.Redis, ttl_seconds: int, log: Log, counts: Counts):
        self._client, self._ttl_seconds, self._log, self._counts = client, ttl_seconds, log, counts

    def get(self, key: str) -> dict | None:
        try:
            value = self._client.get(key)
        except redis.RedisError as error:
            self._log.error(logs.CACHE, f"Redis error: {error}")
            return None
        if value is None:
            self._log.debug(logs.CACHE, f"Cache miss for key: {key}")
            return None
        self._log.debug(logs.CACHE, f"Cache hit for key: {key}")
        try:
            return json.loads(value)
        except ValueError as error:
            self._log.error(logs.CACHE, f"Failed to deserialize cached value: {error}")
            return None

    def put(self, key: str, document: dict) -> None:
        try:
            self._client.setex(key, self._ttl_seconds, json_bytes(document))
        except redis.RedisError as error:
            self._log.error(logs.CACHE, f"Failed to cache value: {error}")
            return
        self._log.debug(logs.CACHE, f"Cached value for key: {key} with TTL: {self._ttl_seconds}s")
        self._counts.add("llm_cache", "stored")


class Completions:
    def __init__(
        self,
        settings: Settings,
        database: Database | None,
        cache: ResponseCache | None,
        metrics: Metrics,
        log: Log,
        counts: Counts,
    ):
        self._settings, self._database, self._cache = settings, database, cache
        self._metrics, self._log, self._counts = metrics, log, counts

    def complete(self, request: dict) -> dict:
        """The completion; raises ApiError for an unknown model or a failing provider."""
        start = time.perf_counter()
        model = request["model"]
        self._log.info(logs.MAIN, f"🚀 Request started for model: {model}")
        provider = self._route(model)
        cache_key = _cache_key(request)
        if self._cache and (cached := self._cached(cache_key)):
            self._metrics.requests.add(1, model, provider, "success")
            self._record_usage(request, provider, cached["usage"], start, cost=0.0, cached=True)
            self._log.info(logs.MAIN, f"✅ Total time (cached): {_since(start)}")
            return cached
        completion = self._call_provider(request, provider, start)
        if self._cache:
            store_start = time.perf_counter()
            self._cache.put(cache_key, completion)
            self._log.info(logs.MAIN, f"💾 Cache store: {_since(store_start)}")
        self._log.info(logs.MAIN, f"✅ Total time: {_since(start)}")
        return completion

    def stream(self, request: dict) -> bytes:
        """The same as server-sent events: never cached, no usage record."""
        self._log.info(logs.MAIN, f"🚀 Request started for model: {request['model']}")
        provider = self._route(request["model"])
        with self._active(provider):
            completion = self._provider_reply(request, provider)
        self._metrics.requests.add(1, request["model"], provider, "success")
        return b"data: " + json_bytes(completion) + b"\n\ndata: [DONE]\n\n"

    def _route(self, model: str) -> str:
        start = time.perf_counter()
        if model not in MODELS:
            raise ApiError(404, "ModelNotFound", model)
        self._log.info(logs.MAIN, f"📋 Route lookup (lock-free): {_since(start)}")
        return MODELS[model]

    def _cached(self, key: str) -> dict | None:
        start = time.perf_counter()
        completion = self._cache.get(key)
        status, line = ("hit", "💾 Cache HIT") if completion else ("miss", "❌ Cache MISS")
        self._log.info(logs.MAIN, f"{line}: {_since(start)}")
        self._metrics.cache.add(1, status)
        self._counts.add("llm_cache", status)
        return completion

    def _call_provider(self, request: dict, provider: str, start: float) -> dict:
        call_start = time.perf_counter()
        model = request["model"]
        self._log.info(logs.MAIN, f"🌐 Calling provider: {provider}")
        try:
            with self._active(provider):
                completion = self._provider_reply(request, provider)
        except ApiError as error:
            nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
            self._record_usage(request, provider, nothing, start, cost=0.0, error=f"Provider error: {error}")
            raise
        self._log.info(logs.MAIN, f"🌐 Provider call completed: {_since(call_start)}")
        usage = completion["usage"]
        cost = usage["total_tokens"] * COST_PER_TOKEN
        self._metrics.requests.add(1, model, provider, "success")
        self._metrics.tokens.add(usage["prompt_tokens"], model, provider, "prompt")
        self._metrics.tokens.add(usage["completion_tokens"], model, provider, "completion")
        self._metrics.cost.add(cost, model, provider)
        self._metrics.duration.observe(time.perf_counter() - start, model, provider)
        self._record_usage(request, provider, usage, start, cost=cost)
        return completion

    @contextmanager
    def _active(self, provider: str):
        self._metrics.active.add(1, provider)
        try:
            yield
        finally:
            self._metrics.active.add(-1, provider)

    def _provider_reply(self, request: dict, provider: str) -> dict:
        time.sleep(self._settings.provider_delay)
        if request["model"] == FAILING_MODEL:
            self._metrics.requests.add(1, request["model"], provider, "error")
            raise ApiError(502, "ProviderError", "the provider is unavailable")
        prompt_tokens = sum(len(str(message.get("content", "")).split()) for message in request["messages"])
        reply = f"A reply of {provider} to {prompt_tokens} words."
        completion_tokens = len(reply.split())
        return {
            "id": f"chatcmpl-{uuid.uuid4()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": request["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": reply}, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
            },
        }

    def _record_usage(self, request, provider, usage, start, *, cost, cached=False, error=None) -> None:
        if self._database is None:
            return
        tokens = usage["total_tokens"]
        latency_ms = int((time.perf_counter() - start) * 1000)
        row = [uuid.uuid4(), request["model"], provider, usage["prompt_tokens"], usage["completion_tokens"], tokens]
        try:
            self._database.run(sql.RECORD_USAGE, *row, cost, latency_ms, request.get("user"), cached, error)
        except DatabaseError:
            return
        self._log.debug(logs.DATABASE, f"Recorded usage for model: {request['model']}, tokens: {tokens}")


def _cache_key(request: dict) -> str:
    text = f"{request['model']}:{json.dumps(request['messages'], sort_keys=True)}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return f"llm:cache:{int.from_bytes(digest, 'big'):x}"


def _since(start: float) -> str:
    return rust_duration(time.perf_counter() - start)
