# SPDX-License-Identifier: Apache-2.0
"""Redis from Debian, without persistence: a restart empties it and sets its counters back."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import redis

from harness.servers.server import Server
from harness.tools.certificates import Authority, Certificate, self_signed
from harness.tools.ports import free_port
from harness.tools.process import program


class Redis(Server):
    """One instance, on TCP and on a Unix socket. With `tls` it serves TLS only on TCP, showing `certificate`, which its
    clients trust because of `trusted`; given an authority, it also speaks TLS to other nodes.

    `directives` are further lines of redis.conf, such as "user monitor on >secret ~* +info".
    """

    name = "redis"

    def __init__(
        self, *, password: str | None = None, tls: bool | Authority = False, directives: Sequence[str] = ()
    ):
        super().__init__()
        self.port = free_port()
        self.password = password
        self.socket_path: Path = self.directory / "redis.sock"
        self.certificate: Certificate | None = None
        self.trusted: Path | None = None
        if isinstance(tls, Authority):
            self.certificate, self.trusted = tls.peer(), tls.certificate
        elif tls:
            self.certificate = self_signed(self.directory)
            self.trusted = self.certificate.certificate
        self._configuration = self.directory / "redis.conf"
        self._configuration.write_text("\n".join([*self._directives(), *directives, ""]))

    def argv(self) -> Sequence[str]:
        return [program("redis-server"), str(self._configuration)]

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return client.ping()
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def url(self, database: int = 0, user: str = "", password: str | None = None) -> str:
        """A redis:// or rediss:// URL over TCP, as the default user unless told otherwise."""
        scheme = "rediss" if self.certificate else "redis"
        return f"{scheme}://{self._login(user, password)}127.0.0.1:{self.port}/{database}"

    def socket_url(self, database: int = 0, user: str = "", password: str | None = None) -> str:
        """A unix:// URL."""
        return f"unix://{self._login(user, password)}{self.socket_path}?db={database}"

    def client(self, database: int = 0) -> redis.Redis:
        """A client of the default user over TCP, which checks the certificate and answers with text."""
        tls = {"ssl_ca_certs": str(self.trusted)} if self.trusted else {}
        return redis.Redis.from_url(self.url(database), decode_responses=True, socket_timeout=10, **tls)

    def _login(self, user: str, password: str | None) -> str:
        password = self.password if password is None else password
        return f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""

    def _directives(self) -> list[str]:
        lines = ["bind 127.0.0.1", f"unixsocket {self.socket_path}", "unixsocketperm 700", 'save ""', "daemonize no"]
        if self.certificate:
            lines += [
                "port 0",
                f"tls-port {self.port}",
                f"tls-cert-file {self.certificate.certificate}",
                f"tls-key-file {self.certificate.key}",
                f"tls-ca-cert-file {self.trusted}",
                "tls-auth-clients no",
                "tls-replication yes",
                "tls-cluster yes",
            ]
        else:
            lines += [f"port {self.port}"]
        if self.password:
            lines += [f"requirepass {json.dumps(self.password)}"]
        return lines
