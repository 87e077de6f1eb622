# SPDX-License-Identifier: Apache-2.0
"""An HTTP or HTTPS server on loopback that answers as a test says: well, wrongly, endlessly, slowly or not at all.

    with HttpFaults() as server:
        server.answer(text("a 1\\n"), "/metrics")
        server.answer(hang())
        ...
        assert server.requests[0].headers["authorization"] == "Bearer secret"

Each connection has a thread of its own, and every one ends with the server. Answers are functions of an `Exchange`.
"""

import base64
import contextlib
import socket
import ssl
import threading
from pathlib import Path
from typing import Self

from harness.tools.certificates import Certificate
from harness.tools.http_answers import (
    Answer, Exchange, Request, close_in_the_middle, drip, endless, endless_headers, garbage, hang, redirect, status, text,
)  # fmt: skip
from harness.tools.ports import free_port

__all__ = [
    "Answer", "Exchange", "HttpFaults", "Request", "close_in_the_middle", "drip", "endless", "endless_headers",
    "garbage", "hang", "needs_basic", "needs_bearer", "redirect", "status", "text",
]  # fmt: skip

_HANDSHAKE_SECONDS = 10.0
_LISTEN_BACKLOG = 64


class HttpFaults:
    """Listens from construction to `close()`; answers 404 until told otherwise.

    With `certificate` it speaks TLS only; with `clients` (the certificate of an authority) it also demands a client
    certificate of that authority. All counts are exact once the client has its answer and its connection has ended.
    """

    def __init__(self, *, certificate: Certificate | None = None, clients: Path | None = None):
        self.port = free_port()
        self.requests: list[Request] = []
        """All so far, in order of arrival."""
        self.accepted = 0
        """Connections so far, also those that failed in the handshake."""
        self.failed_handshakes = 0
        self.bytes_sent = 0
        """Of answers, heads too, handed to the kernel in whole pieces: a client may have read some buffers less."""
        self._tls = _context(certificate, clients) if certificate else None
        self._answers: dict[str | None, Answer] = {None: status(404)}
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=_LISTEN_BACKLOG)
        threading.Thread(target=self._listen, name="http-faults", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}"

    @property
    def open_connections(self) -> int:
        with self._lock:
            return len(self._connections)

    def answer(self, answer: Answer, path: str | None = None) -> None:
        """From now on, to requests for `path` (without its query), or to those that have no answer of their own."""
        self._answers[path] = answer

    def close(self) -> None:
        """Stop listening and cut all connections."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            standing = list(self._connections)
        for connection in standing:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.accepted += 1
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), name="http-faults", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError), self._secured(connection) as stream:
                self._converse(stream)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _secured(self, connection: socket.socket) -> socket.socket:
        if not self._tls:
            return connection
        connection.settimeout(_HANDSHAKE_SECONDS)
        try:
            stream = self._tls.wrap_socket(connection.dup(), server_side=True)
        except OSError:
            with self._lock:
                self.failed_handshakes += 1
            raise
        stream.settimeout(None)
        return stream

    def _converse(self, stream: socket.socket) -> None:
        with stream.makefile("rb") as reader:
            while request := Request.read(reader, stream):
                with self._lock:
                    self.requests.append(request)
                answer = self._answers.get(request.path.partition("?")[0], self._answers[None])
                if not answer(Exchange(request, stream, self._stopping, self._count)):
                    return

    def _count(self, sent: int) -> None:
        with self._lock:
            self.bytes_sent += sent


def needs_bearer(token: str, then: Answer) -> Answer:
    """Answers 401 unless the request has this token."""
    return _needs(f"Bearer {token}", then)


def needs_basic(user: str, password: str, then: Answer) -> Answer:
    """Answers 401 unless the request has this login."""
    return _needs("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode(), then)


def _needs(authorization: str, then: Answer) -> Answer:
    refusal = status(401, headers={"WWW-Authenticate": authorization.partition(" ")[0]})

    def answer(exchange: Exchange) -> bool:
        given = exchange.request.headers.get("authorization")
        return (then if given == authorization else refusal)(exchange)

    return answer


def _context(certificate: Certificate, clients: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context
