# SPDX-License-Identifier: Apache-2.0
"""The package as a file: what lintian says, what is in it, and how its program was built."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from harness.product.debian_package import field, unpacked
from harness.tools.debian_root import RELEASES
from harness.tools.process import CLEAN_ENVIRONMENT, program

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files(package: Path) -> Path:
    return unpacked(package)


@pytest.fixture(scope="module")
def binary(files: Path) -> Path:
    return files / "usr" / "bin" / "keyshift"


def output(name: str, *arguments: str | Path) -> str:
    command = [program(name), *arguments]
    done = subprocess.run(command, capture_output=True, env=CLEAN_ENVIRONMENT, text=True, check=False)
    return done.stdout


def test_lintian_has_nothing_to_say(package: Path):
    assert output("lintian", "--pedantic", "--allow-root", package) == ""


def test_version_and_changelog_are_those_of_the_project(package: Path, files: Path):
    version = re.search(r"project\(keyshift VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    changelog = gzip.decompress((files / "usr/share/doc/keyshift/changelog.gz").read_bytes()).decode()
    number, release = field(package, "Version").split("~")
    assert number == version
    assert changelog.startswith(f"keyshift ({version}~{release}) {RELEASES[release]}; ")


def test_what_is_loaded_at_run_time_is_recommended(package: Path):
    loaded = {"libsystemd.so.0": "libsystemd0"}
    sources = "".join(source.read_text() for source in (ROOT / "src").rglob("*.cpp"))
    named = set(re.findall(r'"(lib\w+\.so[.\d]*)"', sources))
    assert named == set(loaded)
    assert set(loaded.values()) <= set(re.split(r",\s*", field(package, "Recommends")))


def test_the_parser_of_statements_is_installed_with_it(package: Path, binary: Path):
    """Loaded where statements are read, and nothing can be read without it: a dependency."""
    depends = re.split(r",\s*", field(package, "Depends"))
    (parser,) = [name for name in depends if name.startswith("libpg-query")]
    loaded = re.search(r"libpg_query\.so\.([\d.]+)", output("strings", "--all", binary))[1]
    assert parser == f"libpg-query{loaded}"


def test_documentation_and_examples_name_what_is_installed(files: Path):
    places = ("usr/share/doc/keyshift/**/*", "usr/share/keyshift/**/*.yaml", "usr/lib/**/*", "etc/**/*")
    texts = [file for place in places for file in files.glob(place)]
    named = {
        path.rstrip(".")
        for file in texts
        if file.is_file()
        for path in re.findall(r"/(?:usr/share|usr/bin)/(?:doc/)?keyshift[\w./-]*", file.read_text(errors="ignore"))
    }
    assert {"/usr/bin/keyshift", "/usr/share/keyshift/dashboards"} <= named
    assert [path for path in named if not (files / path[1:]).exists()] == []


def test_the_program_is_position_independent(binary: Path):
    assert re.search(r"Type:\s+DYN", output("readelf", "--file-header", binary))
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", output("readelf", "--dynamic", binary))


def test_relocations_are_read_only_before_it_begins(binary: Path):
    assert "GNU_RELRO" in output("readelf", "--program-headers", "--wide", binary)
    assert re.search(r"\(FLAGS\).*\bBIND_NOW\b", output("readelf", "--dynamic", binary))


def test_the_stack_is_not_executable(binary: Path):
    stack = re.search(r"GNU_STACK.* (\S+)\s+0x\w+$", output("readelf", "--program-headers", "--wide", binary), re.M)
    assert stack[1] == "RW"


def test_stack_and_memory_functions_are_checked(binary: Path):
    imported = output("readelf", "--dyn-syms", "--wide", binary)
    assert "__stack_chk_fail@" in imported
    assert len(set(re.findall(r"__(?:mem|str|snprintf|vsnprintf|read|fprintf)\w*_chk@", imported))) >= 2


def test_branches_have_marked_targets(binary: Path):
    """-fcf-protection. The note that would say so for the program as a whole cannot be there: Debian 12's C runtime,
    which begins every program, has no such marks, and the linker notes what holds for all parts."""
    endbr64 = b"\xf3\x0f\x1e\xfa"
    functions_at_least = 1_000
    assert binary.read_bytes().count(endbr64) > functions_at_least


def test_the_program_is_stripped(binary: Path):
    assert ".symtab" not in output("readelf", "--sections", "--wide", binary)
