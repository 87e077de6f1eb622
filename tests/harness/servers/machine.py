# SPDX-License-Identifier: Apache-2.0
"""A Debian that boots systemd, in a container by systemd-nspawn.

It has this machine's network, so that it reaches the servers of the harness and is reached on loopback; what it changes
on its file system is gone when it stops. Commands enter its namespaces, which needs no systemd on this side.
"""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from harness.servers.server import Server
from harness.tools import leaks
from harness.tools.process import CLEAN_ENVIRONMENT, program
from harness.tools.wait import eventually

_ENVIRONMENT = {**CLEAN_ENVIRONMENT, "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
_CONTAINER = ("--quiet", "--register=no", "--keep-unit", "--console=pipe")
_TIMEOUT_SECONDS = 120.0

Completed = subprocess.CompletedProcess[str]


def cannot_run(root: Path | None = None) -> str:
    """Why no container of `root`, or of this machine's own programs, runs on it; empty when one does."""
    tree = [f"--directory={root}", "--volatile=overlay"] if root else ["--directory=/", "--volatile=yes"]
    command = [program("systemd-nspawn"), *_CONTAINER, *tree, "/usr/bin/true"]
    tried = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"systemd-nspawn: {tried.stderr.strip() or tried.returncode}"


class Machine(Server):
    """One container of `root`, booted when entered. `shared` are directories of this machine, to be read there under the
    same path, or under another one: "/here:/there"."""

    name = "machine"

    def __init__(self, root: Path, shared: Sequence[Path | str] = ()):
        super().__init__()
        self._root = root
        self._shared = shared

    def argv(self) -> Sequence[str]:
        shared = [f"--bind-ro={directory}" for directory in self._shared]
        tree = [f"--directory={self._root}", "--volatile=overlay"]
        return [program("systemd-nspawn"), *_CONTAINER, *tree, *shared, "--boot"]

    def answers(self) -> bool:
        state = self.try_run("systemctl", "is-system-running").stdout.strip() if self._first_process() else ""
        assert state != "degraded", self.run("systemctl", "--failed").stdout
        return state == "running"

    def run(
        self, *command: str | Path, input: str = "", user: str | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """What a command printed; AssertionError with everything it said when it fails."""
        done = self.try_run(*command, input=input, user=user, env=env)
        assert done.returncode == 0, f"{command} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def try_run(
        self, *command: str | Path, input: str = "", user: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        """Run a command to its end, whatever its exit code."""
        done = subprocess.run(
            self.entered(command, user),
            input=input,
            capture_output=True,
            env={**_ENVIRONMENT, **(env or {})},
            text=True,
            timeout=_TIMEOUT_SECONDS,
            start_new_session=True,
            check=False,
        )
        leaks.heard(f"{command} in the machine", (done.stdout + done.stderr).encode())
        return done

    def write(self, path: str, text: str, mode: str = "644") -> None:
        self.run("install", "-D", f"--mode={mode}", "/dev/stdin", path, input=text)

    def show(self, unit: str, *properties: str) -> list[str]:
        """Properties of a unit, as `systemctl show` has them."""
        values = dict(line.split("=", 1) for line in self.run("systemctl", "show", unit).splitlines())
        return [values[name] for name in properties]

    def signal(self, unit: str, name: str) -> None:
        """Send its main process a signal."""
        process = self.main_process(unit)
        self.run("sh", "-c", f"kill -{name} {process}")

    def main_process(self, unit: str) -> str:
        """Its id; AssertionError when there is none."""
        process = self.show(unit, "MainPID")[0]
        assert process != "0", f"{unit} does not run:\n{self.journal(unit)}"
        return process

    def wait_for(self, unit: str, timeout: float = 20.0, **properties: str) -> None:
        """Wait until all these properties have these values."""

        def reached() -> bool:
            return self.show(unit, *properties) == list(properties.values())

        eventually(reached, timeout, f"{unit} has {properties}")

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--unit", unit, "--output=cat")

    def entered(self, command: Sequence[str | Path], user: str | None) -> list[str]:
        """The command line that runs `command` there, as root or as `user`."""
        identity = ["runuser", "-u", user, "--"] if user else []
        target = f"--target={self._first_process()}"
        return [program("nsenter"), target, "--all", *identity, *(str(word) for word in command)]

    def _first_process(self) -> int | None:
        """The id, here, of the one that is 1 there; None while there is none."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        for child in children.read_text().split() if children.exists() else ():
            try:
                status = Path(f"/proc/{child}/status").read_text()
            except FileNotFoundError:
                continue
            if any(line.split()[0] == "NSpid:" and line.split()[-1] == "1" for line in status.splitlines()):
                return int(child)
        return None


class Shell:
    """A shell of a user in a machine, where what a command sets lasts for those after it. Context manager."""

    _END = "-- what the command printed ends here --"

    def __init__(self, machine: Machine, user: str, **variables: str):
        self._machine = machine
        self._user = user
        self._environment = {**_ENVIRONMENT, **variables}

    def __enter__(self) -> Self:
        command = self._machine.entered(["/bin/bash", "--noprofile", "--norc"], self._user)
        self._bash = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self._environment, start_new_session=True,
        )  # fmt: skip
        self.run("set -o pipefail; cd")
        return self

    def __exit__(self, *_) -> None:
        self._bash.communicate()

    def run(self, command: str, input: str = "") -> Completed:
        """A command line to its end, whatever its exit code; it is given the lines `input`, and what it says on both
        outputs is `stdout`."""
        input += "" if input.endswith("\n") or not input else "\n"
        typed = f"<<'{self._END}'\n{input}{self._END}\n"
        self._bash.stdin.write(f"{{\n{command}\n}} 2>&1 {typed}printf '%s %d\\n' '{self._END}' $?\n")
        self._bash.stdin.flush()
        said = ""
        for line in self._bash.stdout:
            before, end, code = line.partition(self._END)
            said += before
            if end:
                leaks.heard(f"{command} in the machine", said.encode())
                return subprocess.CompletedProcess(command, int(code), said)
        raise AssertionError(f"the shell ended by {command}:\n{said}")
