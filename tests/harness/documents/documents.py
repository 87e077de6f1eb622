# SPDX-License-Identifier: Apache-2.0
"""The documents and what stands in their fenced blocks. CONTRIBUTING.md, section Documents, says how a block is
checked; a block of a kind that is not here, or a command that is neither run nor excused here, is a mistake."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_ELSEWHERE = {"build", "node_modules", ".git", "golden"}
KINDS = {"", "yaml", "sql", "promql", "redis", "text"}
# Followed word by word in a Debian that tests/system boots, which wants every one of them.
INSTALLATION = ROOT / "docs" / "install" / "debian.md"
KINDS_OF_INSTALLATION = {"sh", "ini"}

# Commands that are run, by a shell, in a place where everything that the documents name is there.
RUN = {
    "keyshift", "echo", "build/release/src/keyshift", "psql", "sqlite3", "curl", "jq", "export", "umask", "cp", "mv", "rm",
    "printf", "openssl", "mkdir",
}  # fmt: skip
# Commands of which only the syntax is looked at, and why.
ONLY_PARSED = {
    "make": "the target must exist; what it does takes minutes",
    "apt": "changes this machine; the test of the package installs it",
    "apt-get": "changes this machine; the test of the package installs it",
    "dpkg": "changes this machine; the test of the package installs it",
    "systemctl": "needs a booted systemd, but for `reload keyshift`; the test of the package boots one",
    "journalctl": "needs a booted systemd; the test of the package boots one",
    "systemd-creds": "needs a booted systemd; the test of the package boots one",
    "install": "writes where only root may, and for users that are not here",
    "kubectl": "needs a cluster; tests/kubernetes looks at what is applied",
    "helm": "needs a cluster; tests/kubernetes renders the chart",
    "usermod": "changes this machine",
    "chown": "the users are not here",
    "git": "needs the network",
    "docker": "needs an engine; tests/image runs the image by Podman",
    "skopeo": "needs a registry; tests/release copies the images into one on loopback",
    "setfacl": "the files are not here; tests/image opens such",
    "cd": "what comes after it runs where the files of all documents are; tests/system goes there",
    "prometheus": "runs until it is stopped; its configuration is checked where it stands",
}


# What a sentence calls by its name is not always whole: these want more than that,
NAMES_ALONE = {f"keyshift {name}" for name in ("ack", "check", "check --log", "export", "key", "mark", "once", "pair", "report --phase")}
# and these are run in blocks, where they end, and write where they should.
NOT_IN_SENTENCES = ("keyshift serve", "keyshift export", "keyshift once", "keyshift pair OLD --remove")
# What is there for the names in capitals that commands have.
EXAMPLES = {
    "ID": "5e6f7a8b-1111-4222-8333-444455556666",
    "OLD": "a1b2c3d4-1111-4222-8333-444455556666",
    "NEW": "0f1e2d3c-1111-4222-8333-444455556666",
    "FILE": "/etc/keyshift/keyshift.yaml",
    "PHASE": "pending",
    "DATABASE": "gateway",
    "COMMAND": "status",
    "CANARY": "ca9a2700-1111-4222-8333-444455556666",
}


@dataclass(frozen=True)
class Block:
    path: Path
    line: int
    kind: str
    text: str
    exits: int | None
    """The exit code that a comment before the block gives to its commands."""
    prints: bool
    """The comment says that what is printed is exactly what stands there, but for `...`, which is any text."""

    @property
    def where(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = set(folders) - _ELSEWHERE
        found += [Path(folder, name) for name in files if name.endswith(".md")]
    return sorted(found)


def blocks(path: Path) -> list[Block]:
    comment = r"(?:^<!-- exits (?P<exits>\d+)(?P<prints>, prints)? -->\n)?"
    pattern = comment + r"^(?P<fence>`{3,})(?P<kind>.*)\n(?P<text>(?:.*\n)*?)(?P=fence)$"
    content = path.read_text()
    return [
        Block(
            path,
            content.count("\n", 0, match.start("fence")) + 1,
            match["kind"].strip(),
            match["text"],
            int(match["exits"]) if match["exits"] else None,
            bool(match["prints"]),
        )
        for match in re.finditer(pattern, content, re.M)
    ]


def commands(block: Block) -> list[str]:
    """Those of a block of commands. Where its first line has a prompt, the lines without one are what is printed."""
    lines = block.text.splitlines()
    if lines[0].startswith("$ "):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    found: list[str] = []
    for line in lines:
        if found and (line.startswith(" ") or not _is_whole(found[-1])):
            found[-1] += "\n" + line
        elif line.strip() and not line.startswith("#"):
            found.append(line)
    return [re.sub(r"\s*;\s*echo \$\?$", "", command) for command in found]


def printed(block: Block) -> str:
    """What the one command of a block with a prompt prints, as an expression for all of it."""
    lines = block.text.splitlines(keepends=True)[1:]
    return re.escape("".join(lines)).replace(re.escape("..."), ".*")


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return not command.endswith("\\")


def programs(command: str) -> list[str]:
    """The first word of each simple command in it."""
    plain = re.sub(r"'[^']*'", "''", re.sub(r"(?<!\S)#.*", "", command))
    parts = re.split(r"\|\|?|&&|;|\$\(|\n(?! )", re.sub(r"\\\n", " ", plain))
    return [words[0] for part in parts if (words := _without_prefix(part.strip(" )\n\"").split()))]


def _without_prefix(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"\w+=\S*", words[0]):
        words = words[1:]
    if words[:1] != ["sudo"]:
        return words
    words = words[1:]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] == "-u" else words[1:]
    return words


def unclassified(block: Block) -> list[str]:
    """What nobody would check."""
    if block.path == INSTALLATION and block.kind in KINDS_OF_INSTALLATION:
        return []
    if block.kind not in KINDS:
        return [f"{block.where}: a block of kind {block.kind!r}, not one of {sorted(KINDS)}"]
    if block.kind:
        return []
    return [
        f"{block.where}: neither run nor excused: {program!r} in {command!r}"
        for command in commands(block)
        for program in programs(command)
        if program not in RUN and program not in ONLY_PARSED
    ]


def is_run(block: Block, command: str) -> bool:
    """What stands in a block with `systemctl stop` is for a daemon that this has stopped."""
    asked = set(programs(command))
    if "systemctl reload keyshift" in command:
        asked.discard("systemctl")
    return "systemctl stop" not in block.text and asked <= RUN


def is_run_in_a_sentence(code: str) -> bool:
    """A command of keyshift between backticks, but for what tells how one is written: `keyshift sql [SECTION...]`."""
    whole = code.startswith("keyshift ") and code not in NAMES_ALONE
    return whole and not code.startswith(NOT_IN_SENTENCES) and not re.search(r"[\[…]|\.\.\.", code)


def with_examples(command: str) -> str:
    """A command as it is named in a sentence, to be run."""
    command = command.replace("--log FILE", "--log /var/log/nginx/access.log")
    return re.sub(r"\b(" + "|".join(EXAMPLES) + r")\b", lambda name: EXAMPLES[name[0]], command)


def code_of(text: str) -> list[str]:
    """What stands between single backticks outside of blocks."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.M | re.S)
    return [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
