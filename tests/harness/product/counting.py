# SPDX-License-Identifier: Apache-2.0
"""What tests of the collector `statements` share: what keyshift counts, and what the gateway says it did."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from gateway_sim import Gateway, Planted, Traffic
from harness.product.keyshift import Serve
from harness.product.watching import watching
from harness.servers.postgres import Database
from harness.tools.wait import eventually

COUNTERS = {
    "lookups found": ("keyshift_auth_lookups_total", {"result": "found"}),
    "lookups not found": ("keyshift_auth_lookups_total", {"result": "not_found"}),
    "verifications": ("keyshift_auth_verifications_total", {}),
    "scans": ("keyshift_fallback_scans_total", {}),
    "keys compared": ("keyshift_fallback_scanned_keys_total", {}),
}


def looking(dsn: str, *, keys: Mapping[str, Any] | None = None, **statements: Any) -> dict[str, Any]:
    """A configuration that looks at statements ten times a second; `statements` and `keys` are the options."""
    tree = watching(dsn, **{"interval": "500ms", **(keys or {})})
    tree["collectors"].append({"type": "statements", "interval": "100ms", "timeout": "5s", **statements})
    return tree


def counted(serve: Serve) -> dict[str, float | None]:
    samples = serve.metrics()
    return {name: samples.get((metric, frozenset(labels.items()))) for name, (metric, labels) in COUNTERS.items()}


def resets(serve: Serve) -> float:
    return serve.metric("keyshift_source_resets_total", source="statements") or 0


def done(gateway: Gateway) -> dict[str, float]:
    """What `counted` must be, by the gateway's own account."""
    statements = gateway.counts()["statements"]

    def calls(tag: str) -> float:
        return statements.get(tag, {}).get("calls", 0)

    def rows(tag: str) -> float:
        return statements.get(tag, {}).get("rows", 0)

    return {
        "lookups found": rows("lookup"),
        "lookups not found": calls("lookup") - rows("lookup"),
        "verifications": calls("touch"),
        "scans": calls("scan"),
        "keys compared": rows("scan"),
    }


def settled(serve: Serve, gateway: Gateway) -> dict[str, float]:
    """Waits until both agree; they never do again where something counts twice or is lost."""
    expected = done(gateway)
    eventually(lambda: counted(serve) == expected, 15, f"keyshift counts {expected}, not {counted(serve)}")
    wait_for_a_look(serve)
    assert counted(serve) == expected
    return expected


def wait_for_a_look(serve: Serve) -> None:
    looks = serve.metric("keyshift_source_poll_duration_seconds_count", source="statements")
    eventually(
        lambda: serve.metric("keyshift_source_poll_duration_seconds_count", source="statements") >= looks + 2,
        15,
        "two more looks",
    )


def run(gateway: Gateway, planted: Planted, steps: int = 40, seed: int = 7) -> None:
    Traffic(gateway.url, planted, seed=seed).run_steps(steps)


@contextlib.contextmanager
def gateway_of(database: Database, behaviour: str = "faithful", **options: Any) -> Iterator[Gateway]:
    with Gateway(database.dsn(), behaviour=behaviour, require_auth=True, **options) as gateway:
        yield gateway
