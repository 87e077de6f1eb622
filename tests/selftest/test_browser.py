# SPDX-License-Identifier: Apache-2.0
"""harness.tools.browser notices what goes wrong in a page."""

from collections.abc import Iterator

import pytest

from harness.tools import http_answers as answers
from harness.tools.browser import Browser
from harness.tools.http_faults import HttpFaults
from harness.tools.wait import eventually


@pytest.fixture
def server() -> Iterator[HttpFaults]:
    with HttpFaults() as server:
        server.answer(answers.status(404), path="/favicon.ico")
        yield server


def serve(server: HttpFaults, html: str) -> str:
    server.answer(answers.text(f"<!doctype html><title>a page</title>{html}", headers={"Content-Type": "text/html"}), path="/page")
    return f"http://{server.address}/page"


def test_a_sound_page_has_no_faults(server: HttpFaults):
    with Browser(width=500) as browser:
        browser.open(serve(server, "<link rel=icon href='data:,'><p>text</p>"))
        assert browser.run("[document.title, document.querySelector('p').innerText, innerWidth].join()") == "a page,text,500"
        assert browser.run("Promise.resolve(7)") == 7
        assert browser.faults == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<script>throw new Error('planted')</script>", "planted"),
        ("<script>no_such_function()</script>", "no_such_function"),
        ("<img src='http://example.org/x.png'>", "asks http://example.org/x.png"),
        ("<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\"><script>1</script>", "Content Security Policy"),
    ],
)
def test_a_planted_fault_is_noticed(server: HttpFaults, html: str, fault: str):
    with Browser() as browser:
        browser.open(serve(server, f"<link rel=icon href='data:,'>{html}"))
        eventually(lambda: (browser.run("1"), any(fault in found for found in browser.faults))[1], 10, f"{browser.faults}")


def test_script_can_be_switched_off(server: HttpFaults):
    with Browser() as browser:
        browser.without_script()
        browser.open(serve(server, "<link rel=icon href='data:,'><script>document.title = 'changed'</script>"))
        assert browser.run("document.title") == "a page"
