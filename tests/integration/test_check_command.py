# SPDX-License-Identifier: Apache-2.0
"""keyshift check as JSON: what docs/cli.md promises of it, and the same exit codes as the text."""

import json
from pathlib import Path

import pytest

from harness.product.keyshift import Keyshift

GOOD = "collectors: [{type: keys, database_url: 'postgres://h/d'}]\n"
WARNED = f"migration: {{drain_window: 1h}}\n{GOOD}"
WRONG = "# ä\nweb:\n  lisen: ':1'\n  inventory: everybody\ncollectors: [{type: keys, database_url: 'postgres://h/d'}]\n"
BROKEN = "web: [\n"
PROBLEM = ["severity", "file", "line", "column", "key", "what", "mend"]


def check(*files: Path) -> tuple[int, dict]:
    ran = Keyshift().run("check", "--format", "json", *files)
    text = Keyshift().run("check", *files)
    assert ran.returncode == text.returncode and ran.stderr == b"", ran.stderr
    document = json.loads(ran.stdout)
    assert list(document) == ["schema_version", "files"] and document["schema_version"] == 1
    for file in document["files"]:
        assert list(file) == ["file", "ok", "problems"]
        assert all(list(problem) == PROBLEM for problem in file["problems"])
    # The text says the same, problem by problem.
    lines = [line for file in document["files"] for line in map(as_text, file["problems"])]
    assert text.stderr.decode().splitlines() == lines
    return ran.returncode, document


def as_text(problem: dict) -> str:
    place = f":{problem['line']}:{problem['column']}" if problem["line"] else ""
    warning = "warning: " if problem["severity"] == "warning" else ""
    key = f"{problem['key']}: " if problem["key"] else ""
    mend = f", {problem['mend']}" if problem["mend"] else ""
    return f"{problem['file']}{place}: {warning}{key}{problem['what']}{mend}"


@pytest.mark.parametrize(("text", "code", "ok"), [(GOOD, 0, True), (WARNED, 0, True), (WRONG, 78, False), (BROKEN, 78, False)])
def test_one_file(tmp_path: Path, text: str, code: int, ok: bool):
    (tmp_path / "k.yaml").write_text(text)
    returned, document = check(tmp_path / "k.yaml")
    assert (returned, document["files"][0]["ok"]) == (code, ok)
    assert document["files"][0]["file"] == str(tmp_path / "k.yaml")


def test_where_each_problem_stands(tmp_path: Path):
    (tmp_path / "k.yaml").write_text(WRONG)
    _, document = check(tmp_path / "k.yaml")
    (wrong,) = document["files"]
    assert [(p["line"], p["column"], p["key"]) for p in wrong["problems"]] == [(3, 3, "web.lisen"), (4, 14, "web.inventory")]
    assert "listen" in wrong["problems"][0]["mend"]


def test_several_files_and_one_that_is_not_there(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "w.yaml").write_text(WARNED)
    returned, document = check(tmp_path / "a.yaml", tmp_path / "missing.yaml", tmp_path / "w.yaml")
    good, missing, warned = document["files"]
    assert returned == 78 and [file["ok"] for file in (good, missing, warned)] == [True, False, True]
    assert good["problems"] == [] and warned["problems"][0]["severity"] == "warning"
    (problem,) = missing["problems"]
    assert (problem["line"], problem["column"], problem["key"]) == (None, None, None)
