# SPDX-License-Identifier: Apache-2.0
"""Where the daemon serves: prefixes, the path of the metrics, and what a scrape may ask for."""

import json
from pathlib import Path

import pytest
import requests

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import Database
from harness.tools import exposition


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add()
    return keys


PREFIXED = "--web.external-url=https://ops.example.com/keyshift/"


def test_all_is_below_the_path_of_the_external_url(table: KeyTable):
    with Serve(watching(table.database.dsn()), until="started", arguments=[PREFIXED]) as serve:
        base = f"http://127.0.0.1:{serve.port}"

        def ask(path: str) -> requests.Response:
            return requests.get(base + path, timeout=10, allow_redirects=False)

        for path in ("/metrics", "/-/healthy", "/api/v1/status"):
            assert ask("/keyshift" + path).status_code == 200, path
            assert ask(path).status_code == 404, path
        for path in ("/", "/keyshift"):
            assert (ask(path).status_code, ask(path).headers["Location"]) == (302, "/keyshift/")
        described = json.loads(ask("/keyshift/api/v1/openapi.json").text)
        assert described["servers"] == [{"url": "https://ops.example.com/keyshift"}]
