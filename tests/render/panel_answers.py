# SPDX-License-Identifier: Apache-2.0
"""What a real Prometheus answers to the panels of a dashboard, for src/answers.ts."""

import dataclasses
import math
from typing import Any

from harness.documents.dashboards import Dashboard, Panel, panels
from harness.servers.prometheus import Prometheus
from harness.tools import http

# The demonstration is in fast motion: what panels count by day, is counted by so many seconds.
DAY_SECONDS = 10
STEP_SECONDS = 1
RATE_SECONDS = 10
# What the variable `whose` is while there is one instance: a label that no series has.
ONLY_ONE = "only_one"


@dataclasses.dataclass
class Range:
    """Of time, in seconds since 1970."""

    begin: float
    end: float


def page_input(prometheus: Prometheus, dashboard: Dashboard, times: Range) -> dict[str, Any]:
    """All that is to be drawn, but for the theme: answers and errors by the id of their panel."""
    answers, errors = {}, {}
    for panel in panels(dashboard):
        try:
            answers[panel["id"]] = [_answer(prometheus, panel, target, times) for target in panel["targets"]]
        except AssertionError as error:
            errors[panel["id"]] = str(error)
    milliseconds = {"from": times.begin * 1000, "to": times.end * 1000}
    return {"dashboard": dashboard, "answers": answers, "errors": errors, "range": milliseconds}


def _answer(prometheus: Prometheus, panel: Panel, target: dict[str, Any], times: Range) -> dict[str, Any]:
    step = DAY_SECONDS if target.get("interval") == "1d" else STEP_SECONDS
    asked = {"query": _concrete(target["expr"], step, times)}
    if target["instant"]:
        endpoint, asked = "query", {**asked, "time": str(times.end)}
    else:
        begin, end = (math.floor(each / step) * step for each in (times.begin, times.end))
        endpoint, asked = "query_range", {**asked, "start": str(begin), "end": str(end), "step": str(step)}
    body = http.get(f"{prometheus.url}/api/v1/{endpoint}", params=asked).json()
    assert body["status"] == "success", f"{panel['title']}: {body.get('error')}"
    return {
        "refId": target["refId"],
        "legendFormat": target["legendFormat"].replace("$whose", ONLY_ONE),
        "table": target["format"] == "table",
        "stepSeconds": step,
        "series": body["data"]["result"],
    }


def _concrete(expression: str, step: int, times: Range) -> str:
    """With the values that Grafana would give to the variables, with All chosen."""
    spans = {"$__rate_interval": RATE_SECONDS, "$__interval": step, "$__range": round(times.end - times.begin)}
    for name, seconds in spans.items():
        expression = expression.replace(name, f"{seconds}s")
    return expression.replace("$job", ".+").replace("$instance", ".+").replace("$whose", ONLY_ONE)
