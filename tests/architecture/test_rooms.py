# SPDX-License-Identifier: Apache-2.0
"""Each folder of src/ is a room: small, listed in ARCHITECTURE.md, and included from outside by its door alone."""

import re
from pathlib import Path

import pytest
from architecture import house

MOST_FILES = 20
LAYERS_OF_SIBLINGS = "collectors"
# What collectors share: rooms that hold no collector.
ENTRY = re.compile(r"^Entry \w+_entry\(\)", re.MULTILINE)


def test_a_room_is_small() -> None:
    too_full = {room: len(files) for room, files in house.rooms().items() if len(files) > MOST_FILES}
    assert not too_full
    assert len(house.rooms()) > 40, "looking in the wrong place"
    assert all(room.count("/") <= 1 for room in house.rooms()), "two levels at most"


def test_architecture_lists_each_room_and_no_other() -> None:
    assert sorted(house.doors()) == sorted(house.rooms())


def wrong_at_doors(used: dict[str, set[tuple[str, str]]], doors: dict[str, set[str]]) -> list[str]:
    wrong = []
    for room, door in doors.items():
        included = used.get(room, set())
        wrong += [
            f"{who} includes {room}/{name}, which is not at the door of {room} (ARCHITECTURE.md)"
            for who, name in sorted(included)
            if name not in door
        ]
        wrong += [
            f"{room}/{name} is at its door, and no other room includes it: take it out of ARCHITECTURE.md"
            for name in sorted(door - {name for _, name in included})
        ]
    return wrong


def test_rooms_are_entered_by_their_doors() -> None:
    assert wrong_at_doors(house.used_from_outside(), house.doors()) == []


@pytest.mark.parametrize(
    ("room", "who", "name"),
    [
        ("drivers/postgres", "collectors/keys/keys.cpp", "login.hpp"),
        ("formats/statements", "formats/tracing/sqlx_line.cpp", "sql_node.hpp"),
        ("domain/verdict", "daemon/pages.cpp", "checks.hpp"),
    ],
)
def test_a_way_in_beside_the_door_is_found(room: str, who: str, name: str) -> None:
    used = house.used_from_outside()
    used[room] = used[room] | {(who, name)}
    assert len(wrong_at_doors(used, house.doors())) == 1


def test_a_door_that_nobody_uses_is_found() -> None:
    doors = house.doors()
    doors["drivers/redis"] = doors["drivers/redis"] | {"reply.hpp"}
    assert len(wrong_at_doors(house.used_from_outside(), doors)) == 1


def ways() -> dict[str, set[str]]:
    """Room -> rooms that it includes from."""
    found: dict[str, set[str]] = {room: set() for room in house.rooms()}
    for room, users in house.used_from_outside().items():
        for who, _ in users:
            if who != "main.cpp":
                found[str(Path(who).parent)].add(room)
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Rooms that lead back to the first; empty: there are none."""
    done: set[str] = set()

    def visit(room: str, way: list[str]) -> list[str]:
        if room in way:
            return [*way[way.index(room) :], room]
        if room in done:
            return []
        for other in sorted(graph[room]):
            if found := visit(other, [*way, room]):
                return found
        done.add(room)
        return []

    for room in sorted(graph):
        if found := visit(room, []):
            return found
    return []


def test_no_way_leads_in_a_circle() -> None:
    assert circle(ways()) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_no_collector_includes_another() -> None:
    """What two of them need is in a room of its own."""
    collectors = {
        room
        for room, files in house.rooms().items()
        if room.startswith("collectors/") and any(ENTRY.search(path.read_text()) for path in files)
    }
    listed = re.findall(r"^COLLECTOR\((\w+)\)", (house.SRC / "collectors" / "collectors.def").read_text(), re.MULTILINE)
    assert len(collectors) == len(listed) >= 8, collectors
    crossing = [
        f"{who} includes {room}/{name}"
        for room in collectors
        for who, name in house.used_from_outside()[room]
        if who.startswith("collectors/") and who.count("/") == 2
    ]
    assert crossing == []


def test_the_questions_are_answered_by_files_that_are_there() -> None:
    text = (house.ROOT / "ARCHITECTURE.md").read_text().split("## Ten questions", 1)[1].split("\n## ", 1)[0]
    answers = re.findall(r"^\| [^|]+\? \| `([^`]+)` \|$", text, re.MULTILINE)
    assert len(answers) == 10
    assert [answer for answer in answers if not (house.ROOT / answer).is_file()] == []


def test_unit_tests_stand_where_their_subject_does() -> None:
    for kind in ("unit", "contract"):
        tests = house.ROOT / "tests" / kind
        folders = {str(path.parent.relative_to(tests)) for path in tests.rglob("*_test.cpp")}
        assert folders and folders <= set(house.rooms()), folders - set(house.rooms())


def test_measures_count_what_is_there() -> None:
    text = """namespace a {
class B {
 public:
    int f() const {
        if (x) {
            return 1;
        }
        return 0;
    }
};
// int not_a_function() {
int g() { return "{"; }
}  // namespace a
"""
    assert sorted(house.blocks(text)) == [("class", 9), ("function", 1), ("function", 6)]
