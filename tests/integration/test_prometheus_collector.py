# SPDX-License-Identifier: Apache-2.0
"""The prometheus collector against a server that answers as no Prometheus should, or not at all: what it does not know
for certain it says so, and it never shows a number that nobody gave."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.product.fleet_answers import JSON, PATH, FleetAnswers, failed, scalar, vector
from harness.product.keyshift import Keyshift, Serve
from harness.tools import leaks
from harness.tools.certificates import Authority, self_signed
from harness.tools.http_faults import Answer, HttpFaults, close_in_the_middle, drip, endless, garbage, hang, needs_basic
from harness.tools.http_faults import needs_bearer, redirect, status, text
from harness.tools.ports import free_port
from harness.tools.wait import eventually

HOSTS = {"a:1": 5, "b:1": 7}
FALLBACK = "keyshift_fallback_auth_total"
TIMEOUT = 20.0


@pytest.fixture
def server() -> Iterator[HttpFaults]:
    with HttpFaults() as running:
        yield running


@pytest.fixture
def fleet(server: HttpFaults) -> FleetAnswers:
    answers = FleetAnswers(HOSTS)
    server.answer(answers, PATH)
    return answers


def tree(url: str, **options: Any) -> dict:
    collector = {"type": "prometheus", "url": url, "interval": "100ms", "timeout": "1s", **options}
    return {"collectors": [collector]}


def errors(serve: Serve) -> dict[str, float]:
    return {
        dict(labels)["reason"]: value
        for (name, labels), value in serve.metrics().items()
        if name == "keyshift_source_errors_total" and ("source", "prometheus") in labels and value
    }


def polls(serve: Serve) -> float:
    return serve.metric("keyshift_source_poll_duration_seconds_count", source="prometheus") or 0


def wait_for_poll(serve: Serve) -> None:
    begin = polls(serve)
    serve.process.wait_until(lambda: polls(serve) >= begin + 2, TIMEOUT, "two more polls")


def evidence(serve: Serve) -> str | None:
    for (name, labels), _ in serve.metrics().items():
        if name == "keyshift_evidence_info" and ("signal", "fallback") in labels:
            return dict(labels)["evidence"]
    return None


def missing(serve: Serve) -> list[str]:
    """Whom it misses, as it keeps it."""
    with closing(sqlite3.connect(serve.state_directory / "keyshift.db")) as state:
        rows = state.execute("SELECT value FROM fact WHERE name LIKE '%prometheus%missing'").fetchall()
    return [line for (value,) in rows for line in value.splitlines()]


def test_growth_is_counted_host_by_host_and_never_what_was_there_before(fleet: FleetAnswers, server: HttpFaults):
    with Serve(tree(server.url)) as serve:
        assert serve.metric(FALLBACK) == 0, "what was counted before belongs to nobody"
        assert evidence(serve) == "prometheus"
        fleet.hosts["a:1"] += 3
        eventually(lambda: serve.metric(FALLBACK) == 3, TIMEOUT, "3 hits")
        del fleet.hosts["a:1"]
        fleet.hosts["b:1"] += 1
        eventually(lambda: serve.metric(FALLBACK) == 4, TIMEOUT, "a host that vanishes takes nothing with it")
        fleet.hosts["a:1"] = 10
        eventually(lambda: serve.metric(FALLBACK) == 6, TIMEOUT, "what happened while it was away")
        fleet.hosts["a:1"] = 2
        eventually(lambda: serve.metric(FALLBACK) == 8, TIMEOUT, "its state was lost: from 0")
        assert serve.metric("keyshift_source_resets_total", source="prometheus") == 1
        assert serve.metric("keyshift_auth_failures_total", reason="unknown_key") == 0
        assert errors(serve) == {}
    rounds = [asked for asked in fleet.asked if asked["query"] != "time()"]
    times = {asked["time"] for asked in rounds}
    assert len(rounds) == 12 * len(times), "all queries of a look are of the same moment"
    assert {request.method for request in server.requests} == {"GET"}


def test_a_restart_counts_what_happened_meanwhile(fleet: FleetAnswers, server: HttpFaults):
    with Serve(tree(server.url)) as serve:
        fleet.hosts["a:1"] += 3
        eventually(lambda: serve.metric(FALLBACK) == 3, TIMEOUT, "3 hits")
        serve.stop()
        fleet.hosts["a:1"] += 2
        serve.start()
        eventually(lambda: serve.metric(FALLBACK) == 5, TIMEOUT, "5 hits")


def test_a_new_host_is_counted_from_zero_where_it_began_after_us(fleet: FleetAnswers, server: HttpFaults):
    with Serve(tree(server.url)) as serve:
        wait_for_poll(serve)
        fleet.hosts["old:1"] = 100
        fleet.hosts["new:1"] = 4
        fleet.instead["start"] = vector(
            [({"job": "keyshift", "instance": "old:1"}, 1000), ({"job": "keyshift", "instance": "new:1"}, 4e9)]
        )
        eventually(lambda: serve.metric(FALLBACK) == 4, TIMEOUT, "4 hits")
        fleet.hosts["old:1"] = 101
        eventually(lambda: serve.metric(FALLBACK) == 5, TIMEOUT, "and one more")


BODIES = {
    "a string": (scalar("7", "string"), "parse"),
    "a matrix": ('{"status":"success","data":{"resultType":"matrix","result":[]}}', "parse"),
    "NaN": (vector([({"instance": "a:1"}, "NaN")]), "parse"),
    "negative": (vector([({"instance": "a:1"}, -1)]), "parse"),
    "infinite": (vector([({"instance": "a:1"}, "+Inf")]), "parse"),
    "no JSON": ("<html>", "parse"),
    "nothing": ("", "parse"),
    "half": (vector([({"instance": "a:1"}, 1)])[:-5], "parse"),
    "twice": (vector([({"instance": "a:1", "x": "1"}, 1), ({"instance": "a:1", "x": "2"}, 1)]), "schema"),
    "a store is down": (vector([({"instance": "a:1"}, 1)], warnings=["store down"]), "other"),
    "partial": (vector([({"instance": "a:1"}, 1)], isPartial=True), "other"),
    "an error": (failed("execution", "found duplicate series"), "other"),
}
ANSWERS: dict[str, tuple[Answer, str]] = {
    "a wrong query": (text(failed("bad_data", "parse error: unclosed"), JSON, code=400), "other"),
    "too late over there": (text(failed("timeout", "query timed out"), JSON, code=503), "timeout"),
    "500": (status(500, "oops"), "connect"),
    "503": (status(503, "Service Unavailable"), "connect"),
    "401": (status(401, "no org id"), "auth"),
    "403": (status(403), "auth"),
    "404": (status(404), "other"),
    "a redirection": (redirect("http://127.0.0.1:1/"), "other"),
    "silence": (hang(), "timeout"),
    "half of an answer": (hang("body"), "timeout"),
    "the end in the middle": (close_in_the_middle(vector(), 20), "connect"),
    "bytes": (garbage(), "parse"),
    "no end": (endless(), "parse"),
}


def assert_nothing_changes(serve: Serve, fleet: FleetAnswers, reason: str, break_it: Callable[[], None]) -> None:
    fleet.hosts["a:1"] += 1
    eventually(lambda: serve.metric(FALLBACK) == 1, TIMEOUT, "a hit")
    break_it()
    eventually(lambda: errors(serve), TIMEOUT, "a failed poll")
    assert set(errors(serve)) == {reason}
    assert serve.metric("keyshift_source_up", source="prometheus") == 0
    assert serve.metric(FALLBACK) == 1
    fleet.instead.clear()
    fleet.hosts["b:1"] += 1
    eventually(lambda: serve.metric(FALLBACK) == 2, TIMEOUT, "it goes on where it stood")
    assert set(errors(serve)) == {reason}


@pytest.mark.parametrize("what", ["fallback", "up"])
@pytest.mark.parametrize("case", BODIES)
def test_an_answer_that_cannot_be_believed_is_none(fleet: FleetAnswers, server: HttpFaults, what: str, case: str):
    body, reason = BODIES[case]
    if what == "up" and case in ("NaN", "negative", "infinite", "twice"):
        return
    with Serve(tree(server.url)) as serve:
        assert_nothing_changes(serve, fleet, reason, lambda: fleet.instead.update({what: body}))


@pytest.mark.parametrize("what", ["time", "misses"])
@pytest.mark.parametrize("case", ANSWERS)
def test_a_server_that_does_not_answer_well(fleet: FleetAnswers, server: HttpFaults, what: str, case: str):
    answer, reason = ANSWERS[case]
    with Serve(tree(server.url)) as serve:
        assert_nothing_changes(serve, fleet, reason, lambda: fleet.instead.update({what: answer}))


def test_a_server_that_drips_is_given_up_in_time(fleet: FleetAnswers, server: HttpFaults):
    with Serve(tree(server.url, timeout="500ms")) as serve:
        fleet.instead["hits"] = drip(vector(), 0.1)
        eventually(lambda: errors(serve), TIMEOUT, "a failed poll")
        assert set(errors(serve)) == {"timeout"}


def test_the_servers_own_words_are_in_the_log(fleet: FleetAnswers, server: HttpFaults):
    with Serve(tree(server.url)) as serve:
        fleet.instead["misses"] = ANSWERS["a wrong query"][0]
        eventually(lambda: "parse error: unclosed" in serve.log(), TIMEOUT, "the words")
        assert "queries.auth_cache_misses" in serve.log()


def test_a_server_that_is_down_is_found_when_it_comes():
    port = free_port()
    with Serve(tree(f"http://127.0.0.1:{port}")) as serve:
        assert set(errors(serve)) == {"connect"}
        assert evidence(serve) is None
        assert serve.metric(FALLBACK) == 0


def test_no_series_is_not_zero(fleet: FleetAnswers, server: HttpFaults):
    fleet.hosts.clear()
    with Serve(tree(server.url)) as serve:
        wait_for_poll(serve)
        assert evidence(serve) is None, "nobody counts"
        assert errors(serve) == {}
        fleet.hosts.update(HOSTS)
        eventually(lambda: evidence(serve) == "prometheus", TIMEOUT, "evidence")
        fleet.hosts["a:1"] += 1
        eventually(lambda: serve.metric(FALLBACK) == 1, TIMEOUT, "a hit")
        fleet.instead["fallback"] = vector()
        eventually(lambda: "1 of 1 hosts" in missing(serve), TIMEOUT, "nobody counts any more")
        assert serve.metric(FALLBACK) == 1


MISSING: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "down": ({"up": vector([({"job": "keyshift", "instance": "b:1"}, 0)])}, {}, "cannot be scraped"),
    "long ago": ({"fresh": vector([({"job": "keyshift", "instance": "b:1"}, 0)])}, {}, "too long ago"),
    "its source": ({"sources": vector([({"instance": "b:1", "source": "x"}, 0)])}, {}, "a source is down (x)"),
    "its gateway": ({"gateways": vector([({"instance": "b:1", "gateway": "g"}, 0)])}, {}, "does not answer (g)"),
    "no evidence": ({"no fallback evidence": vector([({"instance": "b:1"}, 0)])}, {}, "does not count fallback"),
    "nobody is scraped": ({"up": vector()}, {}, "queries.health[0]"),
    "too few": ({}, {"instances": 3}, "1 of 3 hosts"),
}


@pytest.mark.parametrize("case", MISSING)
def test_who_is_missing_is_said(fleet: FleetAnswers, server: HttpFaults, case: str):
    instead, options, words = MISSING[case]
    with Serve(tree(server.url, **options)) as serve:
        if instead:
            wait_for_poll(serve)
            assert missing(serve) == []
            fleet.instead.update(instead)
        eventually(lambda: [line for line in missing(serve) if words in line], TIMEOUT, words)
        assert errors(serve) == {}


def test_a_host_that_vanished_is_missing(fleet: FleetAnswers, server: HttpFaults):
    with Serve(tree(server.url)) as serve:
        wait_for_poll(serve)
        del fleet.hosts["b:1"]
        parts = ("auth_cache_hits", "auth_cache_misses", "auth_failures", "fallback", "requests")
        expected = [f'{part} of instance="b:1",job="keyshift"' for part in parts]
        eventually(lambda: sorted(missing(serve)) == expected, TIMEOUT, "who is missing")
        fleet.hosts["b:1"] = 7
        eventually(lambda: missing(serve) == [], TIMEOUT, "nobody is missing")


def test_queries_of_ones_own(fleet: FleetAnswers, server: HttpFaults):
    own = {
        "fallback": "sum(gateway_fallback_total)",
        "auth_failures": "sum by (reason) (gateway_failures_total)",
        "auth_cache_hits": None,
        "auth_cache_misses": None,
        "requests": None,
        "health": ["min(up)"],
    }
    fleet.instead = {
        own["fallback"]: vector([({}, 5)]),
        own["auth_failures"]: vector([({"reason": "blocked"}, 1)]),
        "min(up)": vector([({}, 1)]),
        "start": vector(),
    }
    with Serve(tree(server.url, queries=own)) as serve:
        fleet.instead[own["fallback"]] = vector([({}, 6)])
        fleet.instead[own["auth_failures"]] = vector([({"reason": "blocked"}, 1), ({"reason": "strange"}, 2)])
        eventually(lambda: serve.metric(FALLBACK) == 1, TIMEOUT, "a hit")
        assert serve.metric("keyshift_auth_failures_total", reason="blocked") == 0
        assert serve.metric("keyshift_auth_failures_total", reason="other") == 2
        assert serve.metric("keyshift_auth_cache_hits_total") is None
        fleet.instead["min(up)"] = vector([({}, 0)])
        eventually(lambda: missing(serve) == ["health[0] is below 1"], TIMEOUT, "who is missing")
    asked = {asked["query"] for asked in fleet.asked}
    assert asked == {"time()", "min(up)", own["fallback"], own["auth_failures"], *(q for q in asked if "start" in q)}


def test_logins_and_tenants(server: HttpFaults, tmp_path: Path):
    fleet = FleetAnswers(HOSTS)
    token = tmp_path / "token"
    secret = leaks.secret("t0ken-of-the-fleet")
    token.write_text(f"{secret}\n")
    server.answer(needs_bearer(secret, fleet), "/prometheus" + PATH)
    with Serve(tree(f"{server.url}/prometheus/", bearer_token_file=str(token), tenant="team a")) as serve:
        assert evidence(serve) == "prometheus"
        assert {request.headers.get("x-scope-orgid") for request in server.requests} == {"team a"}
        token.write_text("wrong")
        eventually(lambda: errors(serve), TIMEOUT, "a failed poll")
        assert set(errors(serve)) == {"auth"}


def test_basic_auth_and_no_tenant(server: HttpFaults):
    server.answer(needs_basic("u", "p4ss", FleetAnswers(HOSTS)), PATH)
    with Serve(tree(server.url, basic_auth={"username": "u", "password": "p4ss"})) as serve:
        assert evidence(serve) == "prometheus"
        assert {request.headers.get("x-scope-orgid") for request in server.requests} == {None}


def test_tls_is_checked(tmp_path: Path):
    certificate = self_signed(tmp_path)
    authority = Authority("someone else")
    with HttpFaults(certificate=certificate) as server:
        server.answer(FleetAnswers(HOSTS), PATH)
        with Serve(tree(server.url, tls={"ca_file": str(certificate.certificate)})) as serve:
            assert evidence(serve) == "prometheus"
        with Serve(tree(server.url, tls={"ca_file": str(authority.certificate)})) as serve:
            assert set(errors(serve)) == {"connect"} and evidence(serve) is None


@pytest.mark.parametrize(
    "options,words",
    [
        ({"url": "prometheus:9090"}, "is not an http:// or https:// URL"),
        ({"queries": {"fallback": ""}}, "queries.fallback"),
        ({"instances": 0}, "instances"),
        ({"host_labels": ["a-b"]}, "is no name of a label"),
        ({"job": ""}, "job"),
    ],
)
def test_mistakes_in_the_configuration(options: dict, words: str, tmp_path: Path):
    config = tree("http://127.0.0.1:9090")
    config["collectors"][0].update(options)
    file = tmp_path / "keyshift.yaml"
    file.write_text(yaml.safe_dump(config))
    result = Keyshift().run("check", file)
    assert result.returncode == 78 and words in result.stdout.decode() + result.stderr.decode()
