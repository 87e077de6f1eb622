# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a window, by its DevTools protocol: loads a page, runs script in it, and notes what goes wrong. Needs no
npm; who wants to act as a person does takes playwright (tests/page)."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp

from harness.tools.process import CLEAN_ENVIRONMENT, Process, program
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

_SECONDS = 20


class Browser:
    """One page with an empty profile. `faults` are errors of scripts and of the console, and requests to others than 127.0.0.1."""

    def __init__(self, *, width: int = 1180, height: int = 900):
        self._directory = scratch_directory("chromium")
        self._size = (width, height)
        self._numbers = itertools.count(1)
        self._loaded = 0
        self.faults: list[str] = []
        self.requests: list[str] = []

    def __enter__(self) -> Self:
        self._process = Process(self._argv(), log_path=self._directory / "output", env={**CLEAN_ENVIRONMENT, "HOME": str(self._directory)})
        self._process.__enter__()
        port_file = self._directory / "DevToolsActivePort"
        eventually(lambda: port_file.exists() and len(port_file.read_text().split()) == 2, _SECONDS, "Chromium listens")
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._connect(port_file.read_text().split()[0]))
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(f"{domain}.enable")
        width, height = self._size
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        return self

    def __exit__(self, *exception: Any) -> None:
        self._loop.run_until_complete(self._socket.close())
        self._loop.run_until_complete(self._session.close())
        self._loop.close()
        self._process.__exit__(*exception)

    def open(self, url: str) -> None:
        """Returns once it and what belongs to it is loaded."""
        loaded = self._loaded
        self.command("Page.navigate", url=url)
        self._loop.run_until_complete(asyncio.wait_for(self._until(lambda: self._loaded > loaded), _SECONDS))

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        answer = self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, script: str) -> None:
        eventually(lambda: self.run(script), _SECONDS, script)

    def without_script(self) -> None:
        """Pages that are opened from now on."""
        self.command("Emulation.setScriptExecutionDisabled", value=True)

    def dark(self) -> None:
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._loop.run_until_complete(asyncio.wait_for(self._command(method, parameters), _SECONDS))

    def _argv(self) -> Sequence[str | Path]:
        return [
            program("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", f"--user-data-dir={self._directory}",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank",
        ]  # fmt: skip

    async def _connect(self, port: str) -> None:
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            (page,) = [target for target in await answer.json() if target["type"] == "page"]
        self._socket = await self._session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)

    async def _command(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._receive()
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return message["result"]

    async def _until(self, holds: Any) -> None:
        while not holds():
            await self._receive()

    async def _receive(self) -> dict[str, Any]:
        message = json.loads((await self._socket.receive()).data)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, what: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded += 1
        if method == "Runtime.exceptionThrown":
            self.faults.append(what["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        if method == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.faults.append(what["entry"]["text"])
        if method == "Network.requestWillBeSent":
            url = what["request"]["url"]
            self.requests.append(url)
            if not url.startswith(("http://127.0.0.1:", "about:", "data:")):
                self.faults.append(f"asks {url}")
