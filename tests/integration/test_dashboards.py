# SPDX-License-Identifier: Apache-2.0
"""The dashboards keep to their rules, are what their sources make, and ask nothing that is no PromQL. What their
queries return is the matter of e2e/test_dashboard_data.py."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.documents.dashboards import FILES, ROOT, Dashboard, concrete, expressions, load, panels, violations
from harness.documents.promql import Selector, naked_counters, selectors, windows
from harness.servers.prometheus import promtool
from harness.tools.process import program

UIDS = {"keyshift-overview", "keyshift-auth", "keyshift-keys", "keyshift-exporter"}
RANGES = {"overview": "now-30d", "auth": "now-6h", "keys": "now-30d", "exporter": "now-24h"}


def test_all_dashboards_are_there():
    assert {path.stem for path in FILES} == {load(path)["uid"] for path in FILES} == UIDS
    assert {load(path)["uid"].removeprefix("keyshift-"): load(path)["time"]["from"] for path in FILES} == RANGES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_dashboard_breaks_a_rule(path: Path):
    assert violations(load(path), UIDS) == []


def first(dashboard: Dashboard, kind: str) -> dict[str, Any]:
    return next(panel for panel in panels(dashboard) if panel["type"] == kind)


def target(dashboard: Dashboard) -> dict[str, Any]:
    return first(dashboard, "timeseries")["targets"][0]


def variable(dashboard: Dashboard, name: str) -> dict[str, Any]:
    return next(each for each in dashboard["templating"]["list"] if each["name"] == name)


OF_ALL = '{job=~"$job", instance=~"$instance"}'


@pytest.mark.parametrize(
    "change,what",
    [
        (lambda d: d.update(editable=True), "is editable"),
        (lambda d: d.update(uid=None), "no stable uid"),
        (lambda d: d.update(id=7), "some installation"),
        (lambda d: d.pop("description"), "no description"),
        (lambda d: d["templating"]["list"].pop(), "other variables"),
        (lambda d: variable(d, "job").update(allValue=None), "cannot be All"),
        (lambda d: variable(d, "instance").update(multi=False), "cannot be All"),
        (lambda d: variable(d, "job").update(refresh=1), "when the time range changes"),
        (lambda d: variable(d, "datasource").update(query="loki"), "no Prometheus"),
        (lambda d: variable(d, "whose").update(hide=0), "nobody's to choose"),
        (lambda d: target(d).update(legendFormat="{{instance}} left"), "names the instance"),
        (lambda d: target(d).update(legendFormat="{{$whose}}"), "line without a name"),
        (lambda d: d["links"].pop(0), "does not link to"),
        (lambda d: d["annotations"]["list"].pop(), "other annotations"),
        (lambda d: d["annotations"]["list"][0].update(expr="keyshift_keys"), "chosen job and instance"),
        (lambda d: d["panels"].pop(0), "begin with the answer"),
        (lambda d: d["panels"][1].update(id=2) or d["panels"][2].update(id=2), "same id"),
        (lambda d: d["panels"][1].update(title=d["panels"][2]["title"]), "same title"),
        (lambda d: d["panels"][1]["gridPos"].update(w=20), "overlaps"),
        (lambda d: first(d, "table").update(type="graph"), "type graph"),
        (lambda d: first(d, "stat").update(description=""), "no description"),
        (lambda d: first(d, "stat").update(description="a word"), "description in sentences"),
        (lambda d: first(d, "stat")["fieldConfig"]["defaults"].pop("unit"), "no unit"),
        (lambda d: first(d, "stat")["fieldConfig"]["defaults"].update(unit="days"), "Grafana knows: 'days'"),
        (lambda d: first(d, "stat")["fieldConfig"]["defaults"].update(noValue=""), "there is no data"),
        (lambda d: first(d, "gauge")["fieldConfig"]["defaults"].update(noValue="no data " * 5), "too small to read"),
        (lambda d: first(d, "stat").update(datasource={"type": "prometheus", "uid": "abc"}), "data source"),
        (lambda d: target(d).update(datasource=None), "data source"),
        (lambda d: first(d, "stat").update(targets=[]), "asks nothing"),
        (lambda d: first(d, "timeseries")["targets"].append(copy.deepcopy(target(d))), "same letter"),
        (lambda d: target(d).update(expr='keyshift_keys{job=~"$job"}'), "chosen job and instance"),
        (lambda d: target(d).update(expr='keyshift_keys{job="$job", instance=~"$instance"}'), "chosen job"),
        (lambda d: target(d).update(expr="keyshift_keys"), "chosen job and instance"),
        (lambda d: target(d).update(expr=f"rate(x_total{OF_ALL}[5m])"), "$__rate_interval"),
        (lambda d: target(d).update(expr=f"rate(x_total{OF_ALL}[$__range])"), "__range"),
        (lambda d: target(d).update(expr=f"rate(x_total{OF_ALL}[$__interval])"), "__interval"),
        (
            lambda d: target(d).update(expr=f"rate(x_total{OF_ALL}[$__rate_interval])", interval="1d"),
            "['$__interval']",
        ),
        (lambda d: target(d).update(expr=f"sum(x_total{OF_ALL})"), "as they stand"),
        (
            lambda d: first(d, "table")["fieldConfig"]["defaults"]["thresholds"]["steps"].append({"color": "red"}),
            "thresholds",
        ),
        (lambda d: first(d, "gauge")["fieldConfig"]["defaults"]["color"].update(mode="thresholds"), "thresholds"),
    ],
)
def test_a_planted_violation_is_found(change: Callable[[Dashboard], Any], what: str):
    dashboard = load(ROOT / "dashboards" / "keyshift-overview.json")
    change(dashboard)
    found = violations(dashboard, UIDS)
    assert found and all(what in each for each in found), found


def test_colours_mean_the_same_everywhere():
    """Those that are fixed to a name, such as a phase's."""
    colours: dict[str, set[str]] = {}
    for path in FILES:
        for panel in panels(load(path)):
            for override in panel["fieldConfig"]["overrides"]:
                for each in override["properties"]:
                    if override["matcher"]["id"] == "byName" and each["id"] == "color":
                        colours.setdefault(override["matcher"]["options"], set()).add(each["value"]["fixedColor"])
    assert {"stranded", "retired", "unknown_key", "success"} <= set(colours)
    differing = {name: found for name, found in colours.items() if len(found) > 1}
    assert differing == {}


def test_colours_of_queries_are_of_queries_that_there_are():
    for panel in (panel for path in FILES for panel in panels(load(path))):
        for matcher in (override["matcher"] for override in panel["fieldConfig"]["overrides"]):
            if matcher["id"] == "byFrameRefID":
                assert matcher["options"] in {each["refId"] for each in panel["targets"]}, panel["title"]


def test_the_forecast_goes_on_from_the_last_look_and_ends_at_0(tmp_path: Path):
    """A hundred keys, last looked at after a day, a forecast end after eleven and a deadline after twenty-one."""
    series = {
        'keyshift_keys{state="legacy"}': "100x24",
        "keyshift_legacy_keys_baseline": "200x24",
        'keyshift_migration_eta_timestamp_seconds{estimate="p50"}': "950400x24",
        "keyshift_migration_deadline_timestamp_seconds": "1814400x24",
        "keyshift_migration_start_timestamp_seconds": "86400x24",
        'keyshift_source_last_success_timestamp_seconds{source="keys"}': "0+3600x24",
    }
    (panel,) = (each for each in panels(load(FILES[0].with_stem("keyshift-overview"))) if each["title"] == "Burn-down")
    expression = {each["refId"]: concrete(each["expr"]) for each in panel["targets"]}
    expected = {
        "C": {"1d": 200, "11d": 100, "21d": 0, "25d": 0},
        "D": {"12h": None, "1d": None, "2d": 90, "6d": 50, "11d": 0, "12d": 0},
    }
    target = 'job="keyshift", instance="a"'
    test = {
        "interval": "1h",
        "input_series": [{"series": with_labels(name, target), "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": expression[letter],
                "eval_time": at,
                "exp_samples": [] if value is None else [{"labels": f"{{{target}}}", "value": value}],
            }
            for letter, values in expected.items()
            for at, value in values.items()
        ],
    }
    path = tmp_path / "forecast.test.yaml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1d", "tests": [test]}))
    result = promtool(["test", "rules", path])
    assert result.returncode == 0, result.stdout + result.stderr


def with_labels(series: str, labels: str) -> str:
    name, _, rest = series.partition("{")
    return f"{name}{{{labels}{', ' + rest if rest else '}'}"


def test_health_of_the_exporter_comes_last():
    for path in FILES:
        rows = [item["title"] for item in load(path)["panels"] if item["type"] == "row"]
        assert rows[-1] == ("To do" if path.stem == "keyshift-exporter" else "Can these numbers be believed?")


def test_every_query_is_promql(tmp_path: Path):
    """All at once, as recording rules."""
    asked = {concrete(each) for path in FILES for each in expressions(load(path))}
    rules = [{"record": f"panel:query:n{number}", "expr": each} for number, each in enumerate(sorted(asked))]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    result = promtool(["check", "rules", path])
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(asked)} rules found" in result.stdout and len(asked) > 80
    rules[7]["expr"] += ")"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    assert promtool(["check", "rules", path]).returncode != 0


def test_sources_are_formatted():
    sources = [ROOT / "mixin.libsonnet", *(path for place in ("alerts", "dashboards") for path in sorted((ROOT / place / "src").iterdir()))]
    result = subprocess.run([program("jsonnetfmt"), "--test", *sources], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr + "run: make monitoring"


def test_the_dashboards_are_what_their_sources_make(tmp_path: Path):
    subprocess.run(
        [program("jsonnet"), "--multi", tmp_path, "dashboards/src/dashboards.jsonnet"], cwd=ROOT, capture_output=True, check=True
    )
    assert {path.name for path in FILES} == {path.name for path in tmp_path.iterdir()}
    assert all((tmp_path / path.name).read_text() == path.read_text() for path in FILES), "run: make monitoring"


def test_provisioning_reads_the_directory_and_lets_nobody_edit():
    (provider,) = yaml.safe_load((ROOT / "dashboards" / "provisioning.yaml").read_text())["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    assert provider["options"]["path"].endswith("/dashboards")
    assert not json.loads(FILES[0].read_text())["editable"]


# --- what the rules rest on


def test_selectors_of_an_expression():
    found = selectors(
        'sum by (phase) (rate(a_total{x="1", y!~"b|c"}[5m])) / on (job) up > 3 and last_over_time(d{}[1d] offset 1h)'
    )
    assert found == [Selector("a_total", {"x": ("=", "1"), "y": ("!~", "b|c")}), Selector("d", {}), Selector("up", {})]


def test_counters_as_they_stand_and_windows():
    asked = 'rate(a_total[5m]) + b_total + increase(c_count{x="1"}[$__range]) + d:e_total:rate5m + max_over_time(f[1h])'
    assert naked_counters(asked) == ["b_total"]
    assert list(windows(asked)) == ["5m", "$__range"]
