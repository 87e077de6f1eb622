# SPDX-License-Identifier: Apache-2.0
"""A Debian of a release in a directory, made once by mmdebstrap from where this machine's apt has its own."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.tools.process import program, run_as

DIRECTORY = Path(__file__).parents[3] / "build" / "system"
# What a version's suffix says.
RELEASES = {"deb12": "bookworm", "deb13": "trixie"}
_HOOKS = (
    # What the package depends on waits in apt's cache, so that installing it needs no network.
    'cp {package} "$1/package.deb"',
    'chroot "$1" apt-get install --yes -o APT::Install-Recommends=true --download-only /package.deb',
    'rm "$1/package.deb"',
    # And what the operator of a story needs, whom the documents let use curl, jq, psql and sudo.
    'chroot "$1" apt-get install --yes --download-only {tools}',
    'echo 127.0.0.1 localhost >"$1/etc/hosts"',
)
_TO_BOOT = ("systemd", "systemd-sysv", "dbus")
# In apt's cache, not installed.
TOOLS = ("curl", "jq", "postgresql-client", "sqlite3", "sudo")


def debian_root(package: Path, release: str) -> Path:
    """To boot, with what `package` depends on, and TOOLS, already downloaded. The first time it takes a minute."""
    hooks = [hook.format(package=package, tools=" ".join(TOOLS)) for hook in _HOOKS]
    return make_debian(release, _TO_BOOT, hooks, recipe=(*_HOOKS, *TOOLS))


def make_debian(
    release: str, included: Sequence[str], hooks: Sequence[str] = (), *, recipe: Sequence[str] | None = None
) -> Path:
    """Its directory. It is made anew where `recipe`, or else the hooks, or what is included differ."""
    options = (
        "--mode=root", "--variant=minbase", f"--include={','.join(included)}", "--skip=cleanup/apt",
        "--dpkgopt=force-unsafe-io",
    )  # fmt: skip
    told = hashlib.sha256(repr((options, tuple(recipe or hooks))).encode()).hexdigest()[:8]
    root = DIRECTORY / f"{release}-{told}"
    if root.exists():
        return root
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    wanted = [f"--customize-hook={hook}" for hook in hooks]
    run_as(None, [program("mmdebstrap"), "--quiet", *options, *wanted, release, unfinished, *sources(release)])
    unfinished.rename(root)
    return root


def sources(release: str) -> Sequence[str]:
    """Lines for sources.list: the release, its updates and its security updates, by the mirrors of this machine."""
    wanted = ["Created-By: Packages", "Origin: Debian", "Component: main"]
    command = [program("apt-get"), "indextargets", "--format", "$(REPO_URI) $(CODENAME)", *wanted]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    # "bookworm-security" of this machine says where "trixie-security" is.
    lines = sorted({f"deb {uri} {release}{name[len(own):]} main" for uri, name in map(str.split, listed)
                    for own in RELEASES.values() if name.startswith(own)})  # fmt: skip
    if not lines:
        raise FileNotFoundError(f"apt knows no package lists of Debian {', '.join(RELEASES.values())}: run apt-get update")
    return lines
