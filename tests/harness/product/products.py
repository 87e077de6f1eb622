# SPDX-License-Identifier: Apache-2.0
"""The products that presets know, but for the reference gateway and Langfuse: the tables as their migrations leave
them, some keys, and the statements that their database libraries send for a few requests.

Where `a` is used, it is promoted (if the product does that). `c` is modern. All others are legacy and idle."""

from dataclasses import dataclass

OLD = "timestamptz '2025-01-01 00:00:00Z'"
NEW = "timestamptz '2026-01-01 00:00:00Z'"
HEX = "repeat('ab', 32)"
USED = "repeat('cd', 32)"


@dataclass(frozen=True)
class Product:
    table: str
    schema: str
    rows: str
    sent: str
    counts: dict[str, float]  # as harness.product.counting names them
    phases: dict[str, float]  # of legacy keys, before anything is sent
    promotes: bool = True


_LANGFLOW = Product(
    "apikey",
    """CREATE TABLE "user" (id uuid PRIMARY KEY, username text);
       CREATE TABLE apikey (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, api_key text,
           api_key_hash text, is_active bool NOT NULL DEFAULT true, total_uses int NOT NULL DEFAULT 0,
           created_at timestamptz NOT NULL, last_used_at timestamptz, expires_at timestamptz, user_id uuid)""",
    f"""INSERT INTO apikey (name, api_key, created_at) VALUES ('a', 'x', {OLD}), ('b', 'y', {OLD});
        INSERT INTO apikey (name, api_key, api_key_hash, created_at) VALUES ('c', 'z', {HEX}, {NEW})""",
    f"""SELECT apikey.id, apikey.api_key FROM apikey WHERE apikey.api_key_hash = {HEX}::VARCHAR AND apikey.is_active IS true;
        SELECT apikey.id FROM apikey WHERE apikey.api_key_hash = 'no'::VARCHAR AND apikey.is_active IS true;
        SELECT apikey.id, apikey.api_key FROM apikey WHERE apikey.api_key_hash IS NULL AND apikey.is_active IS true;
        UPDATE apikey SET last_used_at = now(), total_uses = 1, api_key_hash = {USED} WHERE apikey.name = 'a'""",
    {"lookups found": 1, "lookups not found": 1, "scans": 1, "keys compared": 2, "verifications": 1},
    {"dormant": 2},
)

_POSTHOG = Product(
    "posthog_personalapikey",
    """CREATE TABLE posthog_user (id int PRIMARY KEY, email text, is_active bool);
       CREATE TABLE posthog_personalapikey (id varchar(50) PRIMARY KEY, label text, mask_value text,
           secure_value text, created_at timestamptz NOT NULL, last_used_at timestamptz, user_id int)""",
    f"""INSERT INTO posthog_personalapikey VALUES ('a', 'a', 'phx_', 'pbkdf2_sha256$260000$x$y', {OLD}, NULL, 1),
            ('b', 'b', 'phx_', 'pbkdf2_sha256$390000$x$z', {OLD}, NULL, 1), ('c', 'c', 'phx_', 'sha256$' || {HEX}, {NEW}, NULL, 1)""",
    f"""SELECT id, secure_value FROM posthog_personalapikey WHERE secure_value = 'sha256$x';
        UPDATE posthog_personalapikey SET secure_value = 'sha256$' || {USED} WHERE id = 'a'""",
    {"verifications": 1},
    {"dormant": 2},
)

_FORMBRICKS = Product(
    '"ApiKey"',
    """CREATE TABLE "Organization" (id text PRIMARY KEY, name text);
       CREATE TABLE "ApiKey" (id text PRIMARY KEY, label text, "hashedKey" text, "lookupHash" text,
           "createdAt" timestamp(3) NOT NULL, "lastUsedAt" timestamp(3), "organizationId" text)""",
    f"""INSERT INTO "ApiKey" VALUES ('a', 'a', 'ha', NULL, {OLD}, NULL, 'o'), ('b', 'b', 'hb', NULL, {OLD}, NULL, 'o'),
            ('c', 'c', '$2b$12$x', {HEX}, {NEW}, NULL, 'o')""",
    """SELECT "public"."ApiKey"."id" FROM "public"."ApiKey" WHERE ("public"."ApiKey"."lookupHash" = 'no' AND 1=1) LIMIT 1;
       SELECT id, "hashedKey" FROM "public"."ApiKey" WHERE ("public"."ApiKey"."hashedKey" = 'ha' AND 1=1) LIMIT 1;
       SELECT id, "hashedKey" FROM "public"."ApiKey" WHERE ("public"."ApiKey"."hashedKey" = 'no' AND 1=1) LIMIT 1""",
    {"lookups not found": 1, "lookups found": 0},
    {"dormant": 2},
    promotes=False,
)

_DRF = Product(
    "rest_framework_api_key_apikey",
    """CREATE TABLE rest_framework_api_key_apikey (id varchar(150) PRIMARY KEY, prefix varchar(8) UNIQUE,
           hashed_key varchar(150), created timestamptz NOT NULL, name text, revoked bool NOT NULL DEFAULT false,
           expiry_date timestamptz)""",
    f"""INSERT INTO rest_framework_api_key_apikey (id, prefix, hashed_key, created, name) VALUES
            ('a.pbkdf2_sha256$1$secret', 'a', 'pbkdf2_sha256$1$secret', {OLD}, 'a'),
            ('b.pbkdf2_sha256$1$secret', 'b', 'pbkdf2_sha256$1$secret', {OLD}, 'b'),
            ('c.sha512$$secret', 'c', 'sha512$$secret', {NEW}, 'c')""",
    """SELECT * FROM rest_framework_api_key_apikey WHERE prefix = 'a';
       UPDATE rest_framework_api_key_apikey SET prefix = 'a', hashed_key = 'sha512$$secret' WHERE prefix = 'a'""",
    {},
    {"dormant": 2},
)

_AKASH = Product(
    "api_keys",
    """CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
       CREATE TABLE "userSetting" (id uuid PRIMARY KEY DEFAULT uuid_generate_v4() NOT NULL, "userId" varchar(255) UNIQUE,
           username varchar(255) UNIQUE, email varchar(255));
       CREATE TABLE api_keys (id uuid PRIMARY KEY DEFAULT uuid_generate_v4() NOT NULL,
           user_id uuid NOT NULL REFERENCES "userSetting" (id) ON DELETE cascade,
           hashed_key varchar NOT NULL CONSTRAINT api_keys_hashed_key_unique UNIQUE, key_format varchar NOT NULL,
           name varchar NOT NULL, created_at timestamp DEFAULT now() NOT NULL, updated_at timestamp DEFAULT now() NOT NULL,
           expires_at timestamp, last_used_at timestamp)""",
    f"""INSERT INTO "userSetting" (email) VALUES ('ann@example.com');
        INSERT INTO api_keys (user_id, hashed_key, key_format, name, created_at, expires_at)
        SELECT u.id, k.hash, 'ac.sk.production.' || k.name || '***', k.name, k.made, k.ends FROM "userSetting" u, (VALUES
            ('a', '$2b$10$secret-a', {OLD}, NULL::timestamp), ('b', '$2a$10$secret-b', {OLD}, NULL),
            ('ended', '$2b$10$secret-e', {OLD}, '2025-06-01'), ('c', {HEX}, {NEW}, NULL)) k (name, hash, made, ends)""",
    # One request each: with a modern key, an unknown one, and with `a`.
    f"""SELECT "id", "hashed_key" FROM "api_keys" "ApiKeys" WHERE "ApiKeys"."hashed_key" = {HEX} LIMIT 1;
        SELECT "id", "hashed_key" FROM "api_keys" "ApiKeys" WHERE "ApiKeys"."hashed_key" = 'no' LIMIT 1;
        SELECT "id", "hashed_key" FROM "api_keys" WHERE ("api_keys"."key_format" = 'x' AND "api_keys"."hashed_key" LIKE '$2%');
        SELECT "id", "hashed_key" FROM "api_keys" "ApiKeys" WHERE "ApiKeys"."hashed_key" = {USED} LIMIT 1;
        SELECT "id", "hashed_key" FROM "api_keys" WHERE ("api_keys"."key_format" = 'ac.sk.production.a***' AND "api_keys"."hashed_key" LIKE '$2%');
        UPDATE "api_keys" SET "hashed_key" = {USED} WHERE ("api_keys"."id" = (SELECT id FROM api_keys WHERE name = 'a') AND "api_keys"."hashed_key" <> {USED});
        UPDATE "api_keys" SET "last_used_at" = now() WHERE ("api_keys"."id" = gen_random_uuid() AND ("api_keys"."last_used_at" IS NULL
            OR "api_keys"."last_used_at" < now() - make_interval(secs => 1800)))""",
    {"lookups found": 1, "lookups not found": 2, "scans": 2, "keys compared": 1, "verifications": 1},
    {"dormant": 2, "expired": 1},
)

_RALLLY = Product(
    "space_api_keys",
    """CREATE TABLE spaces (id text PRIMARY KEY, name text NOT NULL, owner_id text NOT NULL);
       CREATE TABLE space_api_keys (id text NOT NULL, space_id text NOT NULL, name text NOT NULL, prefix text NOT NULL,
           hashed_key text NOT NULL, last_used_at timestamp(3), expires_at timestamp(3), revoked_at timestamp(3),
           created_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at timestamp(3) NOT NULL,
           CONSTRAINT space_api_keys_pkey PRIMARY KEY (id));
       CREATE UNIQUE INDEX space_api_keys_prefix_key ON space_api_keys (prefix);
       CREATE INDEX space_api_key_space_idx ON space_api_keys (space_id);
       CREATE INDEX space_api_key_expires_idx ON space_api_keys (expires_at);
       CREATE INDEX space_api_key_revoked_idx ON space_api_keys (revoked_at);
       ALTER TABLE space_api_keys ADD FOREIGN KEY (space_id) REFERENCES spaces (id) ON DELETE CASCADE ON UPDATE CASCADE""",
    f"""INSERT INTO spaces VALUES ('s', 'Sales', 'u');
        INSERT INTO space_api_keys (id, space_id, name, prefix, hashed_key, created_at, expires_at, revoked_at, updated_at) VALUES
            ('a', 's', 'a', 'aaaaaaaa', 'scrypt$16384$8$1$salt$secret', {OLD}, NULL, NULL, {OLD}),
            ('b', 's', 'b', 'bbbbbbbb', 'scrypt$16384$8$1$salt$secret', {OLD}, NULL, NULL, {OLD}),
            ('e', 's', 'e', 'eeeeeeee', 'scrypt$16384$8$1$salt$secret', {OLD}, '2025-06-01', NULL, {OLD}),
            ('r', 's', 'r', 'rrrrrrrr', 'scrypt$16384$8$1$salt$secret', {OLD}, NULL, '2025-06-01', {OLD}),
            ('c', 's', 'c', 'cccccccc', 'sha256$salt$' || {HEX}, {NEW}, NULL, NULL, {NEW})""",
    """SELECT "id", "prefix", "hashed_key" FROM "public"."space_api_keys" WHERE ("public"."space_api_keys"."prefix"::text LIKE ('aaaa' || '%')
           AND "public"."space_api_keys"."revoked_at" IS NULL) OFFSET 0;
       UPDATE "public"."space_api_keys" SET "last_used_at" = now(), "hashed_key" = 'sha256$salt$secret', "updated_at" = now()
           WHERE ("public"."space_api_keys"."id" = 'a' AND 1=1);
       UPDATE "public"."space_api_keys" SET "last_used_at" = now(), "updated_at" = now() WHERE ("public"."space_api_keys"."id" = 'c' AND 1=1)""",
    {"verifications": 1},
    {"dormant": 2, "expired": 1, "quarantined": 1},
)

_TYPEBOT = Product(
    '"ApiToken"',
    """CREATE TABLE "User" (id text PRIMARY KEY, "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, name text, email text UNIQUE);
       CREATE TABLE "ApiToken" (id text NOT NULL, token text NOT NULL, name text NOT NULL, "ownerId" text NOT NULL,
           "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "ApiToken_pkey" PRIMARY KEY (id));
       CREATE UNIQUE INDEX "ApiToken_token_key" ON "ApiToken" (token);
       ALTER TABLE "ApiToken" ADD FOREIGN KEY ("ownerId") REFERENCES "User" (id) ON DELETE CASCADE ON UPDATE CASCADE""",
    f"""INSERT INTO "User" (id, email) VALUES ('u', 'ann@example.com');
        INSERT INTO "ApiToken" (id, token, name, "ownerId", "createdAt") VALUES ('a', 'secret-of-a', 'a', 'u', {OLD}),
            ('b', 'secret-of-b', 'b', 'u', {OLD}), ('c', {HEX}, 'c', 'u', {NEW})""",
    f"""SELECT "id", "token" FROM "public"."ApiToken" WHERE "public"."ApiToken"."token" = {USED} LIMIT 1 OFFSET 0;
        SELECT "id", "token" FROM "public"."ApiToken" WHERE "public"."ApiToken"."token" = 'secret-of-a' LIMIT 1 OFFSET 0;
        UPDATE "public"."ApiToken" SET "token" = {USED} WHERE ("public"."ApiToken"."id" = 'a' AND 1=1)""",
    {"verifications": 1},
    {"dormant": 2},
)

_PASSPORT_SCORER = Product(
    "account_accountapikey",
    """CREATE TABLE account_account (id bigserial PRIMARY KEY, address varchar(100) NOT NULL);
       CREATE TABLE account_accountapikey (id varchar(150) NOT NULL PRIMARY KEY, prefix varchar(8) NOT NULL UNIQUE,
           hashed_key varchar(150) NOT NULL, created timestamptz NOT NULL, name varchar(50) NOT NULL, revoked boolean NOT NULL,
           expiry_date timestamptz, account_id bigint NOT NULL REFERENCES account_account (id) DEFERRABLE INITIALLY DEFERRED,
           hashed_key_sha256 varchar(71));
       CREATE INDEX account_accountapikey_created ON account_accountapikey (created)""",
    f"""INSERT INTO account_account (address) VALUES ('0xA11CE');
        INSERT INTO account_accountapikey SELECT k.prefix || '.pbkdf2_sha256$1$secret', k.prefix, 'pbkdf2_sha256$1$secret', k.made, k.prefix,
            k.revoked, k.ends, a.id, k.hash FROM account_account a, (VALUES ('a', {OLD}, false, NULL::timestamptz, NULL), ('b', {OLD}, false, NULL, NULL),
            ('e', {OLD}, false, '2025-06-01', NULL), ('r', {OLD}, true, NULL, NULL), ('c', {NEW}, false, NULL, 'sha256$' || {HEX}))
            k (prefix, made, revoked, ends, hash)""",
    f"""SELECT "id", "prefix", "hashed_key", "hashed_key_sha256" FROM "account_accountapikey" WHERE "account_accountapikey"."prefix" = 'a' LIMIT 21;
        UPDATE "account_accountapikey" SET "hashed_key_sha256" = 'sha256$' || {USED} WHERE "account_accountapikey"."id" = 'a.pbkdf2_sha256$1$secret';
        UPDATE "account_accountapikey" SET "prefix" = 'b', "hashed_key" = 'pbkdf2_sha256$1$secret', "name" = 'new', "hashed_key_sha256" = NULL
            WHERE "account_accountapikey"."id" = 'b.pbkdf2_sha256$1$secret'""",
    {"verifications": 1},
    # Most of its routes let in what is revoked or has ended.
    {"dormant": 4},
)

_LLM_MEMORY_API = Product(
    "agent_api_keys",
    """CREATE TABLE actors (id serial PRIMARY KEY, name varchar(50) NOT NULL UNIQUE, created_at timestamptz NOT NULL DEFAULT now());
       CREATE TABLE agent_api_keys (id serial PRIMARY KEY, key_hash varchar(255) NOT NULL, key_salt varchar(64) NOT NULL,
           label varchar(100), created_at timestamptz DEFAULT now(), last_used_at timestamptz, revoked_at timestamptz,
           actor_id integer NOT NULL REFERENCES actors (id), key_lookup_hash text);
       CREATE INDEX idx_agent_api_keys_actor ON agent_api_keys (actor_id);
       CREATE INDEX idx_agent_api_keys_key_lookup_hash ON agent_api_keys (key_lookup_hash) WHERE key_lookup_hash IS NOT NULL""",
    f"""INSERT INTO actors (name) VALUES ('scribe');
        INSERT INTO agent_api_keys (key_hash, key_salt, label, created_at, revoked_at, actor_id, key_lookup_hash) VALUES
            ('secret', 'salt', 'a', {OLD}, NULL, 1, NULL), ('secret', 'salt', 'b', {OLD}, NULL, 1, NULL),
            ('secret', 'salt', 'r', {OLD}, '2025-06-01', 1, NULL), ('secret', 'salt', 'c', {NEW}, NULL, 1, {HEX})""",
    # One request each: with a modern key, an unknown one, with `a`; and a client of OAuth that is unknown.
    f"""SELECT ak.id, ak.key_hash, ac.name AS agent FROM agent_api_keys ak JOIN actors ac ON ac.id = ak.actor_id
            WHERE ak.key_lookup_hash = {HEX} AND ak.revoked_at IS NULL LIMIT 1;
        UPDATE agent_api_keys SET last_used_at = NOW() WHERE id = 4;
        SELECT ak.id, ak.key_hash, ac.name AS agent FROM agent_api_keys ak JOIN actors ac ON ac.id = ak.actor_id
            WHERE ak.key_lookup_hash = 'no' AND ak.revoked_at IS NULL LIMIT 1;
        SELECT ak.id, ak.key_hash, ac.name AS agent FROM agent_api_keys ak JOIN actors ac ON ac.id = ak.actor_id
            WHERE ak.key_lookup_hash IS NULL AND ak.revoked_at IS NULL;
        SELECT ak.id, ak.key_hash, ac.name AS agent FROM agent_api_keys ak JOIN actors ac ON ac.id = ak.actor_id
            WHERE ak.key_lookup_hash = {USED} AND ak.revoked_at IS NULL LIMIT 1;
        SELECT ak.id, ak.key_hash, ac.name AS agent FROM agent_api_keys ak JOIN actors ac ON ac.id = ak.actor_id
            WHERE ak.key_lookup_hash IS NULL AND ak.revoked_at IS NULL;
        UPDATE agent_api_keys SET key_lookup_hash = {USED}, last_used_at = NOW() WHERE id = 1;
        SELECT ak.id, ak.key_hash, ac.name AS agent FROM agent_api_keys ak JOIN actors ac ON ac.id = ak.actor_id
            WHERE ak.key_lookup_hash = 'nobody' AND ak.revoked_at IS NULL AND ak.actor_id = 1 LIMIT 1;
        SELECT ak.id, ak.key_hash, ac.name AS agent FROM agent_api_keys ak JOIN actors ac ON ac.id = ak.actor_id
            WHERE ak.key_lookup_hash IS NULL AND ak.revoked_at IS NULL AND ak.actor_id = 1""",
    {"lookups found": 1, "lookups not found": 3, "scans": 3, "keys compared": 5, "verifications": 2},
    {"dormant": 2, "quarantined": 1},
)

PRODUCTS = {
    "langflow": _LANGFLOW,
    "posthog": _POSTHOG,
    "formbricks": _FORMBRICKS,
    "drf": _DRF,
    "akash": _AKASH,
    "rallly": _RALLLY,
    "typebot": _TYPEBOT,
    "passport_scorer": _PASSPORT_SCORER,
    "llm_memory_api": _LLM_MEMORY_API,
}
