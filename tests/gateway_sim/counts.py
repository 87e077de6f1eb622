# SPDX-License-Identifier: Apache-2.0
"""Exact counts of what the gateway did, for tests to compare with what keyshift counted. Thread-safe.

The JSON (`GET /_sim/counts`), every leaf a number that only grows:

- requests: `total`, `by_status`, `by_route` ("POST /v1/models 401"); without the sim's own /_sim routes
- failures: by the reason labels of replies.py
- statements: per tag of sql.py, `calls` and `rows` as pg_stat_statements counts them
- authenticated: requests that passed authentication, by `legacy` or `modern` key or `jwt`, and `by_key` (id); of those
  with a key, `without_cache`: not by the verified cache
- verifications: bcrypt comparisons of a row found by lookup hash, `matched` or `mismatched`
- fallback: `attempts`, `hits`, `misses`, and `compared`, the bcrypt comparisons made for them
- auth_cache: per cache (`verified`, `key`): `hit` (used), `stale` (read, no longer valid, not used), `miss`,
  `unreadable` (Redis had a value and counts a hit; the gateway could not parse it), `error`, `stored`
- llm_cache: `hit`, `miss`, `stored`
- keys: `created`, `deleted`, `blocked`, `unblocked`, each by `legacy` or `modern`
- rate_limit: `passed`, `exceeded`
- users: `registered`, `logged_in`, `login_failed`
- log_lines: lines written, by level
"""

import copy
import threading
from collections.abc import Iterable

_START = {
    "requests": {"total": 0, "by_status": {}, "by_route": {}},
    "failures": {},
    "statements": {},
    "authenticated": {"legacy": 0, "modern": 0, "jwt": 0, "without_cache": 0, "by_key": {}},
    "verifications": {"matched": 0, "mismatched": 0},
    "fallback": {"attempts": 0, "hits": 0, "misses": 0, "compared": 0},
    "auth_cache": {
        cache: dict.fromkeys(("hit", "stale", "miss", "unreadable", "error", "stored"), 0)
        for cache in ("verified", "key")
    },
    "llm_cache": {"hit": 0, "miss": 0, "stored": 0},
    "keys": {change: {"legacy": 0, "modern": 0} for change in ("created", "deleted", "blocked", "unblocked")},
    "rate_limit": {"passed": 0, "exceeded": 0},
    "users": {"registered": 0, "logged_in": 0, "login_failed": 0},
    "log_lines": {},
}


class Counts:
    def __init__(self):
        self._lock = threading.Lock()
        self._tree = copy.deepcopy(_START)

    def add(self, *path: str, by: int = 1) -> None:
        with self._lock:
            self._add(path, by)

    def request(self, route: str, status: int) -> None:
        with self._lock:
            self._add(("requests", "total"))
            self._add(("requests", "by_status", str(status)))
            self._add(("requests", "by_route", f"{route} {status}"))

    def statement(self, tag: str, rows: int) -> None:
        with self._lock:
            self._add(("statements", tag, "calls"))
            self._add(("statements", tag, "rows"), rows)

    def authenticated_user(self) -> None:
        self.add("authenticated", "jwt")

    def authenticated_key(self, kind: str, key_id: str, *, cached: bool) -> None:
        with self._lock:
            self._add(("authenticated", kind))
            self._add(("authenticated", "by_key", key_id))
            if not cached:
                self._add(("authenticated", "without_cache"))

    def snapshot(self) -> dict:
        with self._lock:
            return copy.deepcopy(self._tree)

    def _add(self, path, by=1) -> None:
        node = self._tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = node.get(path[-1], 0) + by


def summed(trees: Iterable[dict]) -> dict:
    """Counts of several gateways, or of several lives of one, added up leaf by leaf."""
    total = copy.deepcopy(_START)
    for tree in trees:
        _merge(total, tree)
    return total


def _merge(total: dict, tree: dict) -> None:
    for name, value in tree.items():
        if isinstance(value, dict):
            _merge(total.setdefault(name, {}), value)
        else:
            total[name] = total.get(name, 0) + value
