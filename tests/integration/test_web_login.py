# SPDX-License-Identifier: Apache-2.0
"""Names and passwords, the limit of requests and headers, as clients meet them; and a client that guesses passwords."""

import base64
import concurrent.futures
import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from harness.product import daemon_socket
from harness.product.keyshift import Keyshift
from harness.product.web_serving import SECRET, WebServe, ask, hashed, receive, tls
from harness.tools.certificates import Authority
from harness.tools.ports import free_port
from harness.tools.wait import eventually

PATHS = ("/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/api/v1/status", "/nothing")
ALICE = ("alice", SECRET)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def shared(authority: Authority) -> Iterator[WebServe]:
    web = {
        "basic_auth_users": {"alice": hashed(), "bob": hashed("bob's"), "old": hashed("2a").replace("$2b$", "$2a$"), "": hashed("nameless")},
        "http_server_config": {"headers": {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=1"}},
    }
    with WebServe(web, authority=authority) as serve:
        yield serve


def test_everything_is_behind_the_login(shared: WebServe):
    for path in PATHS:
        answer = shared.get(path)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Basic"), path
        assert shared.status(path, auth=ALICE) in (200, 403, 404, 405, 503), path
    assert daemon_socket.ask(shared.state_directory, "/-/healthy")[0] == 200, "not the socket of this host"


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("alice", SECRET, 200), ("bob", "bob's", 200), ("old", "2a", 200), ("", "nameless", 200),
        ("alice", "wrong", 401), ("alice", "", 401), ("alice", "bob's", 401), ("bob", SECRET, 401), ("nobody", SECRET, 401),
        ("Alice", SECRET, 401), ("alice ", SECRET, 401), ("alice", SECRET + "\0", 401), ("alice", SECRET + "\0x", 401), ("alice", SECRET.upper(), 401),
        ("alice\0", SECRET, 401), ("alice", "x" * 3000, 401), ("", "", 401), ("nobody", "fakepassword", 401),
    ],
)  # fmt: skip
def test_who_comes_in(shared: WebServe, user: str, password: str, status: int):
    for _ in range(2):
        assert shared.status(auth=(user, password)) == status, "and the second time, out of memory"


@pytest.mark.parametrize(
    "header",
    [
        "", "Basic", "Basic ", "Basic !!!", "Basic YWxpY2U=", "Bearer x", f"Basic{base64.b64encode(b'alice:' + SECRET.encode()).decode()}",
        f"Basic  {base64.b64encode(b'alice:' + SECRET.encode()).decode()}", f"Basic {base64.b64encode(b'alice:' + SECRET.encode()).decode().rstrip('=')}x",
    ],
)  # fmt: skip
def test_what_is_no_login(shared: WebServe, header: str):
    assert shared.status(headers={"Authorization": header}) == 401


def test_the_scheme_in_any_letters_and_a_colon_in_a_password(authority: Authority):
    with WebServe({"basic_auth_users": {"alice": hashed("a:b:c")}}, authority=authority) as serve:
        good = base64.b64encode(b"alice:a:b:c").decode()
        assert serve.status(headers={"Authorization": f"bAsIc {good}"}) == 200


def test_no_name_and_password_are_taken_for_others(authority: Authority):
    """CVE-2022-46146: what was found to fit is remembered by all three of name, hash and password, each with its length."""
    with WebServe({"basic_auth_users": {"alice": hashed(), "alice:x": hashed("y")}}, authority=authority) as serve:
        assert serve.status(auth=ALICE) == 200
        for user, password in (("alic", "e" + SECRET), ("alice" + SECRET, ""), ("alice:", SECRET), ("alicecorrect", " horse")):
            header = base64.b64encode(f"{user}:{password}".encode()).decode()
            assert serve.status(headers={"Authorization": f"Basic {header}"}) == 401


def test_headers_of_every_answer(shared: WebServe):
    for path, auth, status in (("/-/healthy", ALICE, 200), ("/-/healthy", None, 401), ("/nothing", ALICE, 404), ("/api/v1/status", ALICE, None)):
        answer = shared.get(path, auth=auth)
        assert status in (answer.status_code, None)
        assert answer.headers["X-Frame-Options"] == "deny" and answer.headers["Strict-Transport-Security"] == "max-age=1", path
        assert answer.raw.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    with shared.connect() as plain:
        plain.sendall(b"GARBAGE\r\n\r\n")
        assert b"X-Frame-Options: deny" in receive(plain), "also of what is no request"


def test_users_change_while_it_runs(authority: Authority):
    with WebServe({"basic_auth_users": {"alice": hashed()}}, authority=authority) as serve:
        assert serve.status(auth=ALICE) == 200
        serve.write_web({"basic_auth_users": {"alice": hashed("another")}})
        assert serve.status(auth=ALICE) == 401 and serve.status(auth=("alice", "another")) == 200
        serve.write_web({"basic_auth_users": {"bob": hashed()}})
        assert serve.status(auth=("alice", "another")) == 401 and serve.status(auth=("bob", SECRET)) == 200
        serve.write_web({})
        assert serve.status() == 200, "without users nobody is asked"
        serve.write_web({"basic_auth_users": {"bob": hashed()}})
        assert serve.status() == 401


@pytest.mark.parametrize("rubbish", ["junk", "basic_auth_users: {alice: secret}\n", "basic_auth_users: [", "\0\1\2", "x" * 2_000_000, "users: {}\n"])
def test_users_replaced_by_rubbish(authority: Authority, rubbish: str):
    """Nobody is let in by it, and nobody shut out."""
    with WebServe({"basic_auth_users": {"alice": hashed()}}, authority=authority) as serve:
        assert serve.status(auth=ALICE) == 200
        serve.write_web(rubbish)
        for _ in range(3):
            assert (serve.status(auth=ALICE), serve.status(), serve.status(auth=("alice", "secret"))) == (200, 401, 401)
        assert serve.web_metric("last_reload_successful") == 0 and serve.web_metric("reload_failures_total") == 1
        assert serve.process.log().count("not taken over") == 1
        serve.web_path.unlink()
        assert (serve.status(auth=ALICE), serve.status()) == (200, 401), "nor by its absence"
        serve.write_web({"basic_auth_users": {"alice": hashed("new")}})
        assert (serve.status(auth=ALICE), serve.status(auth=("alice", "new"))) == (401, 200)
        assert serve.web_metric("last_reload_successful") == 1


def test_a_file_written_in_place_within_one_tick(authority: Authority):
    """Of the same size, again and again: the clock of the file system does not tell them apart."""
    with WebServe({}, authority=authority) as serve, serve.connect() as stream:
        for i in range(500):
            serve.web_path.write_text(f"http_server_config: {{headers: {{X-XSS-Protection: {100 + i}}}}}\n")
            assert f"X-XSS-Protection: {100 + i}\r\n".encode() in ask(stream), i


def test_a_user_sees_the_inventory(authority: Authority):
    web = {"basic_auth_users": {"alice": hashed()}}
    with WebServe(web, authority=authority, inventory="authenticated") as serve:
        # From wherever it is asked, and by whatever name.
        assert serve.status("/api/v1/sources", auth=ALICE, headers={"Host": "keyshift.example", "Via": "1.1 proxy"}) == 200
        assert serve.status("/api/v1/sources") == 401
    with WebServe({}, authority=authority, inventory="authenticated") as serve:
        assert serve.status("/api/v1/sources", auth=ALICE) == 401, "a name that nobody has checked is none"
    with WebServe(web, authority=authority, inventory="off") as serve:
        assert serve.status("/api/v1/sources", auth=ALICE) == 403


# --- passwords take work


def test_unknown_names_take_as_long_as_known_ones(authority: Authority):
    with WebServe({"basic_auth_users": {"alice": hashed(cost=11)}}, authority=authority) as serve:
        took: dict[str, list[float]] = {"alice": [], "nobody": []}
        for i in range(5):
            for user, times in took.items():
                begin = time.monotonic()
                assert serve.status(auth=(user, f"wrong {i}")) == 401
                times.append(time.monotonic() - begin)
        known, unknown = (statistics.median(times) for times in took.values())
        assert 0.4 < unknown / known < 2.5, took
        begin = time.monotonic()
        assert serve.status(auth=("nobody", "wrong 0")) == 401
        assert time.monotonic() - begin < known / 2, "what did not fit is remembered too"


def test_scrapes_stay_quick_while_somebody_guesses_a_thousand_times_a_second(authority: Authority):
    with WebServe({"basic_auth_users": {"alice": hashed(cost=12)}}, authority=authority) as serve:
        assert serve.status("/metrics", auth=ALICE) == 200
        tries: list[int] = []
        over = threading.Event()

        def guess(worker: int) -> None:
            with serve.connect() as stream:
                for i in range(1_000_000):
                    if over.is_set():
                        return
                    header = base64.b64encode(f"alice:guess {worker} {i}".encode()).decode()
                    stream.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {header}\r\n\r\n".encode())
                    tries.append(int(receive(stream)[9:12]))

        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            for worker in range(20):
                pool.submit(guess, worker)
            begin = time.monotonic()
            times = []
            while time.monotonic() - begin < 3 or len(tries) < 3000:
                one = time.monotonic()
                assert serve.status("/metrics", auth=ALICE) == 200
                times.append(time.monotonic() - one)
            over.set()
            rate = len(tries) / (time.monotonic() - begin)
        assert rate > 1000, rate
        assert set(tries) == {401, 503} and tries.count(401) > 5, "most are told to come again, some are checked"
        assert statistics.median(times) < 0.1 and max(times) < 1, (statistics.median(times), max(times))
        assert serve.status(auth=ALICE) == 200, "no wrong password drives a right one out of memory"


def test_many_first_scrapes_at_once_share_one_check(authority: Authority):
    with WebServe({"basic_auth_users": {"alice": hashed(cost=11)}}, authority=authority) as serve, concurrent.futures.ThreadPoolExecutor(30) as pool:
        assert set(pool.map(lambda _: serve.status(auth=ALICE), range(60))) == {200}


def test_sigterm_does_not_wait_for_a_password(authority: Authority):
    """A hash of cost 20 takes a minute and more."""
    web = {"basic_auth_users": {"alice": "$2b$20$" + hashed()[7:]}}
    with WebServe(web, authority=authority) as serve, serve.connect() as stream:
        header = base64.b64encode(b"alice:x").decode()
        stream.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {header}\r\n\r\n".encode())
        cpu = lambda: sum(map(int, open(f"/proc/{serve.process.pid}/stat").read().split(")")[1].split()[11:13]))  # noqa: E731, SIM115
        before = cpu()
        eventually(lambda: cpu() > before + 10, 20, "the password is being checked")
        assert daemon_socket.ask(serve.state_directory, "/-/healthy")[0] == 200
        code, took = serve.terminate()
        assert code == 0 and took < 3, took


# --- how many may ask


def test_the_limit_of_requests(authority: Authority):
    with WebServe({"rate_limit": {"interval": "1h", "burst": 3}}, authority=authority) as serve:
        assert [serve.status() for _ in range(6)] == [200] * 3 + [429] * 3
        assert daemon_socket.ask(serve.state_directory, "/-/healthy")[0] == 200
        serve.write_web({"rate_limit": {"interval": "1ms", "burst": 2}})
        eventually(lambda: serve.status() == 200, 5, "another limit holds at once")
        serve.write_web({"rate_limit": {"interval": 0, "burst": 0}})
        assert {serve.status() for _ in range(50)} == {200}
        serve.write_web({"rate_limit": {"interval": "1s"}})
        assert {serve.status() for _ in range(5)} == {429}, "a burst of 0 lets in nobody, as in the toolkit"


def test_the_limit_comes_before_the_login(authority: Authority):
    web = {"rate_limit": {"interval": "1h", "burst": 2}, "basic_auth_users": {"alice": hashed()}}
    with WebServe(web, authority=authority) as serve:
        assert [serve.status() for _ in range(3)] == [401, 401, 429]


# --- what operators are told


def test_doctor_and_check_judge_the_files(authority: Authority):
    serve = WebServe(tls() | {"basic_auth_users": {"alice": hashed()}}, authority=authority)
    key = serve.directory / "server.key"

    def said(*command: str) -> tuple[int, str]:
        ran = Keyshift().run(*command)
        return ran.returncode, (ran.stdout + ran.stderr).decode()

    def check() -> tuple[int, str]:
        return said("check", str(serve.config_path))

    code, text = check()
    assert code == 0 and "expires on" in text, "it lasts two days"
    key.chmod(0o644)
    assert "everybody may read the secret in" in said("doctor", "--config", str(serve.config_path))[1]
    serve.install(authority.expired_server())
    assert "expired on" in check()[1] and check()[0] == 0
    key.write_bytes(authority.server().key.read_bytes())
    code, text = check()
    assert code == 78 and "the key is not that of the certificate" in text
    code, text = said("doctor", "--config", str(serve.config_path))
    assert "the key is not that of the certificate" in text and code == 69, text
    key.unlink()
    code, text = check()
    assert code == 78 and f"{key} does not exist" in text
    serve.close()


def test_passwords_and_hashes_are_nowhere_in_the_log(authority: Authority):
    with WebServe({"basic_auth_users": {"alice": hashed()}}, authority=authority, args=["--log.level=debug"]) as serve:
        for auth in (ALICE, ("alice", "guess-of-mine")):
            serve.status(auth=auth)
        serve.write_web("basic_auth_users: {alice: plain-password-of-mine}\n")
        serve.status(auth=ALICE)
        serve.log_says("not taken over")
        for secret in (SECRET, "guess-of-mine", "plain-password-of-mine", "$2b$"):
            assert secret not in serve.process.log()


def test_a_login_on_a_connection_that_goes_on(shared: WebServe):
    with shared.connect() as stream:
        assert ask(stream).startswith(b"HTTP/1.1 401")
        header = base64.b64encode(f"alice:{SECRET}".encode()).decode()
        stream.sendall(f"GET /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {header}\r\n\r\n".encode())
        assert receive(stream).startswith(b"HTTP/1.1 200")
        assert ask(stream).startswith(b"HTTP/1.1 401"), "each request by itself"


def test_healthcheck_needs_neither_certificate_nor_password(authority: Authority):
    """By the Unix socket. By an URL it is a client like any other, and says in a line what keeps it out."""
    web = {"tls_server_config": {"cert_file": "server.crt", "key_file": "server.key"}, "basic_auth_users": {"alice": hashed()}}
    with WebServe(web, authority=authority, args=["--web.route-prefix=/watch"]) as serve:
        by_socket = Keyshift().run("healthcheck", f"--config={serve.config_path}")
        assert (by_socket.returncode, by_socket.stdout) == (0, b"keyshift is healthy.\n")
        for url in (f"https://localhost:{serve.port}", f"http://localhost:{serve.port}", f"http://localhost:{free_port()}"):
            refused = Keyshift().run("healthcheck", "--url", url)
            assert refused.returncode == 69 and len(refused.stderr.splitlines()) == 1, refused.stderr
