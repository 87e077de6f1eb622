# SPDX-License-Identifier: Apache-2.0
"""The probe: requests of keyshift's own to a gateway, what they tell, and that they are left out of what is counted."""

import json
import re

import pytest

from gateway_sim import Gateway, Planted, Seed
from harness.product.counting import looking, wait_for_a_look
from harness.product.keyshift import Keyshift, Serve
from harness.servers.postgres import Database
from harness.tools import leaks
from harness.tools.http_faults import HttpFaults, drip, garbage, hang, redirect, status
from harness.tools.wait import eventually

PATH = "/v1/models"
COUNTERS = [
    {"event": "fallback", "metric": "gateway_auth_fallback_total"},
    {"event": "auth_failure", "metric": "gateway_auth_failures_total", "reason_label": "reason"},
]


@pytest.fixture
def planted(database: Database) -> Planted:
    return Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())


def probing(database: Database, url: str, **options) -> dict:
    tree = looking(database.dsn(), keys={"interval": "200ms"})
    tree["collectors"].append({"type": "probe", "url": url + PATH, "interval": "200ms", "timeout": "1s", **options})
    return tree


def verdict(serve: Serve) -> dict:
    result = Keyshift().run("verdict", "--format", "json", "--config", serve.config_path)
    return {check["check"]: check for check in json.loads(result.stdout)["checks"]}


def probes(serve: Serve) -> float:
    return serve.metric("keyshift_source_poll_duration_seconds_count", source="probe")


def wait_for_probes(serve: Serve, count: int = 3) -> None:
    before = probes(serve)
    eventually(lambda: probes(serve) >= before + count, 15, f"{count} more probes")


# --- is authentication enforced


def test_a_gateway_that_checks_keys(database, planted):
    with Gateway(database.dsn(), require_auth=True) as gateway, Serve(probing(database, gateway.url)) as serve:
        eventually(lambda: serve.metric("keyshift_source_up", source="probe") == 1, 10, "the probe works")
        assert serve.metric("keyshift_fallback_removal_check", check="auth_enforced") == 1
        # Commands read the state, which is written four times a second.
        refused = "a request without credentials was refused"
        eventually(lambda: refused in verdict(serve)["auth_enforced"]["evidence"], 5, "it is saved")


def test_a_gateway_that_lets_everybody_in(database, planted):
    with Gateway(database.dsn(), require_auth=False) as gateway, Serve(probing(database, gateway.url)) as serve:
        eventually(
            lambda: serve.metric("keyshift_fallback_removal_check", check="auth_enforced") == 0, 10, "it is noticed"
        )
        eventually(lambda: verdict(serve)["auth_enforced"]["outcome"] == "UNSAFE", 5, "it is saved")
        assert "let in" in verdict(serve)["auth_enforced"]["evidence"]
        doctor = Keyshift().run("doctor", "--config", serve.config_path)
        assert doctor.returncode == 69
        assert re.search(r"failure .* answers a request without a key with status 200: keys are not checked\n"
                         r" +switch authentication on", doctor.stdout.decode())


# --- the canary


def canary_of(planted: Planted, role: str = "dormant") -> tuple[str, str]:
    key = planted.with_role(role, legacy=True)[0]
    return key.id, leaks.secret(key.text)


@pytest.mark.parametrize(("behaviour", "mode"), [("fallback", "present"), ("faithful", "absent")])
def test_a_canary_tells_whether_there_is_a_fallback(database, planted, tmp_path, behaviour, mode):
    identity, text = canary_of(planted)
    (tmp_path / "canary").write_text(text + "\n")
    options = {"canary_key_file": str(tmp_path / "canary"), "canary_id": identity, "canary_interval": "1s"}
    with Gateway(database.dsn(), behaviour=behaviour, require_auth=True, auth_metrics=True) as gateway:
        config = probing(database, gateway.url, **options)
        target = {"targets": [f"{gateway.url}/metrics"], "interval": "200ms", "counters": COUNTERS}
        config["collectors"].append({"type": "gateway_metrics", **target})
        with Serve(config) as serve:
            legacy = database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")[0][0]
            assert serve.keys()[0] == legacy - 1, "the canary is keyshift's own"
            eventually(lambda: serve.metric("keyshift_fallback_mode", mode=mode) == 1, 15, f"{mode} is found out")
            eventually(lambda: gateway.counts()["failures"].get("missing_header", 0) >= 5, 15, "some probes")
            wait_for_probes(serve, 10)
            wait_for_a_look(serve)
            counts = gateway.counts()
            tried = counts["fallback"]["hits"] if mode == "present" else counts["failures"]["unknown_key"]
            assert tried >= 2, "the canary was tried more than once"
            # What keyshift itself caused is nobody's failure, and nobody's use of the fallback.
            assert serve.metric("keyshift_fallback_auth_total") == 0
            assert serve.metric("keyshift_auth_failures_total", reason="missing_header") == 0
            assert serve.metric("keyshift_auth_failures_total", reason="unknown_key") == 0
            assert serve.metric("keyshift_fallback_scans_total") == 0
            assert serve.metric("keyshift_auth_lookups_total", result="not_found") == 0
            # Where somebody else comes, that is counted.
            key = next(k for k in planted.with_role("active", legacy=True))
            assert ask(gateway, key.text) == (200 if mode == "present" else 401)
            if mode == "present":
                eventually(lambda: serve.metric("keyshift_fallback_auth_total") == 1, 15, "one fallback")
            else:
                failed = ("keyshift_auth_failures_total", {"reason": "unknown_key"})
                eventually(lambda: serve.metric(failed[0], **failed[1]) == 1, 15, "one failure")


def ask(gateway: Gateway, key: str) -> int:
    import requests

    return requests.post(gateway.url + PATH, headers={"Authorization": f"Bearer {key}"}, timeout=5).status_code


def test_a_canary_that_is_blocked_proves_nothing(database, planted, tmp_path):
    identity, text = canary_of(planted)
    database.execute("UPDATE virtual_keys SET blocked = true WHERE id = %s", (identity,))
    (tmp_path / "canary").write_text(text)
    options = {"canary_key_file": str(tmp_path / "canary"), "canary_id": identity, "canary_interval": "1s"}
    with Gateway(database.dsn(), behaviour="fallback", require_auth=True) as gateway:
        with Serve(probing(database, gateway.url, **options)) as serve:
            eventually(lambda: serve.errors("probe").get("other", 0) >= 1, 15, "it is an error")
            assert "refused, but not as an unknown one: API key is blocked" in serve.log()
            assert serve.metric("keyshift_fallback_mode", mode="absent") == 0
            eventually(lambda: verdict(serve)["auth_enforced"]["outcome"] == "pass", 10, "that goes on")


def test_a_canary_needs_its_id(database, tmp_path):
    (tmp_path / "k.yaml").write_text(
        "collectors:\n  - {type: probe, url: 'http://gateway/v1/models', canary_key: sk-abc}\n"
    )
    result = Keyshift().run("check", tmp_path / "k.yaml")
    assert result.returncode == 78
    assert b"collectors[probe].canary_id: is not given" in result.stderr and b"sk-abc" not in result.stderr


# --- answers that tell nothing


@pytest.mark.parametrize(
    ("answer", "reason", "text"),
    [
        (status(404), "schema", "with status 404, which does not say"),
        (status(405), "schema", "with status 405"),
        (redirect("http://elsewhere/login"), "schema", "with status 302"),
        (status(500), "other", "with status 500"),
        (status(429), "other", "with status 429"),
        (garbage(), "parse", "HTTP"),
        (hang(), "timeout", "time"),
        (drip("x" * 100, 0.1), "timeout", "time"),
    ],
    ids=["404", "405", "redirect", "500", "429", "garbage", "hang", "drip"],
)
def test_other_answers_are_errors(database, planted, answer, reason, text):
    with HttpFaults() as server:
        server.answer(answer)
        with Serve(probing(database, server.url, timeout="500ms")) as serve:
            eventually(lambda: serve.errors("probe").get(reason, 0) >= 1, 15, f"an error of reason {reason}")
            assert text in serve.log()
            assert serve.metric("keyshift_source_up", source="probe") == 0
            assert serve.metric("keyshift_fallback_removal_check", check="sources_fresh") == 1


def test_a_request_is_sent_no_more_often_than_wanted(database, planted):
    with HttpFaults() as server:
        server.answer(status(401, "Missing authorization header"))
        with Serve(probing(database, server.url, interval="1s")) as serve:
            eventually(lambda: len(server.requests) >= 3, 10, "three requests")
            assert probes(serve) <= len(server.requests) <= probes(serve) + 1
            assert {request.method for request in server.requests} == {"POST"}
            assert not any("authorization" in request.headers for request in server.requests)
            assert all("keyshift" in request.headers["user-agent"] for request in server.requests)
