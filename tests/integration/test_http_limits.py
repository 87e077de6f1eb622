# SPDX-License-Identifier: Apache-2.0
"""What clients may do to the daemon's HTTP server, and scrapes are answered all the same."""

import contextlib
import resource
import socket
import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from harness.product.keyshift import Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import Database
from harness.tools import http
from harness.tools.wait import eventually

CONNECTIONS = 512
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add()
    return keys


def usual(times: list[float]) -> float:
    """The median: a busy machine may hold up a single one, whoever answers. None may wait for what others do."""
    assert max(times) < 2
    return statistics.median(times)


def connect(serve: Serve, timeout: float = 10) -> socket.socket:
    return socket.create_connection(("127.0.0.1", serve.port), timeout=timeout)


def everything_from(client: socket.socket) -> bytes:
    """Until the other end closes."""
    out = b""
    with contextlib.suppress(ConnectionResetError):
        while block := client.recv(65536):
            out += block
    return out


def took(serve: Serve) -> float:
    begin = time.monotonic()
    assert serve.get("/metrics", timeout=10).status_code == 200
    return time.monotonic() - begin


def open_sockets(serve: Serve) -> int:
    return sum("socket:" in target for target in serve.process.descriptors().values())


@contextlib.contextmanager
def many(serve: Serve, count: int, begin: bytes) -> Iterator[list[socket.socket]]:
    """So many connections, each of which has sent `begin`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
    try:
        with contextlib.ExitStack() as stack:
            clients = []
            for _ in range(count):
                client = stack.enter_context(connect(serve))
                if begin:
                    with contextlib.suppress(OSError):
                        client.sendall(begin)
                clients.append(client)
            yield clients
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("begin", [b"", b"GET /metr", SCRAPE], ids=["silent", "half a request", "scrapes"])
def test_ten_thousand_connections_keep_no_scrape_waiting(table: KeyTable, begin: bytes):
    with Serve(watching(table.database.dsn(), interval="200ms")) as serve:
        before = serve.metric("process_open_fds")
        with many(serve, 10_000, begin):
            times = [took(serve) for _ in range(11)]
            assert open_sockets(serve) < before + CONNECTIONS + 10
            table.add()
            eventually(lambda: serve.keys()[0] == 2, 20, "the added key: sources have their descriptors")
        assert usual(times) < 0.1, f"scrapes took {times}"
        eventually(lambda: open_sockets(serve) < before + 10, 20, "that they are let go")
        assert serve.errors() == {}


def test_a_thousand_pipelined_scrapes_are_answered_in_order(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve, connect(serve, timeout=30) as client:
        paths = [("/-/healthy", 200), ("/none", 404), ("/-/ready", 200)] * 333 + [("/-/healthy", 200)]
        asked = b"".join(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path, _ in paths[:-1])
        asked += b"HEAD /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        sender = threading.Thread(target=client.sendall, args=(asked,))
        sender.start()
        answers = everything_from(client).split(b"\r\n\r\n")[:-1]
        sender.join(10)
        assert [int(answer.split()[1]) for answer in answers] == [status for _, status in paths]


def test_who_never_reads_his_answers_holds_up_nobody(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve, contextlib.ExitStack() as stack:
        for _ in range(50):
            client = stack.enter_context(connect(serve))
            client.settimeout(0.05)
            with contextlib.suppress(OSError):
                client.sendall(SCRAPE * 2000)
        assert usual([took(serve) for _ in range(11)]) < 0.1
        memory = serve.metric("process_resident_memory_bytes")
        assert memory < 100e6, "answers that nobody takes are kept"


def test_an_answer_that_is_not_taken_within_the_scrapes_own_timeout_is_given_up(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        before = open_sockets(serve)
        with connect(serve) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            patient = SCRAPE.replace(b"\r\n\r\n", b"\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n\r\n")
            client.settimeout(1)
            with contextlib.suppress(OSError):
                client.sendall(patient * 5000)
            eventually(lambda: open_sockets(serve) == before, 10, "the end of a connection that takes nothing")


@pytest.mark.parametrize("value", ["", "0", "-1", "nan", "1e300", "ten", "\xff", "0x10", "1,5"])
def test_a_timeout_of_no_sense_counts_for_nothing(table: KeyTable, value: str):
    with Serve(watching(table.database.dsn())) as serve, connect(serve) as client:
        head = f"GET /metrics HTTP/1.0\r\nX-Prometheus-Scrape-Timeout-Seconds: {value}\r\n\r\n"
        client.sendall(head.encode("latin-1"))
        assert everything_from(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2**20 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 2**20 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (bytes(range(256)) * 40, 400),
        (b"GET /metrics\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nHost: a\0b\r\n\r\n", 400),
        (b"\0" * 100, 400),
        (b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + b"x" * 2**20, 413),
    ],
    ids=["1 MiB header", "1 MiB target", "every byte", "NUL in the path", "NUL in a header", "NULs", "1 MiB body"],
)
def test_rubbish_is_refused_and_said_so(table: KeyTable, sent: bytes, status: int):
    with Serve(watching(table.database.dsn())) as serve:
        with connect(serve) as client:
            with contextlib.suppress(OSError):
                client.sendall(sent)
            assert everything_from(client).split()[1] == str(status).encode()
        assert usual([took(serve) for _ in range(3)]) < 0.1


def test_who_has_closed_his_sending_half_is_answered(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        with connect(serve) as client:
            client.sendall(SCRAPE)
            client.shutdown(socket.SHUT_WR)
            assert everything_from(client).startswith(b"HTTP/1.1 200 ")
        with connect(serve) as client:
            client.sendall(b"GET /metr")
            client.shutdown(socket.SHUT_WR)
            assert not everything_from(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "begin",
    [b"GET /metrics HTTP/1.1\r\nHost: a\r\n", b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n"],
    ids=["header", "body"],
)
def test_a_request_that_drips_is_cut_off_after_ten_seconds(table: KeyTable, begin: bytes):
    with Serve(watching(table.database.dsn())) as serve, connect(serve) as client:
        client.sendall(begin)
        since = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - since < 20:
                client.sendall(b"x: y\r\n")
                time.sleep(0.5)
        assert 8 < time.monotonic() - since < 15
        assert http.answers(f"{serve.url}/-/healthy")
