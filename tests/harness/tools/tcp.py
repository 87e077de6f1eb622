# SPDX-License-Identifier: Apache-2.0
"""Misbehaving TCP servers on loopback, for tests of what a client does when the network or the other side fails.

All of a network run on one background event loop, so that every connection can be paused or cut at any moment.
"""

import asyncio
import contextlib
import functools
import os
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self

from harness.tools.ports import free_port

_CONTROL_TIMEOUT_SECONDS = 10.0
_CHUNK_BYTES = 65536


class TcpServer:
    """Listens from construction to `close()`. `accepted` counts connections so far."""

    def __init__(self):
        self.port = free_port()
        self.accepted = 0
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        _on_loop(self._listen())

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def refuse(self) -> None:
        """From now on new connections are refused; those that stand are left alone."""
        _on_loop(self._stop_listening())

    def accept(self) -> None:
        """Undo `refuse`."""
        _on_loop(self._listen())

    def cut(self) -> None:
        """Reset every connection that stands; new ones are accepted."""
        _on_loop(self._reset_all())

    def close(self) -> None:
        self.refuse()
        self.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What to do with one connection, which is closed afterwards."""
        raise NotImplementedError

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with contextlib.suppress(OSError):
            async with self._tracked(writer):
                await self.serve(reader, writer)

    @contextlib.asynccontextmanager
    async def _tracked(self, writer: asyncio.StreamWriter):
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _reset_all(self) -> None:
        for writer in list(self._writers):
            _reset(writer)


class Silent(TcpServer):
    """Accepts and reads, and never answers."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(_CHUNK_BYTES):
            pass


class Resetting(TcpServer):
    """Resets each connection as soon as it is accepted."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _reset(writer)


class Proxy(TcpServer):
    """Passes bytes between its clients and a server on loopback, and can fail in the ways that networks do."""

    def __init__(self, target_port: int):
        self._target_port = target_port
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._bytes_until_pause: int | None = None
        self._last_before_pause: bytes | None = None
        self.received = bytearray()
        """All that the server has sent so far."""
        super().__init__()

    @property
    def flowing(self) -> bool:
        return self._flowing.is_set()

    def resume_and_cut(self) -> None:
        """Reset every connection with what was held back undelivered, and let new ones flow."""
        self.cut()
        self.resume()

    def pause_after(self, bytes_from_server: int) -> None:
        """`pause` once the server has sent so much more."""
        self._bytes_until_pause = bytes_from_server

    def pause_behind(self, last: bytes) -> None:
        """`pause` once the server has sent this in one piece, and let pass no byte that comes behind it."""
        self._last_before_pause = last

    def pause(self) -> None:
        """Bytes stop in both directions; connections stand and new ones are accepted: a hang, a silent firewall."""
        _on_loop(self._set_flowing(False))

    def resume(self) -> None:
        """Undo `pause`; what was held back is delivered."""
        _on_loop(self._set_flowing(True))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        async with self._tracked(target_writer):
            await asyncio.gather(
                self._pump(reader, target_writer, self._passing), self._pump(target_reader, writer, self._count)
            )

    def _count(self, data: bytes) -> int:
        """How many of these bytes may pass before a pause that begins with them."""
        self.received += data
        if self._last_before_pause and (at := data.find(self._last_before_pause)) >= 0:
            passing = at + len(self._last_before_pause)
            self._last_before_pause = None
            self._flowing.clear()
            return passing
        if self._bytes_until_pause is not None:
            self._bytes_until_pause -= len(data)
            if self._bytes_until_pause <= 0:
                self._bytes_until_pause = None
                self._flowing.clear()
                return 0
        return self._passing(data)

    def _passing(self, data: bytes) -> int:
        return len(data) if self.flowing else 0

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: Callable[[bytes], int]
    ) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            at_once = passing(data)
            writer.write(data[:at_once])
            await self._flowing.wait()
            writer.write(data[at_once:])
            await writer.drain()
        await self._flowing.wait()
        writer.write_eof()

    async def _set_flowing(self, flowing: bool) -> None:
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Abort with RST: a socket that lingers for zero seconds discards what it holds."""
    endpoint = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _loop() -> asyncio.AbstractEventLoop:
    """A thread is in one network all its life: each network has a loop of its own."""
    return _loop_in(os.readlink("/proc/thread-self/ns/net"))


@functools.cache
def _loop_in(network: str) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="harness-tcp", daemon=True).start()
    return loop


def _on_loop(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, _loop()).result(_CONTROL_TIMEOUT_SECONDS)
