# SPDX-License-Identifier: Apache-2.0
"""keyshift doctor on what it asks by HTTP: replicas' metrics, the probe, Prometheus."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from gateway_sim import Gateway
from harness.product.doctor import Doctor, doctor
from harness.product.fleet_answers import PATH, FleetAnswers
from harness.tools.http_faults import HttpFaults, redirect, status, text
from harness.tools.ports import free_port

COUNTERS = [{"event": "fallback", "metric": "fallback_total"}]


@pytest.fixture
def server() -> Iterator[HttpFaults]:
    with HttpFaults() as running:
        yield running


def probe(url: str, **options: Any) -> Doctor:
    return doctor({"collectors": [{"type": "probe", "url": url, **options}]})


def replicas(*urls: str) -> Doctor:
    return doctor({"collectors": [{"type": "gateway_metrics", "targets": list(urls), "counters": COUNTERS}]})


def prometheus(url: str, **options: Any) -> Doctor:
    return doctor({"collectors": [{"type": "prometheus", "url": url, **options}]})


def test_a_probe_of_the_wrong_method_or_path(plain_gateway: Gateway):
    models = f"{plain_gateway.url}/v1/models"
    seen = probe(models, method="GET")
    assert seen.exit_code == 69 and seen.of("probe", "failure")[0]["reason"] == "schema"
    assert "status 405" in seen.what("probe", "failure")
    method = seen.mend("probe", "failure").split("set method: ")[1]
    assert "status 401: keys are checked" in probe(models, method=method).what("probe", "ok")
    seen = probe(f"{plain_gateway.url}/v1/model")
    assert "status 404" in seen.what("probe", "failure") and "no such path" in seen.mend("probe", "failure")


def test_a_probe_that_is_led_elsewhere(server: HttpFaults, plain_gateway: Gateway):
    server.answer(redirect(f"{plain_gateway.url}/v1/models"))
    seen = probe(server.url)
    assert seen.exit_code == 69
    assert probe(seen.mend("probe", "failure").split("set url: ")[1]).exit_code == 0


def test_a_gateway_that_asks_for_no_key(server: HttpFaults):
    server.answer(text("{}"))
    seen = probe(server.url)
    assert seen.exit_code == 69 and "keys are not checked" in seen.what("probe", "failure")
    assert "REQUIRE_AUTH=true" in seen.mend("probe", "failure")
    seen = probe(f"http://127.0.0.1:{free_port()}/v1/models")
    assert seen.of("probe", "failure")[0]["reason"] == "connect" and "refused" in seen.what("probe", "failure")


def test_the_canary_is_left_alone(plain_gateway: Gateway, tmp_path):
    (tmp_path / "canary").write_text("sk-canary")
    before = plain_gateway.counts()["failures"].get("unknown_key", 0)
    seen = probe(f"{plain_gateway.url}/v1/models", canary_key_file=str(tmp_path / "canary"), canary_id="x")
    assert "the canary key can be read" in seen.what("probe", "ok")
    assert plain_gateway.counts()["failures"].get("unknown_key", 0) == before


def test_replicas_that_have_no_metrics(server: HttpFaults):
    server.answer(text("<html><body>Welcome</body></html>", content_type="text/html"))
    seen = replicas(f"{server.url}/metrics")
    assert seen.exit_code == 69 and seen.of("gateway_metrics", "failure")[0]["reason"] == "parse"
    server.answer(status(404))
    assert "check the path of the URL" in replicas(f"{server.url}/metrics").mend("gateway_metrics", "failure")
    server.answer(text("other_total 1\n"))
    assert "no target has fallback_total" in replicas(f"{server.url}/metrics").what("gateway_metrics", "warning")


def test_one_replica_by_two_names(server: HttpFaults):
    server.answer(text("process_start_time_seconds 1700000000.25\nfallback_total 1\n"))
    twice = [f"{server.url}/metrics", f"http://localhost:{server.address.split(':')[1]}/metrics"]
    seen = replicas(*twice)
    assert seen.exit_code == 0 and "which is read once" in seen.what("gateway_metrics", "ok")
    assert seen.of("gateway_metrics", "warning") == []
    # Another address: nobody knows.
    with HttpFaults() as other:
        other.answer(text("process_start_time_seconds 1700000000.25\nfallback_total 1\n"))
        seen = replicas(twice[0], f"{other.url}/metrics")
        assert seen.exit_code == 0 and "seem to be one process" in seen.what("gateway_metrics", "warning")
    assert replicas(twice[0]).of("gateway_metrics", "warning") == []


def test_a_replica_without_the_counter_of_the_fallback(server: HttpFaults):
    server.answer(text("fallback_total 1\n"))
    with HttpFaults() as other:
        other.answer(text("other_total 1\n"))
        seen = replicas(f"{server.url}/metrics", f"{other.url}/metrics")
        assert f"{other.address} shows no fallback_total" in seen.what("gateway_metrics", "warning")


def test_processes_that_take_turns(server: HttpFaults):
    """Whoever asks several times sees that the one before is still there."""
    starts = (1700000000.25, 1700009000.25)
    turns = itertools.cycle([text(f"process_start_time_seconds {start}\nfallback_total 1\n") for start in starts])
    server.answer(lambda exchange: next(turns)(exchange))
    assert "several processes answer as" in replicas(f"{server.url}/metrics").what("gateway_metrics", "warning")


def test_prometheus_that_knows_no_host(server: HttpFaults):
    seen = prometheus(f"http://127.0.0.1:{free_port()}")
    assert seen.exit_code == 69 and seen.of("prometheus", "failure")[0]["reason"] == "connect"
    server.answer(FleetAnswers({}), PATH)
    seen = prometheus(server.url)
    assert "0 hosts are counted" in seen.what("prometheus", "warning")
    assert f"which is keyshift: {server.url}/targets" in seen.about("prometheus", "0 hosts")["mend"]
    server.answer(FleetAnswers({"a:1": 5, "b:1": 7}), PATH)
    assert "2 hosts are counted" in prometheus(server.url).what("prometheus", "ok")
