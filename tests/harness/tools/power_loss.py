# SPDX-License-Identifier: Apache-2.0
"""A disk that loses power under one directory of one process: what was not synced is then there or not, at random, torn
into pieces of 512 bytes. power_loss.c, compiled once, says how."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.tools.process import program
from harness.tools.scratch import scratch_directory

SOURCE = Path(__file__).with_suffix(".c")
EXIT_CODE = 99
_REPORT = re.compile(r"^power lost after (\d+) operations and (\d+) syncs: (\d+) of (\d+) sectors, (\d+) of (\d+) names$", re.M)


class Loss(NamedTuple):
    """How long it took, and what was lost of what was in doubt."""

    operations: int
    syncs: int
    sectors: int
    doubtful_sectors: int
    names: int
    doubtful_names: int


@dataclass
class Disk:
    """`aside` is an empty directory on the same file system as `directory`."""

    directory: Path
    aside: Path
    honest: bool = True

    def losing_all_once_there(self, sign: Path) -> dict[str, str]:
        """The environment of a process that loses power at its next operation once that file is there, and all that is in doubt."""
        return self.losing_power(1, 1) | {"POWER_LOSS_ONCE_THERE": str(sign), "POWER_LOSS_CHANCE": "100"}

    def losing_power(self, seed: int, after: int, from_sync: int = 0) -> dict[str, str]:
        """The environment of a process that loses power `after` so many operations, counted from a sync on."""
        for left in self.aside.iterdir():
            left.unlink()
        return {
            "LD_PRELOAD": str(library()),
            "POWER_LOSS_DIRECTORY": str(self.directory.resolve()),
            "POWER_LOSS_ASIDE": str(self.aside),
            "POWER_LOSS_SEED": str(seed),
            "POWER_LOSS_AFTER": str(after),
            "POWER_LOSS_SYNCS": str(from_sync),
            "POWER_LOSS_DISHONEST": str(int(not self.honest)),
        }


@cache
def library() -> Path:
    path = scratch_directory("power-loss") / "power_loss.so"
    subprocess.run([program("gcc"), "-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", path, SOURCE], check=True)
    return path


def told(log: str) -> Loss | None:
    """What the process said at its end; None: it did not lose power."""
    found = _REPORT.search(log)
    return Loss(*map(int, found.groups())) if found else None
