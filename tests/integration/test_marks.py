# SPDX-License-Identifier: Apache-2.0
"""`keyshift mark`: brownouts and the cutover, and who failed since that did not before, or why that cannot be told."""

import json
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway_sim import Seed
from harness.product import openapi
from harness.product.counting import gateway_of, looking
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.product.watching_logs import following
from harness.servers.postgres import Database
from harness.servers.time_travel import Clock
from harness.tools import http_faults as faults
from harness.tools.http_faults import HttpFaults
from harness.tools.wait import eventually

MINUTE = timedelta(minutes=1)
KNOWN, NEW = "192.0.2.1", "192.0.2.2"
NOBODY = "nobody who called failed who did not before"


class Gateway:
    """Writes the access log of one, by a clock that the test sets forward, and runs commands by that clock."""

    def __init__(self, log: Path, clock: Clock | None = None):
        self.log = log
        if log.name != "unused.log":
            log.touch()
        self._clock = clock
        self._ahead = timedelta()
        self.serve: Serve

    @property
    def environment(self) -> dict[str, str]:
        return self._clock.environment if self._clock else {}

    def advance(self, by: timedelta) -> None:
        """No source may be unread for long: that would break what it covers."""
        assert self._clock
        for _ in range(max(1, int(by / (10 * MINUTE)))):
            step = min(by, 10 * MINUTE)
            self._clock.advance(step)
            self._ahead += step
            self.serve.wait_for_poll()
            if self.log.exists():
                self.serve.wait_for_poll(source="access_log")

    def refuse(self, client: str, times: int = 1) -> None:
        moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(time.time() + self._ahead.total_seconds()))
        with self.log.open("a") as log:
            log.write(f'{client} - - [{moment}] "POST /v1/chat/completions HTTP/1.1" 401 15 "-" "curl"\n' * times)

    def run(self, *command: str, code: int = 0) -> str:
        result = Keyshift().run(*command, "--config", self.serve.config_path, env=self.environment)
        assert result.returncode == code, (result.stdout + result.stderr).decode()
        return (result.stdout + result.stderr).decode()

    def marks(self) -> list[dict[str, Any]]:
        answer = openapi.get(self.serve, "/api/v1/marks")
        assert answer.status_code == 200, answer.text
        return answer.json()["marks"]

    def last(self) -> dict[str, Any]:
        return [mark for mark in self.marks() if mark["answer"]][-1]

    def told(self, **members: Any) -> dict[str, Any]:
        """Waits until the last brownout or cutover is told so."""
        eventually(
            lambda: {name: self.last()[name] for name in members} == members, 20, f"not {members}: {self.last()}"
        )
        return self.last()


@pytest.fixture
def gateway(travelling: Database, clock: Clock, tmp_path: Path) -> Iterator[Gateway]:
    """For two hours one client has failed twice a minute."""
    table = KeyTable(travelling)
    table.add(idle=DAY)
    gateway = Gateway(tmp_path / "access.log", clock)
    tree = watching(travelling.dsn())
    tree["collectors"] += following(gateway.log)["collectors"]
    with Serve(tree, env=clock.environment) as gateway.serve:
        for _ in range(12):
            gateway.refuse(KNOWN, 20)
            gateway.advance(10 * MINUTE)
        yield gateway


def test_a_brownout_in_which_nobody_new_failed_is_named_and_changes_no_check(gateway: Gateway):
    before = gateway.serve.get("/api/v1/verdict").json()
    assert before["last_mark"] is None and gateway.serve.metric("keyshift_mark_timestamp_seconds", mark="cutover") is None
    shown = gateway.run("mark", "brownout-begin", "--note", "rehearsal")
    assert "A brownout has begun" in shown and "Compared with what access_log has counted: 240 failures" in shown
    eventually(lambda: gateway.serve.metric("keyshift_mark_timestamp_seconds", mark="brownout_begin"), 10, "the daemon knows")
    assert "still open" in gateway.run("status", "--verbose") and ", so far" in gateway.last()["summary"]
    gateway.refuse(KNOWN, 3)
    gateway.advance(2 * MINUTE)
    gateway.run("mark", "brownout-end")
    assert gateway.last()["why_unknown"] == ["access_log has not been read in full since the end"]
    gateway.advance(3 * MINUTE)
    mark = gateway.told(answer="nobody_new", settled=True)
    assert (mark["note"], mark["known_clients"], mark["new_clients"], mark["why_unknown"]) == ("rehearsal", 1, 0, [])
    assert mark["by"] and mark["ended_at"] > mark["at"]
    assert [(client["client"], client["novelty"], client["failures"]) for client in mark["clients"]] == [(KNOWN, "as_before", 3)]
    assert mark["clients"][0]["failures_before"] == 240
    assert mark["sources"][0]["failures"] == {"unknown_key": 3}
    after = gateway.serve.get("/api/v1/verdict").json()
    assert NOBODY in after["last_mark"] and "so far" not in after["last_mark"]
    assert [(check["check"], check["outcome"]) for check in after["checks"]] == [
        (check["check"], check["outcome"]) for check in before["checks"]
    ]
    assert NOBODY in gateway.run("verdict", code=["SAFE", "NOT_YET", "UNSAFE", "UNKNOWN"].index(after["verdict"]))
    assert NOBODY in gateway.run("status", "--verbose") and NOBODY in gateway.run("mark") == gateway.run("mark", "list")
    assert "brownout begin: rehearsal" in gateway.run("events") and "brownout end" in gateway.run("events")
    assert NOBODY in gateway.run("events"), "what it came to"
    assert json.loads(gateway.run("mark", "--format", "json"))["marks"] == gateway.marks()
    assert gateway.run("mark", "--format", "csv").startswith("id,kind,at")
    file = gateway.log.parent / "history.json"
    gateway.run("export", str(file))
    assert [mark["kind"] for mark in json.loads(file.read_text())["marks"]] == ["brownout_begin", "brownout_end"]


def test_a_new_client_is_named_although_the_daemon_is_killed_meanwhile(gateway: Gateway):
    gateway.run("mark", "brownout-begin")
    gateway.refuse(KNOWN)
    gateway.told(known_clients=1)
    gateway.serve.kill9()
    gateway.refuse(NEW, 5)
    gateway.serve.restart()
    mark = gateway.told(answer="somebody_new", new_clients=1, known_clients=1)
    assert [(client["client"], client["novelty"], client["failures"]) for client in mark["clients"]] == [
        (NEW, "new", 5), (KNOWN, "as_before", 1),
    ]  # fmt: skip
    gateway.advance(2 * MINUTE)
    gateway.run("mark", "brownout-end")
    gateway.advance(4 * MINUTE)
    gateway.refuse("192.0.2.3")
    gateway.advance(3 * MINUTE)
    mark = gateway.told(settled=True)
    assert mark["new_clients"] == 1 and mark["sources"][0]["failures"] == {"unknown_key": 6}
    gateway.run("mark", "cutover")
    gateway.refuse("192.0.2.4")
    assert gateway.told(answer="somebody_new")["kind"] == "cutover"
    gateway.serve.terminate()
    assert gateway.run("mark").count("1 client failed who did not before") == 2


def test_a_client_that_fails_far_more_often_counts_as_new(gateway: Gateway):
    gateway.run("mark", "brownout-begin")
    gateway.refuse(KNOWN, 100)
    assert gateway.told(answer="somebody_new")["clients"][0]["novelty"] == "more_often"


def test_where_the_fallback_was_used_it_was_not_off(gateway: Gateway, travelling: Database):
    gateway.run("mark", "brownout-begin")
    gateway.advance(2 * MINUTE)
    travelling.execute("UPDATE virtual_keys SET last_used_at = now()")
    mark = gateway.told(answer="cannot_tell")
    assert "the fallback was not off" in mark["why_unknown"][0]


# --- sources that name nobody


@pytest.fixture
def counting(travelling: Database, clock: Clock, tmp_path: Path) -> Iterator[tuple[Gateway, HttpFaults]]:
    KeyTable(travelling).add(idle=DAY)
    gateway = Gateway(tmp_path / "unused.log", clock)
    with HttpFaults() as server:
        server.answer(page(7))
        tree = watching(travelling.dsn())
        tree["collectors"].append(
            {
                "type": "gateway_metrics", "targets": [server.url], "interval": "200ms", "timeout": "2s",
                "counters": [{"event": "auth_failure", "metric": "failures_total", "reason_label": "reason"}],
            }  # fmt: skip
        )
        with Serve(tree, env=clock.environment) as gateway.serve:
            yield gateway, server


def page(failures: int, began: int = 1) -> faults.Answer:
    return faults.text(
        f'# TYPE failures_total counter\nfailures_total{{reason="blocked"}} {failures}\n'
        f"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {began}\n"
    )


def test_a_source_that_is_down_is_waited_for_and_told_by_where_its_counters_stand(counting):
    gateway, server = counting
    gateway.run("mark", "brownout-begin")
    gateway.told(answer="nobody_new")
    server.answer(faults.text("", code=500))
    eventually(lambda: gateway.serve.metric("keyshift_source_up", source="gateway_metrics") == 0, 10, "it is down")
    gateway.run("mark", "brownout-end")
    gateway.advance(3 * MINUTE)
    mark = gateway.told(answer="cannot_tell", settled=False)
    assert mark["why_unknown"] == ["gateway_metrics has not been read in full since the end"]
    server.answer(page(7))
    gateway.told(answer="nobody_new", settled=True)


def test_what_is_counted_without_names_is_somebody(counting):
    gateway, server = counting
    gateway.run("mark", "brownout-begin")
    server.answer(page(9))
    mark = gateway.told(answer="cannot_tell")
    assert mark["why_unknown"] == ["2 failures counted by gateway_metrics, and no log names the clients of all of them"]
    assert mark["sources"][0]["failures"] == {"blocked": 2}


def test_a_replica_that_is_restarted_cannot_tell(counting):
    gateway, server = counting
    gateway.run("mark", "brownout-begin")
    server.answer(page(0, began=2))
    mark = gateway.told(answer="cannot_tell")
    assert "began anew" in mark["why_unknown"][0]


def test_a_reload_changes_nothing_of_it_and_a_source_that_it_takes_away_cannot_tell(counting, travelling: Database):
    gateway, server = counting
    gateway.run("mark", "brownout-begin")
    gateway.told(answer="nobody_new")
    gateway.serve.process.send_signal(signal.SIGHUP)
    server.answer(page(8))
    gateway.told(answer="cannot_tell")
    gateway.serve.configure(watching(travelling.dsn()))
    gateway.serve.process.send_signal(signal.SIGHUP)
    eventually(lambda: gateway.serve.metric("keyshift_source_up", source="gateway_metrics") is None, 10, "it is gone")
    gateway.advance(2 * MINUTE)
    eventually(
        lambda: "gateway_metrics cannot be read in full at the moment" in gateway.last()["why_unknown"], 10, "it is missed"
    )


def test_a_log_that_cannot_be_read_beside_it_may_have_seen_somebody(database: Database, tmp_path: Path):
    gateway = Gateway(tmp_path / "access.log")
    tree = following(gateway.log)
    tree["collectors"] += following(tmp_path / "none" / "gateway.log", type="gateway_log")["collectors"]
    with Serve(tree) as gateway.serve:
        gateway.run("mark", "brownout-begin")
        mark = gateway.told(answer="cannot_tell")
        assert mark["why_unknown"] == ["gateway_log had not been read when the mark was set"]


def test_statements_of_a_gateway_that_scans_are_missed_by_nobody(database: Database, tmp_path: Path):
    """A lookup that finds nothing may be a legacy key's there, so that they tell of no failure; the log does."""
    planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
    (key, *_) = planted.with_role("active", legacy=True)
    gateway = Gateway(tmp_path / "access.log")
    tree = looking(database.dsn())
    tree["collectors"] += following(gateway.log)["collectors"]
    with gateway_of(database, "fallback") as watched, Serve(tree) as gateway.serve:
        headers = {"Authorization": f"Bearer {key.text}"}
        assert requests.post(f"{watched.url}/v1/models", headers=headers, timeout=20).status_code == 200
        eventually(lambda: gateway.serve.metric("keyshift_fallback_scans_total"), 20, "the scan was seen")
        gateway.run("mark", "brownout-begin")
        assert [source["source"] for source in gateway.told(answer="nobody_new")["sources"]] == ["access_log"]
        gateway.refuse(NEW)
        gateway.told(answer="somebody_new")


# --- without any


def test_without_a_source_that_counts_failures_it_cannot_be_told(database: Database, tmp_path: Path):
    KeyTable(database).add(idle=DAY)
    gateway = Gateway(tmp_path / "unused.log")
    with Serve(watching(database.dsn())) as gateway.serve:
        assert gateway.run("mark") == "No brownout and no cutover was marked.\n"
        assert "cannot be told" in gateway.run("mark", "cutover")
        mark = gateway.told(answer="cannot_tell")
        assert mark["why_unknown"] == ["no source counted failures when the mark was set"]
        gateway.run("mark", "cutover", "--remove")
        assert gateway.marks() == [] and "taken back: cutover" in gateway.run("events")


def test_which_keys_failed_is_told_where_the_log_names_them(database: Database, tmp_path: Path):
    table = KeyTable(database)
    key = table.add(idle=DAY)
    log = tmp_path / "gateway.log"
    log.touch()
    rules = [{"event": "failure_unknown_key", "regex": "^Refused (?P<client>[0-9.]+) with key (?P<key_id>[0-9a-f-]+)"}]
    tree = watching(database.dsn())
    tree["collectors"] += following(log, type="gateway_log", format="text", rules=rules)["collectors"]
    gateway = Gateway(tmp_path / "unused.log")
    with Serve(tree) as gateway.serve:
        gateway.serve.wait_for_poll(source="gateway_log")
        gateway.run("mark", "brownout-begin")
        log.write_text(f"Refused {NEW} with key {key}\n")
        mark = gateway.told(answer="somebody_new")
        assert [(client["client"], client["key"]) for client in mark["clients"]] == [(f"{NEW} key {key}", key)]
        assert f"{NEW} key {key}" in gateway.run("mark") and key in gateway.run("key", key)
        failures = openapi.get(gateway.serve, "/api/v1/failures").json()["failures"]
        assert [client["key"] for client in failures] == [key]
        assert f"{NEW} key {key}" in gateway.run("failures")


def test_what_makes_no_sense_is_refused_and_what_was_said_can_be_taken_back(database: Database, tmp_path: Path):
    KeyTable(database).add(idle=DAY)
    gateway = Gateway(tmp_path / "unused.log")
    with Serve(watching(database.dsn())) as gateway.serve:
        assert "say first when one begins: keyshift mark brownout-begin" in gateway.run("mark", "brownout-end", code=64)
        gateway.run("mark", "brownout-begin")
        for kind in ("brownout-begin", "cutover"):
            assert "say first that it has ended: keyshift mark brownout-end" in gateway.run("mark", kind, code=64)
        assert "there is no mark brownout-end" in gateway.run("mark", "brownout-end", "--remove", code=64)
        gateway.run("mark", "brownout-end")
        assert "take that back first" in gateway.run("mark", "brownout-begin", "--remove", code=64)
        assert "brownout-end is taken back" in gateway.run("mark", "brownout-end", "--remove")
        assert [mark["kind"] for mark in gateway.marks()] == ["brownout_begin"] and gateway.marks()[0]["ended_at"] is None
        gateway.run("mark", "brownout-end")
        gateway.run("mark", "nonsense", code=64)
        gateway.run("mark", "--remove", code=64)
        assert len(gateway.marks()) == 2


def test_who_may_write_to_the_state_decides_without_the_secrets_of_sources(database: Database):
    """As where the service has its database's URL from a systemd credential."""
    KeyTable(database).add(name="idle", idle=100 * DAY)
    tree = watching(database.dsn())
    del tree["collectors"][0]["database_url"]
    with Serve(tree, env={"DATABASE_URL": database.dsn()}) as serve:
        for command in (["mark", "brownout-begin"], ["mark", "brownout-end"]):
            result = Keyshift().run(*command, "--config", serve.config_path)
            assert result.returncode == 0, result.stderr.decode()
        (key,) = [row[0] for row in database.execute("SELECT id::text FROM virtual_keys")]
        acked = Keyshift().run("ack", key, "--note", "asked", "--config", serve.config_path)
        assert acked.returncode == 0, acked.stderr.decode()
        paired = Keyshift().run("pair", key, key, "--config", serve.config_path)
        assert paired.returncode == 78 and b"database_url" in paired.stderr
