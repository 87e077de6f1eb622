# SPDX-License-Identifier: Apache-2.0
"""Container images run by Podman, in a store of the test's own, as confined as a careful operator would have it."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from harness.tools.process import Process, program
from harness.tools.scratch import scratch_directory

# Podman's own limits need a capability that a container's own root may lack.
_CONFINED = (
    "--network=host", "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges",
    "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024",
)  # fmt: skip
# What Podman says of a machine that systemd has not booted: there, nothing asks for the container's health unasked.
_NOT_BOOTED = re.compile(rb"^time=.*unable to get systemd connection to \w+ healthchecks.*\n", re.MULTILINE)


class Podman:
    """A store of images and containers; removed with all that runs when left."""

    def __init__(self):
        self._directory = scratch_directory("containers")
        # With crun containers do not start where there are hierarchies of cgroups of both kinds.
        runs = ["--runtime", program("runc"), "--cgroup-manager=cgroupfs"]
        for driver in ("overlay", "vfs"):
            place = self._directory / driver
            self._command = [
                program("podman"), "--root", place / "root", "--runroot", place / "run", f"--storage-driver={driver}", *runs,
            ]  # fmt: skip
            # Not every file system can be laid over another.
            if self.run("info").returncode == 0:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.run("rm", "--all", "--force", "--time=0")
        # What is mounted there, Podman alone unmounts.
        self.run("rmi", "--all", "--force")
        shutil.rmtree(self._directory, ignore_errors=True)

    def argv(self, *arguments: str | Path) -> list[str]:
        return list(map(str, [*self._command, *arguments]))

    def run(self, *arguments: str | Path, timeout: float = 110.0) -> subprocess.CompletedProcess[bytes]:
        """A command of Podman to its end, whatever its exit code."""
        done = subprocess.run(self.argv(*arguments), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
        done.stderr = _NOT_BOOTED.sub(b"", done.stderr)
        return done

    def told(self, *arguments: str | Path) -> str:
        """What a command prints that must not fail."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def load(self, archive: Path) -> str:
        """The name of the image in the archive."""
        return self.told("load", "--quiet", "--input", archive).removeprefix("Loaded image: ")

    def cannot_run(self, image: str) -> str:
        """Why this machine starts no container; empty when it does, whatever becomes of the image's program in it."""
        if os.geteuid() != 0:
            return "only root can start one with the network of this machine"
        done = self.run("run", "--rm", *_CONFINED, image, "version")
        said = done.stderr.decode().strip()
        # Of Podman and the runtime. A program that is missing, or cannot be executed, is the image's fault.
        return said if done.returncode in (125, 126) and re.search("^Error: ", said, re.MULTILINE) and "exec" not in said else ""


class Container:
    """One container of an image, in the foreground of a process: its output is the process's."""

    def __init__(
        self,
        podman: Podman,
        image: str,
        *arguments: str,
        mounts: Mapping[str, str | Path] | None = None,
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ):
        self._podman = podman
        self.directory = scratch_directory("container")
        self.name = self.directory.name
        volumes = [f"--volume={here}:{there}" for there, here in (mounts or {}).items()]
        variables = [f"--env={name}={value}" for name, value in (env or {}).items()]
        self._argv = podman.argv(
            "run", "--rm", f"--name={self.name}", *_CONFINED, *volumes, *variables, *options, image, *arguments
        )
        self.process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self._podman.run("rm", "--force", "--time=0", "--ignore", self.name)
        self.process.terminate()

    def start(self) -> None:
        self.process = Process(self._argv, log_path=self.directory / "log", cwd=self.directory)

    def run(self, timeout: float = 60.0) -> tuple[int, str]:
        """To its end: the exit code, and what it printed."""
        with self:
            code = self.process.wait(timeout)
            return code, self.log()

    def log(self) -> str:
        return _NOT_BOOTED.sub(b"", self.process.log_path.read_bytes()).decode(errors="replace")

    def inspect(self) -> dict[str, Any]:
        return json.loads(self._podman.told("inspect", self.name))[0]

    @property
    def pid(self) -> int:
        """Of its program, as this machine sees it."""
        return self.inspect()["State"]["Pid"]

    def memory_limit(self) -> int:
        """In bytes, as the kernel holds it, of either kind of cgroups; 0 where there is none to be set."""
        lines = [line.split(":", 2) for line in Path(f"/proc/{self.pid}/cgroup").read_text().splitlines()]
        paths = {kind: path for _, kind, path in lines}
        limits = (f"/sys/fs/cgroup/memory{paths.get('memory')}/memory.limit_in_bytes", f"/sys/fs/cgroup{paths.get('')}/memory.max")
        return next((int(Path(limit).read_text()) for limit in limits if Path(limit).exists()), 0)

    def execute(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """A command beside the program."""
        return self._podman.run("exec", self.name, *command)

    def kill9(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(30)
