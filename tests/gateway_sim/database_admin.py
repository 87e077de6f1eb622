# SPDX-License-Identifier: Apache-2.0
"""What an administrator does with SQL because the gateway's API cannot: keys without an owner.

The texts differ from every text of sql.py, so that pg_stat_statements keeps the two apart.
"""

import os

import psycopg2

from .keys import bcrypt_hash, key_prefix, key_text, lookup_hash

BCRYPT_COST = 4


class DatabaseAdmin:
    def __init__(self, dsn: str):
        self._dsn = dsn

    def insert_key(self, name: str | None) -> str:
        """The plaintext of a new modern key without an owner."""
        text = key_text(os.urandom(32))
        self._execute(
            "INSERT INTO virtual_keys (key_hash, key_lookup_hash, key_prefix, name) VALUES (%s, %s, %s, %s)",
            (bcrypt_hash(text, BCRYPT_COST), lookup_hash(text), key_prefix(text), name),
        )
        return text

    def block_key(self, key_id: str) -> None:
        self._execute("UPDATE virtual_keys SET blocked = true WHERE user_id IS NULL AND id = %s", (key_id,))

    def delete_key(self, key_id: str) -> None:
        self._execute("DELETE FROM virtual_keys WHERE user_id IS NULL AND id = %s", (key_id,))

    def _execute(self, statement: str, parameters: tuple) -> None:
        connection = psycopg2.connect(self._dsn)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
        finally:
            connection.close()
