# SPDX-License-Identifier: Apache-2.0
"""A small Debian to boot and to install packages in, made once by mmdebstrap from the sources of this machine's apt."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.process import program, run_as

_DIRECTORY = Path(__file__).parents[2] / "build" / "system"
_RELEASE = "bookworm"
_HOOKS = (
    # What the package depends on waits in apt's cache, so that installing it needs no network.
    'cp {package} "$1/package.deb"',
    'chroot "$1" apt-get install --yes -o APT::Install-Recommends=true --download-only /package.deb',
    'rm "$1/package.deb"',
    'echo 127.0.0.1 localhost >"$1/etc/hosts"',
)
_OPTIONS = (
    "--mode=root", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", "--skip=cleanup/apt",
    "--dpkgopt=force-unsafe-io",
)  # fmt: skip


def debian_root(package: Path) -> Path:
    """The directory, with what `package` depends on already downloaded. The first time it takes a minute."""
    recipe = hashlib.sha256(repr((_OPTIONS, _HOOKS)).encode()).hexdigest()[:8]
    root = _DIRECTORY / f"root-{recipe}"
    if root.exists():
        return root
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    hooks = [f"--customize-hook={hook.format(package=package)}" for hook in _HOOKS]
    run_as(None, [program("mmdebstrap"), "--quiet", *_OPTIONS, *hooks, _RELEASE, unfinished, *_sources()])
    unfinished.rename(root)
    return root


def _sources() -> Sequence[str]:
    """Lines for sources.list."""
    wanted = ["Created-By: Packages", "Origin: Debian", "Component: main"]
    command = [program("apt-get"), "indextargets", "--format", "$(REPO_URI) $(CODENAME)", *wanted]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    lines = sorted({f"deb {line} main" for line in listed if line.split()[1].startswith(_RELEASE)})
    if not lines:
        raise FileNotFoundError(f"apt knows no package lists of Debian {_RELEASE}: run apt-get update")
    return lines
