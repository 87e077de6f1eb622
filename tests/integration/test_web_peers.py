# SPDX-License-Identifier: Apache-2.0
"""The same web file before keyshift and before Prometheus, which has the toolkit: the same clients come in, and hear the same."""

import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml

from harness.product.web_serving import SECRET, WebServe, ask, hashed, tls
from harness.servers.prometheus import Prometheus
from harness.tools import http
from harness.tools.certificates import Authority, Certificate, self_signed
from harness.tools.scratch import scratch_directory


class Peer(Prometheus):
    """Prometheus behind a web file, with the certificate of `serve`."""

    def __init__(self, serve: WebServe):
        super().__init__({})
        self._web = serve.web_path

    def argv(self) -> Sequence[str]:
        return [*super().argv(), f"--web.config.file={self._web}"]

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@contextlib.contextmanager
def both(web: dict[str, Any], authority: Authority) -> Iterator[dict[str, int]]:
    """Their ports."""
    with WebServe(web, authority=authority) as serve, Peer(serve) as peer:
        yield {"keyshift": serve.port, "prometheus": peer.port}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def handshake(port: int, authority: Authority, client: Certificate | None, version: ssl.TLSVersion) -> str:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.minimum_version = context.maximum_version = version
    if client:
        context.load_cert_chain(client.certificate, client.key)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as stream:
                return ask(stream)[:12].decode()
    except (ssl.SSLError, ConnectionError):
        return "refused"


@pytest.mark.parametrize(
    "asked", ["NoClientCert", "RequestClientCert", "RequireAnyClientCert", "RequireClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]
)
def test_the_same_clients_come_in(authority: Authority, asked: str):
    own = self_signed(scratch_directory("client"))
    clients = {
        "none": None, "trusted": authority.client("a"), "expired": authority.expired_client("a"), "server": authority.server(),
        "unknown": Authority("Another").client("a"), "self-signed": own,
    }  # fmt: skip
    ca = {} if asked == "NoClientCert" else {"client_ca_file": str(authority.certificate)}
    with both(tls(client_auth_type=asked, **ca), authority) as ports:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            found = {
                who: {name: handshake(port, authority, client, version) for name, client in clients.items()} for who, port in ports.items()
            }
            assert found["keyshift"] == found["prometheus"], version


def test_the_same_clients_come_in_where_one_is_its_own_authority(authority: Authority):
    own, leaf = self_signed(scratch_directory("client")), Authority("Another").client("a")
    clients = {"own": own, "leaf": leaf, "trusted": authority.client("a"), "none": None}
    for name in ("own", "leaf"):
        with both(tls(client_auth_type="RequireAndVerifyClientCert", client_ca_file=str(clients[name].certificate)), authority) as ports:
            found = [
                {who: handshake(port, authority, client, ssl.TLSVersion.TLSv1_3) for who, client in clients.items()} for port in ports.values()
            ]
            assert found[0] == found[1]


@pytest.mark.parametrize("bounds", [{}, {"min_version": "TLS13"}, {"max_version": "TLS12"}, {"min_version": "TLS13", "max_version": "TLS12"}])
def test_the_same_versions_are_spoken(authority: Authority, bounds: dict[str, str]):
    with both(tls(**bounds), authority) as ports:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            ours, theirs = (handshake(port, authority, None, version) for port in ports.values())
            assert ours == theirs, version


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "HEAD / HTTP/1.1", "POST / HTTP/1.1", "PUT / HTTP/1.1", "OPTIONS * HTTP/1.1", "DELETE / HTTP/1.1", "SSH-2.0-x"])
def test_the_same_is_said_to_who_speaks_no_tls(authority: Authority, line: str):
    said = {}
    with both(tls(), authority) as ports:
        for who, port in ports.items():
            with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
                plain.sendall(f"{line}\r\nHost: x\r\n\r\n".encode())
                said[who] = b""
                with contextlib.suppress(ConnectionError):
                    while more := plain.recv(4096):
                        said[who] += more
    # What is an alert differs; what is text does not.
    assert said["keyshift"][:1] == said["prometheus"][:1]
    assert said["keyshift"] == said["prometheus"] or said["keyshift"].startswith(b"\x15")


def test_the_same_passwords_fit(authority: Authority):
    users = {"alice": hashed(), "bob": hashed("x").replace("$2b$", "$2y$"), "": hashed("nameless"), "colon": hashed("a:b")}
    tried = [("alice", SECRET), ("alice", "x"), ("bob", "x"), ("bob", ""), ("", "nameless"), ("colon", "a:b"), ("nobody", "x"), ("ALICE", SECRET), ("alice", "é")]
    headers = {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=1", "X-XSS-Protection": 0, "Content-Security-Policy": "default-src 'self'"}
    with both({"basic_auth_users": users, "http_server_config": {"headers": headers}}, authority) as ports:
        found = {}
        for who, port in ports.items():
            answers = [http.get(f"http://127.0.0.1:{port}/-/healthy", auth=pair) for pair in [*tried, None]]
            names = ["WWW-Authenticate", *headers]
            found[who] = [(answer.status_code, [answer.headers.get(name) for name in names]) for answer in answers]
            for header in ("", "Basic", "Basic !", "basic " + "YWxpY2U6", "Bearer x", "Basic YWxpY2U="):
                found[who].append(http.get(f"http://127.0.0.1:{port}/-/healthy", headers={"Authorization": header}).status_code)
    assert found["keyshift"] == found["prometheus"]


def test_the_same_changes_count(authority: Authority):
    with WebServe({"basic_auth_users": {"alice": hashed()}}, authority=authority) as serve, Peer(serve) as peer:

        def statuses() -> list[list[int]]:
            tried = [("alice", SECRET), ("alice", "new"), None]
            return [[http.get(f"http://127.0.0.1:{port}/-/healthy", auth=pair).status_code for pair in tried] for port in (serve.port, peer.port)]

        for web in ({"basic_auth_users": {"alice": hashed("new")}}, {}, {"basic_auth_users": {"alice": hashed()}}):
            serve.write_web(web)
            ours, theirs = statuses()
            assert ours == theirs, yaml.safe_dump(web)
        # This is where keyshift is meant to differ.
        serve.write_web("junk: [")
        assert statuses() == [[200, 401, 401], [500, 500, 500]]
