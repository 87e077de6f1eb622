# SPDX-License-Identifier: Apache-2.0
"""Pairs, acknowledgements and marks over HTTP, by who has logged in, against the real daemon and table."""

from collections.abc import Iterator

import pytest

from harness.product.keyshift import Keyshift
from harness.product.watching import DAY, KeyTable
from harness.product.web_serving import LoggedIn
from harness.servers.postgres import Database
from harness.tools.wait import eventually

@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


@pytest.fixture
def keys(table: KeyTable) -> dict[str, str]:
    owner, other = (table.add_user(f"{name}@example.com") for name in "ab")
    return {
        "pending": table.add(name="pending", owner=owner, idle=0 * DAY),
        "dormant": table.add(name="dormant", owner=owner, idle=60 * DAY),
        "modern": table.add(legacy=False, name="new", owner=owner, age=DAY, idle=DAY / 2),
        "others": table.add(legacy=False, name="other", owner=other, age=DAY),
    }


@pytest.fixture
def serve(table: KeyTable, keys: dict[str, str]) -> Iterator[LoggedIn]:
    with LoggedIn(table) as daemon:
        yield daemon


def listed(serve: LoggedIn, what: str) -> list[dict]:
    return serve.get(f"/api/v1/{what}").json()[what]


def test_a_pair_is_previewed_said_repeated_and_undone(serve: LoggedIn, keys: dict[str, str]):
    body = {"legacy": keys["pending"], "modern": keys["modern"]}
    seen = serve.decide("POST", "pairs?preview=true", body)
    assert (seen.status_code, seen.json()["preview"], seen.json()["doubts"]) == (200, True, [])
    assert listed(serve, "pairs") == []
    said = serve.decide("POST", "pairs", body)
    assert (said.status_code, said.json()["preview"]) == (201, False)
    assert [(pair["replacement"], pair["by"]) for pair in listed(serve, "pairs")] == [(keys["modern"], "alice (web)")]
    assert serve.decide("POST", "pairs", body).status_code == 200
    assert len(listed(serve, "pairs")) == 1
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="overlap") == 1, 10, "the pair")
    assert serve.decide("DELETE", f"pairs/{keys['pending']}").status_code == 200
    assert serve.decide("DELETE", f"pairs/{keys['pending']}").status_code == 404
    assert listed(serve, "pairs") == []


def test_a_doubtful_pair_needs_force(serve: LoggedIn, keys: dict[str, str]):
    body = {"legacy": keys["pending"], "modern": keys["others"]}
    doubts = serve.decide("POST", "pairs?preview=true", body).json()["doubts"]
    assert doubts == ["the two keys have different owners"]
    refused = serve.decide("POST", "pairs", body)
    assert (refused.status_code, "different owners" in refused.json()["detail"]) == (409, True)
    assert listed(serve, "pairs") == []
    assert serve.decide("POST", "pairs", body | {"force": True}).status_code == 201


def test_unknown_and_legacy_keys_are_no_replacement(serve: LoggedIn, keys: dict[str, str]):
    for modern in ("00000000-0000-0000-0000-000000000000", keys["dormant"], "no id"):
        refused = serve.decide("POST", "pairs", {"legacy": keys["pending"], "modern": modern})
        assert refused.status_code == 409, refused.text
    assert serve.decide("POST", "pairs", {"legacy": "x", "modern": keys["modern"]}).status_code == 409


def test_an_idle_key_is_acknowledged_and_one_in_use_is_not(serve: LoggedIn, keys: dict[str, str]):
    refused = serve.decide("POST", "acks", {"key": keys["pending"], "note": "asked"})
    assert (refused.status_code, "in use" in refused.json()["detail"]) == (409, True)
    assert serve.decide("POST", "acks", {"key": keys["dormant"], "note": "asked"}).status_code == 201
    assert [(ack["by"], ack["note"]) for ack in listed(serve, "acks")] == [("alice (web)", "asked")]
    assert serve.decide("POST", "acks", {"key": keys["dormant"], "note": "again"}).status_code == 200
    assert [ack["note"] for ack in listed(serve, "acks")] == ["asked"]
    eventually(
        lambda: serve.metric("keyshift_fallback_removal_check", check="dormant_acknowledged") == 1, 10, "the ack"
    )
    assert serve.decide("DELETE", f"acks/{keys['dormant']}").status_code == 200


def test_a_mark_is_an_event_as_the_commands(serve: LoggedIn):
    assert serve.decide("POST", "marks", {"kind": "brownout-begin", "note": "night"}).status_code == 201
    assert "alice (web)" in Keyshift().run("mark", "--config", serve.config_path).stdout.decode()
    assert "mark" in {event["kind"] for event in serve.get("/api/v1/events").json()["events"]}
    number = listed(serve, "marks")[0]["id"]
    assert serve.decide("DELETE", f"marks/{number}").status_code == 200
    assert listed(serve, "marks") == []


def test_the_database_down_is_said_and_nothing_waits_for_it(serve: LoggedIn, table: KeyTable, keys: dict[str, str]):
    table.database.execute("ALTER TABLE virtual_keys RENAME TO away")
    body = {"legacy": keys["pending"], "modern": keys["modern"]}
    assert serve.decide("POST", "pairs", body).status_code == 503
    assert "virtual_keys" not in serve.decide("POST", "pairs", body).text
    assert listed(serve, "pairs") == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Keyshift-Action": ""}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
    ],
)
def test_requests_of_other_pages_are_refused(serve: LoggedIn, headers: dict[str, str], status: int):
    refused = serve.decide("POST", "marks", {"kind": "cutover"}, headers=headers)
    assert refused.status_code == status, refused.text
    assert not any(name.lower().startswith("access-control") for name in refused.headers)
    assert listed(serve, "marks") == []


def test_nobody_decides_without_login_or_where_it_is_off(table: KeyTable, keys: dict[str, str]):
    with LoggedIn(table) as serve:
        assert serve.decide("POST", "marks", {"kind": "cutover"}, auth=None).status_code == 401
    with LoggedIn(table, actions="off") as serve:
        refused = serve.decide("POST", "marks", {"kind": "cutover"})
        assert (refused.status_code, "web.actions is off" in refused.text) == (403, True)
