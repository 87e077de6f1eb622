# SPDX-License-Identifier: Apache-2.0
"""HS256 tokens for users who log in."""

import base64
import hashlib
import hmac
import json
import time

_HEADER = {"typ": "JWT", "alg": "HS256"}


def issue(user: dict, secret: str, lifetime_hours: int) -> str:
    now = int(time.time())
    claims = {
        "sub": user["id"],
        "email": user["email"],
        "role": user["role"],
        "iat": now,
        "exp": now + lifetime_hours * 3600,
    }
    return sign(claims, secret)


def sign(claims: dict, secret: str) -> str:
    signed = f"{_encode(json.dumps(_HEADER).encode())}.{_encode(json.dumps(claims).encode())}"
    return f"{signed}.{_encode(_mac(signed, secret))}"


def valid_claims(token: str, secret: str) -> dict | None:
    """The claims of a well signed, unexpired token; None for anything else."""
    signed, _, signature = token.rpartition(".")
    if signed.count(".") != 1:
        return None
    try:
        if not hmac.compare_digest(_decode(signature), _mac(signed, secret)):
            return None
        claims = json.loads(_decode(signed.split(".")[1]))
        return claims if claims["exp"] > time.time() else None
    except (ValueError, KeyError, TypeError):
        return None


def _mac(signed: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
