# SPDX-License-Identifier: Apache-2.0
"""What PromQL expressions name: metrics with their matchers, and labels. For expressions of this project's style: no
braces or parentheses within strings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_METRIC = r"[a-zA-Z_:][\w:]*"
_STRING = r'"(?:[^"\\]|\\.)*"'
_MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({_STRING})")
_SELECTOR = re.compile(rf"({_METRIC})\{{([^}}]*)\}}")
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool", "Inf", "NaN", "start", "end"}
_COUNTER = re.compile(r"_(total|bucket|count|sum)$")
_OVER_TIME = re.compile(rf"\b(rate|irate|increase|resets|changes)\s*\(\s*{_METRIC}(?:\{{[^}}]*\}})?\s*\[([^\]]+)\]")


@dataclass(frozen=True)
class Selector:
    metric: str
    matchers: dict[str, tuple[str, str]]
    """By label: operator and value."""


def selectors(expression: str) -> list[Selector]:
    """Each metric that is named, as often as it is."""
    found = [
        Selector(metric, {label: (sign, text[1:-1]) for label, sign, text in _MATCHER.findall(matchers)})
        for metric, matchers in _SELECTOR.findall(expression)
    ]
    bare = re.sub(_STRING, '""', _GROUPING.sub(" ", _SELECTOR.sub(" ", expression)))
    bare = re.sub(r"\[[^\]]*\]|\b\d[\w.]*", " ", bare)
    for name, call in re.findall(rf"({_METRIC})(\s*\()?", bare):
        if not call and name not in _WORDS:
            found.append(Selector(name, {}))
    return found


def grouping_words(expression: str) -> set[str]:
    return {word for word, _ in _GROUPING.findall(expression)}


def grouping_labels(expression: str) -> set[str]:
    lists = (labels.split(",") for _, labels in _GROUPING.findall(expression))
    return {label.strip() for labels in lists for label in labels if label.strip()}


def windows(expression: str) -> Iterator[str]:
    """Of the functions that tell how much a counter grew."""
    return (window for _, window in _OVER_TIME.findall(expression))


def naked_counters(expression: str) -> list[str]:
    """Counters whose value is shown as it stands: it says nothing."""
    rest = _OVER_TIME.sub(" ", expression)
    return [found.metric for found in selectors(rest) if _COUNTER.search(found.metric) and ":" not in found.metric]
