# SPDX-License-Identifier: Apache-2.0
"""keyshift doctor on Redis: what it says mends a fault does mend it, on a real server."""

import contextlib

import pytest
import redis

from harness.product.doctor import Doctor, doctor
from harness.servers.redis import Redis
from harness.tools import leaks
from harness.tools.ports import free_port

PASSWORD = "s3cret-of-redis"


def look(url: str) -> Doctor:
    return doctor({"collectors": [{"type": "redis", "url": url}]})


def run_there(server: Redis, mend: str) -> None:
    """As a person does at redis-cli."""
    assert mend.startswith("run there: ")
    server.client().execute_command(*mend.removeprefix("run there: ").split())


@pytest.fixture(scope="module")
def server():
    with Redis(directives=[f"user monitor on >{PASSWORD} +info"]) as started:
        yield started


def test_rights_are_given_by_one_line(server: Redis):
    url = server.url(database=1, user="monitor", password=leaks.secret(PASSWORD))
    server.client(database=1).set("auth:key:0123", "{}")
    seen = look(url)
    assert seen.exit_code == 69 and seen.of("redis", "failure")[0]["reason"] == "permission"
    run_there(server, seen.mend("redis", "failure"))
    seen = look(url)
    assert seen.exit_code == 0 and "1 of 1 keys are entries of the auth caches" in seen.what("redis", "ok")


def test_who_is_not_let_in(server: Redis):
    seen = look(server.url(user="monitor", password=leaks.secret("another-s3cret")))
    assert seen.exit_code == 69 and seen.of("redis", "failure")[0]["reason"] == "auth"
    assert "check the user and the password" in seen.mend("redis", "failure")
    seen = look(f"redis://127.0.0.1:{free_port()}/0")
    assert seen.of("redis", "failure")[0]["reason"] == "connect" and "refused" in seen.what("redis", "failure")


def test_entries_elsewhere_or_nowhere(server: Redis):
    client = server.client()
    client.flushall()
    assert "it has no keys" in look(server.url()).what("redis", "warning")
    server.client(database=3).set("auth:verified:0123", "{}")
    seen = look(server.url())
    assert seen.exit_code == 0 and "the database is empty, and database 3 is not" in seen.what("redis", "warning")
    assert "HOST:PORT/3" in seen.mend("redis", "warning")
    assert "are entries of the auth caches" in look(server.url(database=3)).what("redis", "ok")
    client.mset({f"llm:cache:{i}": "{}" for i in range(2500)})
    seen = look(server.url())
    assert "none of 2500 keys is called auth:key:* or auth:verified:*" in seen.what("redis", "warning")
    client.set("auth:key:ff", "{}")
    assert look(server.url()).of("redis", "warning") == []


@pytest.mark.parametrize("policy", ["allkeys-lru", "noeviction"])
def test_memory_is_short(server: Redis, policy: str):
    client = server.client()
    client.flushall()
    client.config_set("maxmemory-policy", policy)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 300_000)
    client.set("auth:key:ff", "{}")
    with contextlib.suppress(redis.ResponseError):  # that memory is full
        for i in range(500):
            client.set(f"llm:cache:{i}", "x" * 1000)
    said = "keys were evicted before their time" if policy == "allkeys-lru" else "takes no more entries"
    seen = look(server.url())
    assert seen.exit_code == 0 and said in seen.what("redis", "warning")
    run_there(server, seen.about("redis", said)["mend"])
    client.set("auth:key:ff", "{}")  # it may have been evicted too
    assert look(server.url()).of("redis", "warning") == []
    client.config_set("maxmemory", 0)
