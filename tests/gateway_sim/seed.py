# SPDX-License-Identifier: Apache-2.0
"""Plants users and keys as a gateway would hold them at the start of a migration. The same seed plants the same keys:
ids, plaintexts, names and ages; only bcrypt's salts and the moment everything is relative to differ."""

import json
import os
import random
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

import psycopg2
from psycopg2.extras import execute_values

from .keys import bcrypt_hash, key_prefix, key_text, lookup_hash
from .schema import create_schema

NAMES = (
    "Production API",
    "Staging",
    None,
    "Batch jobs",
    "Größe – Übersetzer",
    "CI pipeline",
    "data-science notebook",
    "production api",
    "Mobile app",
    "翻訳サービス",
)
PASSWORD = "correct horse battery staple"

INSERT_USERS = "INSERT INTO users (id, email, username, password_hash) VALUES %s"
INSERT_KEYS = """
    INSERT INTO virtual_keys (id, key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, current_spend, rate_limit_rpm,
                              expires_at, blocked, created_at, last_used_at)
    VALUES %s"""


@dataclass(frozen=True)
class PlantedUser:
    id: str
    email: str
    password: str = PASSWORD


@dataclass(frozen=True)
class PlantedKey:
    """`role`: active, system, dormant, unused, blocked, expired, over_budget or limited."""

    id: str
    text: str
    name: str | None
    role: str
    legacy: bool
    owner: PlantedUser | None


@dataclass(frozen=True)
class Planted:
    users: list[PlantedUser]
    keys: list[PlantedKey]

    def with_role(self, role: str, *, legacy: bool | None = None) -> list[PlantedKey]:
        return [key for key in self.keys if key.role == role and legacy in (None, key.legacy)]

    def save(self, path: str) -> None:
        """Plaintext keys: readable by the owner of the file only."""
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=1)

    @classmethod
    def load(cls, path: str) -> "Planted":
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        users = [PlantedUser(**user) for user in document["users"]]
        by_id = {user.id: user for user in users}
        keys = [
            PlantedKey(**{**key, "owner": key["owner"] and by_id[key["owner"]["id"]]}) for key in document["keys"]
        ]
        return cls(users, keys)


@dataclass
class Seed:
    """How many of what to plant. `keys_per_owner` legacy keys in use per owner; the rest are totals.

    `special` adds one blocked and one expired key of each format, one modern key over budget, and one modern key
    limited to 3 requests a minute.
    """

    seed: int = 1
    owners: int = 6
    keys_per_owner: int = 2
    system_keys: int = 2
    dormant_keys: int = 2
    unused_keys: int = 1
    modern_keys: int = 2
    special: bool = True
    bcrypt_cost: int = 4
    now: datetime | None = None

    def plant(self, dsn: str) -> Planted:
        create_schema(dsn)
        self._random = random.Random(self.seed)
        self._now = self.now or datetime.now(timezone.utc)
        self._keys: list[PlantedKey] = []
        self._rows: list[tuple] = []
        users = [PlantedUser(self._uuid(), f"owner{number}@example.com") for number in range(1, self.owners + 1)]
        self._plan(users)
        self._insert(dsn, users)
        return Planted(users, self._keys)

    def _plan(self, users: list[PlantedUser]) -> None:
        for number, user in enumerate(users):
            for index in range(self.keys_per_owner):
                name = NAMES[(number * self.keys_per_owner + index) % len(NAMES)]
                self._key("active", user, name, idle=timedelta(hours=self._random.uniform(0.1, 30)))
        for number in range(self.system_keys):
            self._key("system", None, f"system job {number + 1}", idle=timedelta(hours=self._random.uniform(1, 5)))
        for number in range(self.dormant_keys):
            idle = timedelta(days=self._random.uniform(60, 200))
            self._key("dormant", self._owner(users, number), f"old project {number + 1}", idle=idle)
        for number in range(self.unused_keys):
            self._key("unused", self._owner(users, number), f"spare {number + 1}")
        for number in range(self.modern_keys):
            name = f"already moved {number + 1}"
            self._key("active", self._owner(users, number), name, legacy=False, idle=timedelta(hours=1))
        if self.special:
            self._plan_special(users)

    def _plan_special(self, users: list[PlantedUser]) -> None:
        owner = self._owner(users, 0)
        for legacy in (True, False):
            form = "old" if legacy else "new"
            self._key("blocked", owner, f"{form} blocked", legacy=legacy, idle=timedelta(days=3), blocked=True)
            expired = self._now - timedelta(days=2)
            self._key("expired", owner, f"{form} expired", legacy=legacy, idle=timedelta(days=3), expires_at=expired)
        self._key("over_budget", owner, "no budget", legacy=False, max_budget=1.0)
        self._key("limited", owner, "metered", legacy=False, rate_limit_rpm=3)

    def _key(
        self,
        role: str,
        owner: PlantedUser | None,
        name: str | None,
        *,
        legacy: bool = True,
        idle: timedelta | None = None,
        blocked: bool = False,
        expires_at: datetime | None = None,
        max_budget: float | None = None,
        rate_limit_rpm: int | None = None,
    ) -> None:
        key = PlantedKey(self._uuid(), key_text(self._random.randbytes(32)), name, role, legacy, owner)
        age = timedelta(days=self._random.uniform(210, 700) if legacy else self._random.uniform(5, 20))
        last_used_at = self._now - idle if idle is not None else None
        self._keys.append(key)
        self._rows.append(
            (
                key.id,
                bcrypt_hash(key.text, self.bcrypt_cost),
                None if legacy else lookup_hash(key.text),
                key_prefix(key.text),
                owner and owner.id,
                name,
                max_budget,
                max_budget or 0.0,
                rate_limit_rpm,
                expires_at,
                blocked,
                self._now - age,
                last_used_at,
            )
        )

    def _insert(self, dsn: str, users: list[PlantedUser]) -> None:
        password_hash = bcrypt_hash(PASSWORD, self.bcrypt_cost)
        user_rows = [(user.id, user.email, user.email.split("@")[0], password_hash) for user in users]
        connection = psycopg2.connect(dsn)
        try:
            with connection, connection.cursor() as cursor:
                for statement, rows in ((INSERT_USERS, user_rows), (INSERT_KEYS, self._rows)):
                    if rows:
                        execute_values(cursor, statement, rows)
        finally:
            connection.close()

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    @staticmethod
    def _owner(users: list[PlantedUser], number: int) -> PlantedUser | None:
        return users[number % len(users)] if users else None
