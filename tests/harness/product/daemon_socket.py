# SPDX-License-Identifier: Apache-2.0
"""HTTP to the daemon's Unix socket, without any of the product's code, and another user's commands."""

import http.client
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.tools.process import program

NAME = "keyshift.sock"


def path_of(state: Path) -> Path:
    return state / NAME


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path):
        super().__init__("localhost", timeout=10)
        self._directory, self._name = path.parent, path.name

    def connect(self) -> None:
        """Also where the path is longer than sun_path."""
        directory = os.open(self._directory, os.O_PATH)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{directory}/{self._name}")
        finally:
            os.close(directory)


def ask(state: Path, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body."""
    connection = _Connection(path_of(state))
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def as_user(uid: int, groups: Sequence[int], argv: Sequence[Any]) -> list[Any]:
    """The command line that runs `argv` as a user that nobody knows, in these groups alone."""
    listed = ",".join(str(group) for group in groups)
    identity = [f"--reuid={uid}", f"--regid={groups[0]}", f"--groups={listed}"]
    return [program("setpriv"), *identity, "--", *argv]
