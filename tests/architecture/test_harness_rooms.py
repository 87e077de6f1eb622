# SPDX-License-Identifier: Apache-2.0
"""tests/harness is built of rooms too: ARCHITECTURE.md lists them from the bottom up, and imports point down. Tests get
temporary directories in one way."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from architecture import house

HARNESS = house.ROOT / "tests" / "harness"
FEWEST_FILES, MOST_FILES = 5, 20


def listed() -> list[str]:
    """From the bottom up."""
    section = (house.ROOT / "ARCHITECTURE.md").read_text().split("\n## Tests", 1)[1]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def modules(room: str) -> list[Path]:
    return [path for path in sorted((HARNESS / room).glob("*.py")) if path.name != "__init__.py"]


def imported_rooms(text: str) -> Iterator[str]:
    """Those of the harness."""
    for node in ast.walk(ast.parse(text)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name == "harness" or name.startswith("harness."):
                yield (name.split(".") + [""])[1]


def upward(room: str, text: str) -> list[str]:
    """What the module may not import, being of that room."""
    rooms = listed()
    return [other for other in imported_rooms(text) if other not in rooms[: rooms.index(room) + 1]]


def test_each_module_is_in_a_room_that_is_listed() -> None:
    assert [path.name for path in HARNESS.glob("*.py")] == ["__init__.py"]
    assert sorted(listed()) == sorted(path.parent.name for path in HARNESS.glob("*/*.py") if path.name == "__init__.py")
    sizes = {room: len(modules(room)) for room in listed()}
    assert all(FEWEST_FILES <= size <= MOST_FILES for size in sizes.values()), sizes


def test_imports_point_down() -> None:
    wrong = {
        f"{room}/{path.name}": rooms
        for room in listed()
        for path in modules(room)
        if (rooms := upward(room, path.read_text()))
    }
    assert wrong == {}


def test_an_import_that_points_up_is_found() -> None:
    assert upward("tools", "from harness.product.keyshift import Serve\n") == ["product"]
    assert upward("servers", "import harness.documents.promql\n") == ["documents"]
    assert upward("tools", "def f():\n    from harness import anything\n") == [""]
    assert upward("documents", "from harness.tools.wait import eventually\n") == []


# How a temporary directory is made, and who may make one by itself: the two ways that all others go, a tool that works
# without the harness and removes it as it ends, and one whose results must outlive it.
MAKING = re.compile(r"^(import tempfile|from tempfile import)|\bmkdtemp\(|\bmkstemp\(", re.MULTILINE)
MAKERS = {
    "tests/contract/temporary_directory.hpp",
    "tests/field/run_cases.py",
    "tests/harness/tools/scratch.py",
    "tests/mutation/mutate.py",
}


def test_temporary_directories_are_made_in_one_way() -> None:
    sources = [
        path
        for folder in ("tests", "scripts")
        for pattern in ("*.py", "*.hpp", "*.cpp")
        for path in (house.ROOT / folder).rglob(pattern)
        if "node_modules" not in path.parts and path != Path(__file__).resolve()
    ]
    makers = {str(path.relative_to(house.ROOT)) for path in sources if MAKING.search(path.read_text())}
    assert makers == MAKERS, "use harness.tools.scratch, or TemporaryDirectory of tests/contract"
