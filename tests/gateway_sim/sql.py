# SPDX-License-Identifier: Apache-2.0
"""The SQL texts the gateway sends, by tag. Newlines and indents are sent too, as in the gateway's source."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    tag: str
    text: str


COLUMNS = """id, key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, current_spend,
                   rate_limit_rpm, rate_limit_tpm, allowed_models, expires_at, blocked,
                   created_at, last_used_at"""

LOOKUP = Statement("lookup", f"""
            SELECT {COLUMNS}
            FROM virtual_keys
            WHERE key_lookup_hash = $1
            """)

BY_ID = Statement("by_id", f"""
            SELECT {COLUMNS}
            FROM virtual_keys
            WHERE id = $1
            """)

BY_USER = Statement("by_user", f"""
            SELECT {COLUMNS}
            FROM virtual_keys
            WHERE user_id = $1
            ORDER BY created_at DESC
            """)

SCAN_ALL = Statement("scan", f"""
            SELECT {COLUMNS}
            FROM virtual_keys
            ORDER BY created_at DESC
            """)

SCAN_LEGACY = Statement("scan", f"""
            SELECT {COLUMNS}
            FROM virtual_keys
            WHERE key_lookup_hash IS NULL
            ORDER BY created_at DESC
            """)

TOUCH = Statement("touch", """
            UPDATE virtual_keys
            SET last_used_at = NOW()
            WHERE id = $1
            """)

INSERT = Statement("insert", f"""
            INSERT INTO virtual_keys
            (key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, rate_limit_rpm,
             rate_limit_tpm, allowed_models, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            RETURNING {COLUMNS}
            """)

UPDATE = Statement("update", """
            UPDATE virtual_keys
            SET
                name = COALESCE($2, name),
                max_budget = COALESCE($3, max_budget),
                rate_limit_rpm = COALESCE($4, rate_limit_rpm),
                rate_limit_tpm = COALESCE($5, rate_limit_tpm),
                allowed_models = COALESCE($6, allowed_models),
                expires_at = COALESCE($7, expires_at),
                blocked = COALESCE($8, blocked)
            WHERE id = $1
            RETURNING id, key_hash, key_prefix, user_id, name, max_budget, current_spend,
                      rate_limit_rpm, rate_limit_tpm, allowed_models, expires_at, blocked,
                      created_at, last_used_at
            """)

DELETE = Statement("delete", """
            DELETE FROM virtual_keys
            WHERE id = $1
            """)

USER_COLUMNS = "id, email, username, password_hash, role, created_at, updated_at"

USER = Statement("user", f"""
            SELECT {USER_COLUMNS}
            FROM users
            WHERE id = $1
            """)

USER_BY_EMAIL = Statement("user_by_email", f"""
            SELECT {USER_COLUMNS}
            FROM users
            WHERE email = $1
            """)

CREATE_USER = Statement("create_user", f"""
            INSERT INTO users (email, username, password_hash, role)
            VALUES ($1, $2, $3, $4)
            RETURNING {USER_COLUMNS}
            """)

CREATE_SESSION = Statement("create_session", """
            INSERT INTO sessions (user_id, token_hash, expires_at)
            VALUES ($1, $2, $3)
            RETURNING id, user_id, token_hash, expires_at, created_at
            """)

DELETE_SESSIONS = Statement("delete_sessions", """
            DELETE FROM sessions
            WHERE user_id = $1
            """)

RECORD_USAGE = Statement("record_usage", """
            INSERT INTO usage_records
            (id, model, provider, prompt_tokens, completion_tokens, total_tokens,
             cost_usd, latency_ms, user_id, cached, error)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """)
