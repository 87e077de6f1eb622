# SPDX-License-Identifier: Apache-2.0
"""A whole migration, end to end: a gateway with PostgreSQL and Redis, its clients, keyshift, and Prometheus.

There are two worlds, one per behaviour of gateways. In each, owners move their keys over HTTP, keyshift is killed
half-way, and an administrator makes two more legacy keys. Then the traffic stops, and what Prometheus has stored is
compared with what the database holds and with what the gateway says it did.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway_sim import Gateway, Planted, Seed, Traffic
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database, Postgres
from harness.servers.prometheus import Prometheus, promtool
from harness.servers.redis import Redis
from harness.tools.wait import eventually

STEPS = 240
ROGUES = 2
WINDOWS = {"5m": "5 minutes", "1h": "1 hour", "24h": "1 day", "7d": "7 days", "30d": "30 days"}


@dataclass
class World:
    """One gateway's, after its traffic has stopped. `counts` are the gateway's own, `changes` the clients'."""

    behaviour: str
    database: Database
    planted: Planted
    counts: dict
    changes: dict
    keyshift: Serve
    prometheus: Prometheus

    def stored(self, metric: str, **labels: str) -> float | None:
        """What Prometheus has for it now."""
        matchers = ",".join(f'{name}="{value}"' for name, value in {"job": self.behaviour, **labels}.items())
        samples = self.prometheus.query(f"{metric}{{{matchers}}}")
        assert len(samples) <= 1
        return samples[0][1] if samples else None

    def over_time(self, function: str, metric: str, **labels: str) -> float:
        matchers = ",".join(f'{name}="{value}"' for name, value in {"job": self.behaviour, **labels}.items())
        ((_, value),) = self.prometheus.query(f"{function}({metric}{{{matchers}}}[10m])")
        return value

    def sql(self, query: str) -> float:
        return float(self.database.execute(query)[0][0])

    def administered(self, kind: str) -> int:
        """Changes to keys without owners, made with SQL."""
        return self.changes.get(f"{kind} by SQL 200", 0)

    def legacy_deleted(self) -> int:
        return self.counts["keys"]["deleted"]["legacy"] + self.administered("delete")


def migrate(behaviour: str, number: int, postgres: Postgres, redis: Redis, keyshift: Serve, world: dict) -> None:
    """Traffic from beginning to end; fills `world`."""
    database: Database = world["database"]
    gateway = Gateway(database.dsn(), redis.url(database=number), behaviour=behaviour, require_auth=True)
    with gateway:
        traffic = Traffic(gateway.url, world["planted"], seed=7, dsn=database.dsn(), leave=0.3)
        steps = traffic.plan.steps(STEPS)
        traffic.plan.steps = lambda count: (next(steps) for _ in range(count))
        traffic.run_steps(STEPS // 2)
        keyshift.kill9()
        table = KeyTable(database)
        for _ in range(ROGUES):
            table.add(name="rogue", cost=4, age=0 * DAY)
        keyshift.start()
        totals = traffic.run_steps(STEPS - STEPS // 2)
        world["counts"], world["changes"] = gateway.counts(), totals["changes"]


@pytest.fixture(scope="module")
def worlds(postgres: Postgres, redis: Redis) -> Iterator[dict[str, World]]:
    with contextlib.ExitStack() as stack:
        parts: dict[str, dict] = {}
        daemons: dict[str, Serve] = {}
        for behaviour in ("faithful", "fallback"):
            database = postgres.create_database()
            stack.callback(database.drop)
            parts[behaviour] = {"database": database, "planted": Seed(seed=11).plant(database.dsn())}
            daemons[behaviour] = stack.enter_context(Serve(watching(database.dsn(), interval="100ms")))
        targets = {behaviour: [f"127.0.0.1:{daemon.port}"] for behaviour, daemon in daemons.items()}
        prometheus = stack.enter_context(Prometheus(targets, interval="100ms"))
        prometheus.wait_for("count(keyshift_keys) == 4")
        for number, behaviour in enumerate(parts, 1):
            migrate(behaviour, number, postgres, redis, daemons[behaviour], parts[behaviour])
        yield {
            behaviour: World(behaviour, **parts[behaviour], keyshift=daemons[behaviour], prometheus=prometheus)
            for behaviour in parts
        }


@pytest.fixture(params=["faithful", "fallback"])
def world(request: pytest.FixtureRequest, worlds: dict[str, World]) -> World:
    """Settled: keyshift has looked since the traffic stopped, and Prometheus has stored what it saw."""
    settled = worlds[request.param]
    settled.keyshift.wait_for_poll()
    last = settled.keyshift.metric("keyshift_source_last_success_timestamp_seconds", source="keys")
    eventually(
        lambda: (settled.stored("keyshift_source_last_success_timestamp_seconds") or 0) >= last, 20, "a scrape of that"
    )
    return settled


def test_something_happened(world: World):
    """The comparison below is not one of zeros."""
    assert world.legacy_deleted() > 3
    assert world.counts["keys"]["created"]["modern"] > 3
    assert world.counts["authenticated"]["modern"] > 20
    assert (world.counts["authenticated"]["legacy"] > 20) == (world.behaviour == "fallback")
    assert len([key for key in world.planted.keys if key.legacy]) > world.legacy_deleted() > 0


def test_the_keys_that_are_left_are_those_of_the_gateway(world: World):
    planted_legacy = len([key for key in world.planted.keys if key.legacy])
    planted_modern = len(world.planted.keys) - planted_legacy
    legacy = world.stored("keyshift_keys", state="legacy")
    modern = world.stored("keyshift_keys", state="modern")
    assert legacy == planted_legacy + ROGUES - world.legacy_deleted()
    assert modern == (
        planted_modern + world.counts["keys"]["created"]["modern"] + world.administered("issue")
        - world.counts["keys"]["deleted"]["modern"]
    )
    assert legacy == world.sql("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")
    assert modern == world.sql("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NOT NULL")


def test_what_the_migration_has_to_move_is_what_there_ever_was(world: World):
    planted_legacy = len([key for key in world.planted.keys if key.legacy])
    assert world.stored("keyshift_legacy_keys_baseline") == planted_legacy + ROGUES
    assert world.stored("keyshift_legacy_keys_created_total") == ROGUES


def test_use_is_what_the_database_says(world: World):
    legacy = "FROM virtual_keys WHERE key_lookup_hash IS NULL"

    def differences() -> dict:
        found = {}
        for name, length in WINDOWS.items():
            stored = world.stored("keyshift_legacy_keys_used", window=name)
            counted = world.sql(f"SELECT count(*) {legacy} AND last_used_at > now() - interval '{length}'")
            if stored != counted:
                found[name] = (stored, counted)
        return found

    eventually(lambda: not differences(), 5, "equal windows (a key may cross an edge meanwhile)")
    newest = world.sql(f"SELECT floor(extract(epoch FROM max(last_used_at))) {legacy}")
    assert world.stored("keyshift_legacy_last_used_timestamp_seconds") == newest
    assert world.stored("keyshift_legacy_owners") == world.sql(f"SELECT count(DISTINCT user_id) {legacy}")
    cost = world.sql(f"SELECT count(*) {legacy} AND key_hash LIKE '$2b$04%'")
    assert world.stored("keyshift_legacy_keys_by_bcrypt_cost", cost="4") == cost > 0
    start = world.sql("SELECT extract(epoch FROM min(created_at)) FROM virtual_keys WHERE key_lookup_hash IS NOT NULL")
    assert world.stored("keyshift_migration_start_timestamp_seconds") == pytest.approx(start, abs=1e-3)


def test_uses_seen_are_a_lower_bound_of_the_gateways_own_count(world: World):
    seen = world.stored("keyshift_legacy_uses_observed_total")
    accepted = world.counts["authenticated"]["legacy"]
    if world.behaviour == "faithful":
        assert (seen, accepted) == (0, 0)
    else:
        distinct = {key.id for key in world.planted.keys if key.legacy}.intersection(
            world.counts["authenticated"]["by_key"]
        )
        assert len(distinct) <= seen <= accepted


def test_nothing_was_ever_shown_as_zero_or_went_back(world: World):
    planted_legacy = len([key for key in world.planted.keys if key.legacy])
    assert world.over_time("max_over_time", "keyshift_keys", state="legacy") <= planted_legacy + ROGUES
    assert world.over_time("min_over_time", "keyshift_keys", state="legacy") == world.stored(
        "keyshift_keys", state="legacy"
    )
    assert world.over_time("min_over_time", "keyshift_legacy_keys_baseline") == planted_legacy
    assert world.over_time("min_over_time", "keyshift_source_up", source="keys") == 1
    for counter in ("keyshift_legacy_keys_created_total", "keyshift_legacy_uses_observed_total"):
        assert world.over_time("resets", counter) == 0
    assert world.over_time("resets", "process_start_time_seconds") == 0
    assert world.over_time("changes", "process_start_time_seconds") == 1
    failures = world.prometheus.query(f'sum(keyshift_source_errors_total{{job="{world.behaviour}"}})')
    assert failures[0][1] == 0


def test_phases_always_add_up_to_the_baseline(world: World):
    """In every scrape that Prometheus has stored; and in the end the keys that are gone are those that were deleted."""
    job = f'{{job="{world.behaviour}"}}'
    difference = f"abs(sum(keyshift_legacy_keys{job}) - sum(keyshift_legacy_keys_baseline{job}))"
    ((_, worst),) = world.prometheus.query(f"max_over_time({difference}[10m:50ms])")
    assert worst == 0
    gone = [world.stored("keyshift_legacy_keys", phase=phase) for phase in ("retired", "retired_in_use")]
    assert sum(gone) == world.legacy_deleted()
    assert world.stored("keyshift_legacy_keys", phase="upgraded") == 0
    ((_, transitions),) = world.prometheus.query(f"sum(keyshift_phase_transitions_total{job})")
    assert transitions >= world.legacy_deleted()
    assert world.prometheus.query(f"max(resets(keyshift_phase_transitions_total{job}[10m]))")[0][1] == 0


def test_nobody_is_stranded_and_nothing_safe_within_minutes(world: World):
    """A fallback shows at once, its absence only after days of silence: the planted legacy keys were used until an hour
    ago, and modern ones had come into use before, so that also the other gateway must have had a fallback until then."""
    shown = {mode: world.stored("keyshift_fallback_mode", mode=mode) for mode in ("present", "absent", "unknown")}
    assert shown == {"present": 1, "absent": 0, "unknown": 0}
    assert world.over_time("max_over_time", "keyshift_legacy_keys", phase="stranded") == 0
    assert world.over_time("max_over_time", "keyshift_fallback_removal_safe") == 0
    assert world.stored("keyshift_fallback_removal_check", check="no_new_legacy") == 0, "the rogues"


def test_the_report_lists_the_keys_that_are_left(world: World):
    result = Keyshift().run("report", "--format=csv", env={"DATABASE_URL": world.database.dsn()})
    rows = result.stdout.decode().splitlines()[1:]
    left = {row[0] for row in world.database.execute("SELECT id::text FROM virtual_keys WHERE key_lookup_hash IS NULL")}
    assert {row.split(",")[0] for row in rows} == left
    assert len(rows) == world.stored("keyshift_keys", state="legacy")


def test_the_gateway_was_read_and_nothing_else(world: World):
    """keyshift's only statements are reads, and the only writers are the gateway, its clients and this test."""
    texts = world.database.execute(
        "SELECT DISTINCT lower(query) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
        "WHERE d.datname = current_database() AND query LIKE 'COPY%%'",
        (),
    )
    assert texts and all(text.startswith("copy (select") and "to stdout" in text for (text,) in texts)


def test_prometheus_and_promtool_accept_every_sample(world: World):
    assert world.over_time("min_over_time", "up") in (0, 1)
    assert world.prometheus.query(f'up{{job="{world.behaviour}"}}')[0][1] == 1
    result = promtool(["check", "metrics"], world.keyshift.scrape_text())
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    served = {name for name, _ in world.keyshift.metrics()}
    stored = {
        labels["__name__"] for labels, _ in world.prometheus.query(f'{{__name__=~".+",job="{world.behaviour}"}}')
    }
    assert served <= stored
