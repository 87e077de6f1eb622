# SPDX-License-Identifier: Apache-2.0
"""A gateway's caches on the Redis or Valkey under test, watched by a user with the rights that docs/operations.md gives."""

from gateway_sim import Seed, Traffic
from harness.product.counting import gateway_of, looking, settled
from harness.product.doctor import doctor
from harness.product.keyshift import Serve
from harness.product.watching_redis import counted, entries, look, own_counts, read, watching_redis
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools import leaks
from harness.tools.wait import eventually

WATCHER = "user keyshift on >watching-only +info +scan +select"


def test_every_number_is_the_traffics_own(database: Database):
    planted = Seed(seed=7, owners=3, keys_per_owner=1, modern_keys=4).plant(database.dsn())
    with Redis(directives=[WATCHER]) as server:
        url = server.url(user="keyshift", password=leaks.secret("watching-only"))
        tree = looking(database.dsn())
        tree["collectors"] += watching_redis(url)["collectors"]
        with gateway_of(database, "fallback", redis_url=server.url()) as gateway, Serve(tree) as serve:
            look(serve)
            before = own_counts(server.client())
            Traffic(gateway.url, planted, seed=7).run_steps(80)
            read(server.client(), hits=7, misses=5)
            settled(serve, gateway)
            counts = gateway.counts()["auth_cache"]
            # Rate limits and answers are in the same Redis.
            after = own_counts(server.client())
            expected = {name: after[name] - before[name] for name in after}
            assert expected["hits"] >= counts["verified"]["hit"] + counts["key"]["hit"] + 7 > 7
            assert expected["misses"] >= counts["verified"]["miss"] + counts["key"]["miss"] + 5
            eventually(lambda: counted(serve) == expected, 15, f"{expected}, not {counted(serve)}")
            held = {name: sum(1 for _ in server.client().scan_iter(f"auth:{kind}:*"))
                    for name, kind in (("auth_key", "key"), ("auth_verified", "verified"))}  # fmt: skip
            assert entries(serve) == held and held["auth_verified"] > 0
        info = server.client().info("server")
        name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {info['redis_version']}"
        found = doctor(watching_redis(url))
        assert found.exit_code == 0 and found.of("redis", "failure") == []
        assert f": {name}, " in found.what("redis", "ok")
