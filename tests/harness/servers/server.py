# SPDX-License-Identifier: Apache-2.0
"""What all servers of the harness share: a directory, a log, and a start that waits for the first answer."""

import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from harness.tools.process import Process
from harness.tools.scratch import scratch_directory

START_TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 15.0


class Server:
    """A server that is stopped until `start()` or `with`. Its port and data survive `stop()`, not `close()`."""

    name = "server"
    stop_signal = signal.SIGTERM
    user: str | None = None

    def __init__(self):
        self.directory: Path = scratch_directory(self.name)
        self.log_path = self.directory / "log"
        self._process: Process | None = None

    def argv(self) -> Sequence[str]:
        """The command line, asked for at each start."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str] | None:
        """Its environment; None is a clean one."""
        return None

    def answers(self) -> bool:
        """Does it serve now? Must return False, not raise, while it comes up."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_) -> None:
        self.close()

    def start(self, timeout: float = START_TIMEOUT_SECONDS) -> Self:
        """Start it and wait for its first answer; on failure raises with the tail of its log and leaves nothing."""
        assert not self.running, f"{self.name} already runs"
        self._process = Process(
            self.argv(),
            log_path=self.log_path,
            env=self.environment(),
            cwd=self.directory,
            user=self.user,
            stop_signal=self.stop_signal,
        )
        try:
            self._process.wait_until(self.answers, timeout, f"{self.name} answers")
        except BaseException:
            self.close()
            raise
        return self

    def stop(self) -> None:
        """Stop it, by force if it will not; no effect when it does not run."""
        if self.running:
            self.process.terminate(STOP_TIMEOUT_SECONDS)

    def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it and remove its directory: the end of this server."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def process(self) -> Process:
        """The process of the latest start."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill9(self) -> None:
        self.process.kill9()

    def log(self) -> str:
        """Everything it has written to standard output and error, over all starts."""
        return self.log_path.read_text(errors="replace")
