# SPDX-License-Identifier: Apache-2.0
"""The status page over HTTP: who gets it, what a browser may do with it, and its files."""

import gzip
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
PAGES = ["/", "/keys", "/owners"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture
def table(database: Database) -> KeyTable:
    table = KeyTable(database)
    table.add(name="first", idle=1 * DAY)
    return table


@pytest.fixture
def serve(table: KeyTable) -> Iterator[Serve]:
    with Serve(watching(table.database.dsn())) as serve:
        yield serve


def page(serve: Serve, path: str = "/", status: int = 200, **headers: str) -> requests.Response:
    answer = serve.get(path, headers={**HTML, **headers})
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer


@pytest.mark.parametrize("path", [*PAGES, "/keys/first", "/keys/nobody"])
def test_a_browser_may_load_nothing_else_and_keep_nothing(serve: Serve, path: str):
    headers = page(serve, path, 404 if path.endswith("nobody") else 200).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", ["*/*", "", "text/plain", "application/json"])
def test_whoever_reads_no_html_gets_the_list_of_paths(serve: Serve, accept: str):
    answer = serve.get("/", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Vary"] == "Accept"
    assert "/metrics" in answer.text


@pytest.mark.parametrize("path", [*PAGES, "/keys/first"])
@pytest.mark.parametrize(
    ("inventory", "headers", "status", "why"),
    [
        ("off", {}, 403, "web.inventory is off"),
        ("loopback", {"X-Forwarded-For": "203.0.113.7"}, 403, "not through a proxy"),
        ("loopback", {"Host": "rebound.example.org"}, 421, "Ask for localhost"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(table: KeyTable, path: str, inventory: str, headers: dict, status: int, why: str):
    tree = watching(table.database.dsn())
    tree["web"] = {"inventory": inventory}
    with Serve(tree) as serve:
        answer = page(serve, path, status, **headers)
        assert why in answer.text and "keyshift status" in answer.text
        assert "first" not in answer.text


def test_access_follows_a_reload(table: KeyTable):
    tree = watching(table.database.dsn())
    with Serve(tree, args=["--web.enable-lifecycle"]) as serve:
        page(serve)
        tree["web"] = {"inventory": "off"}
        serve.configure(tree)
        assert serve.post("/-/reload").status_code == 200
        page(serve, status=403)


def assets(serve: Serve) -> list[str]:
    return re.findall(r'(?:href|src)="(assets/[^"]+)"', page(serve).text)


def test_its_files_are_kept_for_ever_under_an_address_that_changes_with_them(serve: Serve):
    names = assets(serve)
    assert {name.rsplit("/", 1)[1].split(".")[1] for name in names} == {"svg", "css", "js"}
    for name in names:
        plain = serve.get(f"/{name}", headers={"Accept-Encoding": "identity"})
        assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Content-Encoding" not in plain.headers
        small = requests.get(f"{serve.url}/{name}", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10)
        assert small.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(small.raw.read()) == plain.content
        assert small.headers["ETag"] != plain.headers["ETag"]
        again = serve.get(f"/{name}", headers={"Accept-Encoding": "identity", "If-None-Match": plain.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/assets/", "/assets/0000000000000000/page.css", "/assets/../keyshift", "/assets/page.css"])
def test_there_are_no_other_files(serve: Serve, path: str):
    assert serve.get(path).status_code == 404


def test_files_tell_nothing_and_are_for_everybody(table: KeyTable):
    tree = watching(table.database.dsn())
    with Serve(tree, args=["--web.enable-lifecycle"]) as serve:
        (style,) = [name for name in assets(serve) if name.endswith("page.css")]
        tree["web"] = {"inventory": "off"}
        serve.configure(tree)
        serve.post("/-/reload")
        assert serve.get(f"/{style}").status_code == 200


def test_the_documents_are_what_the_api_says(serve: Serve, table: KeyTable):
    owner = table.add_user("o@example.org")
    id = table.add(name="second", owner=owner, idle=2 * DAY)
    serve.wait_for_poll()
    assert serve.get("/api/v1/verdict").json()["verdict"].replace("_", " ") in page(serve).text
    assert "2 keys found." in page(serve, "/keys").text
    found = page(serve, "/keys?search=SECOND&phase=&sort=").text
    assert "1 key found." in found and f'href="keys/{id}"' in found
    assert "1 key found." in page(serve, f"/keys?owner={owner}").text
    assert "1 key found." in page(serve, "/keys?owner=").text
    assert "2 owners found." in page(serve, "/owners").text
    assert "sort names no order" in page(serve, "/keys?sort=x", 400).text
    assert "Nothing done yet" in page(serve, f"/keys/{id}").text
    assert "Which key?" in page(serve, "/keys/sk-AbC123xyz", 300).text


def test_while_the_state_cannot_be_read_the_verdict_stands(table: KeyTable):
    """What is in memory is shown, and the rest says why not. Readers are locked out by nobody in SQLite's WAL; that a table is not there
    any more ends in the same refusal."""
    with Serve(watching(table.database.dsn())) as serve:
        assert "data-unread" not in page(serve).text
        with closing(sqlite3.connect(serve.state_directory / "keyshift.db", timeout=10, isolation_level=None)) as other:
            other.execute("ALTER TABLE event RENAME TO event_elsewhere")
            text = page(serve).text
            other.execute("ALTER TABLE event_elsewhere RENAME TO event")
        (word,) = re.findall(r"<title>(SAFE|NOT YET|UNSAFE|UNKNOWN) · keyshift</title>", text)
        assert word in text and text.count("data-unread") >= 1 and "no such table" in text
        assert ">1</a> of 1" in text
        assert "data-unread" not in page(serve).text
