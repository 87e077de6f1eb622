# SPDX-License-Identifier: Apache-2.0
"""The sources that read log files. Their server is whoever writes the file; keyshift runs as a user who may be refused it."""

import os
import shutil
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from faults.sites import Site
from harness.product.watching_logs import lines
from harness.tools.scratch import scratch_directory

_USER = "www-data"


class LogSite(Site):
    """`stop` takes the file away, as a host that mounts it elsewhere; `start` gives it back."""

    interval = 1.0

    def set_up(self, stack: ExitStack) -> None:
        place = scratch_directory(self.source)
        # As /var/log: whoever may not list a folder is not told what comes back there, and looks for it every five seconds.
        place.chmod(0o755)
        self._folder, self._state = place / "logs", place / "state"
        for folder in (self._folder, self._state):
            folder.mkdir(mode=0o755)
        self.path = self._folder / "the.log"
        self.path.touch()
        self.written = 0
        self._ahead = timedelta()

    def _tree(self) -> dict[str, Any]:
        return {**super()._tree(), "state": {"directory": str(self._state)}}

    def before_start(self) -> None:
        if os.geteuid() == 0:
            self.serve.user = _USER
            shutil.chown(self._state, _USER, _USER)

    def line(self) -> str:
        raise NotImplementedError

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def write(self, text: str) -> None:
        with self.path.open("a") as log:
            log.write(text)

    def work(self) -> None:
        self.write(self.line() + "\n")
        self.written += 1

    def counted(self) -> Any:
        return lines(self.serve, self.source).get("matched", 0)

    def done(self) -> Any:
        return self.written

    def look(self) -> None:
        self.serve.wait_for_look(self.source)

    def stop(self) -> None:
        self._folder.rename(self._elsewhere)

    def start(self) -> None:
        self._elsewhere.rename(self._folder)

    def refuse(self) -> None:
        """The next file: one that is open stays readable."""
        self.rotate()
        self.path.chmod(0)

    def permit(self) -> None:
        self.path.chmod(0o644)

    def rotate(self) -> None:
        self.path.rename(self.path.with_suffix(f".{time.monotonic_ns()}"))
        self.path.touch()

    def jump(self, by: timedelta) -> None:
        self._ahead += by

    @property
    def _elsewhere(self) -> Path:
        return self._folder.with_name("elsewhere")


class AccessLog(LogSite):
    source = "access_log"

    def collectors(self) -> list[dict[str, Any]]:
        return [{"type": "access_log", "input": {"files": [f"{self.path}*"]}}]

    def line(self) -> str:
        return f'10.1.2.3 - - [{self.now():%d/%b/%Y:%H:%M:%S +0000}] "POST /v1/models HTTP/1.1" 200 1512 "-" "OpenAI/Python 1.54.3"'


class GatewayLog(LogSite):
    source = "gateway_log"

    def collectors(self) -> list[dict[str, Any]]:
        rules = [
            {"event": "fallback", "message": "Slow key check passed", "level": "debug"},
            {"event": "auth_cache_miss", "message": "Key checked", "level": "debug"},
        ]
        return [{"type": "gateway_log", "format": "tracing_text", "input": {"files": [f"{self.path}*"]}, "rules": rules}]

    def prove(self) -> None:
        self.table.use(self.table.legacy[0])
        self.write(self.line().replace("Key checked", "Slow key check passed") + "\n")
        self.written += 1
        hits = lambda: self.serve.metric("keyshift_fallback_auth_total")  # noqa: E731
        self.serve.process.wait_until(hits, self.patience, "a use is counted")

    def line(self) -> str:
        return f"{self.now():%Y-%m-%dT%H:%M:%S.%fZ} DEBUG inferxgate::auth: Key checked"
