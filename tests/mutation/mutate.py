# SPDX-License-Identifier: Apache-2.0
"""Do the domain's unit tests notice when a rule is broken?

Each entry of the tables beside this file breaks one thing in a copy of src/ (never in the tree). What depends
on the changed file is compiled again, everything else is reused, and the unit tests of its area run: for
ledger/key_slot.cpp key_slot_*test.cpp of that room, or else key_*test.cpp, or else all of the room, as for
ledger/ledger.cpp, or else all of the domain's. Fails if a mutation survives, if its text is not found exactly
once, or if it does not compile. Another file of the domain needs nothing but its entries, in a table of its
own.
"""

import argparse
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = sorted(Path(__file__).parent.glob("*.toml"))
SOURCES = ("src/base", "src/domain")
TESTS = "tests/unit/domain"
CACHE = ["ccache"] if shutil.which("ccache") else []
FLAGS = ["-std=c++20", "-O0", "-fmax-errors=1", "-D_GLIBCXX_ASSERTIONS", "-Isrc", "-Itests"]
LIBRARIES = ["-lgmock", "-lgtest_main", "-lgtest", "-lpthread"]
# A mutant may run for ever or eat all memory; the tests themselves take seconds and little.
TEST_SECONDS = 60
TEST_BYTES = 4 << 30


@dataclass(frozen=True)
class Mutation:
    file: str
    text: str
    replacement: str
    removes: str

    def __str__(self) -> str:
        return f"{Path(self.file).name}: {self.removes}"

    def defect(self, tree: Path) -> str | None:
        """Why it cannot be applied."""
        if not self.file.startswith("src/") or not (tree / self.file).is_file():
            return "NO SUCH FILE"
        if self.text == self.replacement:
            return "CHANGES NOTHING"
        found = (tree / self.file).read_text().count(self.text)
        return None if found == 1 else f"FOUND {found} TIMES"


@dataclass(frozen=True)
class Verdict:
    killed: bool
    text: str


class Broken(Exception):
    """What was to be built cannot be."""


def read_tables() -> list[Mutation]:
    return [
        Mutation(file, text, replacement, removes)
        for table in TABLES
        for file, entries in tomllib.loads(table.read_text()).items()
        for removes, (text, replacement) in entries.items()
    ]


def run(command: list[str], tree: Path) -> str:
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.splitlines() or [f"{command[0]} failed"]
        raise Broken(next((line for line in lines if "error:" in line), lines[-1]))
    return done.stdout


def object_name(source: str) -> str:
    return source.replace("/", ".").removesuffix(".cpp") + ".o"


def compile_one(source: str, tree: Path, objects: Path) -> Path:
    """The object, with the list of the files it depends on beside it."""
    out = objects / object_name(source)
    run([*CACHE, "g++", *FLAGS, "-MMD", "-MF", f"{out}.d", "-c", source, "-o", str(out)], tree)
    return out


def compile_mutant(source: str, tree: Path, objects: Path, standard: Path) -> Path:
    out = objects / object_name(source)
    run(["g++", *FLAGS, "-include", str(standard), "-c", source, "-o", str(out)], tree)
    return out


def precompile_standard_headers(tree: Path, directory: Path) -> Path:
    """Reading them is more than half of the time that a mutant takes to compile."""
    texts = [path.read_text() for folder in SOURCES for path in (tree / folder).rglob("*.?pp")]
    header = directory / "standard.hpp"
    header.write_text("\n".join(sorted(set(re.findall(r"^#include <\w+>", "\n".join(texts), re.M)))))
    run(["g++", *FLAGS, "-x", "c++-header", str(header), "-o", f"{header}.gch"], tree)
    return header


def area_tests(file: str, tree: Path) -> list[str]:
    """The tests that have to notice a mutation of `file`."""
    # Random histories take longest, and most mutants do not get so far.
    tests = sorted((tree / TESTS).rglob("*_test.cpp"), key=lambda test: ("history" in test.name, str(test)))
    room = Path(TESTS) / Path(file).parent.relative_to("src/domain")
    beside = [test for test in tests if test.parent == tree / room]
    own: list[Path] = []
    area = Path(file).stem
    # What a room is named after, all of the room tests.
    if area == Path(file).parent.name:
        own = beside
    while area and not own:
        own = [test for test in beside if test.name.startswith(f"{area}_")]
        area = area.rpartition("_")[0]
    return [str(test.relative_to(tree)) for test in own or beside or tests]


class Build:
    """The unbroken program and the tests of `files`: everything compiled, linked once and passed."""

    def __init__(self, files: set[str], tree: Path, directory: Path, pool: ThreadPoolExecutor) -> None:
        self.directory = directory
        self.standard = pool.submit(precompile_standard_headers, tree, directory)
        self.tests = {file: area_tests(file, tree) for file in files}
        paths = [path for folder in SOURCES for path in sorted((tree / folder).rglob("*.cpp"))]
        sources = [str(path.relative_to(tree)) for path in paths]
        names = sorted({test for tests in self.tests.values() for test in tests}) + sources
        objects = pool.map(lambda name: compile_one(name, tree, directory), names)
        self.objects = dict(zip(names, objects, strict=True))
        self.depends = {name: set(Path(f"{out}.d").read_text().split()) for name, out in self.objects.items()}
        # From an archive the linker takes only what is needed, and nothing that a mutant's object has.
        self.archive = directory / "libdomain.a"
        run(["ar", "rcs", str(self.archive), *(str(self.objects[name]) for name in sources)], tree)
        self.linked = {file: self.link_unbroken(tests) for file, tests in self.tests.items()}

    def link_unbroken(self, tests: list[str]) -> list[str]:
        """The files that these tests are linked from."""
        program = self.directory / "tests"
        trace = self.link([self.objects[name] for name in tests], program)
        if failed := failing_test(program):
            raise Broken(f"without any mutation: {failed}")
        members = set(re.findall(r"libdomain\.a\((.*)\)", trace))
        return tests + [name for name, out in self.objects.items() if out.name in members]

    def to_compile(self, file: str) -> list[str]:
        """What its tests are linked from that a change of `file` alters."""
        return [name for name in self.linked[file] if file in self.depends[name]]

    def link(self, objects: Iterable[Path], program: Path) -> str:
        inputs = [*map(str, objects), str(self.archive), *LIBRARIES]
        return run(["g++", "-fuse-ld=gold", "-Wl,--trace", "-o", str(program), *inputs], self.directory)


def failing_test(program: Path) -> str | None:
    """The first test that fails; None if all pass."""
    command = ["prlimit", f"--as={TEST_BYTES}", "--core=0", str(program)]
    command += ["--gtest_brief=1", "--gtest_fail_fast"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TEST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no end after {TEST_SECONDS} s"
    if done.returncode == 0:
        return None
    failed = re.search(r"^\[  FAILED  \] ([\w./]+)", done.stdout.decode(errors="replace"), re.M)
    return failed[1] if failed else f"exit status {done.returncode}"


def try_mutation(mutation: Mutation, build: Build, tree: Path) -> Verdict:
    original = (tree / mutation.file).read_text()
    objects = tree / "objects"
    shutil.rmtree(objects, ignore_errors=True)
    objects.mkdir()
    try:
        (tree / mutation.file).write_text(original.replace(mutation.text, mutation.replacement))
        standard = build.standard.result()
        names = build.to_compile(mutation.file)
        mutant = {name: compile_mutant(name, tree, objects, standard) for name in names}
        if not mutant:
            return Verdict(False, "NO TEST LINKS IT")
        tests = {name: build.objects[name] for name in build.tests[mutation.file]}
        build.link({**tests, **mutant}.values(), objects / "tests")
        failed = failing_test(objects / "tests")
        return Verdict(failed is not None, f"killed by {failed}" if failed else "SURVIVED")
    except Broken as error:
        return Verdict(False, f"DOES NOT COMPILE: {error}")
    finally:
        (tree / mutation.file).write_text(original)


def copy_tree(source: Path, target: Path) -> Path:
    for folder in (*SOURCES, TESTS):
        shutil.copytree(source / folder, target / folder)
    return target


Result = tuple[Mutation, Verdict, float]


def judge_all(mutations: list[Mutation], scratch: Path, jobs: int) -> Iterable[Result]:
    """In the order of the table, each as soon as it and those before it are known."""
    pristine = copy_tree(ROOT, scratch / "pristine")
    trees: queue.Queue[Path] = queue.Queue()
    for number in range(jobs):
        trees.put(copy_tree(pristine, scratch / f"tree-{number}"))
    (scratch / "objects").mkdir()
    with ThreadPoolExecutor(jobs) as pool:
        files = {m.file for m in mutations if not m.defect(pristine)}
        build = Build(files, pristine, scratch / "objects", pool)

        def judge(mutation: Mutation) -> Result:
            if defect := mutation.defect(pristine):
                return mutation, Verdict(False, defect), 0.0
            tree = trees.get()
            started = time.monotonic()
            try:
                return mutation, try_mutation(mutation, build, tree), time.monotonic() - started
            finally:
                trees.put(tree)

        yield from pool.map(judge, mutations)


def spread(mutations: list[Mutation], count: int) -> list[Mutation]:
    """`count` of them, always the same ones, of each file about as many as its share."""
    count = min(count, len(mutations))
    return [mutations[i * len(mutations) // count] for i in range(count)]


def report(results: Iterable[Result], quiet: bool) -> bool:
    """Whether all were killed."""
    total = missed = 0
    started = time.monotonic()
    for mutation, verdict, seconds in results:
        total += 1
        missed += not verdict.killed
        outcome = "ok  " if verdict.killed else "FAIL"
        if quiet and verdict.killed:
            continue
        print(f"{outcome} {seconds:5.1f} s  {mutation}  [{verdict.text}]", flush=True)
    print(f"{total - missed} of {total} mutations killed in {time.monotonic() - started:.0f} s")
    return missed == 0 and total > 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", metavar="TEXT", help="those whose line in --list has it; repeatable")
    parser.add_argument("--list", action="store_true", help="print the mutations and stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--sample", type=int, metavar="N", help="N of them, spread over all files")
    parser.add_argument("--quiet", action="store_true", help="print only what goes wrong, and the sum")
    options = parser.parse_args()
    mutations = [m for m in read_tables() if any(text in str(m) for text in options.only or [""])]
    if options.sample is not None:
        mutations = spread(mutations, options.sample)
    if options.list:
        print(*mutations, sep="\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="keyshift-mutation-") as scratch:
        try:
            all_killed = report(judge_all(mutations, Path(scratch), options.jobs), options.quiet)
        except Broken as error:
            print(f"cannot begin: {error}", file=sys.stderr)
            return 1
    return 0 if all_killed else 1


if __name__ == "__main__":
    sys.exit(main())
