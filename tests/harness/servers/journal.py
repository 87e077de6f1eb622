# SPDX-License-Identifier: Apache-2.0
"""systemd-journald from Debian, on its own: it sees a /run of its own, and no systemd, whose socket it would use."""

import itertools
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.servers.server import Server
from harness.tools.process import CLEAN_ENVIRONMENT, program
from harness.tools.wait import eventually

_JOURNALD = "/lib/systemd/systemd-journald"
_DOCKER_SPLITS_AT = 16 * 1024
_TIMEOUT_SECONDS = 20.0

_CONFIGURATION = "[Journal]\\nStorage=volatile\\nRateLimitBurst=0\\nReadKMsg=no\\nAudit=no\\nSplitMode=none\\n"
_START = f"""
mount -t tmpfs tmpfs /run
mkdir -p /run/log/journal /run/systemd/journal /run/systemd/journald.conf.d
mount --bind "$1" /run/log/journal
mount --bind "$2" /run/systemd/journal
printf '{_CONFIGURATION}' > /run/systemd/journald.conf.d/harness.conf
exec {_JOURNALD}
"""


class Journald(Server):
    """One daemon, whose files `journalctl -D` and keyshift's `journald: {directory: ...}` read. What it has not read
    from its socket when it stops is lost, as everywhere."""

    name = "journald"

    def __init__(self):
        super().__init__()
        self.journal_directory: Path = self.directory / "journal"
        self._sockets: Path = self.directory / "sockets"
        self.journal_directory.mkdir()
        self._sockets.mkdir()
        self._syncs = itertools.count()

    def argv(self) -> Sequence[str]:
        mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
        script = ["sh", "-euc", _START, "sh", str(self.journal_directory), str(self._sockets)]
        return [program("unshare"), "--mount", *mapped, *script]

    def answers(self) -> bool:
        try:
            with self._connected():
                return bool(self.files())
        except OSError:
            return False

    def send(self, message: str | bytes, fields: Mapping[str, str | bytes] | None = None) -> None:
        """An entry. Fields that begin with "_" are journald's own to give, and are dropped."""
        with self._connected() as connection:
            connection.sendall(_datagram({"MESSAGE": message, **(fields or {})}))

    def docker_says(self, container: str, message: bytes, *, priority: int = 6, finished: bool = True) -> None:
        """A container's line, split as Docker's journald driver does it. Unless `finished`, the last part is missing."""
        pieces = [message[at : at + _DOCKER_SPLITS_AT] for at in range(0, len(message) or 1, _DOCKER_SPLITS_AT)]
        fields = {"CONTAINER_ID": container, "CONTAINER_NAME": f"name-of-{container}", "PRIORITY": str(priority)}
        for number, piece in enumerate(pieces, 1):
            last = finished and number == len(pieces)
            self.send(piece, fields if last else {**fields, "CONTAINER_PARTIAL_MESSAGE": "true"})

    def files(self) -> list[Path]:
        return sorted(self.journal_directory.glob("*/*.journal"))

    def sync(self) -> None:
        """Returns when everything that was sent has been written."""
        number = next(self._syncs)
        self.send("sync", {"HARNESS_SYNC": str(number)})
        eventually(lambda: self.messages(f"HARNESS_SYNC={number}"), _TIMEOUT_SECONDS, "the journal is written")

    def rotate(self) -> None:
        """Archive the file that is being written and begin another one."""
        before = self.files()
        self.process.send_signal(signal.SIGUSR2)
        eventually(lambda: len(self.files()) > len(before), _TIMEOUT_SECONDS, "the journal is rotated")

    def vacuum(self) -> None:
        """Delete every archived file, as journald does when the disk is full."""
        for file in self.files():
            if "@" in file.name:
                file.unlink()

    def messages(self, *matches: str) -> list[str]:
        """What journalctl finds, a message a line."""
        argv = [program("journalctl"), "-D", self.journal_directory, "-o", "cat", "--no-pager", "-q", *matches]
        result = subprocess.run(argv, env=CLEAN_ENVIRONMENT, capture_output=True, check=True)
        return result.stdout.decode(errors="replace").splitlines()

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            connection.connect(str(self._sockets / "socket"))
        except OSError:
            connection.close()
            raise
        return connection


def _datagram(fields: Mapping[str, str | bytes]) -> bytes:
    """journald's native protocol, each value by its length, so that it can be any bytes."""
    out = b""
    for name, value in fields.items():
        raw = value.encode() if isinstance(value, str) else value
        out += name.encode() + b"\n" + struct.pack("<Q", len(raw)) + raw + b"\n"
    return out
