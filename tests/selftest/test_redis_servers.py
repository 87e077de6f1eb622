# SPDX-License-Identifier: Apache-2.0
"""The harness's Redis with Sentinels, and Redis Cluster."""

import pytest
import redis

from harness.servers.redis_cluster import SLOTS, RedisCluster
from harness.servers.redis_sentinel import SERVICE, RedisSentinel
from harness.tools.certificates import Authority
from harness.tools.wait import eventually


def test_tls_reaches_every_node():
    authority = Authority()
    with RedisSentinel(authority=authority, password="s3cret") as service:
        assert service.master.url().startswith("rediss://")
        assert service.replica.client().info()["master_link_status"] == "up"
        with pytest.raises(redis.ConnectionError):
            redis.Redis(port=service.sentinels[0].port).ping()
        assert service.kill_master() is service.nodes[1]
    with RedisCluster(authority=authority) as cluster, cluster.client() as client:
        client.set("key7", "7")
        slot = cluster.slot_of("key7")
        _, target = cluster.reshard(slot)
        cluster.finish_reshard(slot)
        assert target.ask("GET", "key7") == "7"


def test_sentinels_agree_on_a_master_and_fail_over():
    with RedisSentinel(password='p@ss "/%', sentinel_password="s3ntinel") as service:
        first = service.master
        first.client().set("a", "b")
        assert service.replica.client().info()["role"] == "slave"
        eventually(lambda: service.replica.client().get("a") == "b", 20, "the replica has the data")
        second = service.failover()
        assert second is not first and service.replica is first
        assert second.client().info()["role"] == "master" and second.client().get("a") == "b"
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=service.sentinels[0].port).ping()
        assert service.kill_master() is first
        assert service.master is first and not second.running
        second.start()
        eventually(lambda: second.client().info()["role"] == "slave", 20, "the old master is now a replica")
        address = service.sentinels[1].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        assert list(address) == ["127.0.0.1", str(first.port)]
        processes = [server.process for server in (*service.nodes, *service.sentinels)]
    assert not any(process.running for process in processes)
    assert not any(server.directory.exists() for server in (*service.nodes, *service.sentinels))


def test_a_cluster_serves_all_slots_and_leaves_one_half_moved():
    with RedisCluster(password='p@ss "/%') as cluster:
        with cluster.client() as client:
            for number in range(30):
                client.set(f"key{number}", number)
        sizes = [node.client().dbsize() for node in cluster.nodes]
        assert sum(sizes) == 30 and all(sizes)
        assert [cluster.node_of(slot) for slot in (0, SLOTS - 1)] == [cluster.nodes[0], cluster.nodes[-1]]
        slot = cluster.slot_of("key7")
        source, target = cluster.reshard(slot)
        assert cluster.node_of(slot) is source
        assert source.ask("GET", "key7") == "7"
        with pytest.raises(redis.ResponseError, match=rf"{slot} 127.0.0.1:{source.port}"):
            target.ask("GET", "key7")
        assert cluster.move_keys(slot) == 1
        with pytest.raises(redis.ResponseError, match=rf"{slot} 127.0.0.1:{target.port}"):
            source.ask("GET", "key7")
        cluster.finish_reshard(slot)
        assert cluster.node_of(slot) is target
        with pytest.raises(redis.ResponseError, match=rf"{slot} 127.0.0.1:{target.port}"):
            source.ask("GET", "key7")
        with cluster.client() as client:
            assert client.get("key7") == "7"
        processes = [node.process for node in cluster.nodes]
    assert not any(process.running for process in processes)
