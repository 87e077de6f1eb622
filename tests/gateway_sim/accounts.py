# SPDX-License-Identifier: Apache-2.0
"""Users and their keys: register, log in, and the /auth/key/* handlers. Blocking; called from worker threads."""

import hashlib
import os
import uuid
from datetime import datetime, timedelta, timezone

from . import jwt, sql
from .auth import Identity
from .counts import Counts
from .keys import VirtualKey, bcrypt_hash, bcrypt_matches, key_prefix, key_text, lookup_hash
from .postgres import Database, DatabaseError
from .replies import ApiError, authentication_failed, database_error, forbidden, not_found
from .settings import Settings

UNIQUE_VIOLATION = "23505"
NO_OWNER = str(uuid.UUID(int=0))  # what the gateway takes for the user of a system key


class Accounts:
    """Every method raises ApiError."""

    def __init__(self, settings: Settings, database: Database | None, counts: Counts):
        self._settings, self._database, self._counts = settings, database, counts

    def register(self, request: dict) -> dict:
        password_hash = bcrypt_hash(request["password"], self._settings.bcrypt_cost)
        rows = self._run(sql.CREATE_USER, request["email"], request.get("username"), password_hash, "user")
        self._counts.add("users", "registered")
        return self._session(rows[0])

    def login(self, request: dict) -> dict:
        users = self._run(sql.USER_BY_EMAIL, request["email"])
        if not users or not bcrypt_matches(request["password"], users[0]["password_hash"] or ""):
            self._counts.add("users", "login_failed")
            raise authentication_failed()
        self._counts.add("users", "logged_in")
        return self._session(users[0])

    def logout(self, identity: Identity) -> None:
        self._run(sql.DELETE_SESSIONS, identity.user_id)

    def me(self, identity: Identity) -> dict:
        users = self._run(sql.USER, identity.user_id)
        if not users:
            raise not_found("User not found")
        return _public_user(users[0])

    def generate(self, identity: Identity, request: dict) -> dict:
        text = key_text(os.urandom(32))
        options = ("name", "max_budget", "rate_limit_rpm", "rate_limit_tpm", "allowed_models", "expires_at")
        rows = self._run(
            sql.INSERT,
            bcrypt_hash(text, self._settings.bcrypt_cost),
            lookup_hash(text),
            key_prefix(text),
            identity.user_id or NO_OWNER,
            *(request.get(option) for option in options),
        )
        self._counts.add("keys", "created", "modern")
        reply = VirtualKey(**rows[0]).public_json()
        for absent in ("user_id", "last_used_at"):
            del reply[absent]
        return {"id": reply.pop("id"), "key": text, **reply}

    def keys_of(self, identity: Identity) -> list[dict]:
        return [VirtualKey(**row).public_json() for row in self._run(sql.BY_USER, identity.user_id)]

    def info(self, key_id: str) -> dict:
        return self._key(key_id).public_json()

    def update(self, identity: Identity, request: dict) -> dict:
        key = self._own_key(identity, request["key_id"])
        options = ("name", "max_budget", "rate_limit_rpm", "rate_limit_tpm", "allowed_models")
        changes = [request.get(option) for option in options]
        rows = self._run(sql.UPDATE, key.id, *changes, None, request.get("blocked"))
        if not rows:
            raise database_error("no rows returned by a query that expected to return at least one row")
        updated = VirtualKey(**rows[0])
        if updated.blocked != key.blocked:
            self._counts.add("keys", "blocked" if updated.blocked else "unblocked", key.format)
        if not self._settings.update_replies:
            raise database_error("no column found for name: key_lookup_hash")
        return updated.public_json()

    def delete(self, identity: Identity, key_id: str) -> None:
        key = self._own_key(identity, key_id)
        self._run(sql.DELETE, key.id)
        self._counts.add("keys", "deleted", key.format)

    def _own_key(self, identity: Identity, key_id: str) -> VirtualKey:
        key = self._key(key_id)
        if key.user_id != (identity.user_id or NO_OWNER):
            raise forbidden()
        return key

    def _key(self, key_id: str) -> VirtualKey:
        rows = self._run(sql.BY_ID, key_id)
        if not rows:
            raise not_found("Key not found")
        return VirtualKey(**rows[0])

    def _session(self, user: dict) -> dict:
        token = jwt.issue(user, self._settings.jwt_secret, self._settings.jwt_lifetime_hours)
        token_hash = hashlib.sha256((token + os.urandom(8).hex()).encode()).hexdigest()
        expires_at = datetime.now(timezone.utc) + timedelta(hours=self._settings.jwt_lifetime_hours)
        self._run(sql.CREATE_SESSION, user["id"], token_hash, expires_at)
        return {"token": token, "user": _public_user(user)}

    def _run(self, statement: sql.Statement, *parameters) -> list[dict]:
        if self._database is None:
            raise database_error("Database not available")
        try:
            return self._database.run(statement, *parameters)
        except DatabaseError as error:
            if statement is sql.CREATE_USER and error.sqlstate == UNIQUE_VIOLATION:
                raise ApiError(400, "BadRequest", "User with this email already exists") from error
            raise database_error(str(error)) from error


def _public_user(user: dict) -> dict:
    return {name: user[name] for name in ("id", "email", "username", "role")}
