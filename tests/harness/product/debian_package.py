# SPDX-License-Identifier: Apache-2.0
"""The Debian package under test, what is in it, and later versions of it."""

import os
import subprocess
from pathlib import Path

from harness.tools.process import program, run_as
from harness.tools.scratch import scratch_directory

_REPOSITORY = Path(__file__).parents[3]


def package_path() -> Path:
    """`$KEYSHIFT_PACKAGE`, else that of the development build; FileNotFoundError when it has not been made."""
    of_tests = _REPOSITORY / "build" / "package-dev"
    path = os.environ.get("KEYSHIFT_PACKAGE") or next(of_tests.glob("keyshift_*.deb"), of_tests / "keyshift_*.deb")
    if not Path(path).exists():
        raise FileNotFoundError(f"{path} does not exist: run make package PRESET=dev")
    return Path(path).absolute()


def field(package: Path, name: str) -> str:
    command = [program("dpkg-deb"), "--field", package, name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def unpacked(package: Path) -> Path:
    """A directory with the package's files, and its control files in DEBIAN."""
    directory = scratch_directory("package") / "root"
    run_as(None, [program("dpkg-deb"), "--raw-extract", package, directory])
    return directory


def later(package: Path, changed: str, text: str) -> Path:
    """A later version of a package, in which the file `changed` ends in `text`."""
    directory = unpacked(package)
    control = directory / "DEBIAN" / "control"
    version = field(package, "Version")
    control.write_text(control.read_text().replace(f"Version: {version}\n", f"Version: {version}+later\n"))
    file = directory / changed.lstrip("/")
    file.write_text(file.read_text() + text)
    result = directory.with_name("later.deb")
    run_as(None, [program("dpkg-deb"), "--build", "--root-owner-group", "-z1", directory, result])
    return result
