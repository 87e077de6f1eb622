# SPDX-License-Identifier: Apache-2.0
"""The dashboards: what is in them, what a panel asks Prometheus, and what is wrong with them.

The rules are those of the public linters of Grafana dashboards that are worth keeping, and some of this project.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.documents.promql import naked_counters, selectors, windows

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "dashboards").glob("keyshift-*.json"))
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
ANNOTATIONS = {"Deleted while in use", "New legacy key", "Configuration reloaded", "Statistics reset",
               "Brownout or cutover"}
TYPES = {"stat", "gauge", "bargauge", "timeseries", "table", "state-timeline"}
VARIABLES = {"datasource": "Data source", "job": "Job", "instance": "Instance", "whose": "Told apart by"}
SELECTORS = {"job": ("=~", "$job"), "instance": ("=~", "$instance")}
# Alerts may be of no job and no instance.
ANYWHERE = {"ALERTS": {"job": ("=~", "$job|"), "instance": ("=~", "$instance|")}}
UNITS = {"none", "s", "bytes", "Bps", "ops", "reqps", "cpm", "percentunit", "dateTimeFromNow"}
COLUMNS = 24
LEGIBLE_CHARACTERS = 32
# What the simulated gateway counts by itself, as far as dashboards show it: for the collector gateway_metrics.
COUNTERS = [
    {"event": "fallback", "metric": "gateway_auth_fallback_total"},
    {"event": "auth_cache_hit", "metric": "gateway_auth_cache_total", "labels": {"result": "hit"}},
    {"event": "auth_cache_miss", "metric": "gateway_auth_cache_total", "labels": {"result": "miss"}},
    {"event": "auth_failure", "metric": "gateway_auth_failures_total", "reason_label": "reason"},
    {"event": "request_success", "metric": "gateway_auth_cache_total"},
    {"event": "request_auth_failure", "metric": "gateway_auth_failures_total"},
    {"event": "response_cache_hit", "metric": "llm_gateway_cache_total", "labels": {"status": "hit"}},
    {"event": "response_cache_miss", "metric": "llm_gateway_cache_total", "labels": {"status": "miss"}},
]

_DEFINITION = r"label_values\((.*), \w+\)|query_result\((.*)\)"

Dashboard = dict[str, Any]
Panel = dict[str, Any]


def load(path: Path) -> Dashboard:
    return json.loads(path.read_text())


def panels(dashboard: Dashboard) -> list[Panel]:
    """Without rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard: Dashboard) -> list[str]:
    """All that is asked: by panels, annotations and variables."""
    asked = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]
    asked += [each["expr"] for each in dashboard["annotations"]["list"]]
    definitions = [each.get("definition", "") for each in dashboard["templating"]["list"]]
    found = (re.fullmatch(_DEFINITION, definition) for definition in definitions)
    return asked + [match[1] or match[2] for match in found if match]


def concrete(expression: str, *, interval: str = "1m", range: str = "1h") -> str:
    """With values for variables, as Grafana would send it with All chosen."""
    for name, value in {"$__rate_interval": interval, "$__interval": interval, "$__range": range}.items():
        expression = expression.replace(name, value)
    return expression.replace("$job", ".+").replace("$instance", ".+").replace("$whose", "instance")


def violations(dashboard: Dashboard, others: set[str]) -> list[str]:
    """One sentence for each rule that it breaks; `others` are the uids of all dashboards."""
    found = list(_of_dashboard(dashboard, others))
    for panel in panels(dashboard):
        found += [f"{panel.get('title') or panel['id']}: {what}" for what in _of_panel(panel)]
    return found


def _of_dashboard(dashboard: Dashboard, others: set[str]) -> Iterator[str]:
    if dashboard.get("editable") is not False:
        yield "is editable"
    if not re.fullmatch(r"keyshift-[a-z]+", dashboard.get("uid") or ""):
        yield "has no stable uid"
    if "id" in dashboard:
        yield "has the id of some installation"
    if dashboard.get("tags") != ["keyshift"] or not dashboard.get("description"):
        yield "has no tag or no description"
    if not re.fullmatch(r"keyshift / [A-Z][a-z]+", dashboard.get("title") or ""):
        yield "is not named as all are"
    yield from _of_variables({each["name"]: each for each in dashboard["templating"]["list"]})
    linked = {link["url"].partition("?")[0] for link in dashboard["links"] if link["includeVars"]}
    if missing := {f"/d/{uid}" for uid in others if uid != dashboard.get("uid")} - linked:
        yield f"does not link to {sorted(missing)} with its variables"
    if {each["name"] for each in dashboard["annotations"]["list"]} != ANNOTATIONS:
        yield "has other annotations"
    for each in dashboard["annotations"]["list"]:
        yield from (f"annotation {each['name']}: {what}" for what in _of_query(each["expr"], {each["step"]}))
    yield from _of_order(dashboard["panels"])


def _of_variables(variables: dict[str, dict[str, Any]]) -> Iterator[str]:
    if {name: each.get("label") for name, each in variables.items()} != VARIABLES:
        yield "has other variables than data source, job, instance and what tells instances apart"
        return
    if variables["whose"]["hide"] != 2 or variables["whose"]["refresh"] != 2:
        yield "shows a variable that is nobody's to choose"
    for each in variables.values():
        if each["type"] == "query" and not re.fullmatch(_DEFINITION, each["definition"]):
            yield f"variable {each['name']} is asked for by a function that Grafana does not have"
    if (variables["datasource"]["type"], variables["datasource"]["query"]) != ("datasource", "prometheus"):
        yield "the data source is no Prometheus that can be chosen"
    for name in ("job", "instance"):
        each = variables[name]
        can_be_all = (each["multi"], each["includeAll"], each["allValue"]) == (True, True, ".+")
        if each["type"] != "query" or each["datasource"] != DATASOURCE or not can_be_all:
            yield f"variable {name} cannot be All of the chosen data source"
        if each["refresh"] != 2:
            yield f"variable {name} is not asked for anew when the time range changes"


def _of_order(items: list[Panel]) -> Iterator[str]:
    """Answer first; nothing overlaps; identities and titles are unique."""
    if (items[0]["type"], items[0].get("title")) != ("row", "Answer"):
        yield "does not begin with the answer"
    for key in ("id", "title"):
        values = [item.get(key) for item in items]
        if len(set(values)) != len(values):
            yield f"two panels have the same {key}"
    taken: set[tuple[int, int]] = set()
    for item in items:
        place = item["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        if cells & taken or place["x"] + place["w"] > COLUMNS:
            yield f"{item.get('title')} overlaps or sticks out"
        taken |= cells


def _of_panel(panel: Panel) -> Iterator[str]:
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] not in TYPES:
        yield f"has the type {panel['type']}"
    if not panel.get("title") or not re.search(r"[.:]$", panel.get("description", "")):
        yield "has no title, or no description in sentences"
    for unit in [defaults.get("unit", ""), *_units_of_columns(panel)]:
        if unit not in UNITS and not re.fullmatch(r"suffix:.+", unit):
            yield f"has no unit that Grafana knows: {unit!r}"
        if unit.startswith("suffix:") and "mappings" not in defaults:
            yield f"dashboard-linter takes {unit!r} only beside mappings"
    if not defaults.get("noValue"):
        yield "does not say what it means that there is no data"
    elif panel["type"] in ("stat", "gauge") and len(defaults["noValue"]) > LEGIBLE_CHARACTERS:
        yield "says that there is no data in letters that are too small to read"
    if any(asker.get("datasource") != DATASOURCE for asker in [panel, *panel["targets"]]):
        yield "does not use the data source that is chosen"
    if not panel["targets"]:
        yield "asks nothing"
    if len({target["refId"] for target in panel["targets"]}) != len(panel["targets"]):
        yield "two queries have the same letter"
    yield from _of_thresholds(panel["type"], defaults)
    yield from _of_instances(panel)
    for target in panel["targets"]:
        # With a step of its own, $__rate_interval would be four steps.
        usual = "$__interval" if "interval" in target else "$__rate_interval"
        yield from _of_query(target["expr"], {usual, "$__range"} if target["instant"] else {usual})
    if panel["type"] in ("stat", "bargauge") and any(target["legendFormat"] == "" for target in panel["targets"]):
        yield "has series without a name"


def _of_instances(panel: Panel) -> Iterator[str]:
    """While there is only one, nothing is said of it."""
    legends = [target["legendFormat"] for target in panel["targets"]]
    columns = [each for change in panel.get("transformations", []) for each in change["options"].get("renameByName", {})]
    if "instance" in columns or any("{{instance}}" in legend for legend in legends):
        yield "names the instance where there is only one"
    if panel["type"] == "timeseries" and any(legend.replace("{{$whose}}", "").strip() == "" for legend in legends):
        yield "has a line without a name where there is only one instance"


def _units_of_columns(panel: Panel) -> list[str]:
    properties = [each for override in panel["fieldConfig"]["overrides"] for each in override["properties"]]
    return [each["value"] for each in properties if each["id"] == "unit"]


def _of_thresholds(kind: str, defaults: dict[str, Any]) -> Iterator[str]:
    decides = len(defaults["thresholds"]["steps"]) > 1
    lines = defaults["custom"].get("thresholdsStyle", {}).get("mode", "off") != "off"
    shows = defaults["color"]["mode"] == "thresholds" and kind != "state-timeline"
    if decides != (lines or shows):
        yield "has thresholds that are not shown, or shows some that are not there"


def _of_query(expression: str, allowed: set[str]) -> Iterator[str]:
    for selector in selectors(expression):
        wanted = ANYWHERE.get(selector.metric, SELECTORS)
        if any(selector.matchers.get(label) != matcher for label, matcher in wanted.items()):
            yield f"{selector.metric} is not limited to the chosen job and instance"
    if unfit := set(windows(expression)) - allowed:
        yield f"grows within {sorted(unfit)} instead of {sorted(allowed)}"
    if naked := naked_counters(expression):
        yield f"shows counters as they stand: {naked}"
