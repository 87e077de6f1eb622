# SPDX-License-Identifier: Apache-2.0
"""Failure replies: the gateway's texts and the reason label each is counted under."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    status: int
    text: str
    reason: str


FAILURES = {
    "unknown_key": Failure(401, "Invalid API key", "unknown_key"),
    "missing_header": Failure(401, "Missing authorization header", "missing_header"),
    "malformed_header": Failure(401, "Invalid authorization header format", "malformed_header"),
    "bad_credentials": Failure(401, "Invalid authentication credentials", "bad_credentials"),
    "blocked": Failure(401, "API key is blocked", "blocked"),
    "over_budget": Failure(401, "API key has exceeded budget", "over_budget"),
    "expired": Failure(401, "API key has expired", "expired"),
    "user_missing": Failure(401, "User not found", "user_missing"),
    "key_deleted": Failure(401, "Key not found", "key_deleted"),
    "invalid_jwt": Failure(401, "Invalid or expired token", "invalid_jwt"),
    "invalid_jwt_user": Failure(401, "Invalid user ID in token", "invalid_jwt"),
    "rate_limited": Failure(429, "Rate limit exceeded", "rate_limited"),
    "no_database": Failure(500, "Database not available", "backend_error"),
    "key_unverified": Failure(500, "Failed to verify key", "backend_error"),
    "user_unverified": Failure(500, "Failed to verify user", "backend_error"),
    "key_unfetched": Failure(500, "Failed to fetch key info", "backend_error"),
}


class Refused(Exception):
    """A plain-text refusal by the authentication or rate-limit layer."""

    def __init__(self, failure: Failure):
        super().__init__(failure.text)
        self.failure = failure


def refused(name: str) -> Refused:
    return Refused(FAILURES[name])


class ApiError(Exception):
    """A JSON error from a handler; `reason` is None where no label exists."""

    def __init__(self, status: int, kind: str, message: str, reason: str | None = None):
        super().__init__(message)
        self.status, self.kind, self.message, self.reason = status, kind, message, reason

    def body(self) -> bytes:
        return json_bytes({"error": {"code": self.status, "message": self.message, "type": self.kind}})


class BadBody(Exception):
    """A request the framework rejects before the handler runs, with a plain-text reply."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status, self.text = status, text


def authentication_failed() -> ApiError:
    return ApiError(401, "AuthenticationFailed", "Authentication failed", "login_failed")


def forbidden() -> ApiError:
    return ApiError(403, "Forbidden", "Forbidden", "forbidden")


def not_found(message: str) -> ApiError:
    return ApiError(404, "NotFound", message)


def database_error(message: str) -> ApiError:
    return ApiError(500, "DatabaseError", message)


def json_bytes(document) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
