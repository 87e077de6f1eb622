# SPDX-License-Identifier: Apache-2.0
"""What tests of the keys collector share: a table of keys filled by SQL, and a configuration that looks at it often."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from gateway_sim import create_schema
from harness.servers.postgres import Database

DAY = timedelta(days=1)


def watching(dsn: str, *, gateway: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """A configuration with one keys collector, which takes a census five times a second. `options` are its own."""
    collector = {
        "type": "keys",
        "database_url": dsn.replace("$", "$$"),
        "interval": "200ms",
        "timeout": "2s",
        "database_duty": "100%",
        **options,
    }
    tree: dict[str, Any] = {"collectors": [collector]}
    return {"gateway": dict(gateway), **tree} if gateway else tree


class KeyTable:
    """The gateway's tables in `database`. Ages count back from the database's now()."""

    def __init__(self, database: Database):
        self.database = database
        create_schema(database.dsn())

    def add_user(self, email: str) -> str:
        return self.database.execute("INSERT INTO users (email) VALUES (%s) RETURNING id::text", (email,))[0][0]

    def add(
        self,
        *,
        legacy: bool = True,
        id: str | None = None,
        name: str | None = "a key",
        owner: str | None = None,
        prefix: str = "sk-AbC123xyz",
        age: timedelta = 90 * DAY,
        idle: timedelta | None = None,
        cost: int = 10,
        **columns: Any,
    ) -> str:
        """A new key's id; `columns` are further columns of the table."""
        extra = "".join(f", {name}" for name in columns)
        places = ", %s" * len(columns)
        rows = self.database.execute(
            f"""INSERT INTO virtual_keys
                    (id, key_hash, key_lookup_hash, key_prefix, user_id, name, created_at, last_used_at{extra})
                SELECT coalesce(%s::uuid, gen_random_uuid()),
                       '$2b$' || lpad(%s::text, 2, '0') || '$' || md5(random()::text) || left(md5(random()::text), 21),
                       CASE WHEN NOT %s THEN encode(sha256(random()::text::bytea), 'hex') END,
                       %s, %s::uuid, %s, now() - %s::interval, now() - %s::interval{places}
                RETURNING id::text""",
            (id, cost, legacy, prefix, owner, name, age, idle, *columns.values()),
        )
        return rows[0][0]

    def fill(self, legacy: int, modern: int) -> None:
        """Many keys at once, without owners, created and last used a second apart, the first one a day ago."""
        self.database.execute(
            """INSERT INTO virtual_keys (key_hash, key_lookup_hash, key_prefix, name, created_at, last_used_at)
               SELECT '$2b$10$' || md5(i::text) || left(md5((-i)::text), 21),
                      CASE WHEN i > %(legacy)s THEN md5(i::text) || md5((-i)::text) END,
                      'sk-' || left(md5(i::text), 9), 'key ' || i,
                      now() - interval '1 day' - i * interval '1 second',
                      now() - interval '1 day' - i * interval '1 second'
               FROM generate_series(1, %(all)s) i""",
            {"legacy": legacy, "all": legacy + modern},
        )

    def use(self, *ids: str) -> None:
        """As the gateway does when a key was accepted."""
        self.database.execute("UPDATE virtual_keys SET last_used_at = now() WHERE id::text = ANY(%s)", (list(ids),))

    def delete(self, *ids: str) -> None:
        self.database.execute("DELETE FROM virtual_keys WHERE id::text = ANY(%s)", (list(ids),))

    def upgrade(self, *ids: str) -> None:
        """In place, as some gateways do: the key gets its lookup hash when it is next used."""
        self.database.execute(
            "UPDATE virtual_keys SET key_lookup_hash = encode(sha256(id::text::bytea), 'hex') WHERE id::text = ANY(%s)",
            (list(ids),),
        )

    def counts(self) -> tuple[int, int]:
        """Legacy and modern keys."""
        return self.database.execute(
            """SELECT count(*) FILTER (WHERE key_lookup_hash IS NULL),
                      count(*) FILTER (WHERE key_lookup_hash IS NOT NULL) FROM virtual_keys"""
        )[0]
