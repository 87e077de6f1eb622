# SPDX-License-Identifier: Apache-2.0
"""The release under test: `$KEYSHIFT_DIST`, else what make release has made."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What makes a release knows how it is taken apart.
sys.path.append(str(ROOT / "scripts"))


def directory() -> Path:
    found = Path(os.environ.get("KEYSHIFT_DIST", ROOT / "build" / "dist")).absolute()
    if not (found / "SHA256SUMS").exists():
        raise FileNotFoundError(f"{found} holds no release: run make release")
    return found


@pytest.fixture(scope="session")
def dist() -> Path:
    return directory()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`for_arm64`: each file of the release with a program for that architecture."""
    if "for_arm64" in metafunc.fixturenames:
        files = [path for path in sorted(directory().iterdir()) if path.name.endswith(("_arm64.deb", "-arm64.tar"))]
        metafunc.parametrize("for_arm64", files, ids=lambda path: path.name)
