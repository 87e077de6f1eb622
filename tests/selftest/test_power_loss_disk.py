# SPDX-License-Identifier: Apache-2.0
"""The disk that loses power: what was synced stays, what was not may go, each 512 bytes for themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.tools import power_loss
from harness.tools.power_loss import Disk
from harness.tools.process import CLEAN_ENVIRONMENT

BEGIN = "import os, sys; path = sys.argv[1] + '/keyshift.db'; file = os.open(path, os.O_RDWR | os.O_CREAT); pages = 64 * 512; "
SYNC = "os.fsync(file); os.fsync(os.open(sys.argv[1], os.O_RDONLY)); "
SYNCED = BEGIN + "os.pwrite(file, b'a' * pages, 0); " + SYNC
END = "open(sys.argv[2], 'w'); os.pwrite(file, b'z', pages)"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    for name in ("state", "aside"):
        (tmp_path / name).mkdir()
    return Disk(tmp_path / "state", tmp_path / "aside")


def run(disk: Disk, code: str, **changes: str) -> str:
    """To the loss, which comes with END; what the file holds then."""
    sign = disk.aside.parent / "sign"
    sign.unlink(missing_ok=True)
    environment = CLEAN_ENVIRONMENT | disk.losing_all_once_there(sign) | changes
    ended = subprocess.run([sys.executable, "-c", code + END, disk.directory, sign], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == power_loss.EXIT_CODE, ended.stderr
    assert power_loss.told(ended.stderr)
    return (disk.directory / "keyshift.db").read_text() if (disk.directory / "keyshift.db").exists() else ""


def test_what_was_synced_stays(disk: Disk) -> None:
    assert run(disk, SYNCED) == "a" * 64 * 512
    assert run(disk, SYNCED + "os.pwrite(file, b'b' * pages, 0); ") == "a" * 64 * 512
    assert run(disk, SYNCED + "os.ftruncate(file, 512); " + SYNC) == "a" * 512


def test_what_was_not_synced_is_torn(disk: Disk) -> None:
    left = run(disk, SYNCED + "os.pwrite(file, b'b' * pages, 0); ", POWER_LOSS_CHANCE="50")
    sectors = {left[at : at + 512] for at in range(0, 64 * 512, 512)}
    assert sectors == {"a" * 512, "b" * 512}


def test_names_that_were_not_synced_go_or_come_back(disk: Disk) -> None:
    gone = SYNCED + "os.unlink(path); "
    assert {bool(run(disk, gone, POWER_LOSS_SEED=str(seed))) for seed in range(12)} == {True, False}
    assert run(disk, gone + SYNC.partition("; ")[2]) == ""
    moved = SYNCED + "os.rename(path, path + '.new'); "
    assert {bool(run(disk, moved, POWER_LOSS_SEED=str(seed))) for seed in range(12)} == {True, False}


def test_a_dishonest_disk_keeps_nothing(disk: Disk) -> None:
    assert run(Disk(disk.directory, disk.aside, honest=False), SYNCED) == ""
