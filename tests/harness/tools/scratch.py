# SPDX-License-Identifier: Apache-2.0
"""Private temporary directories, removed at the interpreter's exit at the latest."""

import atexit
import shutil
import tempfile
from pathlib import Path


def scratch_directory(name: str) -> Path:
    """A new directory that other users may pass through, as PostgreSQL does when the tests run as root, but not list.

    Exit handlers run in reverse order: a process started after its directory was made is stopped before it is removed.
    """
    directory = Path(tempfile.mkdtemp(prefix=f"keyshift-{name}-"))
    directory.chmod(0o711)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory
