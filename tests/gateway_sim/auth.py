# SPDX-License-Identifier: Apache-2.0
"""The authentication flow, in the gateway's order of checks. Blocking; called from worker threads."""

import uuid
from dataclasses import dataclass

import redis

from . import jwt, logs, sql
from .auth_cache import AuthCache, Found
from .counts import Counts
from .keys import VirtualKey, bcrypt_matches, lookup_hash
from .logs import Log
from .postgres import Database, DatabaseError
from .replies import refused
from .settings import Settings


@dataclass(frozen=True)
class Identity:
    """Who a request comes from. `user_id` is None for system keys, `key_id` for users with a token."""

    user_id: str | None
    key_id: str | None = None


class Authenticator:
    """Both guards raise Refused. `database` is None when the first connection failed: it stays so until a restart."""

    def __init__(
        self, settings: Settings, database: Database | None, client: redis.Redis | None, log: Log, counts: Counts
    ):
        self._settings, self._database, self._log, self._counts = settings, database, log, counts
        self.fallback_enabled = settings.has_fallback
        self._verified = self._keys = None
        if client is not None:
            works = settings.cache_works
            self._verified = AuthCache(client, "verified", settings.auth_cache_ttl, works, counts)
            self._keys = AuthCache(client, "key", settings.auth_cache_ttl, works, counts)

    def require_auth(self, header: str | None) -> Identity:
        """A user's token or an API key."""
        token = _bearer_token(header)
        self._need_database()
        claims = jwt.valid_claims(token, self._settings.jwt_secret)
        if claims is not None:
            return self._user_of(claims)
        if not token.startswith("sk-"):
            raise refused("bad_credentials")
        return self._api_key(token)

    def require_jwt(self, header: str | None) -> Identity:
        """A user's token only."""
        claims = jwt.valid_claims(_bearer_token(header), self._settings.jwt_secret)
        if claims is None:
            raise refused("invalid_jwt")
        self._need_database()
        return self._user_of(claims)

    def _api_key(self, token: str) -> Identity:
        hashed = lookup_hash(token)
        key = self._verified_key(hashed)
        if key is not None:
            self._check_owner(key)
            return self._accept(key, cached=True)
        key, verified = self._find(token, hashed)
        if not verified:
            self._verify(token, hashed, key)
        if refusal := key.refusal():
            raise refused(refusal)
        self._check_owner(key)
        self._touch(key)
        return self._accept(key, cached=False)

    def _verified_key(self, hashed: str) -> VirtualKey | None:
        found = self._verified.get(hashed) if self._verified else Found.MISS
        if isinstance(found, Found):
            return None
        self._log.debug(logs.AUTH, "Using verified token cache (skipping bcrypt)")
        usable = found.refusal() is None
        self._verified.count("hit" if usable else "stale")
        return found if usable else None

    def _find(self, token: str, hashed: str) -> tuple[VirtualKey, bool]:
        """The key's row, and whether bcrypt has matched it already."""
        cached = self._keys.get(hashed) if self._keys else None
        if isinstance(cached, VirtualKey):
            self._keys.count("hit")
            return cached, False
        rows = self._query(sql.LOOKUP, hashed)
        if rows:
            key = VirtualKey(**rows[0])
            if cached is Found.MISS:
                self._keys.put(hashed, key)
            return key, False
        if self.fallback_enabled:
            return self._fall_back(token), True
        raise refused("unknown_key")

    def _fall_back(self, token: str) -> VirtualKey:
        """Compares every row, also after a match: the number of comparisons is the number of rows the scan returned."""
        self._log.debug(logs.AUTH, "Lookup hash not found, trying fallback authentication")
        self._counts.add("fallback", "attempts")
        match = None
        for row in self._query(self._settings.scan):
            key = VirtualKey(**row)
            self._counts.add("fallback", "compared")
            if bcrypt_matches(token, key.key_hash):
                match = key
        self._counts.add("fallback", "hits" if match else "misses")
        if match is None:
            raise refused("unknown_key")
        self._log.warn(logs.AUTH, f"Fallback authentication succeeded for key {match.id}")
        return match

    def _verify(self, token: str, hashed: str, key: VirtualKey) -> None:
        matched = bcrypt_matches(token, key.key_hash)
        self._counts.add("verifications", "matched" if matched else "mismatched")
        if not matched:
            raise refused("unknown_key")
        if self._verified:
            self._verified.put(hashed, key)
            self._log.debug(logs.AUTH, "Cached verified token for future requests")

    def _check_owner(self, key: VirtualKey) -> None:
        if key.user_id is not None:
            self._user(key.user_id)

    def _touch(self, key: VirtualKey) -> None:
        try:
            self._database.run(sql.TOUCH, key.id)
        except DatabaseError:
            pass

    def _accept(self, key: VirtualKey, *, cached: bool) -> Identity:
        self._counts.authenticated_key(key.format, key.id, cached=cached)
        return Identity(key.user_id, key.id)

    def _user_of(self, claims: dict) -> Identity:
        try:
            user_id = str(uuid.UUID(claims["sub"]))
        except (ValueError, KeyError, AttributeError):
            raise refused("invalid_jwt_user") from None
        self._user(user_id)
        self._counts.authenticated_user()
        return Identity(user_id)

    def _user(self, user_id: str) -> None:
        if not self._query(sql.USER, user_id, failure="user_unverified"):
            raise refused("user_missing")

    def _query(self, statement: sql.Statement, *parameters, failure: str = "key_unverified") -> list[dict]:
        try:
            return self._database.run(statement, *parameters)
        except DatabaseError as error:
            raise refused(failure) from error

    def _need_database(self) -> None:
        if self._database is None:
            raise refused("no_database")


def _bearer_token(header: str | None) -> str:
    if header is None:
        raise refused("missing_header")
    if not header.startswith("Bearer "):
        raise refused("malformed_header")
    return header.removeprefix("Bearer ")
