# SPDX-License-Identifier: Apache-2.0
"""The matrix of servers itself: what it takes for the right file, for a passed column, and for a row of its table."""

import ast
from pathlib import Path

import pytest

from matrix.columns import COLUMNS, Column
from matrix.fetch import check_integrity
from matrix.run import FAILED, NOT_RUN, PAGE, PASSED, cell, outcomes
from matrix.servers import SERVERS, named
from matrix.table import Row, update

ROOT = Path(__file__).parents[2]
REPORT = """<testsuites><testsuite>
<testcase classname="tests.matrix.test_x" name="test_a[view]"/>
<testcase classname="tests.matrix.test_x" name="test_a[table]">{}</testcase>
<testcase classname="tests.matrix.test_x" name="test_b"/>
</testsuite></testsuites>"""
A, B, C = (f"tests/matrix/test_x.py::test_{name}" for name in "abc")


def result(tmp_path: Path, ended: str, *tests: str) -> str:
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(ended))
    return cell(SERVERS[0], Column("x", tests), outcomes(report))


def test_a_column_has_passed_where_all_its_tests_have(tmp_path: Path):
    assert result(tmp_path, "", A, B) == PASSED
    assert result(tmp_path, "", A, C) == NOT_RUN
    for ended in ("<failure/>", "<error/>"):
        assert result(tmp_path, ended, A, B) == FAILED
        assert result(tmp_path, ended, B) == PASSED
    assert result(tmp_path, "<skipped/>", A) == PASSED, "the other case has run"
    assert cell(SERVERS[0], Column("x", (A,)), {}) == NOT_RUN
    assert cell(SERVERS[0], Column("x", (A,), lambda server: False, "from 17 on"), {}) == "from 17 on"


def test_rows_of_others_stay():
    page = PAGE.read_text()
    (other, new) = (server for server in SERVERS if server.kind == "pgbouncer")
    columns = len(COLUMNS["pgbouncer"])
    first = update(page, [Row(other.title, "1.2.3", (FAILED,) * columns)])
    second = update(first, [Row(new.title, "4.5.6", (PASSED,) * columns)])
    lines = second.splitlines()
    assert f"| {other.title} | 1.2.3 | {' | '.join([FAILED] * columns)} |" in lines
    assert f"| {new.title} | 4.5.6 | {' | '.join([PASSED] * columns)} |" in lines
    assert len(lines) == len(page.splitlines()), "one row for each server"
    assert update(page, []) == page, "the page is as the matrix writes it"


def test_every_test_of_a_column_is_there():
    named = [test for columns in COLUMNS.values() for column in columns for test in column.tests]
    for file in {test.partition("::")[0] for test in named}:
        functions = {node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)}
        wanted = {test.partition("::")[2] for test in named if test.startswith(f"{file}::")}
        assert wanted <= functions, f"{file}: {wanted - functions}"


def test_another_file_than_the_one_that_was_pinned_is_refused(tmp_path: Path):
    file = tmp_path / "package.tgz"
    file.write_bytes(b"abc")
    right = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="
    check_integrity(file, right)
    file.write_bytes(b"abd")
    with pytest.raises(RuntimeError, match=r"package\.tgz has the sha512 .*, not 3a81oZ"):
        check_integrity(file, right)


def test_servers_are_asked_for_by_name():
    assert named("postgresql-18").title == "PostgreSQL 18"
    with pytest.raises(KeyError, match="there are postgresql-13 .*valkey-8.1"):
        named("postgresql-12")
