# SPDX-License-Identifier: Apache-2.0
"""The gateway's tables and indexes, created idempotently at its start-up."""

import psycopg2

DDL = [
    """
    CREATE TABLE IF NOT EXISTS users (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        email varchar(255) UNIQUE NOT NULL,
        username varchar(255),
        password_hash varchar(255),
        role varchar(50) NOT NULL DEFAULT 'user',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )""",
    """
    CREATE TABLE IF NOT EXISTS oauth_accounts (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        provider varchar(50) NOT NULL,
        provider_user_id varchar(255) NOT NULL,
        provider_username varchar(255),
        access_token_encrypted text,
        refresh_token_encrypted text,
        expires_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (provider, provider_user_id)
    )""",
    """
    CREATE TABLE IF NOT EXISTS virtual_keys (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        key_hash varchar(255) UNIQUE NOT NULL,
        key_prefix varchar(20) NOT NULL,
        user_id uuid REFERENCES users(id) ON DELETE CASCADE,
        name varchar(255),
        max_budget float8,
        current_spend float8 NOT NULL DEFAULT 0,
        rate_limit_rpm int4,
        rate_limit_tpm int4,
        allowed_models text[],
        expires_at timestamptz,
        blocked boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz
    )""",
    "ALTER TABLE virtual_keys ADD COLUMN IF NOT EXISTS key_lookup_hash varchar(64)",
    """
    CREATE TABLE IF NOT EXISTS sessions (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        token_hash varchar(255) UNIQUE NOT NULL,
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )""",
    """
    CREATE TABLE IF NOT EXISTS usage_records (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        model varchar(255) NOT NULL,
        provider varchar(100) NOT NULL,
        prompt_tokens int4 NOT NULL,
        completion_tokens int4 NOT NULL,
        total_tokens int4 NOT NULL,
        cost_usd float8 NOT NULL,
        latency_ms int8 NOT NULL,
        user_id varchar(255),
        virtual_key_id uuid REFERENCES virtual_keys(id) ON DELETE SET NULL,
        cached boolean NOT NULL DEFAULT false,
        error text,
        created_at timestamptz NOT NULL DEFAULT now()
    )""",
    """
    CREATE TABLE IF NOT EXISTS provider_keys (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        provider_id varchar(100) UNIQUE NOT NULL,
        api_key_encrypted text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )""",
    "CREATE INDEX IF NOT EXISTS idx_users_email ON users (email)",
    "CREATE INDEX IF NOT EXISTS idx_oauth_accounts_user_id ON oauth_accounts (user_id)",
    "CREATE INDEX IF NOT EXISTS idx_oauth_accounts_provider ON oauth_accounts (provider, provider_user_id)",
    "CREATE INDEX IF NOT EXISTS idx_virtual_keys_user_id ON virtual_keys (user_id)",
    "CREATE INDEX IF NOT EXISTS idx_virtual_keys_key_hash ON virtual_keys (key_hash)",
    """
    CREATE INDEX IF NOT EXISTS idx_virtual_keys_key_lookup_hash
        ON virtual_keys (key_lookup_hash) WHERE key_lookup_hash IS NOT NULL""",
    "CREATE INDEX IF NOT EXISTS idx_sessions_user_id ON sessions (user_id)",
    "CREATE INDEX IF NOT EXISTS idx_sessions_token_hash ON sessions (token_hash)",
    "CREATE INDEX IF NOT EXISTS idx_sessions_expires_at ON sessions (expires_at)",
    "CREATE INDEX IF NOT EXISTS idx_usage_records_created_at ON usage_records (created_at DESC)",
    "CREATE INDEX IF NOT EXISTS idx_usage_records_model ON usage_records (model)",
    "CREATE INDEX IF NOT EXISTS idx_usage_records_provider ON usage_records (provider)",
    "CREATE INDEX IF NOT EXISTS idx_usage_records_virtual_key_id ON usage_records (virtual_key_id)",
]

# Two gateways (or a gateway and a seeder) may start at once, and IF NOT EXISTS alone races.
START_UP_LOCK = 5_127_901


def create_schema(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL client_min_messages = warning")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (START_UP_LOCK,))
            for statement in DDL:
                cursor.execute(statement)
    finally:
        connection.close()
