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

from . import sqlx_log
from .counts import Counts
from .rust_text import debug_text

AUTH = "inferxgate::auth::middleware"
CACHE = "inferxgate::cache"
DATABASE = "inferxgate::database"
LIMITER = "inferxgate::rate_limiter"
MAIN = "inferxgate"

LEVELS = ("error", "warn", "info", "debug")
_COLOURS = {"error": 31, "warn": 33, "info": 32, "debug": 34}


class Filter:
    """RUST_LOG: a level, and levels of targets that begin like this: `info,sqlx::query=debug,inferxgate=error`.

    Statements are logged only where a directive names sqlx: a plain `debug` means the gateway's own lines here.
    """

    def __init__(self, text: str):
        self._default, self._targets = "error", {}
        for directive in filter(None, text.lower().split(",")):
            target, _, level = directive.rpartition("=")
            if level not in LEVELS:
                raise ValueError(f"RUST_LOG: no level: {level}")
            if target:
                self._targets[target] = level
            else:
                self._default = level

    def enabled(self, level: str, target: str) -> bool:
        named = max((name for name in self._targets if target.startswith(name)), key=len, default=None)
        if named is None and target.startswith("sqlx"):
            return False
        return LEVELS.index(level) <= LEVELS.index(self._targets.get(named, self._default))


class Log:
    """Writes one whole line per call and flushes it. `level` acts like RUST_LOG. Thread-safe."""

    def __init__(self, stream: TextIO, counts: Counts, *, level: str, style: str, colour: bool):
        self._stream = stream
        self._counts = counts
        self._filter = Filter(level)
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

    def statement(self, text: str, *, affected: int, returned: int, seconds: float) -> None:
        if self._filter.enabled("debug", sqlx_log.TARGET):
            fields = sqlx_log.fields(text, affected=affected, returned=returned, seconds=seconds)
            self._write("debug", sqlx_log.TARGET, None, fields)

    def _write(self, level: str, target: str, message: str | None, fields: dict | None = None) -> None:
        if not self._filter.enabled(level, target):
            return
        with self._lock:
            moment = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
            self._stream.write(self._format(moment, level, target, message, fields or {}) + "\n")
            self._stream.flush()
        self._counts.add("log_lines", level.upper())


def _text(moment: str, level: str, target: str, message: str | None, fields: dict) -> str:
    parts = [f"{name}={debug_text(value)}" for name, value in fields.items()]
    return f"{moment} {level.upper():>5} {target}: {' '.join([*filter(None, [message]), *parts])}"


def _colour_text(moment: str, level: str, target: str, message: str | None, fields: dict) -> str:
    coloured_level = f"\x1b[{_COLOURS[level]}m{level.upper():>5}\x1b[0m"
    parts = [f"\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{debug_text(value)}" for name, value in fields.items()]
    said = " ".join([*filter(None, [message]), *parts])
    return f"\x1b[2m{moment}\x1b[0m {coloured_level} \x1b[2m{target}\x1b[0m\x1b[2m:\x1b[0m {said}"


def _json(moment: str, level: str, target: str, message: str | None, fields: dict) -> str:
    said = {} if message is None else {"message": message}
    said |= {name: sqlx_log.json_value(value) for name, value in fields.items()}
    line = {"timestamp": moment, "level": level.upper(), "fields": said, "target": target}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
