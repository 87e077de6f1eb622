# SPDX-License-Identifier: Apache-2.0
"""What the reverse proxies of the harness share: a port, the gateway behind it, and an access log."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from harness.servers.server import Server
from harness.tools.ports import free_port


class ReverseProxy(Server):
    """Listens on 127.0.0.1 and passes every request on to the server at `target`, an http:// URL without a path. One
    line a request in `access_log`, which is in the proxy's own directory unless given."""

    def __init__(self, target: str, *, access_log: Path | None = None):
        super().__init__()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.access_log = access_log or self.directory / "access.log"
        self.target = urlsplit(target).netloc

    def answers(self) -> bool:
        """Without a request, so that nothing is logged."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def lines(self) -> list[str]:
        """What its access log holds now; a last line without its newline is not there yet."""
        if not self.access_log.exists():
            return []
        return self.access_log.read_text(errors="surrogateescape").split("\n")[:-1]
