# SPDX-License-Identifier: Apache-2.0
"""What tests of log collectors share: a configuration, what keyshift then counts, and what it has saved of that."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from harness.product.keyshift import Serve

RESULTS = ("matched", "skipped", "unparsed", "oversized")


def following(*globs: str | Path, type: str = "access_log", **options: Any) -> dict[str, Any]:
    """A configuration with one log collector, which looks five times a second even where nothing wakes it; `options`
    are its own."""
    files = {"files": [str(glob) for glob in globs]}
    return {"collectors": [{"type": type, "input": files, "interval": "200ms", **options}]}


def by_label(serve: Serve, name: str, label: str, **labels: str) -> dict[str, int]:
    """A counter's samples that are not 0, by one of its labels."""
    return {
        dict(found)[label]: int(value)
        for (sample, found), value in serve.metrics().items()
        if sample == name and value and labels.items() <= dict(found).items()
    }


def outcomes(serve: Serve) -> dict[str, int]:
    return by_label(serve, "keyshift_http_requests_total", "outcome")


def reasons(serve: Serve) -> dict[str, int]:
    return by_label(serve, "keyshift_auth_failures_total", "reason")


def events(serve: Serve) -> dict[str, int]:
    return by_label(serve, "keyshift_log_events_total", "event")


def lines(serve: Serve, source: str = "access_log") -> dict[str, int]:
    """By what became of them."""
    return by_label(serve, "keyshift_log_lines_total", "result", source=source)


def saved_lines(state_directory: Path, source: str = "access_log") -> int:
    """Lines that are counted in the state, whatever became of them; -1 while it cannot be read."""
    uri = f"file:{state_directory / 'keyshift.db'}?mode=ro"
    statement = "SELECT coalesce(sum(value), 0) FROM counter WHERE name = ? AND label <> 'bytes'"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5)) as state:
            return state.execute(statement, (f"log_lines:{source}",)).fetchone()[0]
    except sqlite3.OperationalError:
        return -1
