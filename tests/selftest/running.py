# SPDX-License-Identifier: Apache-2.0
"""What several self-tests ask of processes."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def alive(pid: int) -> bool:
    """Does the process run? One that has ended but is not yet reaped by its new parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def run_python(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
