# SPDX-License-Identifier: Apache-2.0
"""The gateway of a story: database, Redis, proxy with a log of its last day, and the clients of some people, each at an
address of its own."""

import contextlib
import http.client
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from gateway_sim import Gateway
from gateway_sim.keys import bcrypt_hash, key_prefix, key_text, lookup_hash
from harness.product.watching import KeyTable
from harness.servers.nginx import Nginx
from harness.servers.postgres import Postgres
from harness.servers.redis import Redis
from harness.tools import http as requests
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

PASSWORD = "c0rrect horse battery"
# In the day before keyshift came the proxy wrote so many lines.
LINES_OF_YESTERDAY = 4_000
_PATH = "/v1/models"


class Site:
    """Context manager. Its gateway has a fallback, asks everybody for a key, and lets a cached key in for a second."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self.logs = scratch_directory("logs")
        self.logs.chmod(0o755)
        self.texts: dict[str, str] = {}
        """Of keys, by their ids."""
        self._people: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.postgres = self._stack.enter_context(Postgres())
        self.redis = self._stack.enter_context(Redis())
        self.database = self.postgres.create_database("gateway")
        self.table = KeyTable(self.database)
        options = {"behaviour": "fallback", "require_auth": True, "auth_cache_ttl": 1}
        self.gateway = self._stack.enter_context(Gateway(self.database.dsn(), self.redis.url(), **options))
        _write_yesterday(self.logs / "access.log")
        self.proxy = self._stack.enter_context(Nginx(self.gateway.url, access_log=self.logs / "access.log"))
        self.clients = self._stack.enter_context(Clients(self.proxy.port))
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def person(self, name: str) -> str:
        """Their id; they can log in."""
        if name not in self._people:
            owner = self.table.add_user(f"{name}@example.com")
            hashed = bcrypt_hash(PASSWORD, 4)
            self.database.execute("UPDATE users SET password_hash = %s WHERE id::text = %s", (hashed, owner))
            self._people[name] = owner
        return self._people[name]

    def has(self, owner: str | None, name: str, **columns: Any) -> str:
        """Plant a key that works; its id. `columns` as in KeyTable.add."""
        text = key_text(f"{owner} {name}".encode().ljust(32)[:32])
        id = self.table.add(owner=owner and self.person(owner), name=name, prefix=key_prefix(text), **columns)
        hashed = lookup_hash(text) if columns.get("legacy") is False else None
        self.database.execute(
            "UPDATE virtual_keys SET key_hash = %s, key_lookup_hash = %s WHERE id::text = %s",
            (bcrypt_hash(text, 4), hashed, id),
        )
        self.texts[id] = text
        return id

    def makes(self, person: str, name: str) -> str:
        """A person makes a new key by the gateway's API, as the letter asks; its id."""
        login = {"email": f"{person}@example.com", "password": PASSWORD}
        token = requests.get(f"{self.proxy.url}/auth/login", method="POST", json=login).json()["token"]
        header = {"Authorization": f"Bearer {token}"}
        made = requests.get(f"{self.proxy.url}/auth/key/generate", method="POST", json={"name": name}, headers=header)
        self.texts[made.json()["id"]] = made.json()["key"]
        return made.json()["id"]

    def last_use(self, key: str) -> datetime:
        return self.sql(f"SELECT last_used_at FROM virtual_keys WHERE id = '{key}'")

    def sql(self, query: str) -> Any:
        """The one value that it asks for."""
        return self.database.execute(query)[0][0]


class Clients:
    """Each calls several times a second with the key that it was given. Context manager."""

    def __init__(self, port: int):
        self._port = port
        self._keys: dict[str, str] = {}
        self._answers: dict[str, int] = {}
        self._addresses: dict[str, str] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        self._thread.join()

    def deploy(self, client: str, text: str, answer: int = 200) -> str:
        """Give it a key in place of the one before, wait for this answer to that; the client's address."""
        with self._lock:
            self._addresses.setdefault(client, f"127.0.0.{20 + len(self._addresses)}")
            self._keys[client] = text
            self._answers.pop(client, None)
        self.answered(client, answer)
        return self._addresses[client]

    def answered(self, client: str, status: int) -> None:
        """Wait until it has had this answer."""
        eventually(lambda: self._answers.get(client) == status, 20, f"{status} for {client}")

    def stop(self, client: str) -> None:
        """Returns when its last call has ended."""
        with self._lock:
            self._keys.pop(client, None)

    def _run(self) -> None:
        while not self._stopping.wait(0.15):
            for client in list(self._keys):
                # A client that was stopped meanwhile calls no more.
                with self._lock:
                    if text := self._keys.get(client):
                        self._answers[client] = self._call(text, self._addresses[client])

    def _call(self, text: str, address: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20, source_address=(address, 0))
        with contextlib.closing(connection):
            connection.request("POST", _PATH, headers={"Authorization": f"Bearer {text}", "User-Agent": "app"})
            return connection.getresponse().status


def _write_yesterday(log: Path) -> None:
    """Nearly all were let in."""
    now = datetime.now(UTC)
    step = timedelta(hours=23) / LINES_OF_YESTERDAY
    with log.open("w") as lines:
        for number in range(LINES_OF_YESTERDAY, 0, -1):
            answer = "401 15" if number % 500 == 0 else "200 512"
            moment = f"{now - number * step:%d/%b/%Y:%H:%M:%S +0000}"
            lines.write(f'127.0.0.9 - - [{moment}] "POST {_PATH} HTTP/1.1" {answer} "-" "app"\n')
