# SPDX-License-Identifier: Apache-2.0
"""/api/v1: what it answers, in which order, to whom; every answer is held against the document that describes it."""

import csv
import io
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import quote

import pytest
from harness.product import openapi
from harness.product.keyshift import Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\u202eevil", "a,b;\"c\"\r\nd", "\u00e4" * 255, "\U0001f511" * 255, "%2e%2e/", "x\ty"]
LISTS = ["keys", "owners", "history", "hours", "events", "failures", "sources", "pairs", "acks", "marks"]


@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


def serving(table: KeyTable, **web: str) -> Serve:
    return Serve({**watching(table.database.dsn()), "web": web})


def pages(serve: Serve, target: str, name: str) -> list[dict]:
    """All items of a list, page by page."""
    items: list[dict] = []
    following = ""
    while True:
        page = openapi.get(serve, target + following).json()
        items += page[name]
        if page["next"] is None:
            return items
        following = ("&" if "?" in target else "?") + "cursor=" + quote(page["next"])


def test_each_resource_is_as_the_document_says(table: KeyTable):
    owner = table.add_user("o@example.com")
    for name in HOSTILE:
        table.add(name=name, owner=owner)
    table.add(name=None)
    with serving(table) as serve:
        for name in ["status", "verdict", *LISTS]:
            answer = openapi.get(serve, f"/api/v1/{name}")
            assert answer.status_code == 200, answer.text
            assert answer.headers["Content-Type"] == "application/json"
        assert {key["name"] for key in pages(serve, "/api/v1/keys?limit=2", "keys")} == {*HOSTILE, None}
        described = serve.get("/api/v1/openapi.json").json()
        assert {f"/api/v1/{name}" for name in ["status", "verdict", *LISTS]} | {f"/api/v1/{name}/{{id}}" for name in ("keys", "pairs", "acks", "marks")} == set(described["paths"])
        routes = {dict(labels)["handler"] for name, labels in serve.metrics() if name == "keyshift_http_server_requests_total" or "handler" in dict(labels)}
        assert {f"api_{name}" for name in ["status", "verdict", *LISTS, "key"]} <= routes


@pytest.mark.parametrize("sort", ["created", "-created", "last_used", "-last_used", "since", "-since", "owner", "-owner", "phase", "-phase", "name", "-name"])
def test_pages_hold_each_key_once_in_order(table: KeyTable, sort: str):
    owners = [table.add_user(f"{name}@example.com") for name in "abc"]
    for i in range(23):
        table.add(name=f"k{i}", owner=owners[i % 3] if i % 4 else None, age=timedelta(days=90 - i % 5), idle=timedelta(hours=i) if i % 2 else None)
    member = {"created": "created_at", "last_used": "last_used_at"}.get(sort.lstrip("-"), sort.lstrip("-"))
    with serving(table) as serve:
        everything = pages(serve, f"/api/v1/keys?sort={sort}&limit=1000", "keys")
        paged = pages(serve, f"/api/v1/keys?sort={sort}&limit=4", "keys")
        assert len(everything) == 23 and [key["id"] for key in paged] == [key["id"] for key in everything]
        values = [key[member] for key in everything]
        if member != "phase":
            # Never used comes before all uses; an owner before none.
            ranked = [(value is None, value or "") if member == "owner" else (value is not None, value or "") for value in values]
            assert ranked == sorted(ranked, reverse=sort.startswith("-"))
        # What has gone in between is missing, and nothing else.
        first = openapi.get(serve, f"/api/v1/keys?sort={sort}&limit=4").json()
        table.delete(first["keys"][-1]["id"], everything[10]["id"])
        eventually(lambda: openapi.get(serve, "/api/v1/keys").json()["total"] == 21, 10, "the journal has seen it")
        rest = pages(serve, f"/api/v1/keys?sort={sort}&limit=4&cursor={first['next']}", "keys")
        assert {key["id"] for key in rest} == {key["id"] for i, key in enumerate(everything[4:], 4) if i != 10}


def test_filters_and_search(table: KeyTable):
    owner = table.add_user("o@example.com")
    used = table.add(name="Billing Service", owner=owner, idle=timedelta(hours=1), prefix="sk-Bill12345")
    idle = table.add(name="old job", owner=owner, idle=timedelta(days=60))
    never = table.add(name="never", age=timedelta(days=1))
    with serving(table) as serve:

        def found(query: str) -> set[str]:
            page = openapi.get(serve, f"/api/v1/keys?{query}")
            assert page.status_code == 200, page.text
            assert page.json()["total"] == len(page.json()["keys"])
            return {key["id"] for key in page.json()["keys"]}

        assert found("") == {used, idle, never}
        assert found("owner=" + owner) == {used, idle} and found("owner=") == {never} and found("owner=nobody") == set()
        assert found("search=BILLING") == found("search=bill12") == {used}
        assert found("search=" + owner[:13].upper()) == {used, idle}
        assert found("search=" + never[5:20]) == {never}
        assert found("search=g%20s") == found("search=g+s") == {used}
        assert found("used_within=1d") == {used} and found("idle_longer_than=30d") == {idle, never}
        assert found("phase=dormant") == {idle} and found("phase=dormant,pending") == {used, idle, never}
        assert found("phase=gone") == set()
        table.delete(used)
        eventually(lambda: found("phase=gone") == {used}, 10, "it has gone")
        assert found("phase=retired_in_use") == {used} and found("phase=all") == {used, idle, never}
        owners = openapi.get(serve, "/api/v1/owners").json()["owners"]
        assert [(one["owner"], one["keys"], one["gone"]) for one in owners] == [(owner, 1, 1), (None, 1, 0)]
        assert owners[0]["phases"] == {"dormant": 1, "retired_in_use": 1}
        assert pages(serve, "/api/v1/owners?limit=1", "owners") == owners
        assert openapi.get(serve, "/api/v1/owners?search=" + owner[:8]).json()["owners"] == owners[:1]
        events = openapi.get(serve, "/api/v1/events").json()["events"]
        gone = [event for event in events if event["key"] == used and event["phase"] == "retired_in_use"]
        assert gone and gone[0]["owner"] == owner
        assert pages(serve, "/api/v1/events?limit=1", "events") == events
        assert openapi.get(serve, "/api/v1/events?since=2001-01-01T00:00:00Z").json()["events"] == events
        history = openapi.get(serve, "/api/v1/history").json()["history"]
        assert history and pages(serve, "/api/v1/history?limit=1", "history")[: len(history)] == history


def test_one_key_by_whatever_an_operator_has_at_hand(table: KeyTable):
    key = table.add(id="abcdef01-2345-4678-9abc-def012345678", name="Nightly Job", prefix="sk-Night1234")
    table.add(id="abcdef02-2345-4678-9abc-def012345678", name="twin")
    table.add(id="99cdef02-2345-4678-9abc-def012345678", name="twin")
    with serving(table) as serve:
        for name in (key, key.upper(), "abcdef01", "Nightly Job", "nightly job", "sk-Night1234"):
            answer = openapi.get(serve, "/api/v1/keys/" + quote(name), path="/api/v1/keys/{id}")
            assert answer.status_code == 200 and answer.json()["id"] == key, name
        several = openapi.get(serve, "/api/v1/keys/abcdef", path="/api/v1/keys/{id}")
        assert several.status_code == 300 and len(several.json()["keys"]) == 2
        assert openapi.get(serve, "/api/v1/keys/twin", path="/api/v1/keys/{id}").status_code == 300
        for nothing in ("nothing", "../status", "..%2fstatus", "%2e%2e", "%00", "%zz", "a" * 100_000):
            answer = serve.get("/api/v1/keys/" + nothing)
            assert answer.status_code in (200, 400, 404, 431), nothing
            if answer.status_code == 200:
                assert nothing == "../status"  # resolved by the client itself
        table.delete(key)
        eventually(
            lambda: serve.get("/api/v1/keys/" + key).json()["phase"] in ("retired", "retired_in_use"), 10, "it has gone"
        )
        gone = openapi.get(serve, "/api/v1/keys/" + key, path="/api/v1/keys/{id}").json()
        assert gone["gone_at"] and gone["gone_as"] == "removed" and gone["history"][-1]["kind"] in ("gone", "phase")


def test_csv_is_for_spreadsheets(table: KeyTable):
    for name in HOSTILE:
        table.add(name=name)
    with serving(table) as serve:
        for name in LISTS:
            asked = serve.get(f"/api/v1/{name}?format=csv")
            by_header = serve.get(f"/api/v1/{name}", headers={"Accept": "text/csv"})
            assert asked.status_code == 200 and asked.headers["Content-Type"] == "text/csv; charset=utf-8"
            assert by_header.headers["Content-Type"] == asked.headers["Content-Type"]
        rows = list(csv.DictReader(io.StringIO(serve.get("/api/v1/keys?format=csv").content.decode(), newline="")))
        assert len(rows) == len(HOSTILE) and {"id", "name", "phase", "replacement.id", "replacement.rule"} <= set(rows[0])
        assert not [row["name"] for row in rows if row["name"].startswith(("=", "+", "-", "@"))]
        assert "'=cmd|' /C calc'!A0" in {row["name"] for row in rows}
        assert all("\u202e" not in row["name"] for row in rows)


def test_nobody_is_sent_again_what_he_has(table: KeyTable):
    table.add()
    with serving(table) as serve:
        table.database.execute("ALTER TABLE virtual_keys RENAME TO elsewhere")  # so that no poll changes read_at
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 10, "the fault")
        for name in ("keys", "owners", "events", "openapi.json"):
            first = serve.get(f"/api/v1/{name}")
            again = serve.get(f"/api/v1/{name}", headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["ETag"] == first.headers["ETag"]
            assert serve.get(f"/api/v1/{name}", headers={"If-None-Match": '"other"'}).status_code == 200
        for name in ("status", "verdict"):
            assert serve.get(f"/api/v1/{name}").headers["Cache-Control"] == "no-store"


def test_who_may_see_it(table: KeyTable):
    table.add()
    with serving(table) as serve:
        assert serve.get("/api/v1/keys").status_code == 200
        for header in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via", "x-forwarded-anything"):
            assert openapi.get(serve, "/api/v1/keys", headers={header: "for=127.0.0.1"}).status_code == 403
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]", "localhost:x", "", "10.0.0.1"):
            assert openapi.get(serve, "/api/v1/status", headers={"Host": host}).status_code in (421, 400), host
        for host in ("localhost", "LOCALHOST:11947", "127.0.0.1", "127.9.9.9:1", "[::1]:80", "[::1]"):
            assert openapi.get(serve, "/api/v1/status", headers={"Host": host}).status_code == 200, host
        for name, value in serve.get("/api/v1/keys", headers={"Origin": "http://evil.example"}).headers.items():
            assert not name.lower().startswith("access-control"), (name, value)
        assert serve.get("/metrics", headers={"Host": "evil.example", "Via": "1.1 proxy"}).status_code == 200
    for inventory, status in (("off", 403), ("authenticated", 401)):
        with serving(table, inventory=inventory) as serve:
            for name in ("status", "verdict", *LISTS, "openapi.json", "keys/x"):
                assert serve.get(f"/api/v1/{name}").status_code == status


def test_bad_questions_are_answered_with_what_would_do(table: KeyTable):
    table.add()
    table.add()
    with serving(table) as serve:
        cursor = serve.get("/api/v1/keys?limit=1").json()["next"]
        for query in (
            "phase=nothing", "sort=prefix", "limit=0", "limit=1001", "limit=-1", "limit=x", "used_within=soon", "idle_longer_than=0s",
            "cursor=x", f"sort=owner&cursor={cursor}", f"cursor=0{cursor}", f"cursor={cursor}9999999999999999", "format=xml", "nothing=1",
            "search=%ff", "search=%00", "search=%1b[31m", "&".join(f"a{i}=1" for i in range(60)),
        ):
            answer = openapi.get(serve, "/api/v1/keys?" + query)
            assert answer.status_code == 400, query
            assert "nothing" not in answer.json()["detail"].replace("is nothing", ""), "nothing of it is repeated"
        for target in ("owners?sort=x", "owners?gone=1", "owners?cursor=1.-keys.x.n", "events?since=soon", "events?cursor=1.time.-1", "history?x=1", "pairs?x=1", "status?x=1"):
            assert openapi.get(serve, "/api/v1/" + target).status_code == 400, target
        assert serve.get("/api/v1/keys?search=" + "a" * 100_000).status_code == 431
        assert serve.get("/api/v1/keys", method="POST").status_code == 405


def test_a_thousand_at_once(table: KeyTable):
    table.fill(2000, 10)
    with serving(table) as serve, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda i: serve.get(f"/api/v1/keys?search=key%20{i}"), range(1000)))
        statuses = {answer.status_code for answer in answers}
        assert statuses <= {200, 503} and 200 in statuses
        for answer in answers:
            if answer.status_code == 503:
                assert answer.headers["Retry-After"] == "1" and json.loads(answer.content)["status"] == 503
        assert serve.get("/-/healthy").ok and serve.terminate()[0] == 0


def test_the_state_goes_while_it_is_asked(table: KeyTable):
    """The state file is replaced under the daemon: what is asked then is answered, or refused, and never false."""
    table.fill(100, 10)
    with serving(table) as serve:
        assert serve.get("/api/v1/keys").json()["total"] == 100
        for file in serve.state_directory.glob("keyshift.db*"):
            file.unlink()
        for _ in range(20):
            answer = serve.get("/api/v1/keys?phase=all")
            assert answer.status_code in (200, 503)
            if answer.status_code == 200:
                assert answer.json()["total"] == 100
        assert serve.terminate()[0] == 0


def test_another_state_is_another_list(table: KeyTable):
    """A state of before is put in the place of the daemon's: no list may still be of the one that was there."""
    ids = [table.add() for _ in range(3)]
    with serving(table) as serve:
        assert serve.get("/api/v1/keys").json()["total"] == 3
        assert serve.terminate()[0] == 0
        earlier = scratch_directory("earlier") / "keyshift.db"
        shutil.copy(serve.state_directory / "keyshift.db", earlier)
        serve.start()
        table.add()
        eventually(lambda: serve.get("/api/v1/keys").json()["total"] == 4, 10, "the fourth is known")
        # From now on no poll tells of another moment.
        table.database.execute("ALTER TABLE virtual_keys RENAME TO elsewhere")
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 10, "the fault")
        for file in serve.state_directory.glob("keyshift.db-*"):
            file.unlink()
        os.replace(earlier, serve.state_directory / "keyshift.db")

        def is_of_it() -> bool:
            answer = serve.get("/api/v1/keys")
            if answer.status_code != 200:
                return False
            page = answer.json()
            assert page["total"] == len(page["keys"]), "a number and a list of two states"
            return {key["id"] for key in page["keys"]} == set(ids)

        eventually(is_of_it, 10, "the earlier state is shown")
