# SPDX-License-Identifier: Apache-2.0
"""Log lines as Rust's tracing-subscriber writes them, and the gateway's targets.

A fallback gateway adds two messages of its own, both from inferxgate::auth::middleware:
- DEBUG `Lookup hash not found, trying fallback authentication`, at each attempt
- WARN `Fallback authentication succeeded for key <uuid>`, at each legacy key accepted
"""

import json
import threading
from datetime import datetime, timezone
from typing import TextIO

from .counts import Counts

AUTH = "inferxgate::auth::middleware"
CACHE = "inferxgate::cache"
DATABASE = "inferxgate::database"
LIMITER = "inferxgate::rate_limiter"
MAIN = "inferxgate"

LEVELS = ("error", "warn", "info", "debug")
_COLOURS = {"error": 31, "warn": 33, "info": 32, "debug": 34}


class Log:
    """Writes one whole line per call and flushes it. `level` acts like RUST_LOG. Thread-safe."""

    def __init__(self, stream: TextIO, counts: Counts, *, level: str, style: str, colour: bool):
        self._stream = stream
        self._counts = counts
        self._enabled = LEVELS[: LEVELS.index(level) + 1]
        self._format = {"json": _json, "text": _colour_text if colour else _text}[style]
        self._lock = threading.Lock()

    def error(self, target: str, message: str) -> None:
        self._write("error", target, message)

    def warn(self, target: str, message: str) -> None:
        self._write("warn", target, message)

    def info(self, target: str, message: str) -> None:
        self._write("info", target, message)

    def debug(self, target: str, message: str) -> None:
        self._write("debug", target, message)

    def _write(self, level: str, target: str, message: str) -> None:
        if level not in self._enabled:
            return
        with self._lock:
            moment = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
            self._stream.write(self._format(moment, level, target, message) + "\n")
            self._stream.flush()
        self._counts.add("log_lines", level.upper())


def _text(moment: str, level: str, target: str, message: str) -> str:
    return f"{moment} {level.upper():>5} {target}: {message}"


def _colour_text(moment: str, level: str, target: str, message: str) -> str:
    coloured_level = f"\x1b[{_COLOURS[level]}m{level.upper():>5}\x1b[0m"
    return f"\x1b[2m{moment}\x1b[0m {coloured_level} \x1b[2m{target}\x1b[0m\x1b[2m:\x1b[0m {message}"


def _json(moment: str, level: str, target: str, message: str) -> str:
    line = {"timestamp": moment, "level": level.upper(), "fields": {"message": message}, "target": target}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def rust_duration(seconds: float) -> str:
    """A duration as Rust's `{:?}` prints it."""
    nanoseconds = max(0, round(seconds * 1e9))
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.9f}".rstrip("0").rstrip(".") + unit
    return f"{nanoseconds}ns"
