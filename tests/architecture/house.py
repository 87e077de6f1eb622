# SPDX-License-Identifier: Apache-2.0
"""The rooms of src/ and what they show, as ARCHITECTURE.md lists them and as the #include lines have it.

`python3 tests/architecture/house.py [FOLDER of C++ sources]` prints measures of them, or of another project's: files per folder,
median and largest file, functions over 40 lines, share of comments, class sizes, include depth.
"""

import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
SUFFIXES = {".cpp", ".hpp", ".def", ".cc", ".h", ".ipp"}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
ROW = re.compile(r"^\| `([\w/]+)` \| (.+) \| (.+) \|$", re.MULTILINE)
LONG_FUNCTION = 40


def doors() -> dict[str, set[str]]:
    """By room, the headers that ARCHITECTURE.md lets other rooms include."""
    table = (ROOT / "ARCHITECTURE.md").read_text().split("## Rooms", 1)[1].split("\n## ", 1)[0]
    rows = {room: set(re.findall(r"`([\w.]+)`", door)) for room, _, door in ROW.findall(table)}
    return {room: {name if name.endswith(".def") else name + ".hpp" for name in door} for room, door in rows.items()}


def files(folder: Path = SRC) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


def rooms() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in files():
        if path.parent != SRC:
            found[str(path.parent.relative_to(SRC))].append(path)
    return dict(found)


def used_from_outside() -> dict[str, set[tuple[str, str]]]:
    """By room: who includes what of it."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for path in files():
        for name in INCLUDE.findall(path.read_text()):
            target = SRC / name
            if target.exists() and target.parent not in (path.parent, SRC):
                found[str(target.parent.relative_to(SRC))].add((str(path.relative_to(SRC)), target.name))
    return found


# --- measures


def code_lines(text: str) -> list[str]:
    """Without texts and comments, so that braces can be counted."""
    text = re.sub(r'R"(\w*)\((?:.|\n)*?\)\1"', lambda found: '""' + "\n" * found[0].count("\n"), text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', '""', text)
    text = re.sub(r"/\*(?:.|\n)*?\*/", lambda found: "\n" * found[0].count("\n"), text)
    return [re.sub(r"//.*", "", line) for line in text.splitlines()]


HEAD = re.compile(r"\)[^;{}]*$|\b(?:class|struct|enum|union|namespace)\b[^;{}]*$")
TYPE = re.compile(r"\b(?:class|struct)\s+(?:\w+\s+)*?(\w+)(?:\s+final)?\s*(?::[^:].*)?$")


def blocks(text: str) -> Iterator[tuple[str, int]]:
    """The outermost functions and the classes of a file: ("function" or "class", lines)."""
    stack: list[tuple[str, int]] = []
    head = ""
    for number, line in enumerate(code_lines(text)):
        if line.lstrip().startswith("#"):
            continue
        for piece in re.split(r"([{};])", line):
            if piece == "{":
                kind = "other"
                if re.search(r"\bnamespace\b|^\s*extern\b", head):
                    kind = "namespace"
                elif TYPE.search(head.strip()) and "(" not in head.split(":")[0]:
                    kind = "class"
                elif ")" in head and "=" not in head.split("(")[0] and not any(k == "function" for k, _ in stack):
                    kind = "function"
                stack.append((kind, number))
                head = ""
            elif piece == "}":
                if stack:
                    kind, began = stack.pop()
                    if kind in ("function", "class"):
                        yield kind, number - began + 1
                head = ""
            elif piece == ";":
                head = ""
            else:
                head += " " + piece


def include_depth(folder: Path) -> int:
    """The longest chain of includes among the folder's own files."""
    own = {str(path.relative_to(folder)): path for path in files(folder)}
    by_name = defaultdict(list)
    for name in own:
        by_name[Path(name).name].append(name)
    graph = {}
    for name, path in own.items():
        targets = []
        for included in INCLUDE.findall(path.read_text(errors="replace")):
            match = [other for other in by_name[Path(included).name] if other.endswith(included)]
            targets += match[:1]
        graph[name] = targets
    depths: dict[str, int] = {}

    def depth(name: str, above: frozenset[str]) -> int:
        if name in above:
            return 0
        if name not in depths:
            depths[name] = 1 + max((depth(other, above | {name}) for other in graph[name]), default=0)
        return depths[name]

    return max((depth(name, frozenset()) for name in graph), default=0)


def measures(folder: Path) -> dict[str, str]:
    texts = {path: path.read_text(errors="replace") for path in files(folder)}
    sizes = sorted(len(text.splitlines()) for text in texts.values())
    per_folder = Counter(path.parent for path in texts)
    fullest, most = per_folder.most_common(1)[0]
    found = [block for text in texts.values() for block in blocks(text)]
    functions = [lines for kind, lines in found if kind == "function"]
    classes = sorted(lines for kind, lines in found if kind == "class")
    long = sum(lines > LONG_FUNCTION for lines in functions)

    def share(suffixes: set[str]) -> float:
        lines = [line.strip() for path, text in texts.items() if path.suffix in suffixes for line in text.splitlines()]
        lines = [line for line in lines if line]
        comments = sum(line.startswith(("//", "/*", "*")) for line in lines)
        return 100 * comments / max(len(lines), 1)

    return {
        "files": str(len(texts)),
        "folders": str(len(per_folder)),
        "most files in a folder": f"{most} ({fullest.relative_to(folder)})",
        "folders over 20 files": str(sum(count > 20 for count in per_folder.values())),
        "median file": f"{statistics.median(sizes):.0f} lines",
        "largest file": f"{sizes[-1]} lines",
        "functions": str(len(functions)),
        "functions over 40 lines": f"{long} ({100 * long / max(len(functions), 1):.1f} %)",
        "comments in headers": f"{share({'.hpp', '.h'}):.0f} %",
        "comments in sources": f"{share({'.cpp', '.cc', '.ipp'}):.0f} %",
        "median and largest class": f"{statistics.median(classes):.0f}, {classes[-1]} lines",
        "longest chain of includes": str(include_depth(folder)),
    }


if __name__ == "__main__":
    for what, value in measures(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SRC).items():
        print(f"{what:28} {value}")
