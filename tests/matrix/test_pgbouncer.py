# SPDX-License-Identifier: Apache-2.0
"""keyshift behind the PgBouncer under test, with no more rights than `keyshift sql` gives."""

import pytest

from gateway_sim import Seed, Traffic
from harness.product.counting import gateway_of, looking, resets, settled
from harness.product.keyshift import Keyshift, Serve
from harness.product.least_privilege import drop_reader, prepared_by_sql
from harness.servers.pgbouncer import PgBouncer
from harness.servers.postgres import Database

GATEWAY = {"table": "keyshift_keys", "statements": {"table": "virtual_keys"}}


@pytest.mark.parametrize("pool_mode", ["transaction", "session"])
def test_every_number_is_the_traffics_own(database: Database, pool_mode: str):
    planted = Seed(seed=7, owners=4, keys_per_owner=1).plant(database.dsn())
    dsn = prepared_by_sql(database)
    # In session mode each source keeps its connection, and commands need one more.
    with PgBouncer(database.postgres, pool_mode=pool_mode, pool_size=4) as bouncer:
        tree = {**looking(bouncer.behind(dsn)), "gateway": GATEWAY}
        with gateway_of(database, "fallback") as gateway, Serve(tree) as serve:
            Traffic(gateway.url, planted, seed=7, leave=0.3).run_steps(80)
            assert settled(serve, gateway)["scans"] > 5 and resets(serve) == 0
            serve.wait_for_poll()
            legacy = sum(key.legacy for key in planted.keys)
            assert serve.keys()[0] == legacy - gateway.counts()["keys"]["deleted"]["legacy"] < legacy
            for command in ("report", "status", "doctor"):
                done = Keyshift().run(command, "--config", serve.config_path)
                assert done.returncode == 0, done.stdout + done.stderr
            assert serve.errors("keys") == serve.errors("statements") == {}
    drop_reader(database)
