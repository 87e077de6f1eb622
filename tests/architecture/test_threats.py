# SPDX-License-Identifier: Apache-2.0
"""docs/security.md names a test for each threat, and that test exists."""

import re

from architecture import house

_FILE = re.compile(r"`(\w+/[\w/]+\.(?:py|cpp))` ([\w, ]+)")


def threats() -> list[list[str]]:
    """The rows: who, what is tried, what holds it off, the tests."""
    section = (house.ROOT / "docs" / "security.md").read_text().split("## Each threat, and the test of it\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


def named(cell: str) -> list[tuple[str, str]]:
    return [(file, name) for file, names in _FILE.findall(cell) for name in re.split(r", ", names.strip())]


def is_there(file: str, name: str) -> bool:
    path = house.ROOT / "tests" / file
    pattern = rf"^def {name}\(" if file.endswith(".py") else rf"^TEST(_F|_P)?\(\w+, {name}\)"
    return path.exists() and re.search(pattern, path.read_text(), re.MULTILINE) is not None


def test_each_threat_has_tests_that_exist() -> None:
    rows = threats()
    assert len(rows) > 20
    assert [row for row in rows if len(row) != 4 or not named(row[3])] == []
    assert [test for row in rows for test in named(row[3]) if not is_there(*test)] == []


def test_one_that_is_not_there_is_noticed() -> None:
    assert named("`unit/base/text_test.cpp` One; `integration/test_api.py` test_a, test_b") == [
        ("unit/base/text_test.cpp", "One"), ("integration/test_api.py", "test_a"), ("integration/test_api.py", "test_b"),
    ]  # fmt: skip
    assert not is_there("integration/test_api.py", "test_no_such") and not is_there("integration/none.py", "test_a")
