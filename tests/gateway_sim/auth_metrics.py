# SPDX-License-Identifier: Apache-2.0
"""What a gateway that counts authentication by itself adds to its /metrics, rendered from the exact counts.

Not in the reference gateway. All series exist at 0 from the start and are lost at a restart, as any process's are.
"""

REASONS = (
    "unknown_key",
    "missing_header",
    "malformed_header",
    "bad_credentials",
    "blocked",
    "expired",
    "over_budget",
    "user_missing",
    "key_deleted",
    "invalid_jwt",
    "rate_limited",
    "forbidden",
    "other",
)


def render_auth(counts: dict) -> str:
    """`counts` is a snapshot of counts.py: fallback.hits, auth_cache.verified.hit, authenticated.without_cache, and
    failures by reason, where a reason that has no label of its own is `other`."""
    failures = dict.fromkeys(REASONS, 0)
    for reason, count in counts["failures"].items():
        failures[reason if reason in failures else "other"] += count
    cache = {"hit": counts["auth_cache"]["verified"]["hit"], "miss": counts["authenticated"]["without_cache"]}
    return (
        _family("auth_cache_total", "Uses of the auth cache, and API keys accepted without it", "result", cache)
        + _family("auth_failures_total", "Requests refused, by reason", "reason", failures)
        + _header("auth_fallback_total", "API keys accepted by comparing every row")
        + f"gateway_auth_fallback_total {counts['fallback']['hits']}\n"
    )


def render_process(start: float) -> str:
    """`start` is the process's, in seconds since the epoch."""
    name = "process_start_time_seconds"
    help_text = "Start time of the process since unix epoch in seconds."
    return f"# HELP {name} {help_text}\n# TYPE {name} gauge\n{name} {start:.2f}\n"


def _family(name: str, text: str, label: str, values: dict[str, int]) -> str:
    samples = (f'gateway_{name}{{{label}="{value}"}} {count}\n' for value, count in values.items())
    return _header(name, text) + "".join(samples)


def _header(name: str, text: str) -> str:
    return f"# HELP gateway_{name} {text}\n# TYPE gateway_{name} counter\n"
