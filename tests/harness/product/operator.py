# SPDX-License-Identifier: Apache-2.0
"""An operator who does what `keyshift doctor` prints, and nothing else: copies statements into psql, commands into a
shell, and lines into the configuration."""

import copy
import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import yaml

from harness.product.doctor import Doctor
from harness.product.keyshift import Keyshift, binary_path
from harness.servers.postgres import Database, client_directory
from harness.tools import leaks

_SQL = re.compile(r"\b(?:ALTER|CREATE|GRANT|REVOKE|SELECT)\b.*(?:;|\\gexec)", re.DOTALL)
_PIPE = re.compile(r"keyshift sql [^|\n]*\| psql -d \S+")
_SET = re.compile(r"set ([\w.]+): (\{.*\}|\S+)")
_COMMAND = re.compile(r"^(?:.*: )?((?:setfacl|chmod|install|keyshift check) .*)$", re.MULTILINE)


class Operator:
    """With a configuration of its own in its home, from where nothing is run: what is printed holds anywhere."""

    def __init__(self, tree: Mapping[str, Any], database: Database | None = None, user: str | None = None):
        self.keyshift = Keyshift()
        self.home = self.keyshift.home
        self.database = database
        self.user = user
        self.tree: dict[str, Any] = {"state": {"directory": str(self.home / "state")}, **copy.deepcopy(dict(tree))}
        self.file = self.home / "k.yaml"
        programs = self.home / "bin"
        programs.mkdir()
        (programs / "keyshift").symlink_to(binary_path())
        if user:
            self.home.chmod(0o777)

    def look(self) -> Doctor:
        self.file.write_text(json.dumps(self.tree))
        options: dict[str, Any] = {"user": self.user, "extra_groups": []} if self.user else {}
        command = [binary_path(), "doctor", "--format", "json", "--config", self.file]
        result = subprocess.run(
            command, capture_output=True, env=self._environment(), cwd="/", timeout=30, check=False,
            stdin=subprocess.DEVNULL, **options,
        )  # fmt: skip
        leaks.heard("the doctor's standard output", result.stdout)
        leaks.heard("the doctor's standard error", result.stderr)
        return Doctor(result)

    def do(self, mend: str) -> None:
        """All that can be copied: a pipe into psql, or else statements; commands; settings."""
        pipes, statements = _PIPE.findall(mend), _SQL.search(mend)
        commands, settings = _COMMAND.findall(mend), _SET.findall(mend)
        assert pipes or statements or commands or settings, f"nothing to do: {mend}"
        for command in [*pipes, *commands]:
            self.shell(command)
        if statements and not pipes:
            assert self.database
            self.database.psql(statements.group().encode() + b"\n")
        for key, value in settings:
            self.set(key, value)

    def shell(self, command: str) -> str:
        result = subprocess.run(
            ["/bin/bash", "-c", f"set -o pipefail; {command}"],
            capture_output=True, text=True, env=self._environment(), cwd="/", check=False,
        )  # fmt: skip
        assert result.returncode == 0, f"{command}\n{result.stderr}"
        return leaks.heard(command, result.stdout.encode()).decode()

    def set(self, key: str, value: str) -> None:
        tree = self.tree
        *above, last = key.split(".")
        for name in above:
            tree = tree.setdefault(name, {})
        read = yaml.safe_load(value)
        if isinstance(read, dict) and isinstance(tree.get(last), dict):
            tree[last].update(read)
        else:
            tree[last] = read

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.home / "bin"), str(client_directory()), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
        extra = {"PATH": path}
        if self.database:
            server = self.database.postgres
            extra |= {"PGHOST": str(server.socket_directory), "PGPORT": str(server.port), "PGUSER": "postgres"}
        return {**self.keyshift.environment(), **extra}


def troubles(seen: Doctor, *tolerated: str) -> list[dict[str, Any]]:
    """What is not ok."""
    return [
        finding
        for finding in seen.findings
        if finding["result"] != "ok" and not any(part in finding["what"] for part in tolerated)
    ]


def mended(operator: Operator, said: list[str], *tolerated: str, rounds: int = 6) -> None:
    """Does what doctor prints until it prints nothing; each of `said` must have been among what was wrong."""
    heard = ""
    for _ in range(rounds):
        found = troubles(operator.look(), *tolerated)
        if not found:
            break
        heard += "\n".join(finding["what"] for finding in found) + "\n"
        # One at a time: what comes after it may be a consequence.
        operator.do(found[0]["mend"])
    else:
        raise AssertionError(f"it is never mended: {found}")
    for part in said:
        assert part in heard, f"{part!r} was not said, but:\n{heard}"

