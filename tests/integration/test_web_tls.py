# SPDX-License-Identifier: Apache-2.0
"""TLS as clients meet it: versions, ciphers, certificates of both sides, and connections that end in every way."""

import contextlib
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator

import pytest
import requests

from harness.product import daemon_socket
from harness.product.keyshift import Keyshift
from harness.product.web_serving import WebServe, ask, receive, tls
from harness.tools.certificates import Authority, Certificate, self_signed
from harness.tools.process import program
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

REFUSED = (ssl.SSLError, ConnectionError)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def shared(authority: Authority) -> Iterator[WebServe]:
    with WebServe(tls(), authority=authority) as serve:
        yield serve


def lets_in(serve: WebServe, client: Certificate | None, **settings) -> bool:
    """Whether a client with that certificate gets an answer. Under TLS 1.3 it hears of a refusal when it reads."""
    try:
        with serve.encrypted(serve.context(client, **settings)) as stream:
            return ask(stream).startswith(b"HTTP/1.1 200")
    except REFUSED:
        return False


# --- one connection


def test_it_answers_over_tls_and_only_there(shared: WebServe):
    answer = shared.get("/-/healthy")
    assert answer.status_code == 200 and answer.text == "keyshift is healthy.\n"
    with shared.encrypted() as stream:
        assert stream.version() == "TLSv1.3"
        assert [ask(stream).split(b"\r\n")[0] for _ in range(3)] == [b"HTTP/1.1 200 OK"] * 3


def test_the_unix_socket_stays_plain(shared: WebServe):
    assert daemon_socket.ask(shared.state_directory, "/-/healthy")[0] == 200


@pytest.mark.parametrize("request_line", ["GET / HTTP/1.1", "HEAD / HTTP/1.1", "POST /-/reload HTTP/1.1", "PUT /x HTTP/1.1", "OPTIONS * HTTP/1.1"])
def test_a_plain_request_is_answered_as_by_gos_server(shared: WebServe, request_line: str):
    with shared.connect() as plain:
        plain.sendall(f"{request_line}\r\nHost: x\r\n\r\n".encode())
        got = b""
        while more := plain.recv(4096):
            got += more
    assert got == b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


@pytest.mark.parametrize("bytes_", [b"\x00" * 100, b"SSH-2.0-x\r\n", b"\x16\x03\x01\xff\xff" + b"a" * 500, b"\x80\x2e\x01\x00\x02", b"GARBAGE / HTTP/1.1\r\n\r\n"])
def test_garbage_ends_the_connection_and_nothing_else(shared: WebServe, bytes_: bytes):
    with shared.connect() as plain:
        plain.sendall(bytes_)
        plain.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while more := plain.recv(4096):
                assert not more.startswith(b"HTTP")
    assert shared.status() == 200


def test_alpn_is_http_1_1_alone(shared: WebServe):
    context = shared.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with shared.encrypted(context) as stream:
        assert stream.selected_alpn_protocol() == "http/1.1"
    context.set_alpn_protocols(["h2"])
    with pytest.raises(REFUSED), shared.encrypted(context):
        pass


def test_pipelined_requests_and_large_answers(shared: WebServe):
    with shared.encrypted() as stream:
        stream.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        got = b""
        while got.count(b"keyshift is healthy.") < 20:
            got += stream.recv(65536)
    with shared.encrypted() as stream:
        assert b"keyshift_build_info" in ask(stream, "/metrics", close=True)
        assert stream.recv(100) == b"", "closed by close_notify, or this would raise"


def test_half_closed_by_tls(shared: WebServe):
    """A client that says that nothing more comes still gets its answer."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = shared.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with shared.connect() as plain:

        def pump(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    plain.sendall(outgoing.read())
                    incoming.write(plain.recv(65536))

        pump(client.do_handshake)
        client.write(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ssl.SSLWantReadError):
            client.unwrap()
        plain.sendall(outgoing.read())
        received = b""
        while more := plain.recv(65536):
            received += more
        # The answer and a close_notify; Python's client reads nothing after its own.
        assert len(received) > 200


def test_half_closed_by_tcp(shared: WebServe):
    with shared.encrypted() as stream:
        stream.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        socket.socket.shutdown(stream, socket.SHUT_WR)
        assert receive(stream).startswith(b"HTTP/1.1 200")


def s_client(serve: WebServe, *options: str, input: bytes = b"") -> str:
    ran = subprocess.run(
        [program("openssl"), "s_client", "-connect", f"localhost:{serve.port}", "-CAfile", str(serve.authority.certificate), *options],
        input=input, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return (ran.stdout + ran.stderr).decode(errors="replace")


def test_renegotiation_is_refused(shared: WebServe):
    said = s_client(shared, "-tls1_2", input=b"R\n")
    assert "RENEGOTIATING" in said and "no renegotiation" in said
    assert shared.status() == 200


# --- versions and ciphers


@pytest.mark.parametrize(
    ("bounds", "spoken"),
    [
        ({}, {"1_2", "1_3"}),
        ({"min_version": "TLS13"}, {"1_3"}),
        ({"max_version": "TLS12"}, {"1_2"}),
        ({"min_version": "TLS12", "max_version": "TLS12"}, {"1_2"}),
        ({"min_version": "TLS10"}, {"1", "1_1", "1_2", "1_3"}),
        ({"min_version": "TLS11", "max_version": "TLS11"}, {"1_1"}),
        ({"min_version": "TLS13", "max_version": "TLS12"}, set()),
        ({"min_version": None}, {"1_2", "1_3"}),
        ({"cipher_suites": ["TLS_AES_128_GCM_SHA256"], "min_version": "TLS12"}, {"1_3"}),
    ],
)
def test_versions(authority: Authority, bounds: dict, spoken: set[str]):
    web = tls(**bounds) | {"http_server_config": {"http2": False}}
    with WebServe(web, authority=authority) as serve:
        for version in ("1", "1_1", "1_2", "1_3"):
            said = s_client(serve, f"-tls{version}", "-cipher", "DEFAULT@SECLEVEL=0")
            assert ("Verify return code: 0 (ok)" in said and "Cipher is (NONE)" not in said) == (version in spoken), (version, said)


def test_ciphers_and_curves(authority: Authority):
    only = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    web = tls(cipher_suites=[only], max_version="TLS12", curve_preferences=["CurveP384"]) | {"http_server_config": {"http2": False}}
    with WebServe(web, authority=authority) as serve:
        said = s_client(serve)
        assert "ECDHE-ECDSA-AES256-GCM-SHA384" in said and "secp384r1, 384 bits" in said
        assert "Cipher is (NONE)" in s_client(serve, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
        assert "Cipher is (NONE)" in s_client(serve, "-curves", "X25519")


@pytest.mark.parametrize(("prefer", "chosen"), [(True, "AES256"), (False, "AES128")])
def test_whose_order_of_ciphers_counts(authority: Authority, prefer: bool, chosen: str):
    suites = [f"TLS_ECDHE_ECDSA_WITH_AES_{size}" for size in ("256_GCM_SHA384", "128_GCM_SHA256")]
    with WebServe(tls(cipher_suites=suites, max_version="TLS12", prefer_server_cipher_suites=prefer), authority=authority) as serve:
        offered = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
        assert f"Cipher is ECDHE-ECDSA-{chosen}" in s_client(serve, "-cipher", offered)


# --- certificates of clients


@pytest.fixture(scope="module")
def clients(authority: Authority) -> dict[str, Certificate | None]:
    return {
        "none": None,
        "trusted": authority.client("prometheus", ["DNS:scraper.example", "email:a@example.com", "URI:spiffe://x/y", "IP:10.0.0.1"]),
        "expired": authority.expired_client("prometheus"),
        "a server's": authority.server(),
        "unknown": Authority("Somebody else").client("prometheus"),
        "self-signed": self_signed(scratch_directory("client")),
    }


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("asked", "let_in"),
    [
        ("NoClientCert", {"none", "trusted", "expired", "a server's", "unknown", "self-signed"}),
        ("RequestClientCert", {"none", "trusted", "expired", "a server's", "unknown", "self-signed"}),
        ("RequireAnyClientCert", {"trusted", "expired", "a server's", "unknown", "self-signed"}),
        ("VerifyClientCertIfGiven", {"none", "trusted"}),
        ("RequireAndVerifyClientCert", {"trusted"}),
    ],
)
def test_each_way_to_ask_for_a_certificate(
    authority: Authority, clients: dict[str, Certificate | None], asked: str, let_in: set[str], version: ssl.TLSVersion
):
    ca = {} if asked == "NoClientCert" else {"client_ca_file": str(authority.certificate)}
    with WebServe(tls(client_auth_type=asked, **ca), authority=authority) as serve:
        found = {name for name, client in clients.items() if lets_in(serve, client, maximum_version=version)}
    assert found == let_in


@pytest.mark.parametrize(
    ("allowed", "trusted"),
    [
        (["scraper.example"], True), (["other", "a@example.com"], True), (["spiffe://x/y"], True), (["10.0.0.1"], True),
        (["prometheus"], False), (["example"], False), (["*.example"], False), (["SCRAPER.example"], False), ([], False),
    ],
)  # fmt: skip
def test_names_that_are_let_in(authority: Authority, clients: dict[str, Certificate | None], allowed: list[str], trusted: bool):
    web = tls(client_auth_type="RequireAndVerifyClientCert", client_ca_file=str(authority.certificate), client_allowed_sans=allowed)
    with WebServe(web, authority=authority) as serve:
        assert lets_in(serve, clients["trusted"]) == trusted
        assert not lets_in(serve, clients["unknown"]) and not lets_in(serve, None)


def test_without_a_certificate_there_is_no_name(authority: Authority, clients: dict[str, Certificate | None]):
    """As in the toolkit, also where a certificate need not be given."""
    for asked in ("RequestClientCert", "VerifyClientCertIfGiven"):
        web = tls(client_auth_type=asked, client_ca_file=str(authority.certificate), client_allowed_sans=["scraper.example"])
        with WebServe(web, authority=authority) as serve:
            assert lets_in(serve, clients["trusted"]) and not lets_in(serve, None)


def test_a_client_certificate_that_is_its_own_authority(authority: Authority, clients: dict[str, Certificate | None]):
    """Whoever stands in client_ca_file comes in, whether it has signed itself or an authority that is not there has."""
    for own in ("self-signed", "unknown"):
        web = tls(client_auth_type="RequireAndVerifyClientCert", client_ca_file=str(clients[own].certificate))
        with WebServe(web, authority=authority) as serve:
            assert lets_in(serve, clients[own]) and not lets_in(serve, clients["trusted"])


def test_who_has_a_verified_certificate_sees_the_inventory(authority: Authority, clients: dict[str, Certificate | None]):
    for asked, status in (("RequireAndVerifyClientCert", 200), ("RequireAnyClientCert", 401)):
        web = tls(client_auth_type=asked, client_ca_file=str(authority.certificate))
        with WebServe(web, authority=authority, inventory="authenticated") as serve:
            pair = tuple(map(str, (clients["trusted"].certificate, clients["trusted"].key)))
            assert serve.status("/api/v1/sources", cert=pair) == status


# --- files that change


def test_the_servers_certificate_is_judged_by_clients(authority: Authority, shared: WebServe):
    with WebServe(tls(), authority=authority) as serve:
        for certificate, why in ((authority.expired_server(), "expired"), (authority.wrong_server(), "match")):
            serve.install(certificate)
            with pytest.raises(requests.exceptions.SSLError, match=why):
                serve.get("/-/healthy")
        serve.install(authority.server())
        assert serve.status() == 200


def test_a_new_certificate_is_shown_to_the_next_connection(authority: Authority):
    with WebServe(tls(), authority=authority) as serve, serve.encrypted() as old:
        ask(old)
        before = old.getpeercert()["serialNumber"]
        serve.install(authority.server())
        with serve.encrypted() as new:
            assert new.getpeercert()["serialNumber"] != before
        assert ask(old).startswith(b"HTTP/1.1 200"), "a connection that stands goes on"


@pytest.mark.parametrize("broken", ["missing", "garbage", "empty", "another key", "no rights to speak of"])
def test_what_cannot_be_used_changes_nothing(authority: Authority, broken: str):
    with WebServe(tls(), authority=authority) as serve:
        assert serve.status() == 200 and serve.web_metric("last_reload_successful") == 1
        key = serve.directory / "server.key"
        good = key.read_bytes()
        key.unlink()
        if broken == "no rights to speak of":
            key.mkdir()
        elif broken != "missing":
            key.write_bytes({"garbage": b"garbage\n", "empty": b"", "another key": authority.server().key.read_bytes()}[broken])
        for _ in range(3):
            assert serve.status() == 200
        assert serve.web_metric("last_reload_successful") == 0 and serve.web_metric("reload_failures_total") == 1
        assert serve.process.log().count("web configuration not taken over") == 1, "said once"
        if key.is_dir():
            key.rmdir()
        key.write_bytes(good)
        assert serve.status() == 200
        assert serve.web_metric("last_reload_successful") == 1 and serve.web_metric("reload_failures_total") == 1


def test_tls_is_neither_turned_off_nor_on_while_it_runs(authority: Authority):
    with WebServe(tls(), authority=authority) as serve:
        serve.write_web({"basic_auth_users": {}})
        assert serve.status() == 200
        serve.log_says("takes effect when keyshift is restarted")
        assert serve.web_metric("last_reload_successful") == 0
    with WebServe({"basic_auth_users": {}}, authority=authority) as serve:
        serve.write_web(tls())
        assert serve.status() == 200
        serve.log_says("takes effect when keyshift is restarted")
        assert serve.web_metric("last_reload_successful") == 1


def test_a_bad_file_at_the_start_is_fatal(authority: Authority):
    serve = WebServe(tls(), authority=authority)
    (serve.directory / "server.crt").unlink()
    for spoil in (lambda: None, lambda: serve.web_path.write_text("users: x\n"), serve.web_path.unlink):
        spoil()
        ran = Keyshift().run("serve", "--config", serve.config_path)
        assert ran.returncode == 78, ran.stderr
        assert str(serve.web_path).encode() in ran.stderr and b", " in ran.stderr, "what to do"
    serve.close()


def test_the_flag_names_another_file(authority: Authority):
    serve = WebServe({"users": "x"}, authority=authority)
    good = serve.directory / "good.yaml"
    good.write_text("tls_server_config: {cert_file: server.crt, key_file: server.key}\n")
    serve.url = f"https://localhost:{serve.port}"
    serve._args = [f"--web.config.file={good}"]
    with serve:
        assert serve.status() == 200


# --- slow and many


def test_a_handshake_has_as_long_as_a_request(shared: WebServe):
    """Dripping bytes do not help."""
    with shared.connect() as slow:
        begin = time.monotonic()
        slow.sendall(b"\x16\x03\x01\x02\x00")
        with contextlib.suppress(ConnectionError):
            slow.settimeout(0.5)
            while time.monotonic() - begin < 40:
                slow.sendall(b"\x01")
                with contextlib.suppress(TimeoutError):
                    if slow.recv(100) == b"":
                        break
        took = time.monotonic() - begin
    assert 8 < took < 20, took


def test_silent_connections_make_room(authority: Authority):
    """More than may be open at once: those that have said nothing go first."""
    with WebServe(tls(), authority=authority) as serve, contextlib.ExitStack() as open_:
        for _ in range(600):
            open_.enter_context(serve.connect())
        assert serve.status() == 200


def test_sigterm_with_open_sessions(authority: Authority):
    with WebServe(tls(), authority=authority) as serve, contextlib.ExitStack() as open_:
        idle = [open_.enter_context(serve.encrypted()) for _ in range(5)]
        for stream in idle:
            ask(stream)
        half = open_.enter_context(serve.connect())
        half.sendall(b"\x16\x03\x01\x02\x00")
        code, took = serve.terminate()
        assert code == 0 and took < 3, took
        for stream in idle:
            assert stream.recv(100) == b"", "told by close_notify"


def test_handshakes_that_break_off_leave_nothing(shared: WebServe):
    shared.status()
    before = len(shared.process.descriptors())
    for _ in range(200):
        with shared.connect() as broken:
            broken.sendall(b"\x16\x03\x01\x02\x00\x01")
    eventually(lambda: len(shared.process.descriptors()) <= before + 2, 20, "descriptors are given back")
    assert shared.status() == 200
