# SPDX-License-Identifier: Apache-2.0
"""As much of Langfuse as keyshift watches: its table of keys as its migrations leave it, and how it lets a key in.

The statements are those that Prisma sends, from `tests/fixtures/langfuse/statements.txt`. A key without a fast hash is
found by its public key, compared by bcrypt, and given its fast hash at once.
"""

import hashlib
import json
import re
import uuid
from pathlib import Path
from typing import Any

import psycopg2
import redis as redis_client

from harness.servers.postgres import Database

_STATEMENTS = Path(__file__).parents[2] / "fixtures" / "langfuse" / "statements.txt"
_TTL_SECONDS = 300
_NON_EXISTENT = json.dumps("api-key-non-existent")

SCHEMA = """
CREATE TYPE "ApiKeyScope" AS ENUM ('ORGANIZATION', 'PROJECT');
CREATE TABLE "organizations" (
    "id" TEXT NOT NULL, "name" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "cloud_config" JSONB, CONSTRAINT "organizations_pkey" PRIMARY KEY ("id"));
CREATE TABLE "projects" (
    "id" TEXT NOT NULL, "org_id" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMP(3), "name" TEXT NOT NULL, CONSTRAINT "projects_pkey" PRIMARY KEY ("id"));
CREATE TABLE "api_keys" (
    "id" TEXT NOT NULL, "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "note" TEXT,
    "public_key" TEXT NOT NULL, "hashed_secret_key" TEXT NOT NULL, "display_secret_key" TEXT NOT NULL,
    "last_used_at" TIMESTAMP(3), "expires_at" TIMESTAMP(3), "project_id" TEXT, "fast_hashed_secret_key" TEXT,
    "organization_id" TEXT, "scope" "ApiKeyScope" NOT NULL DEFAULT 'PROJECT',
    "is_in_app_agent_key" BOOLEAN NOT NULL DEFAULT false,
    "created_by_user_id" TEXT, "created_by_api_key_id" TEXT,
    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "api_keys_id_key" ON "api_keys"("id");
CREATE UNIQUE INDEX "api_keys_public_key_key" ON "api_keys"("public_key");
CREATE UNIQUE INDEX "api_keys_hashed_secret_key_key" ON "api_keys"("hashed_secret_key");
CREATE UNIQUE INDEX "api_keys_fast_hashed_secret_key_key" ON "api_keys"("fast_hashed_secret_key");
CREATE INDEX "api_keys_project_id_idx" ON "api_keys"("project_id");
CREATE INDEX "api_keys_public_key_idx" ON "api_keys"("public_key");
CREATE INDEX "api_keys_hashed_secret_key_idx" ON "api_keys"("hashed_secret_key");
CREATE INDEX "api_keys_fast_hashed_secret_key_idx" ON "api_keys"("fast_hashed_secret_key");
CREATE INDEX "api_keys_organization_id_idx" ON "api_keys"("organization_id");
CREATE INDEX "api_keys_created_by_api_key_id_idx" ON "api_keys"("created_by_api_key_id");
ALTER TABLE "projects" ADD CONSTRAINT "projects_org_id_fkey" FOREIGN KEY ("org_id")
    REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_project_id_fkey" FOREIGN KEY ("project_id")
    REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_organization_id_fkey" FOREIGN KEY ("organization_id")
    REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO organizations (id, name) VALUES ('org', 'An organization');
"""


def statements() -> dict[str, str]:
    """By name: the text as Prisma sends it."""
    lines = [line for line in _STATEMENTS.read_text().splitlines() if not line.startswith("#")]
    return {name: sent for name, sent, _ in (line.split("\t") for line in lines)}


class Langfuse:
    """One instance on an empty database; `redis` is its cache. Keys are (public key, secret key) pairs."""

    def __init__(self, database: Database, redis: redis_client.Redis):
        self._database = database
        self._redis = redis
        self._statements = statements()
        self._secrets: dict[str, str] = {}
        database.execute(SCHEMA)
        self._connection = psycopg2.connect(database.postgres.socket_dsn(database=database.name))
        self._connection.autocommit = True

    def close(self) -> None:
        self._connection.close()

    def add_project(self, id: str, name: str) -> None:
        self._database.execute("INSERT INTO projects (id, org_id, name) VALUES (%s, 'org', %s)", (id, name))

    def add_key(
        self, id: str, project: str | None = None, *, legacy: bool = True, created_at: str, note: str | None = None
    ) -> tuple[str, str]:
        """`created_at` is UTC's, as Prisma writes it."""
        public, secret = f"pk-lf-{uuid.uuid4()}", f"sk-lf-{uuid.uuid4()}"
        self._secrets[public] = secret
        self._database.execute(
            """INSERT INTO api_keys (id, created_at, note, public_key, hashed_secret_key, display_secret_key,
                                     project_id, organization_id, scope, fast_hashed_secret_key)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::"ApiKeyScope", %s)""",
            (
                id, created_at, note, public, f"$2a$11${hashlib.sha256(secret.encode()).hexdigest()[:53]}",
                f"{secret[:6]}...{secret[-4:]}", project, None if project else "org",
                "PROJECT" if project else "ORGANIZATION", None if legacy else self._fast_hash(secret),
            ),
        )
        return public, secret

    def authenticate(self, key: tuple[str, str]) -> bool:
        """One request with this key: whether it is let in."""
        public, secret = key
        fast = self._fast_hash(secret)
        cached = self._redis.getex(f"api-key:{fast}", ex=_TTL_SECONDS)
        if cached:
            return cached != _NON_EXISTENT
        if self._run("lookup", 1, 1, 1, fast, 1):
            self._redis.set(f"api-key:{fast}", json.dumps({"publicKey": public}), ex=_TTL_SECONDS)
            return True
        if not self._run("by_public_key", 1, 1, 1, public, 1):
            self._redis.set(f"api-key:{fast}", _NON_EXISTENT, ex=_TTL_SECONDS)
            return False
        if self._secrets[public] != secret:
            return False
        self._run("promote", fast, public)
        return True

    def look_at_keys(self, project: str) -> None:
        """As its pages do."""
        self._run("list_for_page", project)
        self._run("list_of_project", project, "PROJECT")
        self._run("list_of_organization", "org", "org")

    def _run(self, name: str, *values: Any) -> list[tuple]:
        text = self._statements[name]
        order = [int(number) for number in re.findall(r"\$(\d+)", text)]
        with self._connection.cursor() as cursor:
            cursor.execute(re.sub(r"\$\d+", "%s", text), [values[number - 1] for number in order])
            return cursor.fetchall()

    @staticmethod
    def _fast_hash(secret: str) -> str:
        salt = hashlib.sha256(b"a salt").hexdigest()
        return hashlib.sha256(f"{secret}{salt}".encode()).hexdigest()
