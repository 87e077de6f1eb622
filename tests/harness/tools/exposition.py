# SPDX-License-Identifier: Apache-2.0
"""A strict parser of the Prometheus text format 0.0.4: what a scraper would tolerate, a test should not."""

import re

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_META = re.compile(rf"# (HELP|TYPE) ({_NAME})(?: (.*))?")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
_SUFFIXES = {
    "counter": ("",),
    "gauge": ("",),
    "untyped": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("", "_sum", "_count"),
}
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def parse(text: str) -> Samples:
    """All samples by (name, labels); timestamps are dropped.

    ValueError, with the line, for anything that is not in the format, for a sample outside its family's block or
    without TYPE and HELP, and for a family or a sample that comes twice.
    """
    if not text.endswith("\n"):
        raise ValueError("the last line does not end in a newline")
    samples: Samples = {}
    families = _Families()
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            if line.startswith("# HELP ") or line.startswith("# TYPE "):
                families.declare(line)
            elif line and not line.startswith("#"):
                key, value = _sample(line)
                families.check_member(key[0])
                if key in samples:
                    raise ValueError("this sample came before")
                samples[key] = value
        except ValueError as error:
            raise ValueError(f"line {number}: {error}: {line}") from None
    return samples


class _Families:
    """Which family's block the parser is in, and which it has seen."""

    def __init__(self):
        self._seen: set[str] = set()
        self._name = ""
        self._declared: set[str] = set()
        self._members: tuple[str, ...] = ()

    def declare(self, line: str) -> None:
        match = _META.fullmatch(line)
        if not match:
            raise ValueError("malformed HELP or TYPE")
        keyword, name, rest = match.groups()
        if name != self._name:
            if name in self._seen:
                raise ValueError("this family came before")
            self._seen.add(name)
            self._name, self._declared, self._members = name, set(), ()
        if keyword in self._declared:
            raise ValueError(f"the family has a {keyword} already")
        self._declared.add(keyword)
        if keyword == "TYPE":
            if rest not in _SUFFIXES:
                raise ValueError("unknown type")
            self._members = tuple(name + suffix for suffix in _SUFFIXES[rest])

    def check_member(self, name: str) -> None:
        if name not in self._members or "HELP" not in self._declared:
            raise ValueError("a sample outside the block of a family with HELP and TYPE")


def _sample(line: str) -> tuple[tuple[str, frozenset[tuple[str, str]]], float]:
    match = _SAMPLE.fullmatch(line)
    if not match:
        raise ValueError("malformed sample")
    name, labels, value, _timestamp = match.groups()
    if "_" in value:
        raise ValueError("malformed value")
    return (name, _labels(labels or "")), float(value)


def _labels(text: str) -> frozenset[tuple[str, str]]:
    labels: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _LABEL.match(text, position)
        if not match:
            raise ValueError("malformed labels")
        name, value = match.groups()
        if name in labels:
            raise ValueError("the same label twice")
        labels[name] = re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], value)
        position = match.end()
    return frozenset(labels.items())
