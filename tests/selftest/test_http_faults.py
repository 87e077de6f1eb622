# SPDX-License-Identifier: Apache-2.0
"""The harness's HTTP server: each way to answer, seen by a client that checks, and what the server counts."""

import contextlib
import http.client
import socket
import ssl
import time

import pytest
import requests

from harness.tools import http as client
from harness.tools.certificates import Authority
from harness.tools.http_faults import (
    HttpFaults, close_in_the_middle, drip, endless, endless_headers, garbage, hang, needs_basic, needs_bearer, redirect,
    status, text,
)  # fmt: skip
from harness.tools.wait import eventually

MIB = 1 << 20
BODY = "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n"


@pytest.fixture
def server():
    with HttpFaults() as made:
        yield made


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def has_ended(server: HttpFaults) -> None:
    eventually(lambda: server.open_connections == 0, 5, "all connections have ended")


def test_texts_and_statuses_by_path(server):
    server.answer(text(BODY), "/metrics")
    server.answer(text("a", "application/openmetrics-text", headers={"X-More": "b"}), "/other")
    server.answer(status(503, "not now"))
    answer = client.get(f"{server.url}/metrics?x=1", headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.text) == (200, BODY)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    other = client.get(f"{server.url}/other")
    assert (other.headers["Content-Type"], other.headers["X-More"]) == ("application/openmetrics-text", "b")
    assert (client.get(server.url).status_code, client.get(server.url).text) == (503, "not now")
    assert [request.path for request in server.requests] == ["/metrics?x=1", "/other", "/", "/"]
    assert server.requests[0].method == "GET" and server.requests[0].headers["accept"] == "text/plain"
    assert server.accepted == 4
    del answer, other  # urllib3 2 closes a connection with its last response
    has_ended(server)


def test_a_connection_serves_many_requests(server):
    server.answer(text("a"))
    with contextlib.closing(http.client.HTTPConnection(server.address, timeout=5)) as connection:
        for number in range(3):
            connection.request("POST", f"/{number}", body=b"hello")
            assert connection.getresponse().read() == b"a"
        assert (server.accepted, server.open_connections) == (1, 1)
    assert [(request.path, request.body) for request in server.requests] == [(f"/{n}", b"hello") for n in range(3)]
    has_ended(server)


def test_redirects_and_compression(server):
    server.answer(redirect(f"{server.url}/there"), "/here")
    server.answer(text(BODY, compressed=True), "/there")
    answer = client.get(f"{server.url}/here")
    assert answer.text == BODY and answer.headers["Content-Encoding"] == "gzip"
    assert client.get(f"{server.url}/here", allow_redirects=False).status_code == 302


def test_garbage_is_no_http(server):
    server.answer(garbage(100))
    with pytest.raises(requests.ConnectionError):
        client.get(server.url)
    assert server.bytes_sent == 100


@pytest.mark.parametrize("framing", ["chunked", "length", "close", "gzip"])
def test_a_body_without_end_is_generated_and_counted(server, framing):
    server.answer(endless(b"b 1\n", framing))
    read = 0
    with client.get(server.url, stream=True) as answer:
        chunks = answer.iter_content(MIB)
        while read < 64 * MIB:
            chunk = next(chunks)
            assert chunk[:4] in (b"b 1\n", b" 1\nb", b"1\nb ", b"\nb 1")
            read += len(chunk)
        answer.raw.close()
        answer.close()
    has_ended(server)
    sent = server.bytes_sent
    assert (sent < MIB) if framing == "gzip" else (read <= sent < read + 32 * MIB)
    assert server.bytes_sent == sent, "nothing more is sent once the client has gone"


def test_a_head_without_end(server):
    server.answer(endless_headers())
    with pytest.raises(requests.ConnectionError, match="more than 100 headers"):
        client.get(server.url)
    has_ended(server)


def test_a_slow_drip(server):
    server.answer(drip("abcdefghij", 0.03))
    begin = time.monotonic()
    assert client.get(server.url).text == "abcdefghij"
    assert 0.2 < time.monotonic() - begin < 5
    server.answer(drip("abcdefghij", 10, whole_head=False))
    with pytest.raises(requests.ReadTimeout):
        client.get(server.url, timeout=0.2)
    has_ended(server)


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_an_end_in_the_middle(server, framing):
    server.answer(close_in_the_middle("abcdef", 3, framing))
    with contextlib.closing(http.client.HTTPConnection(server.address, timeout=5)) as connection:
        connection.request("GET", "/")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
    server.answer(close_in_the_middle("abcdef", 0, framing))
    with pytest.raises(requests.ConnectionError):
        client.get(server.url)
    has_ended(server)


@pytest.mark.parametrize("before", ["head", "body"])
def test_a_hang_stands_until_the_client_or_the_server_ends(server, before):
    server.answer(hang(before))
    with pytest.raises((requests.ReadTimeout, requests.ConnectionError), match="timed out"):
        client.get(server.url, timeout=0.2)
    has_ended(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as waiting:
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        eventually(lambda: len(server.requests) == 2, 5, "the request has come")
        assert server.open_connections == 1
        server.close()
        while waiting.recv(1000):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_logins_are_demanded(server):
    server.answer(needs_bearer("t0ken", text("a")), "/bearer")
    server.answer(needs_basic("monitor", "p@ss", text("b")), "/basic")
    assert client.get(f"{server.url}/bearer").status_code == 401
    assert client.get(f"{server.url}/basic", auth=("monitor", "wrong")).headers["WWW-Authenticate"] == "Basic"
    assert client.get(f"{server.url}/bearer", headers={"Authorization": "Bearer t0ken"}).text == "a"
    assert client.get(f"{server.url}/basic", auth=("monitor", "p@ss")).text == "b"
    assert server.requests[2].headers["authorization"] == "Bearer t0ken"


def test_tls_and_its_failures(authority):
    trusted = {"verify": str(authority.certificate)}
    with HttpFaults(certificate=authority.server()) as server:
        server.answer(text("a"))
        assert client.get(server.url, **trusted).text == "a"
        assert client.get(f"https://localhost:{server.port}", **trusted).text == "a"
        assert server.failed_handshakes == 0
        with pytest.raises(requests.exceptions.SSLError, match="unable to get local issuer|self.signed"):
            client.get(server.url, verify=str(Authority("Another").certificate))
        with pytest.raises(requests.ConnectionError):
            client.get(f"http://{server.address}")
        eventually(lambda: server.failed_handshakes == 2, 5, "both failures are counted")
        assert len(server.requests) == 2 and server.accepted == 4
    for certificate, reason in [
        (authority.expired_server(), "certificate has expired"),
        (authority.wrong_server(), "doesn't match|not valid for"),
    ]:
        with HttpFaults(certificate=certificate) as server, pytest.raises(requests.RequestException, match=reason):
            client.get(server.url, **trusted)


def test_tls_with_client_certificates(authority):
    trusted = {"verify": str(authority.certificate)}
    known, stranger = authority.client("monitor"), Authority("Another").client("monitor")
    with HttpFaults(certificate=authority.server(), clients=authority.certificate) as server:
        server.answer(text("a"))
        answer = client.get(server.url, cert=(str(known.certificate), str(known.key)), **trusted)
        assert answer.text == "a" and server.requests[0].client_name == "monitor"
        for wrong in ({}, {"cert": (str(stranger.certificate), str(stranger.key))}):
            with pytest.raises(requests.RequestException):
                client.get(server.url, **wrong, **trusted)
        assert len(server.requests) == 1


def test_tls_endless_bodies_and_hangs_end_too(authority):
    with HttpFaults(certificate=authority.server()) as server:
        server.answer(endless())
        context = ssl.create_default_context(cafile=authority.certificate)
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as stream:
                stream.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert stream.recv(8) == b"HTTP/1.1"
        has_ended(server)
        server.answer(hang())
        with pytest.raises(requests.ReadTimeout):
            client.get(server.url, timeout=0.5, verify=str(authority.certificate))
        has_ended(server)
