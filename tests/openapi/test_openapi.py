# SPDX-License-Identifier: Apache-2.0
"""The API's own description, and what the daemon answers to it, judged by tools that others have written: Redocly's linter
reads the document, Prism stands between and compares each answer with it, Hypothesis thinks of questions."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import requests
from harness.product.keyshift import Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import Postgres
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT, program
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
HOSTILE = ["<b>", "=1+1", "\u202eevil", 'a,b;"c"\r\nd', "\u00e4" * 255, "\U0001f511" * 63, "%2e%2e/", "x\ty", "..", " "]


@pytest.fixture(scope="module")
def serve(postgres: Postgres) -> Iterator[Serve]:
    """A daemon that knows living, replaced, used and gone keys, with and without owners, some of them with names that hurt."""
    database = postgres.create_database()
    table = KeyTable(database)
    owners = [table.add_user(f"{name}@example.com") for name in "ab"]
    for i, name in enumerate(HOSTILE):
        table.add(name=name, owner=owners[i % 2] if i % 3 else None, idle=timedelta(hours=i) if i % 2 else None)
    gone = [table.add(name="gone"), table.add(name="gone", idle=timedelta(minutes=1))]
    with Serve(watching(database.dsn())) as daemon:
        table.delete(*gone)
        eventually(lambda: daemon.get("/api/v1/keys?phase=gone").json()["total"] == 2, 10, "they have gone")
        yield daemon
    database.drop()


@pytest.fixture(scope="module")
def document(serve: Serve) -> dict:
    return serve.get("/api/v1/openapi.json").json()


@contextmanager
def judged(serve: Serve, document: dict) -> Iterator[str]:
    """Where Prism listens, which passes on what it is asked, and notes in a header what is not as the document says."""
    file = scratch_directory("openapi") / "openapi.json"
    file.write_text(json.dumps(document))
    port = free_port()
    command = [program("node"), MODULES / "@stoplight/prism-cli/dist/index.js", "proxy", file, serve.url, "--port", str(port)]
    with subprocess.Popen(command, env=CLEAN_ENVIRONMENT, stdout=subprocess.DEVNULL) as prism:
        try:
            url = f"http://127.0.0.1:{port}"
            eventually(lambda: _status(f"{url}/api/v1/status") == 200, 60, "Prism passes it on")
            yield url
        finally:
            prism.terminate()


def _status(url: str) -> int:
    """0 where nobody answers."""
    try:
        return requests.get(url, timeout=10).status_code
    except requests.ConnectionError:
        return 0


def violations(answer: requests.Response) -> list[dict]:
    """What Prism says against the answer; what it says against the question is not the daemon's."""
    said = json.loads(answer.headers.get("sl-violations", "[]"))
    return [violation for violation in said if violation["location"][0] == "response"]


def test_the_document_is_well_made(document: dict):
    directory = scratch_directory("redocly")
    (directory / "openapi.json").write_text(json.dumps(document))
    command = [program("node"), MODULES / "@redocly/cli/bin/cli.js", "lint", "--format=stylish", f"--config={HERE / 'redocly.yaml'}", "openapi.json"]
    said = subprocess.run(command, cwd=directory, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False)
    assert said.returncode == 0 and "warning" not in said.stdout, said.stdout + said.stderr


def test_what_is_not_as_described_is_noticed(serve: Serve, document: dict):
    """The judge can say no."""
    other = json.loads(json.dumps(document).replace('"boolean"', '"integer"'))
    with judged(serve, other) as judge:
        assert violations(requests.get(judge + "/api/v1/sources", timeout=30))


def values(parameter: dict) -> st.SearchStrategy[str]:
    """Those that the document names, such as people ask for, and any text."""
    schema = parameter["schema"]
    named = [str(value) for value in schema.get("enum", [])]
    likely = ["1", "7", "1000", "24h", "7d", "live", "gone", "all", "dormant,pending", "2001-01-01T00:00:00Z", "a@example.com", "gone", *HOSTILE]
    numbers = st.integers(-10, 10**20).map(str)
    text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)
    return st.one_of(*([st.sampled_from(named)] * 3 if named else []), st.sampled_from(likely), numbers, text)


def readable(document: dict) -> list[str]:
    return sorted(path for path, operations in document["paths"].items() if "get" in operations)


@st.composite
def questions(draw: st.DrawFn, document: dict) -> tuple[str, str]:
    """A path of the document, and what is asked for it."""
    path = draw(st.sampled_from(readable(document)))
    operation = document["paths"][path]["get"]
    target, query = path, []
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            target = target.replace("{" + parameter["name"] + "}", quote(draw(values(parameter)) or "x", safe=""))
        elif parameter["in"] == "query" and draw(st.integers(0, 3)) == 0:
            query.append((parameter["name"], draw(values(parameter))))
    return path, target + ("?" + urlencode(query) if query else "")


def test_every_answer_is_as_described(serve: Serve, document: dict):
    seen: set[tuple[str, int]] = set()

    @settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(questions(document))
    def ask(question: tuple[str, str]) -> None:
        path, target = question
        answer = requests.get(judge + target, timeout=30)
        described = document["paths"][path]["get"]["responses"]
        seen.add((path, answer.status_code))
        assert str(answer.status_code) in described, (target, answer.status_code, answer.text)
        assert violations(answer) == [], target

    with judged(serve, document) as judge:
        ask()
    missing = {path for path in readable(document) if (path, 200) not in seen}
    assert missing == set(), "never answered"
    assert {status for _, status in seen} >= {200, 400, 404}
    print(f"\n{len(seen)} kinds of answers: " + ", ".join(f"{path} {status}" for path, status in sorted(seen)))


def test_decisions_that_are_not_allowed_are_refused_as_described(serve: Serve, document: dict):
    headers = {"X-Keyshift-Action": "1", "Content-Type": "application/json"}
    deciding = [
        (path, method) for path, operations in document["paths"].items() for method in operations if method != "get"
    ]
    assert len(deciding) == 6
    with judged(serve, document) as judge:
        for path, method in deciding:
            body = {"legacy": "a", "modern": "b", "key": "a", "kind": "cutover"}
            wanted = document["paths"][path][method].get("requestBody", {})
            known = wanted.get("content", {}).get("application/json", {}).get("schema", {}).get("properties", {})
            content = json.dumps({name: body[name] for name in body if name in known}) if known else None
            target = judge + path.replace("{id}", "a") + "?preview=true"
            answer = requests.request(method, target, data=content, headers=headers, timeout=30)
            assert answer.status_code == 403, (path, method, answer.text)
            assert violations(answer) == []
