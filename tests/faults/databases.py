# SPDX-License-Identifier: Apache-2.0
"""The sources that read PostgreSQL."""

import contextlib
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from faults.sites import BehindProxy

_COLUMNS = "id, key_hash, key_lookup_hash, key_prefix, user_id, name, blocked, created_at, last_used_at"


class OfDatabase(BehindProxy):
    def set_up(self, stack: ExitStack) -> None:
        self.server = self.postgres
        self.behind(stack, self.postgres.port)

    def jump(self, by: timedelta) -> None:
        self.clock.advance(by)


class Keys(OfDatabase):
    source = "keys"
    census_timeout = "1s"

    def _tree(self) -> dict[str, Any]:
        tree = super()._tree()
        (keys,) = tree["collectors"]
        keys["census_timeout"] = self.census_timeout
        keys["database_url"] = keys["database_url"].replace(f":{self.postgres.port}/", f":{self.proxy.port}/")
        return tree

    def work(self) -> None:
        self.table.add(legacy=False)

    def counted(self) -> Any:
        return self.serve.keys()

    def done(self) -> Any:
        return tuple(map(float, self.table.counts()))


class Statements(OfDatabase):
    """Lookups that found a key, as the gateway sends them."""

    source = "statements"

    def set_up(self, stack: ExitStack) -> None:
        super().set_up(stack)
        self._lookups = 0

    def collectors(self) -> list[dict[str, Any]]:
        url = self.database.dsn().replace("$", "$$").replace(f":{self.postgres.port}/", f":{self.proxy.port}/")
        return [{"type": "statements", "database_url": url}]

    def prove(self) -> None:
        self.work()
        self.look()
        self._run(f"SELECT {_COLUMNS} FROM virtual_keys WHERE key_lookup_hash = 'none'")
        self._run(f"SELECT {_COLUMNS} FROM virtual_keys WHERE key_lookup_hash IS NULL AND NOT blocked")
        self._run(f"UPDATE virtual_keys SET last_used_at = now() WHERE id = '{self.table.legacy[0]}'")
        hits = lambda: self.serve.metric("keyshift_fallback_auth_total")  # noqa: E731
        self.serve.process.wait_until(hits, self.patience, "a use is counted")

    def work(self) -> None:
        ((found,),) = self._run(f"SELECT key_lookup_hash FROM virtual_keys WHERE id = '{self.table.modern[0]}'")
        self._run(f"SELECT {_COLUMNS} FROM virtual_keys WHERE key_lookup_hash = '{found}'")
        self._lookups += 1

    def counted(self) -> Any:
        return self.serve.metric("keyshift_auth_lookups_total", result="found")

    def done(self) -> Any:
        return self._lookups

    def _run(self, statement: str) -> list[tuple]:
        with contextlib.closing(self.postgres.connect(self.database.name)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
