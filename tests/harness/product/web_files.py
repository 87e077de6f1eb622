# SPDX-License-Identifier: Apache-2.0
"""The table of web configuration files, and a place in which what they name is there."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.tools.certificates import self_signed
from harness.tools.process import program, run_as

_CASES = Path(__file__).parents[2] / "config" / "web" / "cases.txt"


@dataclass(frozen=True)
class Case:
    """`flags` are those that the head of the table explains."""

    accepted: bool
    flags: frozenset[str]
    title: str
    text: str

    @property
    def usable(self) -> bool:
        """The file is right, and so is what it names."""
        return self.accepted and "files" not in self.flags

    @property
    def toolkit_of_debian_checks_it_alike(self) -> bool:
        return not self.flags & {"new", "go1.22", "serve", "ours"}


def cases() -> list[Case]:
    """All of tests/config/web/cases.txt, in its order."""
    found = []
    for block in re.split(r"^=== ", _CASES.read_text(), flags=re.MULTILINE)[1:]:
        head, text = block.split("\n", 1)
        words, title = head.split(": ", 1)
        word, *flags = words.split()
        assert word in ("accept", "refuse"), head
        found.append(Case(word == "accept", frozenset(flags), title, text))
    return found


class Place:
    """A directory with server.crt, server.key, other.key, locked.key, ca.crt, garbage.pem and empty.pem."""

    def __init__(self, directory: Path):
        self.directory = directory
        made = self_signed(directory)
        other = directory / "other"
        other.mkdir()
        self_signed(other).key.rename(directory / "other.key")
        (directory / "ca.crt").write_bytes(made.certificate.read_bytes())
        (directory / "garbage.pem").write_text("garbage\n")
        (directory / "empty.pem").write_text("")
        run_as(None, [
            program("openssl"), "pkey", "-in", str(made.key), "-aes256", "-passout", "pass:x",
            "-out", str(directory / "locked.key"),
        ])  # fmt: skip
        self._texts = {"CERT": made.certificate, "KEY": made.key, "CA": made.certificate}

    def write(self, name: str, text: str) -> Path:
        """A web file with what its ${...} stand for, as deep as they stand."""

        def put(match: re.Match[str]) -> str:
            lines = self._texts[match[2]].read_text().splitlines()
            return "\n".join(match[1] + line for line in lines)

        path = self.directory / name
        path.write_text(re.sub(r"^( *)\$\{(\w+)\}", put, text, flags=re.MULTILINE))
        return path


def promtool_accepts(files: list[Path]) -> dict[Path, bool]:
    """What the toolkit in Debian's promtool says of each."""
    ran = subprocess.run(
        [program("promtool"), "check", "web-config", *map(str, files)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    lines = (ran.stdout + ran.stderr).splitlines()
    good = {line.removesuffix(" SUCCESS") for line in lines if line.endswith(" SUCCESS")}
    bad = {line.split(" FAILED")[0] for line in lines if " FAILED" in line}
    assert good | bad == {str(file) for file in files}, "promtool has not said something of each"
    return {file: str(file) in good for file in files}
