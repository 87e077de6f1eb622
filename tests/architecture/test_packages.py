# SPDX-License-Identifier: Apache-2.0
"""packages.txt is the one list of what must be installed: what is included, imported and run is on it, and nothing else is."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from architecture import house

# What a listed package is only a name for, or always brings: a pattern, and the package.
COMES_WITH = {
    r"libc6-dev|linux-libc-dev|libstdc.*|libgcc.*": "g++",
    r"libpython3.*|python3\.\d+.*": "python3",
    r"libboost1.*-dev": "libboost-dev",
    r"postgresql-(client-)?(\d+|common)": "postgresql",
    r"nginx": "nginx-light",
    r"redis-tools": "redis-server",
}

# pytest loads the one by itself, and clang the other.
NOT_INCLUDED = {"python3-pytest-xdist", "libclang-rt-dev"}
# Only libpqxx 6 has the one, of Debian 12; compilers have the others, each for one kind of processor.
NOT_EVERYWHERE = {"pqxx/connectionpolicy", "emmintrin.h", "arm_neon.h"}
# It stands beside the cases that are kept outside the repository.
NOT_HERE = {"safe"}


def listed() -> list[list[str]]:
    """The alternatives of each line."""
    lines = (house.ROOT / "packages.txt").read_text().splitlines()
    return [line.replace(" ", "").split("|") for line in lines if line and not line.startswith("#")]


@cache
def named() -> frozenset[str]:
    return frozenset(package for line in listed() for package in line)


@cache
def owners() -> dict[str, str]:
    """Of each file that a package has brought: the package."""
    return {
        path: unit.name.removesuffix(".list").partition(":")[0]
        for unit in Path("/var/lib/dpkg/info").glob("*.list")
        for path in unit.read_text().splitlines()
    }


def owner(path: str) -> str:
    """Empty where no package has brought it."""
    names = (path, path.removeprefix("/usr"), str(Path(path).resolve()))
    return next((owners()[name] for name in names if path and name in owners()), "")


@cache
def always_there() -> frozenset[str]:
    """What every Debian has that boots, which is not listed."""
    told = subprocess.run(["dpkg-query", "--show", "--showformat", "${Package} ${Priority}\n"], capture_output=True, text=True, check=True)
    return frozenset(name for name, _, priority in (line.partition(" ") for line in told.stdout.splitlines()) if priority in ("required", "important"))


def is_listed(package: str) -> bool:
    return package in named() or any(re.fullmatch(pattern, package) and brings in named() for pattern, brings in COMES_WITH.items())


def sources(*patterns: str, folders: tuple[str, ...] = ("src", "tests", "scripts", "packaging")) -> list[Path]:
    return [
        path
        for folder in folders
        for pattern in patterns
        for path in sorted((house.ROOT / folder).rglob(pattern))
        if "node_modules" not in path.parts and path != Path(__file__).resolve()
    ]


def imported(text: str) -> set[str]:
    """The first name of each module that is imported, relative imports aside."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
    return names


@cache
def modules() -> frozenset[str]:
    """Those that are neither Python's own nor the project's."""
    beside = {path.stem for path in sources("*.py") if not (path.parent / "__init__.py").exists()}
    own = beside | {path.name for path in (house.ROOT / "tests").iterdir()}
    names = {name for path in sources("*.py") for name in imported(path.read_text())}
    return frozenset(names - own - set(sys.stdlib_module_names) - NOT_HERE)


@cache
def headers() -> frozenset[str]:
    texts = [path.read_text() for path in sources("*.cpp", "*.hpp")]
    lists = [(house.ROOT / name).read_text() for name in ("src/CMakeLists.txt", "tests/CMakeLists.txt")]
    included = {name for text in texts for name in re.findall(r"^#include <([^>]+)>", text, re.MULTILINE)}
    return frozenset(included | {name for text in lists for name in re.findall(r"<([\w/.]+)>", text)})


@cache
def include_directories() -> tuple[Path, ...]:
    """Where the compiler looks."""
    told = subprocess.run(["g++", "-E", "-x", "c++", "-v", "/dev/null"], capture_output=True, text=True, check=True).stderr
    return tuple(Path(line.strip()) for line in told.splitlines() if line.startswith(" /")) + (Path("/usr/include/postgresql"), Path("/usr/include/hs"))


def header_owner(name: str) -> str:
    for directory in include_directories():
        if (directory / name).exists():
            return owner(str(directory / name))
    return ""


def module_owner(name: str) -> str:
    """Where it is not here, since it belongs to another section, its package goes by its name."""
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.origin is not None:
        return owner(spec.origin)
    package = "python3-" + name
    return package if package in named() and package not in owners().values() else ""


def unlisted_modules(names: frozenset[str]) -> dict[str, str]:
    return {name: package or "not installed" for name in names if not is_listed(package := module_owner(name))}


def test_each_module_is_of_a_listed_package() -> None:
    assert unlisted_modules(modules()) == {}


def test_each_header_is_of_a_listed_package() -> None:
    found = {name: header_owner(name) for name in headers() - NOT_EVERYWHERE}
    assert {name: package for name, package in found.items() if not is_listed(package)} == {}


def test_what_is_not_listed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unlisted_modules(frozenset({"no_such_module", "yaml"})) == {"no_such_module": "not installed"}
    monkeypatch.setattr(sys.modules[__name__], "named", lambda: frozenset({"python3"}))
    assert unlisted_modules(frozenset({"yaml"})) == {"yaml": "python3-yaml"}
    assert not is_listed("libspdlog-dev")


def programs() -> set[str]:
    """Those that tests run."""
    return {name for path in sources("*.py") for name in re.findall(r"\bprogram\(\"([\w.-]+)\"\)", path.read_text())}


def test_each_program_is_of_a_listed_package() -> None:
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
    found = {name: owner(place) for name in programs() if (place := shutil.which(name, path=path))}
    assert "redis-server" in found
    assert {name: package for name, package in found.items() if package not in always_there() and not is_listed(package)} == {}


def test_each_listed_library_is_used() -> None:
    """Of packages that are here: those of other sections may not be."""
    found = {module_owner(name) for name in modules()} | {header_owner(name) for name in headers()}
    used = found | {brings for pattern, brings in COMES_WITH.items() if any(re.fullmatch(pattern, package) for package in found)}
    libraries = {package for package in named() & set(owners().values()) if re.match(r"python3-|lib.*-dev$", package)}
    assert "python3-yaml" in libraries
    assert sorted(libraries - used - NOT_INCLUDED) == []
