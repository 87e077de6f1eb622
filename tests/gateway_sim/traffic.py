# SPDX-License-Identifier: Apache-2.0
"""Carries a plan out against a gateway, over HTTP like its clients would, and counts the answers.

`run_steps` sends one request after another: the same seed then gives the same answers and the same totals on a freshly
seeded database (within one minute, because rate-limit windows are wall-clock). `run_timed` paces the same decisions and
lets requests overlap: the same decisions in the same order, while answers near a change may differ.
"""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import aiohttp
import psycopg2

from .database_admin import DatabaseAdmin
from .plan import Change, Client, Plan, Request
from .seed import Planted, PlantedUser

IN_FLIGHT = 24
LOOPBACK = ("127.0.0.1", "localhost")


class Traffic:
    """`dsn` lets an administrator replace and delete keys that have no owner; without it they stay.

    `answers` counts (kind of request, status), `changes` (kind of change, status). Status 0: unreachable.
    """

    def __init__(
        self,
        url: str,
        planted: Planted,
        *,
        seed: int = 1,
        dsn: str | None = None,
        too_early: float = 0.25,
        leave: float = 0.0,
    ):
        self.plan = Plan(planted, seed, too_early=too_early, leave=leave, systems=dsn is not None)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.changes: Counter[tuple[str, int]] = Counter()
        self._url = url.rstrip("/")
        self._admin = DatabaseAdmin(dsn) if dsn else None
        self._tokens: dict[str, str] = {}
        self._replacements: dict[str, str] = {}
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def run_steps(self, count: int) -> dict:
        """One request after another. Returns `totals`."""
        asyncio.run(self._run_steps(count))
        return self.totals()

    async def run_timed(self, duration: float, rate: float, *, linger: bool = False) -> None:
        """The whole plan in `duration` seconds at `rate` requests a second; then, with `linger`, steady traffic until
        cancelled. While the gateway is unreachable its requests and changes are lost, and the plan goes on."""
        steps = max(1, round(duration * rate))
        free = asyncio.Semaphore(IN_FLIGHT)
        sending: set[asyncio.Task] = set()

        async def send_soon(request: Request) -> None:
            await free.acquire()
            task = asyncio.create_task(self._send(request))
            sending.add(task)
            task.add_done_callback(lambda done: (sending.discard(done), free.release()))

        async with self._open_sessions():
            pace = _Pace(rate)
            for step in self.plan.steps(steps):
                await pace.wait()
                for change in step.changes:
                    await self._change(change)
                await send_soon(step.request)
            while linger:
                await pace.wait()
                await send_soon(self.plan.request())
            await asyncio.gather(*sending)

    def totals(self) -> dict:
        """What was sent and answered, as JSON."""
        return {
            "answers": {f"{kind} {status}": count for (kind, status), count in sorted(self.answers.items())},
            "changes": {f"{kind} {status}": count for (kind, status), count in sorted(self.changes.items())},
        }

    async def _run_steps(self, count: int) -> None:
        async with self._open_sessions():
            for step in self.plan.steps(count):
                for change in step.changes:
                    await self._change(change)
                await self._send(step.request)

    def _open_sessions(self) -> AsyncExitStack:
        self._sessions.clear()
        stack = AsyncExitStack()
        stack.push_async_callback(self._close_sessions)
        return stack

    async def _close_sessions(self) -> None:
        for session in self._sessions.values():
            await session.close()

    def _session(self, name: str) -> aiohttp.ClientSession:
        """One per client, each from a loopback address of its own where the gateway is on loopback."""
        if name not in self._sessions:
            local = urlsplit(self._url).hostname in LOOPBACK
            address = (f"127.0.1.{len(self._sessions) % 250 + 1}", 0) if local else None
            self._sessions[name] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(local_addr=address),
                headers={"User-Agent": f"{name}/1.0"},
                timeout=aiohttp.ClientTimeout(total=60),
            )
        return self._sessions[name]

    async def _send(self, request: Request) -> None:
        name = request.client.name if request.client else f"stray-{request.kind}"
        header = self._authorization(request)
        headers = {"Authorization": header} if header else {}
        if request.model:
            body = {"model": request.model, "messages": [{"role": "user", "content": request.prompt}]}
            status, _ = await self._post(name, "/v1/chat/completions", headers, body)
        else:
            status, _ = await self._post(name, "/v1/models", headers)
        self.answers[request.kind, status] += 1

    def _authorization(self, request: Request) -> str | None:
        if request.client:
            return f"Bearer {self._key_of(request.client)}"
        if request.key:
            return f"Bearer {request.key.text}"
        return {
            "missing_header": None,
            "malformed_header": f"bearer {request.token}",
            "bad_credentials": f"Bearer {request.token}",
        }.get(request.kind, f"Bearer sk-{request.token}")

    def _key_of(self, client: Client) -> str:
        return self._replacements.get(client.key.id, client.key.text) if client.moved else client.key.text

    async def _change(self, change: Change) -> None:
        if change.kind == "move_first":
            change.slot.clients[0].moved = True
        elif change.kind == "move_second":
            change.slot.clients[1].moved = True
        elif change.key.owner:
            self.changes[change.kind, await self._manage(change)] += 1
        elif self._admin:
            done = await asyncio.to_thread(self._administer, change)
            self.changes[f"{change.kind} by SQL", 200 if done else 0] += 1

    async def _manage(self, change: Change) -> int:
        key = change.key
        headers = {"Authorization": f"Bearer {await self._token(key.owner)}"}
        if change.kind == "issue":
            return await self._issue(change, headers)
        if change.kind == "block":
            body = {"key_id": key.id, "blocked": True}
            status, _ = await self._post(key.owner.email, "/auth/key/update", headers, body)
        else:
            status, _ = await self._post(key.owner.email, f"/auth/key/delete?key_id={key.id}", headers)
        return status

    async def _issue(self, change: Change, headers: dict) -> int:
        body = {"name": change.slot.new_name}
        status, reply = await self._post(change.key.owner.email, "/auth/key/generate", headers, body)
        if status == 200:
            self._replacements[change.key.id] = reply["key"]
        return status

    def _administer(self, change: Change) -> bool:
        try:
            if change.kind == "issue":
                self._replacements[change.key.id] = self._admin.insert_key(change.slot.new_name)
            elif change.kind == "block":
                self._admin.block_key(change.key.id)
            else:
                self._admin.delete_key(change.key.id)
        except psycopg2.Error:
            return False
        return True

    async def _token(self, user: PlantedUser) -> str:
        if user.email not in self._tokens:
            body = {"email": user.email, "password": user.password}
            status, reply = await self._post(user.email, "/auth/login", {}, body)
            if status != 200:
                return ""
            self._tokens[user.email] = reply["token"]
        return self._tokens[user.email]

    async def _post(self, name: str, path: str, headers: dict, body: dict | None = None) -> tuple[int, dict]:
        """Status and JSON reply; status 0 when the gateway cannot be reached."""
        try:
            async with self._session(name).post(self._url + path, json=body, headers=headers) as response:
                reply = await response.json() if response.content_type == "application/json" else {}
                await response.read()
                return response.status, reply
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return 0, {}


class _Pace:
    def __init__(self, rate: float):
        self._interval = 1 / rate
        self._next = time.monotonic()

    async def wait(self) -> None:
        """A slow gateway delays the plan rather than making it catch up in a burst."""
        now = time.monotonic()
        self._next = max(self._next + self._interval, now)
        await asyncio.sleep(self._next - now)
