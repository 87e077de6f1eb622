# SPDX-License-Identifier: Apache-2.0
"""Redis Cluster: three primaries without replicas."""

import contextlib
import json
from collections.abc import Sequence
from typing import Any, Self

import redis

from harness.servers.redis import Redis
from harness.tools.certificates import Authority
from harness.tools.ports import free_port
from harness.tools.wait import eventually

SLOTS = 16384

_SETTLE_SECONDS = 20.0
_MIGRATE_TIMEOUT_MS = 5000


class ClusterNode(Redis):
    """One primary. `id` is known once it runs."""

    name = "redis-cluster"

    def __init__(self, *, password: str | None, tls: bool | Authority, directives: Sequence[str]):
        self.bus_port = free_port()
        own = ["cluster-enabled yes", f"cluster-port {self.bus_port}", "cluster-node-timeout 2000"]
        super().__init__(password=password, tls=tls, directives=[*own, *directives])

    @property
    def id(self) -> str:
        return self.ask("CLUSTER", "MYID")

    def ask(self, *command: str | int) -> Any:
        """One command to this node alone, following no redirection; ResponseError says MOVED or ASK."""
        with self.client() as client:
            return client.execute_command(*command)

    def info(self) -> dict[str, str]:
        """CLUSTER INFO."""
        return dict(line.split(":") for line in self.ask("CLUSTER", "INFO").split())


class RedisCluster:
    """Three nodes with a third of the slots each, started when entered; with `authority` they speak TLS only."""

    def __init__(
        self, *, password: str | None = None, authority: Authority | None = None, directives: Sequence[str] = ()
    ):
        if password:
            directives = [*directives, f"masterauth {json.dumps(password)}"]
        self.password = password
        access = {"password": password, "tls": authority or False}
        self.nodes = [ClusterNode(**access, directives=directives) for _ in range(3)]
        self._moving: dict[int, tuple[ClusterNode, ClusterNode]] = {}
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as running:
            for node in self.nodes:
                running.enter_context(node)
            self._form()
            self._running = running.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._running.close()

    @property
    def addresses(self) -> list[str]:
        """host:port of each node."""
        return [f"127.0.0.1:{node.port}" for node in self.nodes]

    def client(self) -> redis.RedisCluster:
        """A client that follows redirections, and answers with text."""
        first = self.nodes[0]
        tls = {"ssl": True, "ssl_ca_certs": str(first.trusted)} if first.trusted else {}
        return redis.RedisCluster(
            host="127.0.0.1", port=first.port, password=self.password, decode_responses=True, **tls
        )

    def slot_of(self, key: str) -> int:
        return self.nodes[0].ask("CLUSTER", "KEYSLOT", key)

    def node_of(self, slot: int) -> ClusterNode:
        """Who serves the slot, by its own account."""
        return next(node for node in self.nodes if self._owns(node, slot))

    def reshard(self, slot: int) -> tuple[ClusterNode, ClusterNode]:
        """Begin to move a slot, and leave it half way: MIGRATING on the first node returned, IMPORTING on the second.
        Its keys stay where they are; for one that is not there the first node answers ASK."""
        source = self.node_of(slot)
        target = self.nodes[(self.nodes.index(source) + 1) % len(self.nodes)]
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        self._moving[slot] = source, target
        return source, target

    def move_keys(self, slot: int) -> int:
        """Hand over the keys of a slot that `reshard` began to move; how many. The first node now answers ASK."""
        source, target = self._moving[slot]
        keys = source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1_000_000)
        if keys:
            login = ["AUTH", self.password] if self.password else []
            destination = ["127.0.0.1", target.port, "", 0, _MIGRATE_TIMEOUT_MS]
            source.ask("MIGRATE", *destination, *login, "KEYS", *keys)
        return len(keys)

    def finish_reshard(self, slot: int) -> None:
        """Hand over what is left and the slot: from now on the first node answers MOVED."""
        self.move_keys(slot)
        source, target = self._moving.pop(slot)
        for node in (target, source, *self.nodes):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        eventually(lambda: not self._owns(source, slot), _SETTLE_SECONDS, "the slot has moved")

    def _form(self) -> None:
        share = -(-SLOTS // len(self.nodes))
        for number, node in enumerate(self.nodes):
            first = number * share
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, min(first + share, SLOTS) - 1)
        for node in self.nodes[1:]:
            self.nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus_port)
        eventually(lambda: all(map(self._is_whole, self.nodes)), _SETTLE_SECONDS, "the cluster is whole")

    def _is_whole(self, node: ClusterNode) -> bool:
        info = node.info()
        return info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(len(self.nodes))

    def _owns(self, node: ClusterNode, slot: int) -> bool:
        own_id, ranges = node.id, node.ask("CLUSTER", "SLOTS")
        return any(first <= slot <= last and owner[2] == own_id for first, last, owner, *_ in ranges)
