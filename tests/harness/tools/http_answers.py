# SPDX-License-Identifier: Apache-2.0
"""How `HttpFaults` may answer. An answer says whether the connection can serve another request."""

import contextlib
import gzip
import http
import random
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Self

METRICS = "text/plain; version=0.0.4; charset=utf-8"

Framing = Literal["chunked", "length", "close", "gzip"]

_PIECE_BYTES = 1 << 16
_ENDLESS_LENGTH = 1 << 40
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Request:
    """Names of headers are in lower case; of a header that comes twice the last one counts."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    client_name: str | None = None
    """The common name in the client's certificate."""

    @classmethod
    def read(cls, reader: BinaryIO, stream: socket.socket) -> Self | None:
        """None when the client has closed, or does not speak HTTP."""
        words = reader.readline().decode("latin-1").split()
        if len(words) != 3:
            return None
        headers = {}
        for line in iter(reader.readline, b""):
            name, separator, value = line.decode("latin-1").partition(":")
            if not separator:
                break
            headers[name.strip().lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", 0)))
        return cls(words[0], words[1], headers, body, _common_name(stream))


@dataclass(frozen=True)
class Exchange:
    """One request, and the connection to answer it on."""

    request: Request
    stream: socket.socket
    stopping: threading.Event
    count: Callable[[int], None]

    def send(self, data: bytes) -> None:
        """OSError when the client has closed."""
        self.stream.sendall(data)
        self.count(len(data))

    def pause(self, seconds: float) -> None:
        """At most so long: shorter when the server stops, OSError when the client closes."""
        self._watch(seconds)

    def wait_for_the_end(self) -> None:
        """Until the client closes or the server stops."""
        with contextlib.suppress(OSError):
            while not self.stopping.is_set():
                self._watch(_POLL_SECONDS)

    def _watch(self, seconds: float) -> None:
        """A client that waits for its answer sends nothing more, so whatever can be read is its end."""
        self.stream.settimeout(max(seconds, 0.001))
        try:
            if not self.stream.recv(1):
                raise ConnectionResetError
        except TimeoutError:
            pass
        finally:
            with contextlib.suppress(OSError):
                self.stream.settimeout(None)


Answer = Callable[[Exchange], bool]


def text(
    body: str | bytes,
    content_type: str = METRICS,
    *,
    code: int = 200,
    headers: Mapping[str, str] = {},
    compressed: bool = False,
) -> Answer:
    """A proper answer, which leaves the connection open; `compressed` by gzip, whether or not the client takes it."""
    data = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": content_type, **headers}
    if compressed:
        data = gzip.compress(data)
        fields["Content-Encoding"] = "gzip"
    head = _head(code, {"Content-Length": str(len(data)), **fields})

    def answer(exchange: Exchange) -> bool:
        exchange.send(head + (b"" if exchange.request.method == "HEAD" else data))
        return exchange.request.headers.get("connection", "").lower() != "close"

    return answer


def status(code: int, body: str = "", *, headers: Mapping[str, str] = {}) -> Answer:
    """A proper answer with another status than 200, in plain text."""
    return text(body, "text/plain; charset=utf-8", code=code, headers=headers)


def redirect(location: str, code: int = 302) -> Answer:
    return status(code, headers={"Location": location})


def garbage(size: int = 4096, *, seed: int = 1) -> Answer:
    """Random bytes instead of HTTP, always the same, then the end."""
    return _raw([random.Random(seed).randbytes(size)])


def endless(line: bytes = b"a_total 1\n", framing: Framing = "chunked") -> Answer:
    """A body of this line over and over until the client closes: `bytes_sent` tells how much of it went out. `length`
    promises 1 TiB; `close` promises nothing; `gzip` is chunked and compressed a thousandfold where the line repeats."""
    fields = {
        "chunked": {"Transfer-Encoding": "chunked"},
        "length": {"Content-Length": str(_ENDLESS_LENGTH)},
        "close": {"Connection": "close"},
        "gzip": {"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"},
    }[framing]

    def pieces() -> Iterator[bytes]:
        yield _head(200, {"Content-Type": METRICS, **fields})
        piece = line * max(1, _PIECE_BYTES // len(line))
        compress = zlib.compressobj(wbits=31).compress if framing == "gzip" else bytes
        while True:
            data = compress(piece)
            if data:
                yield b"%x\r\n%s\r\n" % (len(data), data) if framing in ("chunked", "gzip") else data

    return _raw(pieces)


def endless_headers(line: bytes = b"X-More: and more\r\n") -> Answer:
    """A head that never ends; without line ends in `line`, a single header that never ends."""

    def pieces() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX-First: "
        piece = line * max(1, _PIECE_BYTES // len(line))
        while True:
            yield piece

    return _raw(pieces)


def drip(body: str, pause_seconds: float, *, whole_head: bool = True) -> Answer:
    """A proper answer, one byte at a time; `whole_head`: its head at once."""
    head = _head(200, {"Content-Type": METRICS, "Content-Length": str(len(body.encode()))})

    def answer(exchange: Exchange) -> bool:
        data = body.encode()
        if whole_head:
            exchange.send(head)
        else:
            data = head + data
        for byte in data:
            if exchange.stopping.is_set():
                return False
            exchange.send(bytes([byte]))
            exchange.pause(pause_seconds)
        return True

    return answer


def close_in_the_middle(body: str, after: int, framing: Literal["chunked", "length"] = "length") -> Answer:
    """`after` bytes of the body, or with 0 not even the head, then the end."""
    data = body.encode()
    if framing == "length":
        head, cut = _head(200, {"Content-Type": METRICS, "Content-Length": str(len(data))}), data[:after]
    else:
        head, cut = _head(200, {"Content-Type": METRICS, "Transfer-Encoding": "chunked"}), b""
        cut = b"%x\r\n%s" % (len(data), data[:after])
    return _raw([head + cut] if after else [])


def hang(before: Literal["head", "body"] = "head") -> Answer:
    """Nothing, or a head and nothing, until the client closes."""

    def answer(exchange: Exchange) -> bool:
        if before == "body":
            exchange.send(_head(200, {"Content-Type": METRICS, "Content-Length": "10"}))
        exchange.wait_for_the_end()
        return False

    return answer


def _raw(pieces: Iterable[bytes] | Callable[[], Iterable[bytes]]) -> Answer:
    def answer(exchange: Exchange) -> bool:
        for piece in pieces() if callable(pieces) else pieces:
            if exchange.stopping.is_set():
                break
            exchange.send(piece)
        return False

    return answer


def _head(code: int, fields: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {code} {_phrase(code)}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _phrase(code: int) -> str:
    try:
        return http.HTTPStatus(code).phrase
    except ValueError:
        return "Unknown"


def _common_name(stream: socket.socket) -> str | None:
    certificate = stream.getpeercert() if isinstance(stream, ssl.SSLSocket) else None
    subject = dict(pair for part in (certificate or {}).get("subject", ()) for pair in part)
    return subject.get("commonName")
