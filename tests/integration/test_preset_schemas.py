# SPDX-License-Identifier: Apache-2.0
"""Presets that say tables, columns and statements alone, each on the table of its product: two legacy keys and a modern
one, and the statements that its database library sends for them."""

from dataclasses import dataclass

import pytest

from harness.product.counting import counted, looking
from harness.product.keyshift import Keyshift, Serve
from harness.servers.postgres import Database
from harness.tools.wait import eventually

OLD = "timestamptz '2025-01-01 00:00:00Z'"
NEW = "timestamptz '2026-01-01 00:00:00Z'"
HEX = "repeat('ab', 32)"


@dataclass
class Product:
    schema: str
    sent: str
    expected: dict[str, float]


PRODUCTS = {
    "langflow": Product(
        f"""CREATE TABLE "user" (id uuid PRIMARY KEY, username text);
            CREATE TABLE apikey (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, api_key text,
                api_key_hash text, is_active bool NOT NULL DEFAULT true, total_uses int NOT NULL DEFAULT 0,
                created_at timestamptz NOT NULL, last_used_at timestamptz, expires_at timestamptz, user_id uuid);
            INSERT INTO apikey (name, api_key, created_at) VALUES ('a', 'x', {OLD}), ('b', 'y', {OLD});
            INSERT INTO apikey (name, api_key, api_key_hash, created_at) VALUES ('c', 'z', {HEX}, {NEW})""",
        f"""SELECT apikey.id, apikey.api_key FROM apikey WHERE apikey.api_key_hash = {HEX}::VARCHAR AND apikey.is_active IS true;
            SELECT apikey.id FROM apikey WHERE apikey.api_key_hash = 'no'::VARCHAR AND apikey.is_active IS true;
            SELECT apikey.id, apikey.api_key FROM apikey WHERE apikey.api_key_hash IS NULL AND apikey.is_active IS true;
            UPDATE apikey SET last_used_at = now(), total_uses = 1, api_key_hash = '{"cd" * 32}' WHERE apikey.name = 'a'""",
        {"lookups found": 1, "lookups not found": 1, "scans": 1, "keys compared": 2, "verifications": 1},
    ),
    "posthog": Product(
        f"""CREATE TABLE posthog_user (id int PRIMARY KEY, email text, is_active bool);
            CREATE TABLE posthog_personalapikey (id varchar(50) PRIMARY KEY, label text, mask_value text,
                secure_value text, created_at timestamptz NOT NULL, last_used_at timestamptz, user_id int);
            INSERT INTO posthog_personalapikey VALUES ('a', 'a', 'phx_', 'pbkdf2_sha256$260000$x$y', {OLD}, NULL, 1),
                ('b', 'b', 'phx_', 'pbkdf2_sha256$390000$x$z', {OLD}, NULL, 1), ('c', 'c', 'phx_', 'sha256$' || {HEX}, {NEW}, NULL, 1)""",
        """SELECT id, secure_value FROM posthog_personalapikey WHERE secure_value = 'sha256$x';
           UPDATE posthog_personalapikey SET secure_value = 'sha256$' || repeat('cd', 32) WHERE id = 'a'""",
        {"verifications": 1},
    ),
    "formbricks": Product(
        f"""CREATE TABLE "Organization" (id text PRIMARY KEY, name text);
            CREATE TABLE "ApiKey" (id text PRIMARY KEY, label text, "hashedKey" text, "lookupHash" text,
                "createdAt" timestamp(3) NOT NULL, "lastUsedAt" timestamp(3), "organizationId" text);
            INSERT INTO "ApiKey" VALUES ('a', 'a', 'ha', NULL, {OLD}, NULL, 'o'), ('b', 'b', 'hb', NULL, {OLD}, NULL, 'o'),
                ('c', 'c', '$2b$12$x', {HEX}, {NEW}, NULL, 'o')""",
        """SELECT "public"."ApiKey"."id" FROM "public"."ApiKey" WHERE ("public"."ApiKey"."lookupHash" = 'no' AND 1=1) LIMIT 1;
           SELECT id, "hashedKey" FROM "public"."ApiKey" WHERE ("public"."ApiKey"."hashedKey" = 'ha' AND 1=1) LIMIT 1;
           SELECT id, "hashedKey" FROM "public"."ApiKey" WHERE ("public"."ApiKey"."hashedKey" = 'no' AND 1=1) LIMIT 1""",
        {"lookups not found": 1, "lookups found": 0},
    ),
    "drf": Product(
        f"""CREATE TABLE rest_framework_api_key_apikey (id varchar(150) PRIMARY KEY, prefix varchar(8) UNIQUE,
                hashed_key varchar(150), created timestamptz NOT NULL, name text, revoked bool NOT NULL DEFAULT false,
                expiry_date timestamptz);
            INSERT INTO rest_framework_api_key_apikey (id, prefix, hashed_key, created, name) VALUES
                ('a.pbkdf2_sha256$1$secret', 'a', 'pbkdf2_sha256$1$secret', {OLD}, 'a'),
                ('b.pbkdf2_sha256$1$secret', 'b', 'pbkdf2_sha256$1$secret', {OLD}, 'b'),
                ('c.sha512$$secret', 'c', 'sha512$$secret', {NEW}, 'c')""",
        """SELECT * FROM rest_framework_api_key_apikey WHERE prefix = 'a'""",
        {},
    ),
}
USES = {"langflow": 1, "posthog": 1, "formbricks": 1}


@pytest.mark.parametrize("preset", PRODUCTS)
def test_a_preset_fits_its_product(database: Database, preset: str):
    product = PRODUCTS[preset]
    database.execute(product.schema)
    tree = {"gateway": {"preset": preset}, **looking(database.dsn())}
    with Serve(tree) as serve:
        assert serve.metric("keyshift_keys", state="legacy") == 2 and serve.metric("keyshift_keys", state="modern") == 1
        database.execute(product.sent)
        for name, value in product.expected.items():
            eventually(lambda name=name, value=value: counted(serve)[name] == value, 15, f"{name}: {value}")
        assert serve.metric("keyshift_fallback_auth_total") == USES.get(preset) or preset == "drf"
        report = Keyshift().run("report", "--config", serve.config_path)
        doctor = Keyshift().run("doctor", "--config", serve.config_path)
        assert "secret" not in (report.stdout + doctor.stdout).decode()
        assert "failure" not in [line.split()[1] for line in doctor.stdout.decode().splitlines() if line[:1].isalpha()]
