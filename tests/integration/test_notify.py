# SPDX-License-Identifier: Apache-2.0
"""The webhook: what a receiver is told of a migration, once, whatever becomes of the receiver and of the daemon; and what
the log says of phases and verdicts."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.product.keyshift import Keyshift, Serve
from harness.product.verdicts import DrainedTable, reload, soon_safe
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools import leaks
from harness.tools.certificates import self_signed
from harness.tools.http_faults import Answer, HttpFaults, Request, close_in_the_middle, drip, hang, redirect, status
from harness.tools.wait import eventually

KEY = "0123456789abcdef-of-the-webhook"
PATH = "/hooks/T0K3N-of-the-url"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "notifications.md"
RESULTS = ("sent", "failed", "dropped")


class Receiver(HttpFaults):
    """Takes what it is sent, until told otherwise."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        leaks.secret(PATH)
        leaks.secret(KEY)
        self.answer(status(204))

    def messages(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Bodies in order of arrival, the same one as often as it came."""
        all_ = [json.loads(request.body) for request in list(self.requests)]
        return [each for each in all_ if kind in (None, each["kind"])]

    def events(self) -> list[dict[str, Any]]:
        return [event for message in self.messages("events") for event in message["events"]]

    def verdicts(self) -> list[tuple[str, str]]:
        return [(each["verdict"]["from"], each["verdict"]["to"]) for each in self.messages("verdict")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add(idle=3 * DAY)
    keys.add(legacy=False, idle=DAY / 24)
    return keys


def notify(directory: Path, url: str, **options: Any) -> dict[str, Any]:
    """The section of the configuration; its files are in `directory`."""
    (directory / "webhook_url").write_text(url + PATH + "\n")
    (directory / "webhook_secret").write_text(KEY + "\n")
    files = {name: str(directory / f"webhook_{name[:-5]}") for name in ("url_file", "secret_file")}
    return {**files, "instance": "blue", **options}


def tree(table: KeyTable, directory: Path, url: str, **options: Any) -> dict[str, Any]:
    return {**watching(table.database.dsn()), "notify": notify(directory, url, **options)}


def counts(serve: Serve) -> tuple[float | None, ...]:
    return tuple(serve.metric("keyshift_notifications_total", result=result) for result in RESULTS)


def created(table: KeyTable, serve: Serve) -> str:
    """A new legacy key, which is an event."""
    serve.wait_for_poll()
    return table.add(age=DAY / 1000)


def keys_told(receiver: Receiver) -> list[str]:
    return [event["key"] for event in receiver.events() if event["kind"] == "created"]


def documented_verify() -> Callable[[bytes, str, bytes], bool]:
    """The function that docs/notifications.md gives to receivers."""
    code = re.search(r"^import hashlib.*?(?=^```)", DOCUMENT.read_text(), re.M | re.S)
    assert code
    names: dict[str, Any] = {}
    exec(code[0], names)
    return names["verify"]


def signed(request: Request) -> bool:
    verify, header = documented_verify(), request.headers["x-keyshift-signature"]
    assert not verify(KEY.encode(), header, request.body + b" "), "whatever the body"
    assert not verify(b"another key", header, request.body), "whatever the key"
    return verify(KEY.encode(), header, request.body)


def test_events_are_told_signed_and_in_the_apis_shape(table: KeyTable, receiver: Receiver, tmp_path: Path):
    with Serve(tree(table, tmp_path, receiver.url)) as serve:
        assert counts(serve) == (0, 0, 0)
        key = created(table, serve)
        eventually(lambda: keys_told(receiver) == [key], 20, "the event")
        (message,) = [each for each in receiver.messages("events") if key in json.dumps(each)]
        api = {event["id"]: event for event in serve.get("/api/v1/events").json()["events"]}
        assert [api[event["id"]] for event in message["events"]] == message["events"]
        assert message["schema_version"] == 1
        assert message["instance"] == "blue"
        assert message["more"] is None
        assert all(signed(request) for request in receiver.requests)
        assert all(request.method == "POST" for request in receiver.requests)
        ids = [request.headers["x-keyshift-id"] for request in receiver.requests]
        assert ids == [each["id"] for each in receiver.messages()]
        told = len(receiver.events())
        eventually(lambda: counts(serve) == (told, 0, 0), 10, "the count")


def test_a_receiver_that_was_down_is_told_later(table: KeyTable, tmp_path: Path):
    with Receiver() as gone:
        url, port = gone.url, gone.port
    with Serve(tree(table, tmp_path, url)) as serve:
        key = created(table, serve)
        eventually(lambda: "a notification cannot be delivered" in serve.log(), 20, "the line")
        assert str(port) not in serve.log().split("cannot be delivered", 1)[1].splitlines()[0]
        with Receiver() as back:
            reload(serve, tree(table, tmp_path, back.url))
            eventually(lambda: keys_told(back) == [key], 20, "the event")
            eventually(lambda: "notifications are delivered again" in serve.log(), 10, "the line")
            assert serve.log().count("a notification cannot be delivered") == 1


@pytest.mark.parametrize(
    "fault",
    [status(500), status(503), status(408), status(429), close_in_the_middle("x" * 100, 10), close_in_the_middle("", 0)],
    ids=["500", "503", "408", "429", "reset in the middle", "reset"],
)
def test_what_may_work_later_is_sent_again_under_the_same_id(
    table: KeyTable, receiver: Receiver, tmp_path: Path, fault: Answer
):
    receiver.answer(fault)
    with Serve(tree(table, tmp_path, receiver.url)) as serve:
        key = created(table, serve)
        eventually(lambda: len(receiver.requests) >= 2, 20, "a second attempt")
        receiver.answer(status(200))
        eventually(lambda: counts(serve)[0], 30, "a delivery")
        first = receiver.requests[0]
        assert len({(request.body, request.headers["x-keyshift-id"]) for request in receiver.requests[:3]}) == 1
        assert first.headers["x-keyshift-id"]
        assert key in keys_told(receiver)
        assert counts(serve)[1:] == (0, 0)


@pytest.mark.parametrize("code", [400, 401, 404, 410])
def test_what_is_refused_is_not_sent_again(table: KeyTable, receiver: Receiver, tmp_path: Path, code: int):
    receiver.answer(status(code))
    with Serve(tree(table, tmp_path, receiver.url)) as serve:
        created(table, serve)
        eventually(lambda: counts(serve)[1], 20, "a failure")
        assert f"answered with status {code}" in serve.log()
        receiver.answer(status(200))
        second = created(table, serve)
        eventually(lambda: second in keys_told(receiver), 20, "the next event")
        ids = [message["id"] for message in receiver.messages()]
        assert len(ids) == len(set(ids))
        eventually(lambda: counts(serve) == (len(receiver.events()) - 1, 1, 0), 10, "the count")


def test_a_redirect_is_not_followed(table: KeyTable, receiver: Receiver, tmp_path: Path):
    with HttpFaults() as other:
        other.answer(status(200))
        receiver.answer(redirect(other.url, 307))
        with Serve(tree(table, tmp_path, receiver.url)) as serve:
            created(table, serve)
            eventually(lambda: "redirects are not followed" in serve.log(), 20, "the line")
            assert other.requests == []
            assert counts(serve)[0] == 0


def test_a_certificate_that_is_not_trusted_is_told_nothing(table: KeyTable, tmp_path: Path):
    certificate = self_signed(tmp_path)
    with Receiver(certificate=certificate) as receiver, Serve(tree(table, tmp_path, receiver.url)) as serve:
        key = created(table, serve)
        eventually(lambda: "certificate" in serve.log(), 20, "the line")
        assert receiver.requests == []
        reload(serve, tree(table, tmp_path, receiver.url, ca_file=str(certificate.certificate)))
        eventually(lambda: keys_told(receiver) == [key], 20, "the event")


def test_nothing_waits_for_a_receiver_that_hangs(table: KeyTable, receiver: Receiver, tmp_path: Path):
    receiver.answer(hang())
    with Serve(tree(table, tmp_path, receiver.url)) as serve:
        created(table, serve)
        eventually(lambda: receiver.requests, 20, "a request")
        before = serve.polls()
        begin = time.monotonic()
        eventually(lambda: serve.polls() >= before + 5, 10, "five polls")
        assert serve.get("/-/ready").ok
        assert time.monotonic() - begin < 9, "it waited for the receiver"
        code, seconds = serve.terminate()
        assert code == 0
        assert seconds < 2


def test_a_receiver_that_is_too_slow_is_asked_again(table: KeyTable, receiver: Receiver, tmp_path: Path):
    receiver.answer(drip("slowly", 4.0))
    with Serve(tree(table, tmp_path, receiver.url)) as serve:
        key = created(table, serve)
        eventually(lambda: "did not finish its answer in time" in serve.log(), 30, "the line")
        receiver.answer(status(200))
        eventually(lambda: counts(serve)[0], 30, "a delivery")
        assert set(keys_told(receiver)) == {key}
        assert len({message["id"] for message in receiver.messages() if key in json.dumps(message)}) == 1


def test_a_changed_verdict_is_told_once_over_reloads_and_kills(database: Database, receiver: Receiver, tmp_path: Path):
    table = DrainedTable(database)
    config = {**soon_safe(database.dsn()), "notify": notify(tmp_path, receiver.url)}
    with Serve(config) as serve:
        eventually(lambda: receiver.verdicts() and receiver.verdicts()[-1][1] == "SAFE", 40, "SAFE")
        told = receiver.verdicts()
        assert [before for before, _ in told[1:]] == [after for _, after in told[:-1]]
        assert all(before != after for before, after in told)
        assert "verdict changed" in serve.log()
        safe = receiver.messages("verdict")[-1]
        assert safe["verdict"]["reason"] == "every check passes"
        eventually(lambda: counts(serve)[0] == len(receiver.events()) + len(told), 10, "the count")
        sent = counts(serve)[0]
        reload(serve, {**config, "log": {"format": "json"}})
        serve.wait_for_poll()
        serve.kill9()
        serve.start()
        serve.wait_for_poll()
        assert counts(serve)[0] >= sent
        # What has changed while no daemon ran is told by the next one.
        serve.kill9()
        assert receiver.verdicts() == told
        table.use(table.legacy[0])
        serve.start()
        eventually(lambda: receiver.verdicts()[-1][1] != "SAFE", 40, "no longer SAFE")
        assert receiver.verdicts()[: len(told)] == told
        assert receiver.verdicts()[len(told)][0] == "SAFE"
        ids = [message["id"] for message in receiver.messages("verdict")]
        assert len(ids) == len(set(ids))


def test_what_a_killed_daemon_did_not_tell_is_told_by_the_next_one(table: KeyTable, receiver: Receiver, tmp_path: Path):
    receiver.answer(status(503))
    with Serve(tree(table, tmp_path, receiver.url)) as serve:
        key = created(table, serve)
        eventually(lambda: key in keys_told(receiver), 20, "an attempt")
        serve.kill9()
        receiver.answer(status(200))
        attempts = len(receiver.requests)
        serve.start()
        eventually(lambda: keys_told(receiver)[-1] == key and len(receiver.requests) > attempts, 20, "the event")
        assert {message["id"] for message in receiver.messages() if key in json.dumps(message)} == {
            receiver.messages()[-1]["id"]
        }


def test_a_reload_switches_it_off_on_and_elsewhere(table: KeyTable, receiver: Receiver, tmp_path: Path):
    off = watching(table.database.dsn())
    with Receiver() as other, Serve(off) as serve:
        created(table, serve)
        serve.wait_for_poll()
        reload(serve, tree(table, tmp_path, receiver.url))
        first = created(table, serve)
        # What was before it was switched on is no news.
        eventually(lambda: keys_told(receiver) == [first], 20, "the event")
        reload(serve, off)
        created(table, serve)
        serve.wait_for_poll()
        reload(serve, tree(table, tmp_path, other.url))
        second = created(table, serve)
        eventually(lambda: keys_told(other) == [second], 20, "the event elsewhere")
        assert keys_told(receiver) == [first]


def test_a_receiver_that_hangs_is_let_go_by_a_reload(table: KeyTable, receiver: Receiver, tmp_path: Path):
    receiver.answer(hang())
    with Receiver() as other, Serve(tree(table, tmp_path, receiver.url)) as serve:
        created(table, serve)
        eventually(lambda: receiver.requests, 20, "a request")
        begin = time.monotonic()
        reload(serve, watching(table.database.dsn()))
        reload(serve, tree(table, tmp_path, other.url))
        eventually(lambda: receiver.open_connections == 0, 10, "the end of the request")
        assert time.monotonic() - begin < 8, "it waited for the receiver"
        key = created(table, serve)
        eventually(lambda: keys_told(other) == [key], 20, "the next event")
        assert "a part died" not in serve.log()


def test_many_events_at_once_are_a_hundred_and_a_number(table: KeyTable, receiver: Receiver, tmp_path: Path):
    many = 5_000
    with Serve(tree(table, tmp_path, receiver.url)) as serve:
        serve.wait_for_poll()
        table.fill(many, 0)
        eventually(lambda: any(each["more"] for each in receiver.messages("events")), 60, "a number")
        (flood,) = [each for each in receiver.messages("events") if each["more"]]
        assert len(flood["events"]) == 100
        eventually(lambda: counts(serve)[2] == flood["more"]["events"], 10, "the count")
        eventually(
            lambda: len(receiver.events()) + flood["more"]["events"] >= many, 20, "all of them in one way or the other"
        )
        listed = serve.get(flood["more"]["ask"]).json()["events"]
        assert listed[-1]["at"] >= flood["events"][-1]["at"]
        assert len(receiver.requests) < 10


def test_the_inventory_switched_off_sends_no_names(table: KeyTable, receiver: Receiver, tmp_path: Path):
    config = tree(table, tmp_path, receiver.url)
    config["web"] = {"inventory": "off"}
    with Serve(config) as serve:
        created(table, serve)
        eventually(lambda: any(event["kind"] == "created" for event in receiver.events()), 20, "the event")
        assert {event["key"] for event in receiver.events()} == {None}


def test_doctor_pings(table: KeyTable, receiver: Receiver, tmp_path: Path):
    config = tmp_path / "keyshift.yaml"
    text = {**tree(table, tmp_path, receiver.url), "state": {"directory": str(tmp_path / "state")}}
    config.write_text(json.dumps(text))
    result = Keyshift().run("doctor", "--config", config)
    assert b"answered a ping with status 204" in result.stdout
    (request,) = receiver.requests
    assert json.loads(request.body)["kind"] == "ping"
    assert signed(request)
    receiver.answer(status(404))
    assert b"answered a ping with status 404" in Keyshift().run("doctor", "--config", config).stdout
    del text["notify"]["secret_file"]
    config.write_text(json.dumps(text))
    assert b"not signed" in Keyshift().run("doctor", "--config", config).stdout


# --- the log


def test_the_log_has_a_line_for_each_phase_change_and_a_number_for_too_many(database: Database):
    table = KeyTable(database)
    owner = table.add_user("owner@example.com")
    one = table.add(owner=owner, idle=3 * DAY)
    many = [table.add(name=f"many {i}", idle=3 * DAY) for i in range(30)]
    table.add(legacy=False, idle=DAY / 24)
    with Serve(watching(database.dsn())) as serve:
        serve.wait_for_poll()
        assert "phase changed" not in serve.log()
        table.database.execute("DELETE FROM virtual_keys WHERE id = %s", (one,))
        eventually(lambda: f"key={one} from=" in serve.log(), 20, "the line")
        (line,) = [line for line in serve.log().splitlines() if f"key={one}" in line]
        assert "level=warn" in line
        assert 'msg="phase changed"' in line
        assert line.endswith("to=retired_in_use")
        assert "owner@example.com" not in serve.log()
        table.database.execute("DELETE FROM virtual_keys WHERE id = ANY(%s::uuid[])", (many,))
        eventually(lambda: 'msg="more phases changed" keys=10' in serve.log(), 20, "the number")
        # The log's own limit may hold back some of them.
        assert serve.log().count("phase changed") <= 21
