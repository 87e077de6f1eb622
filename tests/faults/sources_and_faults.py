# SPDX-License-Identifier: Apache-2.0
"""What is tried: each source with each fault, and the process with its own. docs/reliability.md has exactly these rows and columns."""

import os
from dataclasses import dataclass

FAULTS = {
    "down_at_start": "down at start",
    "down_later": "down later",
    "slow": "slow beyond every timeout",
    "refuses": "refuses",
    "resets": "resets mid-answer",
    "half_open": "half-open",
    "wrong_data": "wrong data",
    "restarted": "restarted",
    "clock_ahead": "clock a day ahead",
    "clock_back": "clock a day back",
    "frozen": "frozen for a minute",
}
PASSING = frozenset({"restarted", "clock_ahead", "clock_back"})
"""Over before it can be told: a poll may fail, or none."""
DATABASES = ("keys", "statements")
SERVICES = ("redis", "gateway_metrics", "prometheus", "probe")
LOGS = ("access_log", "gateway_log")
SOURCES = (*DATABASES, *SERVICES, *LOGS)

# A SAFE rests on these: on the key table; on what has counted a use of the fallback once; and on the access log, which counts the
# share of failures. Redis and the probe tell of other things: a failure of theirs is shown, and the verdict stands.
CARRYING = frozenset(SOURCES) - {"redis", "probe"}

_LOCAL = "a local file is read without a connection, and so without a timeout"
_QUIET = "a writer that stands still leaves a log as a quiet hour does"
_GO = "no library can tell a program in Go another time; hosts whose times differ are tried in the collector's own tests"
_ALLOCATOR = "its allocator does not bear the library that tells another time; no time is taken from Redis"
NO_SENSE = {
    **{(source, fault): _LOCAL for source in LOGS for fault in ("slow", "half_open")},
    **{(source, "frozen"): _QUIET for source in LOGS},
    **{("prometheus", fault): _GO for fault in ("clock_ahead", "clock_back")},
    **{("redis", fault): _ALLOCATOR for fault in ("clock_ahead", "clock_back")},
}

PROCESS = {
    "full_disk": "full disk",
    "read_only_disk": "read-only disk",
    "out_of_descriptors": "out of descriptors",
    "memory_limit": "memory limit of its cgroup",
    "killed": "killed",
    "frozen": "frozen for a minute",
    "clock_ahead": "clock a day ahead",
    "clock_back": "clock a day back",
}

ALL = os.environ.get("KEYSHIFT_FAULTS") == "all"
"""Everything, as `make test-faults` wants it; else some, as `make test` does."""

_SHORT = {
    ("keys", "down_later"), ("keys", "resets"), ("keys", "clock_ahead"), ("statements", "half_open"),
    ("redis", "slow"), ("gateway_metrics", "frozen"), ("probe", "wrong_data"),
    ("access_log", "refuses"), ("gateway_log", "down_later"),
}  # fmt: skip
_SHORT_PROCESS = {"read_only_disk", "out_of_descriptors", "killed"}


@dataclass(frozen=True)
class Cell:
    source: str
    fault: str

    def __str__(self) -> str:
        return f"{self.source}-{self.fault}"

    @property
    def carries(self) -> bool:
        return self.source in CARRYING


def cells(sources: tuple[str, ...]) -> list[Cell]:
    """Those of this run, by source, so that cells of a source can share a daemon."""
    wanted = [Cell(source, fault) for source in sources for fault in FAULTS if (source, fault) not in NO_SENSE]
    return [cell for cell in wanted if ALL or (cell.source, cell.fault) in _SHORT]


def process_faults() -> list[str]:
    return [fault for fault in PROCESS if ALL or fault in _SHORT_PROCESS]


def frozen_seconds() -> float:
    return 60 if ALL else 3
