# SPDX-License-Identifier: Apache-2.0
"""The layers of src/ include only what src/CMakeLists.txt lets them, rooms only what others show at their door
(ARCHITECTURE.md, "Rooms"), and third-party headers stay where they belong."""

import re
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
LAYER = re.compile(r"^keyshift_layer\((\w+)(?:\s+USES\s+([\w\s]+?))?(?:\s+LINKS\s+[^)]*)?\)", re.MULTILINE)

# Third-party headers, by prefix: the folders that may include them, and whether a header there may.
THIRD_PARTY = {
    "libpq-fe.h": ({"drivers"}, False),
    "pqxx/": ({"drivers"}, False),
    "sqlite3.h": ({"store"}, False),
    "yaml-cpp/": ({"config"}, False),
    "zlib.h": ({"exposition", "store"}, False),
    "prometheus/": ({"exposition"}, True),
    "spdlog/": ({"base"}, False),
    "CLI/": ({"cli"}, False),
    "simdjson.h": ({"formats"}, False),
    "pg_query": ({"formats"}, False),
    "openssl/": ({"drivers", "http"}, False),
    "crypt.h": ({"http"}, False),
    "boost/beast": ({"http", "drivers", "main"}, False),
    "boost/asio": ({"drivers", "runtime", "http", "journal", "daemon", "main"}, True),
    "boost/system/": ({"base", "http", "daemon"}, True),
}
# Headers that a folder keeps to itself, and what they may bring along.
PRIVATE_HEADERS = {"formats/statements/sql_node.hpp": "simdjson.h", "cli/options.hpp": "CLI/CLI.hpp"}
DOMAIN_KNOWS = {"base", "domain"}


def layers() -> dict[str, set[str]]:
    return {name: set((uses or "").split()) for name, uses in LAYER.findall((SRC / "CMakeLists.txt").read_text())}


def reachable(name: str, graph: dict[str, set[str]]) -> set[str]:
    found = {name}
    for below in graph[name]:
        found |= reachable(below, graph)
    return found


def includes() -> list[tuple[Path, str]]:
    files = [path for path in SRC.rglob("*") if path.suffix in (".cpp", ".hpp")]
    assert len(files) > 50, "looking in the wrong place"
    return [(path, name) for path in files for name in INCLUDE.findall(path.read_text())]


def layer_of(path: Path) -> str:
    parts = path.relative_to(SRC).parts
    return parts[0] if len(parts) > 1 else "main"


def violations(found: list[tuple[Path, str]], graph: dict[str, set[str]]) -> list[str]:
    wrong = []
    for path, name in found:
        layer = layer_of(path)
        target = name.split("/")[0]
        if target in graph:
            allowed = {"cli", "base"} if layer == "main" else reachable(layer, graph)
            if target not in allowed:
                wrong.append(f"{path.relative_to(SRC)} includes {name}: {layer} does not use {target}")
        for prefix, (folders, in_headers) in THIRD_PARTY.items():
            if PRIVATE_HEADERS.get(str(path.relative_to(SRC))) == name:
                continue
            if name.startswith(prefix) and (layer not in folders or (path.suffix == ".hpp" and not in_headers)):
                wrong.append(f"{path.relative_to(SRC)} includes {name}: it belongs to {sorted(folders)}")
    return wrong


def test_each_source_includes_its_own_header_first() -> None:
    """So that the header compiles alone: cmake/layer.cmake relies on it."""
    own = [(path, path.with_suffix(".hpp")) for path in SRC.rglob("*.cpp")]
    own = [(path, header) for path, header in own if header.exists()]
    assert len(own) > 100, "looking in the wrong place"
    assert [str(path) for path, header in own if INCLUDE.search(path.read_text())[1] != str(header.relative_to(SRC))] == []


def test_every_folder_is_a_layer() -> None:
    folders = {path.name for path in SRC.iterdir() if path.is_dir()}
    assert folders == set(layers())


def test_layers_have_no_cycle() -> None:
    graph = layers()
    order = list(graph)
    for name, uses in graph.items():
        for below in uses:
            assert order.index(below) < order.index(name), f"{name} uses {below}, which is declared after it"


def test_includes_point_down() -> None:
    assert violations(includes(), layers()) == []


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("domain/ledger/ledger.cpp", "store/state.hpp"),
        ("http/router.cpp", "domain/model.hpp"),
        ("base/log/log.cpp", "daemon/monitor.hpp"),
        ("daemon/monitor.hpp", "boost/beast/http.hpp"),
        ("drivers/postgres/postgres.hpp", "libpq-fe.h"),
        ("drivers/postgres/postgres.hpp", "pqxx/result"),
        ("domain/model.hpp", "boost/asio/io_context.hpp"),
        ("main.cpp", "http/server.hpp"),
        ("daemon/pages.cpp", "prometheus/registry.h"),
    ],
)
def test_a_planted_violation_is_found(file: str, include: str) -> None:
    assert len(violations([(SRC / file, include)], layers())) >= 1


def test_domain_is_pure() -> None:
    """Standard library and base only, and no clock: time is a parameter."""
    for path, name in includes():
        if layer_of(path) != "domain":
            continue
        assert "/" not in name or name.split("/")[0] in DOMAIN_KNOWS, f"{path.name} includes {name}"
    for path in (SRC / "domain").rglob("*.?pp"):
        assert not re.search(r"\bnow\(\)|_clock::now", path.read_text()), f"{path.name} reads a clock"


def test_every_header_begins_with_its_licence_and_contract() -> None:
    for path in SRC.rglob("*.hpp"):
        first, second = path.read_text().splitlines()[:2]
        assert first == "// SPDX-License-Identifier: Apache-2.0", path
        assert second.startswith("// "), f"{path} does not say what it is"


def test_files_stay_readable() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in SRC.rglob("*.?pp")}
    too_long = {str(path): size for path, size in sizes.items() if size > 500}
    assert not too_long
    ordered = sorted(sizes.values())
    assert ordered[len(ordered) // 2] <= 130


# --- connections of others


QUERY = re.compile(r"\bPQ(?:send\w+|exec\w*|prepare|fn)\b|\bwork\.exec")
SET_FOR_THE_SESSION = re.compile(r'(?:"|;)\s*(?:RE)?SET\s+(?!LOCAL\b)[A-Za-z]')
MAY_QUERY = "drivers/postgres/postgres.cpp"
LIBRARY = "drivers/postgres/library"
# SQLite, whose UPDATE ... SET is written over several lines.
OWN_DATABASE = "store"


def sources() -> list[tuple[str, str]]:
    files = [path for path in SRC.rglob("*") if path.suffix in (".cpp", ".hpp")]
    return [(str(path.relative_to(SRC)), path.read_text()) for path in files]


def test_queries_are_sent_in_one_place() -> None:
    """PostgresTransaction is the only friend of what it calls there: nothing runs outside a transaction."""
    assert {name for name, text in sources() if QUERY.search(text)} == {MAY_QUERY, LIBRARY + ".cpp"}
    users = {str(path.relative_to(SRC)) for path, name in includes() if name == LIBRARY + ".hpp"}
    assert users == {MAY_QUERY, LIBRARY + ".cpp"}, "who could send a statement by itself"
    knows = {str(path.relative_to(SRC)) for path, name in includes() if name.startswith("pqxx/")}
    assert knows == {MAY_QUERY, LIBRARY + ".cpp", "drivers/postgres/rows.cpp"}
    header = (SRC / MAY_QUERY).with_suffix(".hpp").read_text()
    assert re.findall(r"friend class (\w+);", header) == ["PostgresTransaction"]
    public = header.split("class Postgres {")[1].split("private:")[0]
    assert not re.search(r"\b(?:query|copy|run|send)\(", public)


def test_nothing_is_set_beyond_a_transaction() -> None:
    found = [name for name, text in sources() if not name.startswith(OWN_DATABASE) and SET_FOR_THE_SESSION.search(text)]
    assert found == []
    assert not any(re.search(r"set_config\([^)]*\bfalse\b", text) for _, text in sources())
    assert SET_FOR_THE_SESSION.search('query("SET search_path = x")') and SET_FOR_THE_SESSION.search('"BEGIN; SET a = b"')
