# SPDX-License-Identifier: Apache-2.0
"""A clock that tests set forward, for what takes days in reality: libfaketime below PostgreSQL and keyshift.

Only the time of day travels, not the monotonic clock: timers and time-outs keep their pace.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta

from harness.servers.postgres import Postgres
from harness.tools.faketime import library
from harness.tools.process import CLEAN_ENVIRONMENT
from harness.tools.scratch import scratch_directory


class Clock:
    """Begins at the true time. `environment` is for programs that shall live by it."""

    def __init__(self):
        self._file = scratch_directory("clock") / "offset"
        self._ahead = timedelta()
        self._write()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # Else each advance gives all files other times, that of their birth too, by which a log is another one.
            "NO_FAKE_STAT": "1",
        }

    def advance(self, by: timedelta) -> None:
        self._ahead += by
        self._write()

    def _write(self) -> None:
        """In one step: whoever reads meanwhile gets the old time or the new one."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{self._ahead.total_seconds():+.0f}")
        os.replace(new, self._file)


class TravellingPostgres(Postgres):
    """Its now() is that of `clock`."""

    def __init__(self, clock: Clock):
        super().__init__()
        self._clock = clock

    def argv(self) -> Sequence[str]:
        """Preloaded only here: libfaketime could not share its memory with whoever changes the user."""
        preload = f"LD_PRELOAD={self._clock.environment['LD_PRELOAD']}"
        return ["/usr/bin/env", preload, *super().argv()]

    def environment(self) -> Mapping[str, str]:
        return {**CLEAN_ENVIRONMENT, **self._clock.environment, "LD_PRELOAD": ""}
