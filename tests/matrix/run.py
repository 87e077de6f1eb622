# SPDX-License-Identifier: Apache-2.0
"""Runs the matrix and writes what it proved into docs/compatibility.md: tests/matrix/run.py [SERVER...]

Without servers it runs all. Rows of others stay as they are. Exits 1 where something failed or did not run.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

from matrix.columns import COLUMNS, Column
from matrix.fetch import DIRECTORY, environment_of, version_of
from matrix.servers import SERVERS, Server, named
from matrix.table import Row, update

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "compatibility.md"
PASSED = "yes"
FAILED = "**no**"
NOT_RUN = "**not run**"

# How each case of a test ended, by the test's name.
Outcomes = dict[str, list[bool]]


def outcomes(report: Path) -> Outcomes:
    """What pytest has written as JUnit's XML. What was skipped was not run."""
    found: Outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        if case.find("skipped") is not None:
            continue
        file = case.get("classname").replace(".", "/") + ".py"
        passed = case.find("failure") is None and case.find("error") is None
        found.setdefault(f"{file}::{case.get('name').partition('[')[0]}", []).append(passed)
    return found


def cell(server: Server, column: Column, found: Outcomes) -> str:
    if not column.only(server):
        return column.otherwise
    if not all(all(found.get(test, [])) for test in column.tests):
        return FAILED
    return PASSED if all(test in found for test in column.tests) else NOT_RUN


def run(server: Server) -> Row:
    columns = COLUMNS[server.kind]
    try:
        version = version_of(server)
    except (RuntimeError, AssertionError, OSError, subprocess.SubprocessError) as failed:
        print(f"--- {server.title} is not to be had: {failed}", flush=True)
        return Row(server.title, "", tuple(NOT_RUN for _ in columns))
    tests = dict.fromkeys(test for column in columns if column.only(server) for test in column.tests)
    report = DIRECTORY / f"{server.name}.xml"
    report.unlink(missing_ok=True)
    begin = time.monotonic()
    print(f"--- {server.title} ({version})", flush=True)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "2", "--dist", "loadfile",
         f"--junit-xml={report}", *tests],
        cwd=ROOT, env={**os.environ, **environment_of(server)}, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    found = outcomes(report) if report.exists() else {}
    print(f"--- {server.title}: {time.monotonic() - begin:.0f} s", flush=True)
    return Row(server.title, version, tuple(cell(server, column, found) for column in columns))


def main() -> int:
    try:
        servers = [named(name) for name in sys.argv[1:]] or list(SERVERS)
    except KeyError as unknown:
        print(f"test-matrix: {unknown.args[0]}", file=sys.stderr)
        return 64
    rows = []
    for server in servers:
        rows.append(run(server))
        PAGE.write_text(update(PAGE.read_text(), rows[-1:]))
    for row in rows:
        print(f"{row.title} {row.version}: {', '.join(row.cells)}")
    return 1 if any(bad in row.cells for row in rows for bad in (FAILED, NOT_RUN)) else 0


if __name__ == "__main__":
    sys.exit(main())
