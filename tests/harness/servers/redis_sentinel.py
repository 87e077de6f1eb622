# SPDX-License-Identifier: Apache-2.0
"""Redis with one replica, watched by three Sentinels that fail over within about a second."""

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Self

import redis

from harness.servers.redis import Redis
from harness.servers.server import Server
from harness.tools.certificates import Authority
from harness.tools.ports import free_port
from harness.tools.process import program
from harness.tools.wait import eventually

SERVICE = "keyshift"

_SETTLE_SECONDS = 20.0
_DOWN_AFTER_MS = 500
_QUORUM = 2
# What Sentinel does every second or ten, it does here more often (`SENTINEL DEBUG`, since Redis 7.0). There are limits,
# for it looks at replicas once a second while the master is down or changes: a replica is good only if looked at within
# five ping periods, and one that is promoted while the master lives must be seen within four publish periods, or the
# other Sentinels turn it back.
_PACE = ("info-period", 100, "ping-period", 300, "publish-period", 500, "ask-period", 50, "election-timeout", 1000)


class Sentinel(Server):
    """One of them. It keeps what it learned in its configuration file, over restarts too. With `authority` it speaks
    TLS only, to its clients as to the data nodes."""

    name = "redis-sentinel"

    def __init__(
        self,
        master_port: int,
        *,
        password: str | None,
        sentinel_password: str | None,
        authority: Authority | None,
    ):
        super().__init__()
        self.port = free_port()
        self._password = sentinel_password
        self._trusted = authority.certificate if authority else None
        self._configuration = self.directory / "sentinel.conf"
        lines = [
            "bind 127.0.0.1",
            *(_tls_directives(self.port, authority) if authority else [f"port {self.port}"]),
            f"sentinel monitor {SERVICE} 127.0.0.1 {master_port} {_QUORUM}",
            f"sentinel down-after-milliseconds {SERVICE} {_DOWN_AFTER_MS}",
            f"sentinel failover-timeout {SERVICE} 2000",
        ]
        if password:
            lines += [f"sentinel auth-pass {SERVICE} {json.dumps(password)}"]
        if sentinel_password:
            lines += [f"requirepass {json.dumps(sentinel_password)}"]
        self._configuration.write_text("\n".join([*lines, ""]))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def argv(self) -> Sequence[str]:
        return [program("redis-sentinel"), str(self._configuration)]

    def answers(self) -> bool:
        try:
            return self.ask("PING") in (True, "PONG")
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def start(self, *timeout: float) -> Self:
        super().start(*timeout)
        self.ask("SENTINEL", "DEBUG", *_PACE)
        return self

    def ask(self, *command: str | int):
        """One command to it; the answer, with text."""
        tls = {"ssl": True, "ssl_ca_certs": str(self._trusted)} if self._trusted else {}
        with redis.Redis(
            port=self.port, password=self._password, decode_responses=True, socket_timeout=10, **tls
        ) as client:
            return client.execute_command(*command)

    def master_port(self) -> int:
        return int(self.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1])

    def sees_all(self, sentinels: int) -> bool:
        """Does it know the replica, in order, and the other Sentinels?"""
        master = _mapping(self.ask("SENTINEL", "MASTER", SERVICE))
        replicas = [_mapping(replica) for replica in self.ask("SENTINEL", "REPLICAS", SERVICE)]
        in_order = [replica for replica in replicas if replica.get("master-link-status") == "ok"]
        return int(master["num-other-sentinels"]) == sentinels - 1 and master["flags"] == "master" and bool(in_order)


class RedisSentinel:
    """All five servers, started when entered. `password` is that of the data nodes, which have the same; with
    `authority` all speak TLS only.

    `directives` are further lines of the data nodes' redis.conf.
    """

    def __init__(
        self,
        *,
        password: str | None = None,
        sentinel_password: str | None = None,
        authority: Authority | None = None,
        directives: Sequence[str] = (),
    ):
        directives = [*directives, "repl-diskless-sync-delay 0", "repl-ping-replica-period 1"]
        if password:
            directives += [f"masterauth {json.dumps(password)}"]
        access = {"password": password, "tls": authority or False}
        first = Redis(**access, directives=directives)
        second = Redis(**access, directives=[*directives, f"replicaof 127.0.0.1 {first.port}"])
        watch = {"password": password, "sentinel_password": sentinel_password, "authority": authority}
        self.nodes = [first, second]
        self.sentinels = [Sentinel(first.port, **watch) for _ in range(3)]
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as running:
            for node in self.nodes:
                running.enter_context(node)
            self._wait(lambda: self.nodes[1].client().info("replication")["master_link_status"] == "up", "replication")
            for sentinel in self.sentinels:
                running.enter_context(sentinel)
            self._wait_until_watched()
            self._running = running.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._running.close()

    @property
    def addresses(self) -> list[str]:
        """host:port of each Sentinel."""
        return [sentinel.address for sentinel in self.sentinels]

    @property
    def master(self) -> Redis:
        """As the Sentinels that run agree; AssertionError where they do not."""
        ports = {sentinel.master_port() for sentinel in self.sentinels if sentinel.running}
        assert len(ports) == 1, f"the Sentinels do not agree: {ports}"
        return next(node for node in self.nodes if node.port in ports)

    @property
    def replica(self) -> Redis:
        """The node that is not the master, running or not."""
        master = self.master
        return next(node for node in self.nodes if node is not master)

    def failover(self) -> Redis:
        """Let master and replica change places, with both alive; the new master."""
        old = self.master
        self.sentinels[0].ask("SENTINEL", "FAILOVER", SERVICE)
        new = self._wait_for_another(old)
        self._wait_until_watched()
        return new

    def kill_master(self) -> Redis:
        """Kill it and wait for the replica to take over; the new master. When the old one is started again, it
        becomes a replica."""
        old = self.master
        old.kill9()
        return self._wait_for_another(old)

    def _wait_for_another(self, old: Redis) -> Redis:
        def taken_over() -> bool:
            ports = {sentinel.master_port() for sentinel in self.sentinels if sentinel.running}
            return len(ports) == 1 and old.port not in ports and self.master.client().info()["role"] == "master"

        self._wait(taken_over, "another master")
        return self.master

    def _wait_until_watched(self) -> None:
        self._wait(lambda: all(each.sees_all(len(self.sentinels)) for each in self.sentinels), "Sentinels see all")

    def _wait(self, predicate: Callable[[], object], what: str) -> None:
        eventually(predicate, _SETTLE_SECONDS, what)


def _tls_directives(port: int, authority: Authority) -> list[str]:
    own = authority.server()
    return [
        "port 0",
        f"tls-port {port}",
        f"tls-cert-file {own.certificate}",
        f"tls-key-file {own.key}",
        f"tls-ca-cert-file {authority.certificate}",
        "tls-auth-clients no",
        "tls-replication yes",
    ]


def _mapping(answer: list[str]) -> dict[str, str]:
    return dict(zip(answer[::2], answer[1::2]))
