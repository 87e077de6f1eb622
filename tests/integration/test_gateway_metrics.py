# SPDX-License-Identifier: Apache-2.0
"""The collector gateway_metrics: replicas that count by themselves, their restarts, and everything that can go wrong."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_sim import Gateway, Planted, Seed, summed
from harness.product.doctor import doctor
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools import http_faults as faults
from harness.tools.certificates import Authority
from harness.tools.http_faults import HttpFaults
from harness.tools.ports import free_port
from harness.tools.wait import eventually

COUNTERS = [
    {"event": "fallback", "metric": "gateway_auth_fallback_total"},
    {"event": "auth_cache_hit", "metric": "gateway_auth_cache_total", "labels": {"result": "hit"}},
    {"event": "auth_cache_miss", "metric": "gateway_auth_cache_total", "labels": {"result": "miss"}},
    {"event": "auth_failure", "metric": "gateway_auth_failures_total", "reason_label": "reason"},
]
HITS = "gateway_auth_fallback_total"


def collector(targets: list[str] | None = None, **options: Any) -> dict[str, Any]:
    given = {"targets": targets} if targets else {}
    return {
        "type": "gateway_metrics", **given, "interval": "200ms", "timeout": "2s", "counters": COUNTERS, **options
    }  # fmt: skip


def alone(targets: list[str] | None = None, **options: Any) -> dict[str, Any]:
    return {"collectors": [collector(targets, **options)]}


def looks(serve: Serve) -> float:
    return serve.metric("keyshift_source_poll_duration_seconds_count", source="gateway_metrics") or 0


def wait_for_look(serve: Serve) -> None:
    """For the end of a look that began after this call."""
    begin = looks(serve)
    serve.process.wait_until(lambda: looks(serve) >= begin + 2, 20, "two more looks")


def counted(serve: Serve, name: str = "keyshift_fallback_auth_total", **labels: str) -> float | None:
    return serve.metric(name, **labels)


def up(serve: Serve) -> dict[str, float]:
    return {
        dict(labels)["gateway"]: value for (name, labels), value in serve.metrics().items() if name == "keyshift_gateway_up"
    }  # fmt: skip


def reasons(serve: Serve) -> set[str]:
    return {
        dict(labels)["reason"]
        for (name, labels), value in serve.metrics().items()
        if name == "keyshift_source_errors_total" and ("source", "gateway_metrics") in labels and value
    }


def page(hits: float | str, more: str = "") -> faults.Answer:
    return faults.text(f"# TYPE {HITS} counter\n{HITS} {hits}\n{more}")


@pytest.fixture
def server() -> Iterator[HttpFaults]:
    with HttpFaults() as server:
        yield server


# --- exact counts of real replicas


def use(gateway: Gateway, key: str) -> None:
    request = urllib.request.Request(
        f"{gateway.url}/v1/models", headers={"Authorization": f"Bearer {key}"}, method="POST"
    )
    try:
        urllib.request.urlopen(request, timeout=20).close()
    except urllib.error.HTTPError as error:
        error.close()


def expected(counts: dict) -> dict[str, float]:
    failures = {f"failure {reason}": float(count) for reason, count in counts["failures"].items() if count}
    return {
        "fallback": counts["fallback"]["hits"],
        "hit": counts["auth_cache"]["verified"]["hit"],
        "miss": counts["authenticated"]["without_cache"],
        **failures,
    }


def shown(serve: Serve) -> dict[str, float]:
    names = {"fallback_auth": "fallback", "auth_cache_hits": "hit", "auth_cache_misses": "miss"}
    samples = serve.metrics()
    out = {label: samples[f"keyshift_{name}_total", frozenset()] for name, label in names.items()}
    for (name, labels), value in samples.items():
        if name == "keyshift_auth_failures_total" and value:
            out[f"failure {dict(labels)['reason']}"] = value
    return out


def traffic(planted: Planted, *gateways: Gateway) -> None:
    for gateway in gateways:
        for key in planted.with_role("active"):
            use(gateway, key.text)
            use(gateway, key.text)
        use(gateway, "sk-unknown")
        use(gateway, "no token")


def test_counts_are_exact_over_restarts_and_replicas_that_come_and_go(database: Database, redis, tmp_path: Path):
    with redis.client() as client:
        client.flushall()
    planted = Seed(seed=3, owners=2, keys_per_owner=1).plant(database.dsn())
    options = {"behaviour": "fallback", "require_auth": True, "auth_metrics": True, "process_metrics": True}
    files = tmp_path / "gateways.json"

    def list_targets(*gateways: Gateway) -> None:
        text = json.dumps([{"targets": [gateway.url.removeprefix("http://") for gateway in gateways]}])
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(files)

    with (
        Gateway(database.dsn(), redis.url(), **options) as first,
        Gateway(database.dsn(), **options) as second,
        Gateway(database.dsn(), **options) as third,
    ):
        list_targets(second)
        with Serve(alone([first.url], file_sd=[str(tmp_path / "gate*.json")])) as serve:
            wait_for_look(serve)
            before_third = third.counts()

            def all_counted(*gateways: Gateway) -> None:
                want = expected(summed([gateway.counts() for gateway in gateways]))
                eventually(lambda: shown(serve) == want, 10, f"{want}")

            traffic(planted, first, second)
            all_counted(first, second)
            assert shown(serve)["fallback"] > 0 < shown(serve)["hit"]
            first.restart()
            traffic(planted, first)
            all_counted(first, second)
            serve.stop()
            traffic(planted, second)
            serve.start()
            all_counted(first, second)
            assert before_third == third.counts()
            list_targets(second, third)
            eventually(lambda: len(up(serve)) == 3, 10, "the third replica")
            traffic(planted, third, first)
            all_counted(first, second, third)
            list_targets(third)
            eventually(lambda: len(up(serve)) == 2, 10, "two replicas")
            traffic(planted, third)
            all_counted(first, second, third)
            assert set(up(serve).values()) == {1.0}
            for signal in ("fallback", "auth_cache", "auth_failures"):
                assert serve.metric("keyshift_evidence_info", signal=signal, evidence="gateway_metrics") == 1


def test_the_preset_counts_the_cache_of_answers_and_nothing_else(server: HttpFaults):
    config = alone([server.url])
    del config["collectors"][0]["counters"]
    server.answer(faults.text('llm_gateway_cache_total{status="hit"} 5\n'), "/metrics")
    with Serve(config) as serve:
        wait_for_look(serve)
        server.answer(
            faults.text('llm_gateway_cache_total{status="hit"} 7\nllm_gateway_cache_total{status="miss"} 1\n'),
            "/metrics",
        )
        eventually(lambda: counted(serve, "keyshift_response_cache_hits_total") == 2, 10, "two hits")
        assert counted(serve, "keyshift_response_cache_misses_total") == 1, "the series is new, the replica is not"
        assert counted(serve) is None
        assert serve.metric("keyshift_evidence_info", signal="fallback", evidence="gateway_metrics") is None


def test_what_is_absent_is_not_zero(server: HttpFaults):
    server.answer(faults.text("# TYPE gateway_auth_fallback_total counter\nother_total 1\n"), "/metrics")
    with Serve(alone([server.url])) as serve:
        wait_for_look(serve)
        assert serve.metric("keyshift_evidence_info", signal="fallback", evidence="gateway_metrics") is None
        server.answer(page(1), "/metrics")
        eventually(lambda: serve.metric("keyshift_evidence_info", signal="fallback", evidence="gateway_metrics"), 10, "it")


def test_a_target_that_comes_later_counts_from_its_start(server: HttpFaults, tmp_path: Path):
    """But not what a process had counted that is older than our watching, where it says when it began."""
    targets = tmp_path / "t.yml"
    server.answer(page(3), "/known")
    server.answer(page(5), "/new")
    server.answer(page(7, "process_start_time_seconds 1000\n"), "/old")
    server.answer(page(11, f"process_start_time_seconds {time.time() + 5}\n"), "/started")
    group = "- targets: ['{}']\n  labels: {{__metrics_path__: '{}'}}\n"
    targets.write_text(group.format(server.address, "/known"))
    with Serve(alone(file_sd=[str(targets)])) as serve:
        wait_for_look(serve)
        assert counted(serve) == 0, "what was counted before the first look is nobody's"
        paths = ("/known", "/new", "/old", "/started")
        targets.write_text("".join(group.format(server.address, path) for path in paths))
        eventually(lambda: len(up(serve)) == 4, 10, "all targets")
        wait_for_look(serve)
        assert counted(serve) == 5 + 11
        server.answer(page(8, "process_start_time_seconds 1000\n"), "/old")
        server.answer(page(12, f"process_start_time_seconds {time.time() + 50}\n"), "/started")
        eventually(lambda: counted(serve) == 16 + 1 + 12, 10, "a restart that the counter alone does not show")


def test_a_target_of_a_file_that_was_broken_from_the_start_is_not_new(server: HttpFaults, tmp_path: Path):
    targets = tmp_path / "t.yml"
    server.answer(page(3), "/a")
    server.answer(page(5), "/b")
    with Serve(alone([f"{server.url}/a"], file_sd=[str(targets)])) as serve:
        wait_for_look(serve)
        targets.write_text(f"- targets: ['{server.address}']\n  labels: {{__metrics_path__: /b}}\n")
        eventually(lambda: len(up(serve)) == 2, 10, "both targets")
        wait_for_look(serve)
        assert counted(serve) == 0
        server.answer(page(6), "/b")
        eventually(lambda: counted(serve) == 1, 10, "what it counts from now on")


# --- faults of one target among two

FAULTS: dict[str, faults.Answer] = {
    "garbage": faults.garbage(),
    "no page": faults.text("<html>\n"),
    "html": faults.text("a 1\n", "text/html"),
    "endless": faults.endless(),
    "endless length": faults.endless(framing="length"),
    "endless close": faults.endless(framing="close"),
    "endless header": faults.endless_headers(),
    "compressed": faults.endless(framing="gzip"),
    "slow": faults.drip(f"{HITS} 1\n", 0.3),
    "hangs": faults.hang(),
    "hangs in its body": faults.hang("body"),
    "cut": faults.close_in_the_middle(f"{HITS} 1\n{HITS}2 1\n", 20),
    "duplicate": faults.text(f"{HITS} 1\n{HITS} 1\n"),
    "NaN": page("NaN"),
    "infinite": page("+Inf"),
    "negative": page("-1"),
    "gauge": faults.text(f"# TYPE {HITS} gauge\n{HITS} 1\n"),
    "huge label": faults.text(f'{HITS}{{x="{"y" * 100_000}"}} 1\n'),
    "many series": faults.text("".join(f'{HITS}{{x="{i}"}} 1\n' for i in range(10_001))),
    "500": faults.status(500),
    "401": faults.status(401),
    "404": faults.status(404),
    "redirect": faults.redirect("http://user:do-not-tell@elsewhere.example/metrics?token=do-not-tell"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_bad_target_is_missing_and_the_other_counts(fault: str):
    with HttpFaults() as good, HttpFaults() as bad:
        good.answer(page(1), "/metrics")
        bad.answer(page(1), "/metrics")
        with Serve(alone([good.url, bad.url], timeout="1s", max_body_mib=2)) as serve:
            wait_for_look(serve)
            assert up(serve) == {good.address: 1, bad.address: 1}
            bad.answer(FAULTS[fault], "/metrics")
            eventually(lambda: up(serve) == {good.address: 1, bad.address: 0}, 10, "one is down")
            good.answer(page(3), "/metrics")
            eventually(lambda: counted(serve) == 2, 10, "the other counts")
            assert serve.metric("keyshift_source_up", source="gateway_metrics") == 1
            high_water = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{serve.process.pid}/status").read_text())[1])
            assert high_water < 120_000, "kilobytes"
            bad.answer(page(6), "/metrics")
            eventually(lambda: counted(serve) == 2 + 5, 10, "what it counted meanwhile is not lost")
            assert "do-not-tell" not in serve.log_path.read_text()


@pytest.mark.parametrize(
    ("answer", "reason", "says"),
    [
        (faults.garbage(), "parse", "not HTTP/1"),
        (faults.text("a 1\n", "text/html"), "parse", "answered text/html, not a page of metrics"),
        (faults.endless(), "parse", "larger than 2 MiB"),
        (faults.hang(), "timeout", ""),
        (page("NaN"), "parse", "has a value that no counter can have"),
        (faults.text(f"# TYPE {HITS} gauge\n{HITS} 1\n"), "parse", f"{HITS} is a gauge, not a counter"),
        (faults.status(500), "other", "answered 500"),
        (faults.status(401), "auth", "answered 401"),
        (faults.status(403), "auth", "answered 403"),
        (faults.status(404), "schema", "answered 404"),
        (faults.redirect("https://elsewhere.example/m?token=do-not-tell"), "other", "redirects to https://elsewhere.example/m"),
        (faults.redirect("/elsewhere?token=do-not-tell"), "other", "redirects to /elsewhere"),
        (faults.redirect("http://user:do-not-tell@elsewhere.example/"), "other", "redirects to somewhere else"),
    ],
)
def test_why_the_whole_look_failed(server: HttpFaults, answer: faults.Answer, reason: str, says: str):
    server.answer(answer)
    with Serve(alone([f"{server.url}/metrics?token=do-not-tell"], timeout="1s", max_body_mib=2)) as serve:
        assert serve.metric("keyshift_source_up", source="gateway_metrics") == 0
        assert reasons(serve) == {reason}
        assert says in serve.log_path.read_text()
        assert "do-not-tell" not in serve.log_path.read_text() + serve.scrape_text()


def test_the_log_says_why_one_of_several_is_refused():
    bad_page = faults.text(f'{HITS} 1\nother{{key="do-not-tell"}} x\n')
    with HttpFaults() as good, HttpFaults() as bad:
        good.answer(page(1), "/metrics")
        bad.answer(bad_page, "/metrics")
        with Serve(alone([good.url, bad.url])) as serve:
            says = f"{bad.url}/metrics: line 2: the value is not a number, at other"
            eventually(lambda: says in serve.log_path.read_text(), 10, "line and reason")
            wait_for_look(serve)
            assert serve.log_path.read_text().count("a target is refused") == 1
            assert "do-not-tell" not in serve.log_path.read_text()
            found = doctor(alone([good.url, bad.url]))
            assert found.about("gateway_metrics", says)["reason"] == "parse"


def test_the_most_frequent_reason_stands_for_all(server: HttpFaults):
    server.answer(faults.status(500), "/metrics")
    server.answer(faults.status(403), "/a")
    server.answer(faults.status(403), "/b")
    with Serve(alone([server.url, f"{server.url}/a", f"{server.url}/b"])) as serve:
        assert reasons(serve) == {"auth"}
        assert "3 of 3 targets failed: " in serve.log_path.read_text()


# --- who we are, and who they are


def test_bearer_token_and_basic_auth(tmp_path: Path):
    with HttpFaults() as server:
        token = tmp_path / "token"
        token.write_text("t0ken-of-a-test\n")
        server.answer(faults.needs_bearer("t0ken-of-a-test", page(1)), "/metrics")
        with Serve(alone([server.url], bearer_token_file=str(token))) as serve:
            assert up(serve) == {server.address: 1}
            server.answer(faults.needs_bearer("an0ther-token", page(1)), "/metrics")
            eventually(lambda: reasons(serve) == {"auth"}, 10, "a refusal")
            token.write_text("an0ther-token")
            eventually(lambda: serve.metric("keyshift_source_up", source="gateway_metrics"), 10, "the new token")
            assert "0" not in re.findall("t0ken|an0ther", serve.log_path.read_text() + serve.scrape_text())
        token.write_text("p4ssword-of-a-test")
        login = {"username": "keyshift", "password_file": str(token)}
        server.answer(faults.needs_basic("keyshift", "p4ssword-of-a-test", page(1)), "/metrics")
        with Serve(alone([server.url], basic_auth=login)) as serve:
            assert up(serve) == {server.address: 1}
            token.unlink()
            eventually(lambda: reasons(serve) == {"other"}, 10, "the file is missing")


def test_tls(tmp_path: Path):
    ours, theirs = Authority(), Authority("somebody else")
    client = ours.client("keyshift")
    with HttpFaults(certificate=ours.server(), clients=ours.certificate) as server:
        server.answer(page(1), "/metrics")

        def outcome(**tls: Any) -> set[str]:
            options = {name: str(value) for name, value in tls.items()}
            with Serve(alone([server.url], tls=options) if options else alone([server.url])) as serve:
                return reasons(serve) or {f"up {int(up(serve)[server.address])}"}

        pair = {"certificate_file": client.certificate, "key_file": client.key}
        assert outcome(ca_file=ours.certificate, **pair) == {"up 1"}
        assert server.requests[-1].client_name == "keyshift"
        assert outcome(ca_file=ours.certificate) == {"auth"}
        assert outcome(ca_file=theirs.certificate, **pair) == {"connect"}
        assert outcome(**pair) == {"connect"}
        assert outcome(ca_file=ours.certificate, server_name="elsewhere.example", **pair) == {"connect"}
    with HttpFaults(certificate=ours.expired_server()) as server:
        server.answer(page(1), "/metrics")
        assert outcome(ca_file=ours.certificate) == {"connect"}


# --- discovery


def test_a_broken_file_keeps_its_targets_and_is_missed(server: HttpFaults, tmp_path: Path, database: Database):
    table = KeyTable(database)
    table.add(idle=10 * DAY)
    server.answer(page(1))
    targets = tmp_path / "t.json"
    good = json.dumps([{"targets": [server.address]}])
    targets.write_text(good)
    tree = watching(database.dsn())
    tree["collectors"].append(collector(file_sd=[str(targets)]))
    tree["migration"] = {"drain_window": "1s", "dormant_after": "60d"}
    with Serve(tree) as serve:
        check = lambda: no_fallback_hits(serve)  # noqa: E731
        wait_for_look(serve)
        server.answer(page(2))  # a hit shows that hits are counted
        eventually(lambda: check()["outcome"] == "pass", 10, "a good state")
        targets.write_text(good[:-5])
        eventually(lambda: check()["outcome"] == "UNKNOWN", 10, "the file is missed")
        assert up(serve) == {server.address: 1}
        targets.write_text(good)
        eventually(lambda: check()["outcome"] == "pass", 10, "the file is good again")


def test_no_target_at_all(server: HttpFaults, tmp_path: Path):
    targets = tmp_path / "t.json"
    server.answer(page(5))
    counters = [{"event": "response_cache_hit", "metric": HITS}]
    with Serve(alone(file_sd=[str(targets)], counters=counters)) as serve:
        assert reasons(serve) == {"parse"}
        assert "does not exist" in serve.log_path.read_text()
        targets.write_text("[]")
        eventually(lambda: "other" in reasons(serve), 10, "there is no target")
        targets.write_text(json.dumps([{"targets": [server.address]}]))
        hits = "keyshift_response_cache_hits_total"
        eventually(lambda: counted(serve, hits) == 5, 10, "the first target began while we were watching")


def test_each_address_of_a_host_is_a_target(server: HttpFaults):
    """localhost has at least one; the request still names the host."""
    server.answer(page(1))
    with Serve(alone([f"http://localhost:{server.port}"], each_address="true")) as serve:
        assert up(serve)[server.address] == 1
        assert server.requests[0].headers["host"] == f"localhost:{server.port}"
    with Serve(alone([f"http://no.such.host.invalid:{server.port}", server.url], each_address="true")) as serve:
        wait_for_look(serve)
        assert up(serve) == {server.address: 1, f"no.such.host.invalid:{server.port}": 0}


# --- one replica once


def test_one_replica_under_several_names_counts_once(server: HttpFaults, tmp_path: Path):
    server.answer(page(1))
    hosts = [f"localhost:{server.port}", f"127.0.0.1:{server.port}", f"[::ffff:127.0.0.1]:{server.port}"]
    (tmp_path / "sd.json").write_text(json.dumps([{"targets": [*hosts, hosts[0]]}]))
    with Serve(alone([f"http://localhost:{server.port}"], file_sd=[str(tmp_path / "*.json")])) as serve:
        wait_for_look(serve)
        assert list(up(serve).values()) == [1]
        server.answer(page(4))
        eventually(lambda: (counted(serve) or 0) >= 3, 10, "three more")
        wait_for_look(serve)
        assert counted(serve) == 3, "and not for each name"
        doctor = Keyshift().run("doctor", "--config", serve.config_path).stdout.decode()
        assert re.search(r"localhost:\d+ is the replica 127.0.0.1:\d+, which is read once", doctor)


def test_processes_that_take_turns_behind_one_name_are_said_and_not_counted(server: HttpFaults):
    old = page(100, "process_start_time_seconds 1700000000.5\n")
    new = page(5, "process_start_time_seconds 1700009000.5\n")
    server.answer(old)
    with Serve(alone([server.url])) as serve:
        wait_for_look(serve)
        before = counted(serve)
        server.answer(new)
        wait_for_look(serve)
        assert counted(serve) == (before or 0) + 5, "it may be a restart"
        for answer in (old, new, old, new):
            server.answer(answer)
            wait_for_look(serve)
        assert counted(serve) == (before or 0) + 5, "nothing is counted of what cannot be told apart"
        status = Keyshift().run("status", "--format=json", "--config", serve.config_path).stdout.decode()
        assert "several processes answer" in status


# --- what it means for the verdict


def no_fallback_hits(serve: Serve) -> dict:
    result = Keyshift().run("verdict", "--format=json", f"--config={serve.config_path}")
    return next(check for check in json.loads(result.stdout)["checks"] if check["check"] == "no_fallback_hits")


def test_the_verdict_knows_nothing_while_a_target_is_down(database: Database, server: HttpFaults):
    table = KeyTable(database)
    table.add(legacy=False, idle=0 * DAY)
    server.answer(page(1))
    other = free_port()
    tree = watching(database.dsn())
    tree["collectors"].append(collector([server.url, f"http://127.0.0.1:{other}"]))
    tree["migration"] = {"drain_window": "1s", "dormant_after": "60d"}
    with Serve(tree) as serve:
        wait_for_look(serve)
        assert no_fallback_hits(serve)["outcome"] == "UNKNOWN"
        result = Keyshift().run("verdict", f"--config={serve.config_path}")
        assert result.returncode == 3 and result.stdout.startswith(b"UNKNOWN"), result.stdout.decode()
        status = Keyshift().run("status", f"--config={serve.config_path}").stdout.decode()
        assert f"without 127.0.0.1:{other}" in status
        tree["collectors"][1]["targets"].pop()
        serve.configure(tree)
        serve.restart()
        wait_for_look(serve)
        assert "it has never counted a hit" in no_fallback_hits(serve)["evidence"]
        server.answer(page(2))
        eventually(lambda: no_fallback_hits(serve)["outcome"] == "NOT_YET", 10, "a hit")
        eventually(lambda: no_fallback_hits(serve)["outcome"] == "pass", 10, "a second without one")


# --- many targets


def test_many_that_hang_do_not_starve_the_others(server: HttpFaults):
    """More of them than can be asked in one look, and all of them before the others."""
    for number in range(80):
        server.answer(faults.hang(), f"/a{number}")
    server.answer(page(1))
    paths = [f"/a{number}" for number in range(80)] + [f"/b{number}" for number in range(20)]
    with Serve(alone([server.url + path for path in paths], timeout="1s", interval="1s")) as serve:
        eventually(lambda: sum(up(serve).values()) == 20, 20, "those that answer are up")


def test_when_all_are_down_none_is_up(server: HttpFaults):
    server.answer(page(1))
    with Serve(alone([server.url])) as serve:
        assert up(serve) == {server.address: 1}
        server.answer(faults.status(500))
        eventually(lambda: up(serve) == {server.address: 0}, 10, "it is down")


def test_a_thousand_targets(server: HttpFaults, tmp_path: Path):
    body = "".join(f'filler_total{{i="{i}"}} {i}\n' for i in range(8000))
    server.answer(page(1, body))
    groups = [{"targets": [server.address], "labels": {"__metrics_path__": f"/{i}"}} for i in range(1000)]
    targets = tmp_path / "t.json"
    targets.write_text(json.dumps(groups))
    with Serve(alone(file_sd=[str(targets)], interval="15s", timeout="14s"), until="healthy") as serve:
        eventually(lambda: looks(serve) >= 1, 20, "the first look")
        assert len(up(serve)) == 1000 and set(up(serve).values()) == {1.0}
        took = serve.metric("keyshift_source_poll_duration_seconds_sum", source="gateway_metrics")
        high_water = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{serve.process.pid}/status").read_text())[1])
        print(f"{took:.2f} s, {high_water} kB")
        assert high_water < 120_000

