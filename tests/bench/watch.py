"""The daemon under measurement: one key table, one poll at a time."""

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.product.keyshift import Serve
from harness.tools import leaks
from harness.tools.wait import eventually
from bench.measure import forget_peak, status_bytes

_DURATION = "keyshift_source_poll_duration_seconds"


def use_binary(path: Path) -> None:
    """Which keyshift is measured, by everything that starts one from here on."""
    os.environ["KEYSHIFT_BINARY"] = str(path.absolute())


class Watch(Serve):
    """`serve` with the keys collector alone. `options` are the collector's."""

    def __init__(self, database_url: str, *, gateway: Mapping[str, Any] | None = None, **options: object):
        keys = {"type": "keys", "database_url": database_url, **options}
        super().__init__({**({"gateway": gateway} if gateway else {}), "collectors": [keys]})
        self._polls = 0
        self._seconds = 0.0

    def start(self, timeout: float = 900.0) -> "Watch":
        self._polls, self._seconds = 0, 0.0
        return super().start(timeout)

    def close(self) -> None:
        """The harness would look through the whole journal for secrets, and remember it."""
        self.stop()
        shutil.rmtree(self.state_directory, ignore_errors=True)
        super().close()
        leaks.forget()

    def next_poll_seconds(self, timeout: float = 900.0) -> float:
        """Waits for the end of the poll under way; how long it took: database, ledger and state."""

        def over() -> bool:
            return self._counters()[0] > self._polls

        eventually(over, timeout, "a poll ends")
        polls, seconds = self._counters()
        if polls != self._polls + 1:
            raise RuntimeError("polls came too fast to be told apart")
        took = seconds - self._seconds
        self._polls, self._seconds = polls, seconds
        return took

    def next_polls(self, count: int, timeout: float = 900.0) -> None:
        """Waits for the end of so many polls."""
        eventually(lambda: self._counters()[0] >= self._polls + count, timeout, f"{count} polls end")
        self._polls, self._seconds = self._counters()

    def _counters(self) -> tuple[int, float]:
        samples = {name: value for (name, _), value in self.metrics().items() if name.startswith(_DURATION)}
        return int(samples[_DURATION + "_count"]), samples[_DURATION + "_sum"]

    def pause(self) -> None:
        """It does nothing until `resume`, so that the peer has the machine."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def resident_bytes(self) -> int:
        return status_bytes(self.pid, "VmRSS")

    def peak_bytes(self) -> int:
        return status_bytes(self.pid, "VmHWM")

    def forget_peak(self) -> None:
        forget_peak(self.pid)
