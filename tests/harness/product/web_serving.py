# SPDX-License-Identifier: Apache-2.0
"""The daemon behind a web configuration, and clients that speak TLS to it as a test wants."""

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import bcrypt
import requests
import yaml

from harness.product import daemon_socket
from harness.product.keyshift import Serve
from harness.product.watching import KeyTable, watching
from harness.tools import http
from harness.tools.certificates import Authority, Certificate
from harness.tools.wait import eventually

SECRET = "correct horse"
ALICE = ("alice", SECRET)


def hashed(password: str = SECRET, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


class WebServe(Serve):
    """It watches a log, since that takes no server. `web` is the tree of its web file; None: there is none. The server's
    certificate is one of `authority`, as server.crt and server.key beside the web file, unless the tree says otherwise."""

    def __init__(self, web: Mapping[str, Any] | None, *, authority: Authority | None = None, **options: Any):
        settings = {name: options.pop(name) for name in ("inventory",) if name in options}
        super().__init__(None, until="healthy", **options)
        self.authority = authority or Authority()
        self.web_path = self.directory / "web.yaml"
        self.encrypts = bool(web and web.get("tls_server_config"))
        self.url = f"{'https' if self.encrypts else 'http'}://localhost:{self.port}"
        log = self.directory / "access.log"
        log.touch()
        self._configured = True
        self.configure({
            "collectors": [{"type": "access_log", "input": {"files": [str(log)]}, "format": "nginx_combined"}],
            "web": {"listen": [f"127.0.0.1:{self.port}"], **({"config_file": "web.yaml"} if web is not None else {}), **settings},
        })  # fmt: skip
        if web is not None:
            self.install(self.authority.server())
            self.write_web(web)

    def write_web(self, web: Mapping[str, Any] | str) -> None:
        """In one step, as an editor or a deployment does."""
        new = self.web_path.with_suffix(".new")
        new.write_text(web if isinstance(web, str) else yaml.safe_dump(dict(web)))
        new.rename(self.web_path)

    def install(self, certificate: Certificate) -> None:
        """As server.crt and server.key."""
        for source, name in ((certificate.certificate, "server.crt"), (certificate.key, "server.key")):
            new = self.directory / f"{name}.new"
            new.write_bytes(source.read_bytes())
            new.rename(self.directory / name)

    def close(self) -> None:
        self.stop()
        # It holds hashes by right, and is none of what keyshift has written.
        self.web_path.unlink(missing_ok=True)
        super().close()

    def answers(self) -> bool:
        """By the Unix socket, which asks for nothing."""
        with contextlib.suppress(OSError):
            return daemon_socket.ask(self.state_directory, "/-/healthy")[0] == 200
        return False

    def get(self, path: str, **options: Any) -> requests.Response:
        options.setdefault("verify", str(self.authority.certificate))
        return http.get(f"{self.url}{path}", **options)

    def status(self, path: str = "/-/healthy", **options: Any) -> int:
        return self.get(path, **options).status_code

    def web_metric(self, name: str) -> float | None:
        """One of keyshift_web_config_*, by the Unix socket."""
        text = daemon_socket.ask(self.state_directory, "/metrics")[2].decode()
        found = [line.split()[-1] for line in text.splitlines() if line.startswith(f"keyshift_web_config_{name} ")]
        return float(found[0]) if found else None

    def connect(self) -> socket.socket:
        """TCP alone."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    @contextlib.contextmanager
    def encrypted(self, context: ssl.SSLContext | None = None) -> Iterator[ssl.SSLSocket]:
        """One that ends without a close_notify raises."""
        with self.connect() as plain, (context or self.context()).wrap_socket(
            plain, server_hostname="localhost", suppress_ragged_eofs=False
        ) as stream:
            yield stream

    def context(self, client: Certificate | None = None, **settings: Any) -> ssl.SSLContext:
        """A client that believes the authority; `settings` are attributes of SSLContext."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        if client:
            context.load_cert_chain(client.certificate, client.key)
        for name, value in settings.items():
            setattr(context, name, value)
        return context

    def log_says(self, text: str, timeout: float = 10.0) -> None:
        eventually(lambda: text in self.process.log(), timeout, f"the log says {text!r}")


class LoggedIn(Serve):
    """It watches keys behind basic auth, and is asked by alice, who may decide."""

    def __init__(self, table: KeyTable, actions: str = "on", **options: Any):
        tree = watching(table.database.dsn()) | {"web": {"actions": actions}}
        super().__init__(tree, **options)
        tree["web"]["listen"] = [f"127.0.0.1:{self.port}"]
        self.configure(tree)
        self.users = self.directory / "web.yaml"
        self.users.write_text(yaml.safe_dump({"basic_auth_users": {"alice": hashed()}}))
        self._args = [f"--web.config.file={self.users}"]

    def close(self) -> None:
        self.stop()
        # It holds a hash by right, and is none of what keyshift has written.
        self.users.unlink(missing_ok=True)
        super().close()

    def answers(self) -> bool:
        try:
            return http.get(f"{self.url}/-/{self._until}", auth=ALICE).status_code == 200
        except requests.ConnectionError:
            return False

    def get(self, path: str, **options: Any) -> requests.Response:
        return super().get(path, **{"auth": ALICE} | options)

    def decide(self, method: str, path: str, body: dict | None = None, **options: Any) -> requests.Response:
        headers = {"X-Keyshift-Action": "1", "Content-Type": "application/json", "Origin": self.url}
        headers |= options.pop("headers", {})
        data = None if body is None else json.dumps(body)
        return self.get(f"/api/v1/{path}", method=method, headers=headers, data=data, **options)


def tls(**settings: Any) -> dict[str, Any]:
    """A web file's tree with TLS; `settings` are further keys of tls_server_config."""
    return {"tls_server_config": {"cert_file": "server.crt", "key_file": "server.key", **settings}}


def ask(stream: socket.socket, path: str = "/-/healthy", *, close: bool = False) -> bytes:
    """One request on a connection; what was received until the answer was whole."""
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{'Connection: close' if close else 'X: y'}\r\n\r\n".encode())
    return receive(stream)


def receive(stream: socket.socket) -> bytes:
    """One answer."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = stream.recv(65536)
        if not more:
            return got
        got += more
    head, body = got.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body
