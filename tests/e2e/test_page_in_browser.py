# SPDX-License-Identifier: Apache-2.0
"""The status page in headless Chromium, in short: loaded, drawn, searched, kept fresh, without script, on a phone, with the database
down. It needs Debian's Chromium alone. The long form, which acts as a person and knows the rules of accessibility, is `make test-page`."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database, Postgres
from harness.tools.browser import Browser
from harness.tools.wait import eventually

HOSTILE = "<img src=x onerror=alert(1)><script>document.title='bad'</script>\u202e"
REFRESH = "document.dispatchEvent(new Event('visibilitychange'))"


@contextmanager
def browsing(**size: int) -> Iterator[Browser]:
    """Nothing may go wrong meanwhile."""
    with Browser(**size) as browser:
        yield browser
        assert browser.faults == []


@pytest.fixture
def table(database: Database) -> KeyTable:
    table = KeyTable(database)
    for number in range(60):
        table.add(name=f"key {number}", owner=None, age=(50 + number) * DAY, idle=2 * DAY)
    table.add(name=HOSTILE, idle=1 * DAY)
    return table


@pytest.fixture
def serve(table: KeyTable) -> Iterator[Serve]:
    with Serve(watching(table.database.dsn())) as serve:
        yield serve


def test_the_first_answer_with_and_without_script(serve: Serve):
    with browsing() as browser:
        browser.open(f"{serve.url}/")
        assert browser.run("[...document.querySelectorAll('main > section')].map((each) => each.id).join()") == (
            "answer,failing,checks,pace,rates,left,events,sources"
        )
        assert browser.run("document.title").endswith("· keyshift")
        assert browser.run("document.querySelector('#pace svg.wide .line').getBBox().width") > 0
        text = browser.run("document.getElementById('main').innerText")
        browser.without_script()
        browser.open(f"{serve.url}/")
        assert browser.run("document.documentElement.className") == ""
        assert browser.run("document.querySelector('#answer .word').innerText") in text


def test_search_pages_and_a_key_of_a_hostile_name(serve: Serve):
    with browsing() as browser:
        browser.open(f"{serve.url}/keys")
        assert browser.run("document.querySelectorAll('table.keys tbody tr').length") == 50
        browser.run("(search.value = 'ONERROR', search.dispatchEvent(new Event('input', {bubbles: true})))")
        browser.wait_for("document.getElementById('total').innerText === '1 key found.'")
        assert "search=ONERROR" in browser.run("location.href")
        browser.open(browser.run("document.querySelector('table.keys tbody th a').href"))
        assert browser.run("document.querySelector('h1 bdi').textContent") == HOSTILE.replace("\u202e", "\\u{202e}")
        assert browser.run("document.querySelectorAll('main img, main script').length") == 0
        assert browser.run("document.title") != "bad"


def test_it_keeps_itself_fresh_and_disturbs_nothing(serve: Serve, table: KeyTable):
    with browsing() as browser:
        browser.open(f"{serve.url}/keys")
        browser.run("(search.focus(), search.value = 'half', search.setSelectionRange(1, 3), scrollTo(0, 400))")
        table.add(name="a new one", idle=1 * DAY)
        serve.wait_for_poll()
        eventually(lambda: (browser.run(REFRESH), "62 keys" in browser.run("document.getElementById('total').innerText"))[1], 20, "fresh")
        assert browser.run("[document.activeElement.id, search.value, search.selectionStart, scrollY].join()") == "search,half,1,400"


@pytest.mark.parametrize("path", ["/", "/keys?phase=all", "/owners"])
def test_it_fits_320_pixels(serve: Serve, path: str):
    with browsing(width=320, height=640) as browser:
        browser.dark()
        browser.open(f"{serve.url}{path}")
        assert browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_database_is_down_and_then_the_daemon(own_postgres: Postgres):
    table = KeyTable(own_postgres.create_database())
    table.add(idle=2 * DAY)
    with browsing() as browser, Serve(watching(table.database.dsn())) as serve:
        browser.open(f"{serve.url}/")
        own_postgres.stop()
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 20, "the source is down")
        browser.run(REFRESH)
        browser.wait_for("document.getElementById('stale')?.innerText.includes('Old numbers')")
        assert browser.run("document.querySelector('.facts').innerText.includes('1 of 1')")
        serve.terminate()
        browser.run(REFRESH)
        browser.wait_for("document.documentElement.dataset.lost === 'gone'")
        assert browser.run("document.querySelector('.facts').innerText.includes('1 of 1')")
        assert browser.run("document.title").startswith("OLD · ")
        browser.faults = [fault for fault in browser.faults if "ERR_CONNECTION_REFUSED" not in fault]

