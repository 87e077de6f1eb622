# SPDX-License-Identifier: Apache-2.0
"""The alert rules, their tests, their runbooks, and the configurations of Prometheus and Alertmanager for them."""

import copy
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.documents.alert_rules import (
    ROOT, RULES, RUNBOOKS, WHOSE, Rule, alerts, groups, headings, rules, violations
)  # fmt: skip
from harness.documents import alert_rules
from harness.servers.alertmanager import Alertmanager, Receiver, addressed_to, amtool
from harness.servers.prometheus import promtool
from harness.tools.process import program
from harness.tools.wait import eventually

ALERTS = {
    "LegacyKeyStranded", "KeyRetiredInUse", "UpgradedUnused", "AuthFailureBurnFast", "AuthFailureBurnSlow", "UnknownKeyAttempts",
    "LegacyKeyCreated", "MigrationStalled", "MigrationBehindSchedule", "MigrationDeadlineMissed",
    "ReplacementNotAdopted", "ReadyToDelete", "FallbackUsedAfterCutover", "AuthCacheIneffective", "Absent", "Down",
    "SourceDown", "DataStale", "StatisticsReset", "LogUnparsed", "ConfigReloadFailed", "WebConfigReloadFailed", "StateWriteFailing",
    "FallbackModeContradicted", "RowsImplausible", "StandbyBehind", "TableChanged", "EvidenceContradicted",
    "StatementsUnclassified", "ReplicaDown",
}  # fmt: skip
TESTS = sorted((ROOT / "alerts").glob("*.test.yaml"))
ALERTMANAGER = ROOT / "config" / "alertmanager.yaml"


def test_all_alerts_are_there():
    assert f"{len(ALERTS)} alerts for Prometheus" in (ROOT / "README.md").read_text()
    assert {alert["alert"] for alert in alerts(groups())} == {f"Keyshift{name}" for name in ALERTS}


def test_no_rule_violates_what_holds_for_all():
    assert violations(groups(), headings(RUNBOOKS.read_text())) == []


def planted(change: Callable[[Rule], Any], kind: str = "alert") -> list[str]:
    """What is wrong when one rule is changed."""
    tree = copy.deepcopy(groups())
    change(next(rule for rule in rules(tree) if kind in rule and rule.get("labels") != {"severity": "critical"}))
    return violations(tree, headings(RUNBOOKS.read_text()))


@pytest.mark.parametrize(
    "change,what",
    [
        (lambda rule: rule.update(alert="Keyshift_burn"), "CamelCase"),
        (lambda rule: rule.update(alert="Keyshift" + "Burn" * 9), "40 characters"),
        (lambda rule: rule["labels"].update(severity="page"), "severity is page"),
        (lambda rule: rule["labels"].clear(), "severity is None"),
        (lambda rule: rule["labels"].update(severity="critical"), "nobody must be woken"),
        (lambda rule: rule["annotations"].update(summary="{{ $labels.instance }} burns."), "summary"),
        (lambda rule: rule["annotations"].update(summary="It burns"), "summary"),
        (lambda rule: rule["annotations"].pop("summary"), "summary"),
        (lambda rule: rule["annotations"].update(description=f"{WHOSE}`keyshift key` knows"), "with templates"),
        (lambda rule: rule["annotations"].update(description="{{ $value }}: `keyshift key`."), "whose alert"),
        (lambda rule: rule["annotations"].update(description=f"{WHOSE}it burns."), "no command"),
        (
            lambda rule: rule.update(expr="rate(x_total[1m])")
            or rule["annotations"].update(description=f"{WHOSE}{{{{ $value }}}} burn, `keyshift key`."),
            "all its decimals",
        ),
        (lambda rule: rule["annotations"].update(runbook_url="https://h/runbooks.md#keyshiftburn"), "no heading"),
        (lambda rule: rule["annotations"].pop("runbook_url"), "no heading"),
        (lambda rule: rule.update(expr="sum by (instance) (keyshift_keys) > 0"), "aggregates with by"),
    ],
)
def test_a_planted_violation_of_an_alert_is_found(change: Callable[[Rule], Any], what: str):
    (found,) = planted(change)
    assert what in found


@pytest.mark.parametrize(
    "change,what",
    [
        (lambda rule: rule.update(record="keyshift_failures_rate5m"), "level:metric:operations"),
        (lambda rule: rule.update(expr="sum by (job) (keyshift_keys)"), "aggregates with by"),
    ],
)
def test_a_planted_violation_of_a_recording_rule_is_found(change: Callable[[Rule], Any], what: str):
    (found,) = planted(change, "record")
    assert what in found


def test_promtool_accepts_rules_and_configuration():
    for check in (["check", "rules", RULES], ["check", "config", ROOT / "config" / "prometheus.yaml"]):
        result = promtool(check)
        assert result.returncode == 0, result.stdout + result.stderr


def test_promtool_runs_all_tests_of_rules():
    result = promtool(["test", "rules", *TESTS])
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("SUCCESS") == len(TESTS)


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    cases = [
        case
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", [])
    ]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    quiet = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fires == quiet == {f"Keyshift{name}" for name in ALERTS}
    notes = [alert["exp_annotations"] for case in cases for alert in case["exp_alerts"]]
    assert all(set(each) == {"summary", "description", "runbook_url"} for each in notes)


@pytest.mark.parametrize(
    "test,old,new",
    [
        ("authentication", "ratio_rate5m > 14.4 * 0.01", "ratio_rate5m > 144 * 0.01"),
        ("authentication", 'evidence!="redis"', 'evidence!="other"'),
        ("migration", "for: 30m", "for: 5m"),
        ("migration", "humanizeDuration", "humanize"),
        ("daemon", 'source=~"statements|prometheus"', 'source=~".+"'),
        ("daemon", 'source!="keys"', 'source!="redis"'),
    ],
)
def test_a_broken_rule_fails_its_test(tmp_path: Path, test: str, old: str, new: str):
    text = RULES.read_text()
    assert old in text
    (tmp_path / RULES.name).write_text(text.replace(old, new))
    (tmp_path / "broken.test.yaml").write_text((ROOT / "alerts" / f"{test}.test.yaml").read_text())
    assert promtool(["test", "rules", tmp_path / "broken.test.yaml"]).returncode != 0


def test_the_rules_are_what_their_sources_make():
    assert jsonnet("--string", "alerts/src/keyshift.rules.jsonnet") == RULES.read_text(), "run: make monitoring"


def test_one_constant_leads_to_the_runbooks():
    text = jsonnet("--string", "--tla-str", "runbooks=https://wiki/keyshift", "alerts/src/keyshift.rules.jsonnet")
    urls = {alert["annotations"]["runbook_url"].partition("#")[0] for alert in alerts(groups(text))}
    assert urls == {"https://wiki/keyshift"}


def test_the_documented_configuration_of_prometheus_loads_them():
    section = (ROOT / "docs" / "operations.md").read_text().partition("## Prometheus, Alertmanager and Grafana\n")[2]
    tree = yaml.safe_load(re.search(r"```yaml\n(.*?)```", section, re.S)[1])
    assert [Path(path).name for path in tree["rule_files"]] == [RULES.name]
    (jobs,) = set(re.findall(r'up\{job=~"(.*?)"\}', RULES.read_text()))
    assert all(re.fullmatch(jobs, job["job_name"]) for job in tree["scrape_configs"])


def jsonnet(*args: str) -> str:
    result = subprocess.run([program("jsonnet"), *args], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


# --- runbooks


def runbook(alert: str) -> str:
    found = re.search(rf"^### Keyshift{alert}\n(.*?)(?=^##|\Z)", RUNBOOKS.read_text(), re.M | re.S)
    assert found, f"no heading for {alert}"
    return found[1]


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_each_runbook_says_all_that_somebody_needs(alert: str):
    parts = re.findall(r"^\*\*(.+?)\*\* ", runbook(alert), re.M)
    assert parts == ["Means", "Confirm", "Do", "Do not", "Clears"]


def test_each_heading_of_the_runbooks_is_an_alert():
    assert set(re.findall(r"^### Keyshift(\w+)$", RUNBOOKS.read_text(), re.M)) == ALERTS


def test_each_command_of_the_runbooks_and_descriptions_exists():
    told = [alert["annotations"]["description"] for alert in alerts(groups())]
    named = set(re.findall(r"`keyshift ([a-z]+)", "\n".join([RUNBOOKS.read_text(), *told])))
    documented = set(re.findall(r"^\| `keyshift ([a-z]+)", (ROOT / "docs" / "cli.md").read_text(), re.M))
    assert named - documented == set()
    assert {"status", "report", "key", "failures"} <= named


# --- Alertmanager


def test_amtool_accepts_the_configuration():
    result = amtool(["check-config", ALERTMANAGER])
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("severity,receiver", [("critical", "page"), ("warning", "ticket"), ("info", "digest")])
def test_alerts_are_routed_by_severity(severity: str, receiver: str):
    options = [f"--config.file={ALERTMANAGER}", f"--verify.receivers={receiver}"]
    result = amtool(["config", "routes", "test", *options, f"severity={severity}", "alertname=KeyshiftDown"])
    assert result.returncode == 0, result.stdout + result.stderr


NOT_CRITICAL = ALERTS - {name.removeprefix("Keyshift") for name in alert_rules.CRITICAL}
MUTED = {
    "Down": NOT_CRITICAL | {"SourceDown"},
    "Absent": NOT_CRITICAL,
    "SourceDown": {
        "DataStale", "StatisticsReset", "LogUnparsed", "MigrationStalled", "MigrationBehindSchedule",
        "ReplacementNotAdopted", "ReadyToDelete", "FallbackModeContradicted",
    },
    "StandbyBehind": {"DataStale"},
    "LegacyKeyStranded": {"UnknownKeyAttempts"},
    "AuthFailureBurnFast": {"AuthFailureBurnSlow"},
    "KeyRetiredInUse": set(),
}  # fmt: skip


@pytest.fixture
def alertmanager() -> Iterator[Alertmanager]:
    with Receiver() as receiver, Alertmanager(addressed_to(ALERTMANAGER.read_text(), receiver)) as server:
        yield server


def firing(name: str, instance: str, source: str = "keys") -> dict[str, str]:
    """Its labels; of two rules with the same name, those of the first."""
    rule = next(alert for alert in alerts(groups()) if alert["alert"] == f"Keyshift{name}")
    return {"alertname": rule["alert"], **rule["labels"], "job": "keyshift", "instance": instance, "source": source}


def suppressed(server: Alertmanager, instance: str) -> set[str]:
    states = server.states(instance)
    return {name.removeprefix("Keyshift") for name, state in states.items() if state == "suppressed"}


@pytest.mark.parametrize("cause", MUTED)
def test_a_cause_mutes_what_follows_from_it_and_nothing_else(alertmanager: Alertmanager, cause: str):
    others = ALERTS - set(MUTED) | (MUTED[cause] & set(MUTED))
    alertmanager.post([firing(cause, "a"), *(firing(name, place) for name in others for place in ("a", "b"))])
    eventually(lambda: len(alertmanager.states("a")) == len(others) + 1, 5, "all are there")
    eventually(lambda: suppressed(alertmanager, "a") == MUTED[cause], 5, "those that follow are muted")
    everywhere = {"Absent": MUTED["Absent"], "Down": MUTED["SourceDown"]}
    assert suppressed(alertmanager, "b") == everywhere.get(cause, set()), "another instance"


def test_another_source_that_is_down_mutes_its_own_age_alone(alertmanager: Alertmanager):
    old = [firing("DataStale", "a", source) for source in ("redis", "statements")]
    alertmanager.post([firing("SourceDown", "a", "redis"), firing("MigrationStalled", "a"), *old])
    eventually(lambda: len(alertmanager.active()) == 4, 5, "all are there")

    def muted() -> list[tuple[str, str]]:
        found = [labels for labels, state in alertmanager.active() if state == "suppressed"]
        return [(labels["alertname"], labels["source"]) for labels in found]

    eventually(lambda: muted() == [("KeyshiftDataStale", "redis")], 5, "only that is muted")
