# SPDX-License-Identifier: Apache-2.0
"""A proxy that spoils what a server answers: too slowly, half of it, or something else."""

import asyncio
import contextlib
from typing import Literal

from harness.tools.tcp import TcpServer

Mode = Literal["pass", "slow", "cut", "wrong"]
_CHUNK_BYTES = 65536
_PAUSE_SECONDS = 0.1
_NO_ANSWER = b"this is the answer of something else\r\n"


class SpoilingProxy(TcpServer):
    """`mode` is what becomes of answers: each byte a tenth of a second after the one before, half of an answer and then a reset,
    or bytes that are no answer."""

    def __init__(self, target_port: int):
        self._target_port = target_port
        self.mode: Mode = "pass"
        super().__init__()

    def mend(self) -> None:
        """What is under way is lost, as it is where a network or a server comes back."""
        self.mode = "pass"
        self.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        async with self._tracked(target_writer):
            asked = asyncio.create_task(self._pass(reader, target_writer))
            try:
                await self._spoil(target_reader, writer)
            finally:
                asked.cancel()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def _spoil(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self.mode == "slow":
                data = await self._drip(data, writer)
            elif self.mode == "cut":
                writer.write(data[: len(data) // 2])
                await writer.drain()
                writer.transport.abort()
                return
            elif self.mode == "wrong":
                data = (_NO_ANSWER * (len(data) // len(_NO_ANSWER) + 1))[: max(len(data), len(_NO_ANSWER))]
            writer.write(data)
            await writer.drain()

    async def _drip(self, data: bytes, writer: asyncio.StreamWriter) -> bytes:
        """What is left once it need not be slow any more."""
        while data and self.mode == "slow":
            writer.write(data[:1])
            await writer.drain()
            data = data[1:]
            await asyncio.sleep(_PAUSE_SECONDS)
        return data
