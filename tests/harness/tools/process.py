# SPDX-License-Identifier: Apache-2.0
"""A child process that cannot outlive the tests.

It runs in a session of its own, so that Ctrl-C in a terminal reaches only the test run, which then stops its children
in order. The kernel sends it `stop_signal` when the *thread* that started it ends: start long-lived servers from the
main thread.
"""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from harness.tools.wait import eventually

T = TypeVar("T")

# A folder of programs that come before the installed ones, such as those of another server's release.
_PROGRAMS_VARIABLE = "KEYSHIFT_TEST_PROGRAMS"

CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}

_KILL_TIMEOUT_SECONDS = 10.0
_LOG_TAIL_LINES = 40


class ProcessDied(AssertionError):
    """The process ended while something was expected of it; the message ends with the tail of its log."""


def program(name: str) -> str:
    """The absolute path of a program, of `$KEYSHIFT_TEST_PROGRAMS` or installed; FileNotFoundError with the remedy when
    there is none."""
    first = os.environ.get(_PROGRAMS_VARIABLE)
    path = shutil.which(name, path=os.pathsep.join([*filter(None, [first]), CLEAN_ENVIRONMENT["PATH"]]))
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: run scripts/install-packages test")
    return path


class Process:
    """A running child. Its standard output and error are appended to `log_path`; its environment is exactly `env`."""

    def __init__(
        self,
        argv: Sequence[str | os.PathLike],
        *,
        log_path: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ):
        self.name = Path(argv[0]).name
        self.log_path = log_path
        self._stop_signal = stop_signal
        with log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                [*_wrapper(user, stop_signal), *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(CLEAN_ENVIRONMENT if env is None else env),
                cwd=cwd,
                start_new_session=True,
            )
        atexit.register(self.terminate)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.terminate()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def wait_until(self, predicate: Callable[[], T], timeout: float, what: str = "ready") -> T:
        """As `eventually`, but fails at once when the process ends, and adds the tail of its log to the failure."""

        def checked() -> T:
            result = predicate()
            if not result and not self.running:
                raise ProcessDied(f"{self.name} exited with {self._popen.returncode} before: {what}\n{self.log_tail()}")
            return result

        try:
            return eventually(checked, timeout, what)
        except ProcessDied:
            raise
        except AssertionError as failure:
            raise AssertionError(f"{self.name}: {failure}\n{self.log_tail()}") from None

    def wait(self, timeout: float) -> int:
        """The exit code (negative: the signal's number) once it has ended; AssertionError after `timeout` seconds."""
        try:
            code = self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout:g} s\n{self.log_tail()}") from None
        atexit.unregister(self.terminate)
        return code

    def send_signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def terminate(self, timeout: float = _KILL_TIMEOUT_SECONDS, number: signal.Signals | None = None) -> int:
        """Ask it to stop (by `number`, else its stop signal), kill it after `timeout` seconds; the exit code."""
        self.send_signal(self._stop_signal if number is None else number)
        try:
            return self.wait(timeout)
        except AssertionError:
            return self.kill9()

    def kill9(self) -> int:
        self.send_signal(signal.SIGKILL)
        return self.wait(_KILL_TIMEOUT_SECONDS)

    def rss_bytes(self) -> int:
        """Resident memory; AssertionError when the process has ended."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"{self.name} has ended")

    def descriptors(self) -> dict[int, str]:
        """What each open descriptor is, as /proc names it; without those that are closed while this reads them."""
        found = {}
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                found[int(number)] = os.readlink(f"/proc/{self.pid}/fd/{number}")
        return found

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def log_tail(self) -> str:
        lines = self.log().splitlines()[-_LOG_TAIL_LINES:]
        return "\n".join([f"--- end of the log of {self.name} ---", *lines])


def run_as(user: str | None, argv: Sequence[str | os.PathLike]) -> None:
    """Run a command to its end; RuntimeError with its output when it fails."""
    result = subprocess.run(
        [*_wrapper(user, signal.SIGTERM), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=CLEAN_ENVIRONMENT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"{argv[0]} exited with {result.returncode}:\n{result.stdout}")


def _wrapper(user: str | None, death_signal: signal.Signals) -> list[str]:
    """setpriv execs the program in its own place, so the process id is the program's."""
    identity = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    return [program("setpriv"), *identity, f"--pdeathsig={death_signal.name.removeprefix('SIG')}", "--"]
