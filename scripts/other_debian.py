# SPDX-License-Identifier: Apache-2.0
"""Runs make in another Debian: scripts/other_debian.py RELEASE [TARGET or NAME=VALUE...]

The Debian is made once, in build/system, and keeps what was built. It gets a copy of this checkout; the packages that
make leaves there are brought to build/RELEASE. $ARCHITECTURE is for which machines make builds: the libraries of another
one have a Debian of their own. Needs root, mmdebstrap and systemd-nspawn.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness.tools.debian_root import RELEASES, make_debian
from harness.tools.process import program

ROOT = Path(__file__).parents[1]
CHECKOUT = "keyshift"
# The rest is installed by make itself, by scripts/install-packages.
INCLUDED = ("ca-certificates", "make", "git", "python3")
OPTIONS = ("--quiet", "--register=no", "--keep-unit", "--console=pipe", "--as-pid2")


def copy_checkout(to: Path) -> None:
    """What git knows, or would take; what is the same already keeps its time, so that it is not built again."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    files = {name for name in listed if name and (ROOT / name).is_file()}
    for name in files:
        source, target = ROOT / name, to / name
        if target.exists() and target.stat().st_mode == source.stat().st_mode and _same(source, target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for target in to.rglob("*"):
        name = target.relative_to(to)
        if target.is_file() and name.parts[0] != "build" and str(name) not in files:
            target.unlink()
    # A folder that has moved, its caches aside, is none any more.
    for target in sorted(to.rglob("*"), reverse=True):
        if target.is_dir() and target.relative_to(to).parts[0] not in ("build", ".git") and not any(target.iterdir()):
            target.rmdir()


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def bring_packages(checkout: Path, to: Path) -> None:
    for made in checkout.glob("build/package*/"):
        shutil.rmtree(to / made.name, ignore_errors=True)
        shutil.copytree(made, to / made.name, ignore=lambda _, names: {name for name in names if name == "_CPack_Packages"})


def main() -> int:
    release, *targets = sys.argv[1:] or [""]
    if release not in RELEASES.values():
        print(f"usage: scripts/other_debian.py {'|'.join(RELEASES.values())} [TARGET...]", file=sys.stderr)
        return 64
    architecture = os.environ.get("ARCHITECTURE", "")
    # What decides which Debian it is.
    root = make_debian(release, INCLUDED, recipe=(architecture,) if architecture else None)
    checkout = root / CHECKOUT
    copy_checkout(checkout)
    # The servers' files are many: /tmp is a directory of the disk, not of memory.
    disk = root / "var" / "tmp" / "platform"
    disk.mkdir(exist_ok=True, mode=0o1777)
    disk.chmod(0o1777)
    command = [
        program("systemd-nspawn"), *OPTIONS, f"--directory={root}", f"--bind={disk}:/tmp", f"--chdir=/{CHECKOUT}",
        "make", *(targets or ["test"]), *([f"ARCHITECTURE={architecture}"] if architecture else []),
    ]  # fmt: skip
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    bring_packages(checkout, ROOT / "build" / release)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
