# SPDX-License-Identifier: Apache-2.0
"""How one gateway runs."""

from dataclasses import dataclass

from . import sql

BEHAVIOURS = ("faithful", "fallback")
SCANS = {"all": sql.SCAN_ALL, "legacy": sql.SCAN_LEGACY}


@dataclass(frozen=True)
class Settings:
    behaviour: str = "faithful"
    require_auth: bool = False
    bcrypt_cost: int = 10
    fallback_scope: str = "all"
    auth_cache_ttl: int = 300
    llm_cache_ttl: int = 3600
    provider_delay: float = 0.0
    jwt_secret: str = "insecure-default"
    jwt_lifetime_hours: int = 168
    auth_metrics: bool = False
    process_metrics: bool = False

    @property
    def has_fallback(self) -> bool:
        return self.behaviour == "fallback"

    @property
    def cache_works(self) -> bool:
        return self.behaviour == "fallback"

    @property
    def update_replies(self) -> bool:
        """The faithful gateway applies a key update and then fails to read the row it returned."""
        return self.behaviour == "fallback"

    @property
    def scan(self) -> sql.Statement:
        return SCANS[self.fallback_scope]
