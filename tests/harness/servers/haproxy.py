# SPDX-License-Identifier: Apache-2.0
"""HAProxy from Debian as a reverse proxy. It logs to syslog only: the harness is its syslog, and writes to a file."""

import select
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from harness.servers.reverse_proxy import ReverseProxy
from harness.servers.server import START_TIMEOUT_SECONDS
from harness.tools.process import program

_LONGEST_LINE = 65_535


class Haproxy(ReverseProxy):
    """Logs in its `httplog` format, whose bytes count headers too, or in what `log_format` says, as HAProxy's directive
    of that name takes it. There `%[var(txn.body_bytes)]` is the length of the body where the gateway announced one."""

    name = "haproxy"

    def __init__(self, target: str, *, log_format: str | None = None, access_log: Path | None = None):
        super().__init__(target, access_log=access_log)
        self._syslog_path = self.directory / "syslog"
        self._syslog: threading.Thread | None = None
        self._over = threading.Event()
        self._configuration = self.directory / "haproxy.cfg"
        self._configuration.write_text(self._text(log_format))

    def argv(self) -> Sequence[str]:
        return [program("haproxy"), "-db", "-f", str(self._configuration)]

    def start(self, timeout: float = START_TIMEOUT_SECONDS) -> "Haproxy":
        if self._syslog is None:
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            listening.bind(str(self._syslog_path))
            self._syslog = threading.Thread(target=self._write_lines, args=(listening,), daemon=True)
            self._syslog.start()
        return super().start(timeout)

    def close(self) -> None:
        self.stop()
        self._over.set()
        if self._syslog:
            self._syslog.join()
        super().close()

    def _write_lines(self, listening: socket.socket) -> None:
        with listening:
            while not self._over.is_set():
                if select.select([listening], [], [], 0.1)[0]:
                    line = listening.recv(_LONGEST_LINE).rstrip(b"\n") + b"\n"
                    with self.access_log.open("ab") as file:
                        file.write(line)

    def _text(self, log_format: str | None) -> str:
        how = f"log-format '{log_format}'" if log_format else "option httplog"
        return f"""
global
    maxconn 256
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{self.port}
    log {self._syslog_path} len 16384 format raw local0
    {how}
    option dontlognull
    http-response set-var(txn.body_bytes) res.hdr(content-length)
    default_backend gateway
backend gateway
    server gateway1 {self.target}
"""
