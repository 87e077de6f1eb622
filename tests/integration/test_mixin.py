# SPDX-License-Identifier: Apache-2.0
"""The mixin, evaluated as somebody evaluates it who has fetched it: what is in it, what of it can be changed, and that the rules
of mixtool and of Grafana's dashboard-linter hold."""

import copy
import functools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.documents import alert_rules, dashboards
from harness.documents.alert_rules import ROOT, RUNBOOKS, Rule, alerts, headings, rules
from harness.servers.prometheus import promtool
from harness.tools.process import program
from harness.tools.scratch import scratch_directory

MIXIN = ("mixin.libsonnet", "alerts/src", "dashboards/src")
CHANGED = """
  _config+:: {
    selector: 'job="sidecar"',
    runbooks: 'https://wiki/keyshift',
    dashboards+: { folder: 'Auth', title_prefix: 'Auth / ', tags: ['auth', 'mixin'] },
    authentication+: { error_budget: 0.002 },
    daemon+: { stale_after_seconds: 1234 },
  }
"""


@functools.cache
def evaluated(change: str = "") -> dict[str, Any]:
    """The mixin, with what its user adds to it."""
    vendor = scratch_directory("mixin") / "vendor"
    for name in MIXIN:
        here, there = ROOT / name, vendor / "keyshift" / name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(here, there) if here.is_dir() else shutil.copy(here, there)
    wanted = "{[name]: mixin[name] for name in std.objectFieldsAll(mixin) if std.member(['prometheusAlerts', 'prometheusRules', 'grafanaDashboards', 'grafanaDashboardFolder'], name)}"
    snippet = f"local mixin = (import 'keyshift/mixin.libsonnet') + {{{change}}}; {wanted}"
    result = subprocess.run([program("jsonnet"), "-J", vendor, "-e", snippet], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def written(place: Path, part: str, change: str = "") -> Path:
    path = place / f"{part}.yaml"
    path.write_text(yaml.safe_dump(evaluated(change)[part], sort_keys=False, width=1000))
    return path


def test_it_has_what_mixins_have():
    found = evaluated()
    assert set(found) == {"prometheusAlerts", "prometheusRules", "grafanaDashboards", "grafanaDashboardFolder"}
    assert all("alert" in rule for rule in rules(found["prometheusAlerts"]["groups"]))
    assert all("record" in rule for rule in rules(found["prometheusRules"]["groups"]))
    assert found["grafanaDashboardFolder"] == "keyshift"


def test_it_is_what_the_files_are():
    found = evaluated()
    of_mixin = [*rules(found["prometheusRules"]["groups"]), *rules(found["prometheusAlerts"]["groups"])]
    assert sorted(map(plain, of_mixin)) == sorted(map(plain, rules(alert_rules.groups())))
    assert found["grafanaDashboards"] == {path.name: dashboards.load(path) for path in dashboards.FILES}


def plain(rule: Rule) -> str:
    return json.dumps({**rule, "expr": rule["expr"].strip()}, sort_keys=True)


def test_promtool_accepts_its_rules(tmp_path: Path):
    for part in ("prometheusAlerts", "prometheusRules"):
        for change in ("", CHANGED):
            result = promtool(["check", "rules", written(tmp_path, part, change)])
            assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "alerts").glob("*.test.yaml")), ids=lambda path: path.name)
def test_its_rules_pass_the_tests_of_the_rules(tmp_path: Path, path: Path):
    recording, alerting = written(tmp_path, "prometheusRules"), written(tmp_path, "prometheusAlerts")
    order = [group["name"] for part in ("prometheusRules", "prometheusAlerts") for group in evaluated()[part]["groups"]]
    test = yaml.safe_load(path.read_text()) | {"rule_files": [recording.name, alerting.name], "group_eval_order": order}
    (tmp_path / "mixin.test.yaml").write_text(yaml.safe_dump(test))
    result = promtool(["test", "rules", tmp_path / "mixin.test.yaml"])
    assert result.returncode == 0, result.stdout + result.stderr


def test_its_user_changes_the_settings():
    found = evaluated(CHANGED)
    by_name = {alert["alert"]: alert for alert in alerts(found["prometheusAlerts"]["groups"])}
    assert by_name["KeyshiftDown"]["expr"].strip() == 'up{job="sidecar"} == 0'
    assert 'has no target with job="sidecar":' in by_name["KeyshiftAbsent"]["annotations"]["description"]
    assert all(alert["annotations"]["runbook_url"].startswith("https://wiki/keyshift#") for alert in by_name.values())
    assert "> 14.4 * 0.002" in by_name["KeyshiftAuthFailureBurnFast"]["expr"]
    assert by_name["KeyshiftDataStale"]["expr"].strip().endswith("> 1234")
    overview = found["grafanaDashboards"]["keyshift-overview.json"]
    assert (overview["title"], overview["tags"], found["grafanaDashboardFolder"]) == ("Auth / Overview", ["auth", "mixin"], "Auth")
    assert {link["url"] for link in overview["links"] if link["title"] == "Runbooks"} == {"https://wiki/keyshift"}
    ages = [step["value"] for panel in dashboards.panels(overview) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
    assert 1234 in ages


# --- the linters, rule by rule, as their sources have them


def test_no_rule_of_the_linters_is_broken():
    found = evaluated()
    uids = {each["uid"] for each in found["grafanaDashboards"].values()}
    assert {name: dashboards.violations(each, uids) for name, each in found["grafanaDashboards"].items()} == dict.fromkeys(found["grafanaDashboards"], [])
    for part in ("prometheusAlerts", "prometheusRules"):
        assert alert_rules.violations(found[part]["groups"], headings(RUNBOOKS.read_text())) == []


def first(dashboard: dashboards.Dashboard, kind: str) -> dict[str, Any]:
    return next(panel for panel in dashboards.panels(dashboard) if panel["type"] == kind)


def variable(dashboard: dashboards.Dashboard, name: str) -> dict[str, Any]:
    return next(each for each in dashboard["templating"]["list"] if each["name"] == name)


def asked(dashboard: dashboards.Dashboard, expression: str) -> None:
    first(dashboard, "timeseries")["targets"][0]["expr"] = expression


# All rules of dashboard-linter but two about Loki, which is not asked, and target-promql-rule: test_dashboards.py gives all queries to promtool.
DASHBOARD_LINTER: dict[str, Callable[[dashboards.Dashboard], Any]] = {
    "template-datasource-rule": lambda d: variable(d, "datasource").update(name="prom"),
    "template-job-rule": lambda d: variable(d, "job").update(type="custom"),
    "template-instance-rule": lambda d: variable(d, "instance").update(label="Host"),
    "template-label-promql-rule": lambda d: variable(d, "job").update(definition="labels(keyshift_build_info)"),
    "template-on-time-change-reload-rule": lambda d: variable(d, "whose").update(refresh=1),
    "panel-datasource-rule": lambda d: first(d, "timeseries")["datasource"].update(uid="$prom"),
    "panel-title-description-rule": lambda d: first(d, "gauge").update(description=""),
    "panel-units-rule": lambda d: first(d, "stat")["fieldConfig"]["defaults"].update(unit="keys"),
    "panel-no-targets-rule": lambda d: first(d, "stat").update(targets=[]),
    "target-rate-interval-rule": lambda d: asked(d, 'rate(x_total{job=~"$job", instance=~"$instance"}[5m])'),
    "target-job-rule": lambda d: asked(d, 'keyshift_keys{job="$job", instance=~"$instance"}'),
    "target-instance-rule": lambda d: asked(d, 'keyshift_keys{job=~"$job"}'),
    "target-counter-agg-rule": lambda d: asked(d, 'sum(x_total{job=~"$job", instance=~"$instance"})'),
    "uneditable-dashboard": lambda d: d.update(editable=True),
    "no title (mixtool)": lambda d: d.update(title=""),
    "no UID (mixtool)": lambda d: d.pop("uid"),
}
MIXTOOL: dict[str, Callable[[dict[str, Any]], Any]] = {
    "alert-group-rule-count": lambda group: group["rules"].extend(copy.deepcopy(group["rules"] * 2)),
    "alert-group-name-length": lambda group: group.update(name="keyshift" * 6),
    "alert-name-camelcase": lambda group: group["rules"][0].update(alert="keyshift_down"),
    "alert-name-length": lambda group: group["rules"][0].update(alert="Keyshift" + "Down" * 9),
    "alert-severity-rule": lambda group: group["rules"][0]["labels"].update(severity="page"),
    "alert-description-missing-rule": lambda group: group["rules"][0]["annotations"].pop("description"),
    "alert-description-templating": lambda group: group["rules"][0]["annotations"].update(description="`keyshift status` tells."),
    "alert-summary-missing-rule": lambda group: group["rules"][0]["annotations"].pop("summary"),
    "alert-summary-templating": lambda group: group["rules"][0]["annotations"].update(summary="It {{ $value }}."),
    "alert-summary-style": lambda group: group["rules"][0]["annotations"].update(summary="keyshift is down."),
}


@pytest.mark.parametrize("rule", DASHBOARD_LINTER)
def test_a_broken_rule_of_the_dashboard_linter_is_noticed(rule: str):
    found = copy.deepcopy(evaluated()["grafanaDashboards"])
    overview = found["keyshift-overview.json"]
    DASHBOARD_LINTER[rule](overview)
    assert dashboards.violations(overview, {each.get("uid") for each in found.values()})


@pytest.mark.parametrize("rule", MIXTOOL)
def test_a_broken_rule_of_mixtool_is_noticed(rule: str):
    found = copy.deepcopy(evaluated()["prometheusAlerts"]["groups"])
    MIXTOOL[rule](next(group for group in found if group["name"] == "keyshift-daemon"))
    assert alert_rules.violations(found, headings(RUNBOOKS.read_text()))


def test_the_exceptions_are_those_that_are_needed():
    """Linters read them from the file beside the mixin; more of them would hide what is wrong."""
    exceptions = yaml.safe_load((ROOT / ".lint").read_text())["exclusions"]
    excused = {(entry["dashboard"], entry["panel"]) for rule in exceptions.values() for entry in rule["entries"]}
    needed = {
        (dashboard["title"], panel["title"])
        for dashboard in evaluated()["grafanaDashboards"].values()
        for panel in dashboards.panels(dashboard)
        for target in panel["targets"]
        for selector in dashboards.selectors(target["expr"])
        if any(selector.matchers.get(label) != matcher for label, matcher in dashboards.SELECTORS.items())
    }
    assert set(exceptions) == {"target-job-rule", "target-instance-rule"}
    assert excused == needed
