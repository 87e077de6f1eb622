# SPDX-License-Identifier: Apache-2.0
"""The alert rules: what is in them, what is wrong with them, and the same rules for tests that cannot wait."""

import copy
import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.documents.promql import grouping_words

ROOT = Path(__file__).parents[3]
RULES = ROOT / "alerts" / "keyshift.rules.yaml"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
SEVERITIES = {"critical", "warning", "info"}
# A customer fails now, a deadline has passed, or nobody watches.
CRITICAL = {
    "KeyshiftLegacyKeyStranded", "KeyshiftKeyRetiredInUse", "KeyshiftAuthFailureBurnFast",
    "KeyshiftMigrationDeadlineMissed", "KeyshiftAbsent", "KeyshiftDown", "KeyshiftSourceDown",
}  # fmt: skip

WHOSE = "{{ $labels.job }} on {{ $labels.instance }}: "

_DURATION = re.compile(r"(?<![\w.])(\d+)(ms|s|m|h|d)\b")
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_AGE = re.compile(r"(time\(\) - \w+ > )(\d+)")

Rule = dict[str, Any]


def groups(text: str = "") -> list[dict[str, Any]]:
    """Those of the rules file, or of `text`."""
    return copy.deepcopy(_parsed(text or RULES.read_text()))["groups"]


@functools.cache
def _parsed(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)


def rules(tree: list[dict[str, Any]]) -> Iterator[Rule]:
    return (rule for group in tree for rule in group["rules"])


def alerts(tree: list[dict[str, Any]]) -> list[Rule]:
    return [rule for rule in rules(tree) if "alert" in rule]


def headings(text: str) -> set[str]:
    """The anchors that a reader of Markdown makes of its headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def violations(tree: list[dict[str, Any]], anchors: set[str]) -> list[str]:
    """One sentence for each rule that is not as all are; mixtool's rules are among them."""
    found = [f"{group['name']}: {what}" for group in tree for what in _of_group(group)]
    for rule in rules(tree):
        check = _of_alert(rule, anchors) if "alert" in rule else _of_record(rule)
        found += [f"{rule.get('alert') or rule['record']}: {what}" for what in check]
    return found


def _of_group(group: dict[str, Any]) -> Iterator[str]:
    if len(group["name"]) > 40:
        yield "the name is longer than 40 characters"
    if len(alerts([group])) > 20:
        yield "has more than 20 alerts"


def _of_record(rule: Rule) -> Iterator[str]:
    if not re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", rule["record"]):
        yield "is not named level:metric:operations"
    if "by" in grouping_words(rule["expr"]):
        yield "aggregates with by, which loses labels of the target"


def _of_alert(rule: Rule, anchors: set[str]) -> Iterator[str]:
    name, notes = rule["alert"], rule.get("annotations", {})
    if not re.fullmatch(r"Keyshift([A-Z][a-z]+)+", name) or len(name) > 40:
        yield "the name is not Keyshift in CamelCase, of 40 characters at most"
    if "by" in grouping_words(rule["expr"]):
        yield "aggregates with by, which loses labels of the target"
    severity = rule.get("labels", {}).get("severity")
    if severity not in SEVERITIES:
        yield f"the severity is {severity}"
    if severity == "critical" and name not in CRITICAL:
        yield "is critical, but nobody must be woken for it"
    summary, description = notes.get("summary", ""), notes.get("description", "")
    if "{{" in summary or not re.fullmatch(r"[A-Z].*\.", summary):
        yield "the summary is not a sentence without templates that begins with a capital letter"
    if "{{" not in description or not description.endswith("."):
        yield "the description is not a sentence with templates"
    if "absent(" not in rule["expr"] and not description.startswith(WHOSE):
        yield "the description does not begin with whose alert it is"
    if not re.search(r"`[a-z][^`]+`", description):
        yield "the description names no command"
    if re.search(r"\b(increase|rate)\(", rule["expr"]) and re.search(r"{{ \$value }}", description):
        yield "the description shows a number that Prometheus has estimated, with all its decimals"
    if notes.get("runbook_url", "").partition("#")[2] not in anchors:
        yield "runbook_url leads to no heading"


def scaled(text: str, factor: float) -> str:
    """The rules with all their durations multiplied by `factor`, also ages in seconds that are compared with time()."""
    tree = yaml.safe_load(text)
    for group in tree["groups"]:
        _scale(group, "interval", factor)
        for rule in group["rules"]:
            for key in ("for", "keep_firing_for"):
                _scale(rule, key, factor)
            rule["expr"] = _AGE.sub(lambda age: f"{age[1]}{float(age[2]) * factor}", _scaled(rule["expr"], factor))
    return yaml.safe_dump(tree, sort_keys=False, width=1000)


def every(text: str, interval: str) -> str:
    """The rules, all evaluated at `interval`."""
    tree = yaml.safe_load(text)
    for group in tree["groups"]:
        group["interval"] = interval
    return yaml.safe_dump(tree, sort_keys=False, width=1000)


def scaled_durations(tree: Any, factor: float) -> Any:
    """A tree of YAML in which all texts that are durations are multiplied."""
    if isinstance(tree, Mapping):
        return {key: scaled_durations(value, factor) for key, value in tree.items()}
    if isinstance(tree, list):
        return [scaled_durations(value, factor) for value in tree]
    return _scaled(tree, factor) if isinstance(tree, str) and _DURATION.fullmatch(tree) else tree


def _scale(tree: dict[str, Any], key: str, factor: float) -> None:
    if key in tree:
        tree[key] = _scaled(tree[key], factor)


def _scaled(text: str, factor: float) -> str:
    def shorter(duration: re.Match[str]) -> str:
        return f"{max(1, round(int(duration[1]) * _MILLISECONDS[duration[2]] * factor))}ms"

    return _DURATION.sub(shorter, text)
