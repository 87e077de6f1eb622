# SPDX-License-Identifier: Apache-2.0
"""Why Redis' own hits are not the auth cache's: a gateway whose cache never hits, and one whose cache works."""

import pytest
import requests

from gateway_sim import Seed
from harness.product.counting import gateway_of, looking, settled
from harness.product.keyshift import Serve
from harness.product.watching_redis import counted, entries, look, own_counts, watching_redis

REQUESTS = 30


@pytest.mark.parametrize("behaviour", ["faithful", "fallback"])
def test_hits_of_redis_are_not_hits_of_the_auth_cache(database, own_redis, behaviour):
    planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
    key = planted.with_role("active", legacy=False)[0]
    # Nobody reads keys of this gateway by their id but its own checks.
    tree = {"gateway": {"statements": {"by_id": "select * from virtual_keys where id = $1"}}, **looking(database.dsn())}
    tree["collectors"] += watching_redis(own_redis.url())["collectors"]
    with gateway_of(database, behaviour, redis_url=own_redis.url()) as gateway, Serve(tree) as serve:
        look(serve)
        before = own_counts(own_redis.client())
        for _ in range(REQUESTS):
            login = {"Authorization": f"Bearer {key.text}"}
            answer = requests.post(f"{gateway.url}/v1/models", headers=login, timeout=10)
            assert answer.status_code == 200
        settled(serve, gateway)
        look(serve)
        after = own_counts(own_redis.client())
        assert counted(serve) == {name: after[name] - before[name] for name in after}
        assert serve.metric("keyshift_redis_keyspace_hits_total") >= REQUESTS - 1
        assert serve.metric("keyshift_redis_keyspace_misses_total") <= 3

        assert serve.metric("keyshift_evidence_info", signal="auth_cache", evidence="statements") == 1
        hits = gateway.counts()["auth_cache"]["verified"]["hit"]
        assert hits == (REQUESTS - 1 if behaviour == "fallback" else 0)
        assert serve.metric("keyshift_auth_cache_hits_total") == hits
        assert serve.metric("keyshift_auth_cache_misses_total") == REQUESTS - hits
        assert entries(serve) == {"auth_key": 1, "auth_verified": 1}
