# SPDX-License-Identifier: Apache-2.0
"""The collector `redis` with Sentinels and with a cluster: nothing is counted twice or lost when servers change."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.product.keyshift import Serve
from harness.product.watching_redis import counted, entries, is_up, look, own_counts, read, wait, watching_redis
from harness.servers.redis import Redis
from harness.servers.redis_cluster import RedisCluster
from harness.servers.redis_sentinel import SERVICE, RedisSentinel
from harness.tools import leaks


class Watch(threading.Thread):
    """Scrapes on and on; `values` is what the hits were, each change once."""

    def __init__(self, serve: Serve):
        super().__init__(daemon=True)
        self._serve = serve
        self._over = threading.Event()
        self.values: list[float] = []

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.is_set():
            value = counted(self._serve)["hits"]
            if not self.values or self.values[-1] != value:
                self.values.append(value)
            time.sleep(0.02)


# --- Sentinel


def of_sentinels(sentinels: RedisSentinel, password: str, **options: Any) -> dict[str, Any]:
    first, *others = sentinels.addresses
    sentinel = {"master": SERVICE, "password": password} if password else {"master": SERVICE}
    login = f":{sentinels.sentinels[0]._password}@" if sentinels.sentinels[0]._password else ""
    return watching_redis(
        f"redis://{login}{first}/1", mode="sentinel", addresses=others, sentinel=sentinel, timeout="5s", **options
    )


def test_counting_goes_on_after_a_failover():
    password, sentinel_password = leaks.secret("of-the-d4ta-nodes"), leaks.secret("of-the-s3ntinels")
    with RedisSentinel(password=password, sentinel_password=sentinel_password) as sentinels:
        client = sentinels.master.client(database=1)
        for number in range(25):
            client.set(f"auth:key:{number}", "{}")
        with Serve(of_sentinels(sentinels, password)) as serve, Watch(serve) as watch:
            look(serve)
            read(client, hits=8, misses=2)
            look(serve)
            assert counted(serve) == {"hits": 8, "misses": 2, "evicted": 0}
            assert entries(serve)["auth_key"] == 25
            master = sentinels.failover()
            wait(serve, lambda: is_up(serve), "the source is up")
            for _ in range(2):
                look(serve)
            assert is_up(serve)
            read(master.client(database=1), hits=5)
            look(serve)
            assert counted(serve)["hits"] == 13
            assert entries(serve)["auth_key"] == 25
            sentinels.sentinels[0].stop()
            master = sentinels.kill_master()
            wait(serve, lambda: is_up(serve), "the source is up again, with a master and a Sentinel less")
            look(serve)
            read(master.client(database=1), hits=4)
            look(serve)
            assert counted(serve)["hits"] >= 17
        assert watch.values == sorted(watch.values), "never a step back"


def test_a_sentinel_that_is_asked_what_it_does_not_know():
    with RedisSentinel() as sentinels:
        tree = of_sentinels(sentinels, "")
        tree["collectors"][0]["sentinel"] = {"master": "another"}
        with Serve(tree, until="healthy") as serve:
            wait(serve, lambda: serve.errors("redis").get("schema"), "no such master")
            assert "knows no master of that name" in serve.log()
        with Serve(watching_redis(f"redis://{sentinels.addresses[0]}"), until="healthy") as serve:
            wait(serve, lambda: serve.errors("redis").get("schema"), "a Sentinel is no server")
            assert "set mode: sentinel" in serve.log()


# --- cluster


@pytest.fixture
def cluster() -> Iterator[RedisCluster]:
    with RedisCluster(password=leaks.secret("of-the-clust3r")) as servers:
        yield servers


def of_cluster(cluster: RedisCluster, **options: Any) -> dict[str, Any]:
    first, *others = cluster.addresses
    options = {"mode": "cluster", "addresses": others, **options}
    return watching_redis(f"redis://:{cluster.password}@{first}", **options)


def sums(cluster: RedisCluster) -> dict[str, float]:
    counts = [own_counts(node.client()) for node in cluster.nodes]
    return {name: sum(count[name] for count in counts) for name in counts[0]}


def test_a_cluster_is_counted_as_one(cluster: RedisCluster):
    client = cluster.client()
    for number in range(90):
        client.set(f"auth:verified:{number}", "{}")
        client.set(f"other:{number}", "{}")
    before = sums(cluster)
    with Serve(of_cluster(cluster)) as serve, Watch(serve) as watch:
        look(serve)
        for number in range(60):
            client.get(f"auth:verified:{number}")
            client.get(f"not there:{number}")
        look(serve)
        after = sums(cluster)
        assert counted(serve) == {name: after[name] - before[name] for name in after}
        assert counted(serve)["hits"] == 60
        assert entries(serve) == {"auth_key": 0, "auth_verified": 90}

        slot = cluster.slot_of("auth:verified:7")
        cluster.reshard(slot)
        look(serve)
        assert is_up(serve) and entries(serve)["auth_verified"] == 90
        cluster.move_keys(slot)
        look(serve)
        assert is_up(serve) and entries(serve)["auth_verified"] == 90
        cluster.finish_reshard(slot)
        look(serve)
        assert is_up(serve) and entries(serve)["auth_verified"] == 90

        lost = cluster.nodes[2]
        held = len(lost.client().keys("auth:verified:*"))
        lost.kill9()
        wait(serve, lambda: not is_up(serve), "a node is lost")
        assert entries(serve)["auth_verified"] == 90, "the last that is known of all"
        lost.start()
        wait(serve, lambda: is_up(serve), "the node is back")
        look(serve)
        assert entries(serve)["auth_verified"] == 90 - held
    assert watch.values == sorted(watch.values), "never a step back"


def test_modes_that_do_not_fit(cluster: RedisCluster, own_redis: Redis):
    url = f"redis://:{cluster.password}@{cluster.addresses[0]}"
    with Serve(watching_redis(url), until="healthy") as serve:
        wait(serve, lambda: serve.errors("redis").get("schema"), "a node alone")
        assert "set mode: cluster" in serve.log()
    with Serve(watching_redis(own_redis.url(), mode="cluster"), until="healthy") as serve:
        wait(serve, lambda: serve.errors("redis").get("schema"), "no cluster")
        assert "set mode: standalone" in serve.log()
