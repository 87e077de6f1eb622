# SPDX-License-Identifier: Apache-2.0
"""The two auth caches in Redis, written alike by both behaviours and readable by one.

The faithful gateway leaves the hash out of what it stores and demands it when it reads, so no stored value ever parses.
The fallback gateway stores the hash in `auth:key` and asks for it only there.
"""

import json
from enum import Enum

import redis

from .counts import Counts
from .keys import VirtualKey, key_from_json
from .replies import json_bytes


class Found(Enum):
    MISS = "miss"
    UNREADABLE = "unreadable"
    ERROR = "error"


class AuthCache:
    """`name` is `verified` or `key`. Failures of Redis are silent, as in the gateway."""

    def __init__(self, client: redis.Redis, name: str, ttl_seconds: int, works: bool, counts: Counts):
        self._client = client
        self._name = name
        self._ttl_seconds = ttl_seconds
        self._stores_hash = works and name == "key"
        self._needs_hash = not works or name == "key"
        self._counts = counts

    def get(self, lookup_hash: str) -> VirtualKey | Found:
        """Counts everything but a key that was read: whether it is of use only the caller knows (`count`)."""
        try:
            value = self._client.get(self._redis_key(lookup_hash))
        except redis.RedisError:
            return self._not_found(Found.ERROR)
        if value is None:
            return self._not_found(Found.MISS)
        document = json.loads(value)
        if self._needs_hash and "key_hash" not in document:
            return self._not_found(Found.UNREADABLE)
        return key_from_json(document | {"key_lookup_hash": lookup_hash})

    def put(self, lookup_hash: str, key: VirtualKey) -> None:
        document = key.public_json()
        if self._stores_hash:
            document["key_hash"] = key.key_hash
        try:
            self._client.setex(self._redis_key(lookup_hash), self._ttl_seconds, json_bytes(document))
        except redis.RedisError:
            return
        self.count("stored")

    def count(self, outcome: str) -> None:
        self._counts.add("auth_cache", self._name, outcome)

    def _not_found(self, found: Found) -> Found:
        self.count(found.value)
        return found

    def _redis_key(self, lookup_hash: str) -> str:
        return f"auth:{self._name}:{lookup_hash}"
