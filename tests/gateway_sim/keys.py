# SPDX-License-Identifier: Apache-2.0
"""Key material and the key row: text, prefix, both hashes, validity, and the JSON form that leaves the hashes out."""

import base64
import hashlib
from dataclasses import dataclass, fields
from datetime import datetime, timezone

import bcrypt


def key_text(random_bytes: bytes) -> str:
    return "sk-" + base64.b64encode(random_bytes).decode()


def key_prefix(text: str) -> str:
    return text[:12]


def lookup_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def bcrypt_hash(text: str, cost: int) -> str:
    return bcrypt.hashpw(text.encode(), bcrypt.gensalt(rounds=cost)).decode()


def bcrypt_matches(text: str, hashed: str) -> bool:
    try:
        return bcrypt.checkpw(text.encode(), hashed.encode())
    except ValueError:
        return False


@dataclass
class VirtualKey:
    id: str
    key_prefix: str
    user_id: str | None
    name: str | None
    max_budget: float | None
    current_spend: float
    rate_limit_rpm: int | None
    rate_limit_tpm: int | None
    allowed_models: list[str] | None
    expires_at: datetime | None
    blocked: bool
    created_at: datetime
    last_used_at: datetime | None
    key_hash: str = ""
    key_lookup_hash: str | None = None

    @property
    def format(self) -> str:
        return "modern" if self.key_lookup_hash else "legacy"

    def refusal(self) -> str | None:
        """The failure of replies.py that forbids use of this key now, in the order the gateway checks them."""
        if self.blocked:
            return "blocked"
        if self.max_budget is not None and self.current_spend >= self.max_budget:
            return "over_budget"
        if self.expires_at is not None and self.expires_at < datetime.now(timezone.utc):
            return "expired"
        return None

    def public_json(self) -> dict:
        return {name: _json_value(getattr(self, name)) for name in _PUBLIC_FIELDS}


_PUBLIC_FIELDS = [field.name for field in fields(VirtualKey) if field.name not in ("key_hash", "key_lookup_hash")]
_TIME_FIELDS = ("expires_at", "created_at", "last_used_at")


def key_from_json(document: dict) -> VirtualKey:
    times = {name: datetime.fromisoformat(document[name]) for name in _TIME_FIELDS if document.get(name)}
    return VirtualKey(**{**document, **times})


def _json_value(value):
    return rfc3339(value) if isinstance(value, datetime) else value


def rfc3339(moment: datetime) -> str:
    """As chrono's serde form: `Z`, and no, three or six digits of a second."""
    precision = "microseconds"
    if moment.microsecond % 1000 == 0:
        precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(timezone.utc).isoformat(timespec=precision).replace("+00:00", "Z")
