# SPDX-License-Identifier: Apache-2.0
"""What keyshift let out during a test, and the secrets that must never be in it.

The harness hands in everything by itself: output of commands, logs, answers to requests, and every byte left in the
directories of a daemon. Passwords of roles are registered by whoever makes them. A fixture in conftest.py compares.
"""

import json
import re
from pathlib import Path
from urllib.parse import quote

_BCRYPT_HASH = re.compile(rb"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{22}")
_SHORTEST_SECRET = 4

_heard: list[tuple[str, bytes]] = []
_secrets: set[str] = set()


def secret(text: str) -> str:
    """Register what must not come out, in clear, percent-encoded or escaped; returns it."""
    assert len(text) >= _SHORTEST_SECRET, "so short a text may turn up by chance"
    _secrets.add(text)
    return text


def heard(where: str, data: bytes) -> bytes:
    """Register what came out of keyshift; returns it."""
    if data:
        _heard.append((where, data))
    return data


def heard_directory(directory: Path, besides: frozenset[Path] = frozenset()) -> None:
    """Register every file below `directory` but those that the test wrote itself."""
    for file in sorted(directory.rglob("*")):
        if file.is_file() and file not in besides:
            heard(str(file), file.read_bytes())


def forget() -> None:
    """A new test begins."""
    _heard.clear()
    _secrets.clear()


def found() -> list[str]:
    """A line for each leak: where, and which secret."""
    forms = {form: text for text in _secrets for form in _forms(text)}
    leaks = [
        f"{where}: holds the secret {text!r} as {form!r}: {_around(data, form)!r}"
        for where, data in _heard
        for form, text in forms.items()
        if form in data
    ]
    hashes = [(where, _BCRYPT_HASH.search(data)) for where, data in _heard]
    return leaks + [f"{where}: holds a bcrypt hash: {match[0]!r}" for where, match in hashes if match]


def _forms(text: str) -> set[bytes]:
    as_json = json.dumps(text, ensure_ascii=False)[1:-1]
    return {form.encode() for form in (text, quote(text, safe=""), quote(text), as_json)}


def _around(data: bytes, form: bytes) -> bytes:
    at = data.find(form)
    return data[max(0, at - 80) : at + len(form) + 40]
