# SPDX-License-Identifier: Apache-2.0
"""A whole gateway on the PostgreSQL under test, watched with no more rights than `keyshift sql` gives: every number
against the traffic's own count, and what each command says of them."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import pytest
import yaml

from gateway_sim import Gateway, Planted, Seed, Traffic
from harness.product.counting import gateway_of, looking, resets, settled
from harness.product.doctor import doctor
from harness.product.keyshift import Keyshift, Serve
from harness.product.least_privilege import drop_reader, prepared_by_sql, printed_sql, role_of
from harness.product.verdicts import (
    DrainedTable, assert_stays_unsafe, is_safe, soon_safe, wait_until_not_safe, wait_until_safe,
)  # fmt: skip
from harness.servers.postgres import Database, client_directory
from harness.servers.redis import Redis
from harness.tools.wait import eventually

STEPS = 120
VIEW = {"table": "keyshift_keys", "statements": {"table": "virtual_keys"}}
# Of this gateway it is known that nobody reads keys by their id but its own checks.
BY_ID = {"by_id": "select * from virtual_keys where id = $1"}


@pytest.fixture
def planted(database: Database) -> Iterator[Planted]:
    yield Seed(seed=7, owners=4, keys_per_owner=2).plant(database.dsn())
    with contextlib.suppress(psycopg2.errors.UndefinedObject):
        drop_reader(database)


def rights(database: Database) -> list[tuple]:
    """All that the reader may do with tables, views and columns, and what it is a member of."""
    return database.execute(
        """SELECT relname, NULL, privilege_type FROM pg_class, aclexplode(relacl) WHERE grantee = %(role)s::regrole
           UNION ALL
           SELECT relname, attname, privilege_type FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid,
               aclexplode(attacl) WHERE grantee = %(role)s::regrole
           UNION ALL
           SELECT roleid::regrole::text, NULL, 'member' FROM pg_auth_members WHERE member = %(role)s::regrole
           ORDER BY 1, 2, 3""",
        {"role": role_of(database)},
    )


def test_the_printed_sql_may_be_applied_twice(database: Database, planted: Planted):
    """As documented, by psql: what is there already stays."""
    dsn = prepared_by_sql(database)
    before = rights(database)
    assert before and not any(name == "virtual_keys" for name, *_ in before), "the view needs no right on the table"
    again = subprocess.run(
        [client_directory() / "psql", "-X", database.postgres.socket_dsn(database=database.name)],
        input=printed_sql(database), capture_output=True, check=False,
    )  # fmt: skip
    assert again.returncode == 0 and b"ERROR" not in again.stderr, again.stderr.decode()
    assert rights(database) == before
    for statement in ("SELECT key_hash FROM virtual_keys", "DELETE FROM keyshift_keys", "CREATE TABLE t ()"):
        with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            with pytest.raises(psycopg2.Error):
                cursor.execute(statement)
    found = doctor({"gateway": VIEW, "collectors": [{"type": "keys"}, {"type": "statements"}]}, DATABASE_URL=dsn)
    assert found.exit_code == 0 and found.of("keys", "warning") == []
    assert "may neither change the key table nor read its bcrypt hashes" in found.what("keys", "ok")
    assert "pg_stat_statements can be read" in found.what("statements", "ok")


@dataclass
class World:
    """After the traffic has stopped."""

    database: Database
    planted: Planted
    gateway: Gateway
    changes: dict[str, int]
    serve: Serve

    def administered(self, kind: str) -> int:
        """Changes to keys without owners, made with SQL."""
        return self.changes.get(f"{kind} by SQL 200", 0)

    def removed(self, kind: str) -> int:
        by_hand = self.administered("delete") if kind == "legacy" else 0
        return self.gateway.counts()["keys"]["deleted"][kind] + by_hand

    def left(self) -> tuple[int, int]:
        """Legacy and modern keys, by what the clients did."""
        legacy = sum(key.legacy for key in self.planted.keys)
        created = self.gateway.counts()["keys"]["created"]["modern"] + self.administered("issue")
        return legacy - self.removed("legacy"), len(self.planted.keys) - legacy + created - self.removed("modern")

    def sql(self, query: str) -> float:
        return float(self.database.execute(query)[0][0])


@contextlib.contextmanager
def watched(database: Database, planted: Planted, redis: Redis, behaviour: str, *, view: bool = True) -> Iterator[World]:
    """A gateway of the behaviour while its owners move their keys, and keyshift as the reader."""
    dsn = prepared_by_sql(database, *([] if view else ["role", "index", "statements"]))
    gateway_section = VIEW if view else {"statements": {}}
    statements = {**gateway_section["statements"], **BY_ID}
    tree = {**looking(dsn, keys={"interval": "200ms"}), "gateway": {**gateway_section, "statements": statements}}
    # It counts all that is read, and first: a bound that is no evidence of what the statements will count.
    tree["collectors"].append({"type": "redis", "url": redis.url(), "interval": "100ms"})
    with gateway_of(database, behaviour, redis_url=redis.url()) as gateway, Serve(tree) as serve:
        totals = Traffic(gateway.url, planted, seed=7, dsn=database.dsn(), leave=0.3).run_steps(STEPS)
        yield World(database, planted, gateway, totals["changes"], serve)


@pytest.mark.parametrize("view", [True, False], ids=["view", "table"])
@pytest.mark.parametrize("behaviour", ["faithful", "fallback"])
def test_every_number_is_the_traffics_own(database, planted, own_redis, behaviour, view):
    with watched(database, planted, own_redis, behaviour, view=view) as world:
        serve = world.serve
        statements = settled(serve, world.gateway)
        counts = world.gateway.counts()
        assert statements["lookups found"] > 5 and world.removed("legacy") > 1, "the comparison is not one of zeros"
        assert (statements["scans"] > 0) == (statements["keys compared"] > 0) == (behaviour == "fallback")
        assert serve.metric("keyshift_statements_unclassified_total") == resets(serve) == 0

        serve.wait_for_poll()
        assert serve.keys() == world.left()
        legacy = "FROM virtual_keys WHERE key_lookup_hash IS NULL"
        assert serve.keys()[0] == world.sql(f"SELECT count(*) {legacy}")
        baseline = sum(key.legacy for key in planted.keys)
        assert serve.metric("keyshift_legacy_keys_baseline") == baseline
        assert sum(phases(serve).values()) == baseline
        assert phases(serve)["retired"] + phases(serve)["retired_in_use"] == world.removed("legacy")
        newest = world.sql(f"SELECT floor(extract(epoch FROM max(last_used_at))) {legacy}")
        assert serve.metric("keyshift_legacy_last_used_timestamp_seconds") == newest
        assert serve.metric("keyshift_legacy_owners") == world.sql(f"SELECT count(DISTINCT user_id) {legacy}")
        observed = serve.metric("keyshift_legacy_uses_observed_total")
        assert observed <= counts["authenticated"]["legacy"] and (observed > 0) == (behaviour == "fallback")

        def hits() -> float:
            return serve.metric("keyshift_fallback_auth_total")

        # Scans for garbage keys within two seconds of a use may be of it.
        fallback = counts["fallback"]
        eventually(lambda: fallback["hits"] <= hits() <= fallback["attempts"], 20, f"uses of {fallback}, not {hits()}")
        eventually(lambda: serve.metric("keyshift_auth_cache_hits_total") == counts["auth_cache"]["verified"]["hit"],
                   15, "hits of the auth cache")  # fmt: skip
        assert serve.metric("keyshift_auth_cache_misses_total") == counts["authenticated"]["without_cache"]
        if behaviour == "faithful":
            unknown = counts["failures"]["unknown_key"]
            assert serve.metric("keyshift_auth_failures_total", reason="unknown_key") == unknown


def phases(serve: Serve) -> dict[str, float]:
    return {
        dict(labels)["phase"]: value for (name, labels), value in serve.metrics().items() if name == "keyshift_legacy_keys"
    }


def test_each_command_says_the_same(database, planted, own_redis):
    with watched(database, planted, own_redis, "fallback") as world:
        serve = world.serve
        settled(serve, world.gateway)
        serve.wait_for_poll()

        def run(*command: str) -> subprocess.CompletedProcess[bytes]:
            return Keyshift().run(*command, "--config", serve.config_path)

        left = {row[0] for row in database.execute("SELECT id::text FROM virtual_keys WHERE key_lookup_hash IS NULL")}
        report = run("report", "--format=csv")
        assert report.returncode == 0 and {row.split(",")[0] for row in report.stdout.decode().splitlines()[1:]} == left
        assert f"Found {len(left)} API keys without lookup_hash".encode() in run("report").stdout
        status = run("status")
        hits = int(serve.metric("keyshift_fallback_auth_total"))
        assert status.returncode == 0 and f"fallback hits: {hits} in all" in status.stdout.decode()
        verdict = run("verdict", "--format", "json")
        answer = json.loads(verdict.stdout)
        assert (verdict.returncode, answer["verdict"]) in {(1, "NOT_YET"), (2, "UNSAFE"), (3, "UNKNOWN")}, answer
        for check in answer["checks"]:
            shown = serve.metric("keyshift_fallback_removal_check", check=check["check"])
            assert shown == (None if check["outcome"] == "not measured" else check["outcome"] == "pass"), check
        some = sorted(left)[0]
        assert some in run("key", some).stdout.decode()
        found = doctor(yaml.safe_load(serve.config_path.read_text()))
        assert found.exit_code == 0 and not [f for f in found.findings if f["result"] == "failure"]
        assert found.of("statements", "warning") == []
        assert Keyshift().run("check", serve.config_path).returncode == 0


def test_the_verdict_is_safe_until_a_legacy_key_is_used(database: Database):
    table = DrainedTable(database)
    tree = soon_safe(prepared_by_sql(database))
    tree["gateway"] |= VIEW
    try:
        with Serve(tree) as serve:
            wait_until_safe(serve)
            assert Keyshift().run("verdict", "--config", serve.config_path).returncode == 0
            table.use(table.legacy[0])
            wait_until_not_safe(serve)
            assert Keyshift().run("verdict", "--config", serve.config_path).returncode in (1, 2)
            assert_stays_unsafe(serve, 2)
            assert not is_safe(serve)
    finally:
        drop_reader(database)
