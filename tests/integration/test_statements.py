# SPDX-License-Identifier: Apache-2.0
"""The collector `statements`: what PostgreSQL counts of a gateway, against what the gateway itself says it did."""

import contextlib
import json
import re
import sqlite3
import time

import pytest
import requests

from gateway_sim import Planted, Seed, create_schema
from harness.product.counting import counted, done, gateway_of, looking, resets, run, settled, wait_for_a_look
from harness.product.keyshift import Keyshift, Serve
from harness.product.verdicts import ask, check
from harness.product.watching import KeyTable
from harness.servers.postgres import Database, Postgres
from harness.servers.statements import VERSIONS, ImitatedStatements, crowd_out
from harness.tools.wait import eventually


BY_ID = "select * from virtual_keys where id = $1"
RIDDLE = "SELECT id, key_hash FROM virtual_keys WHERE key_lookup_hash = 'a' OR key_hash = '$2b$10$secret'"


def doctor(serve: Serve) -> str:
    return Keyshift().run("doctor", "--config", serve.config_path).stdout.decode()


@pytest.fixture
def planted(database: Database) -> Planted:
    return Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())


# --- exactness


@pytest.mark.parametrize(("behaviour", "scope"), [("faithful", "all"), ("fallback", "all"), ("fallback", "legacy")])
def test_every_event_is_counted_once(database, planted, redis, behaviour, scope):
    with redis.client() as client:
        client.flushall()
    options = {"redis_url": redis.url(), "fallback_scope": scope}
    # The gateway's own word that reads by id are checks of keys: this one has no other logins.
    tree = {"gateway": {"statements": {"by_id": BY_ID}}, **looking(database.dsn())}
    with gateway_of(database, behaviour, **options) as gateway, Serve(tree) as serve:
        assert set(counted(serve).values()) == {0.0}
        run(gateway, planted, 80)
        seen = settled(serve, gateway)
        counts = gateway.counts()
        assert seen["lookups found"] > 5 and seen["lookups not found"] > 5 and seen["verifications"] > 5
        assert (seen["scans"] > 0) == (behaviour == "fallback") == (seen["keys compared"] > 0)
        assert counts["fallback"]["attempts"] == seen["scans"] and counts["fallback"]["compared"] == seen["keys compared"]
        assert serve.metric("keyshift_evidence_info", signal="fallback", evidence="statements") == 1
        hits = serve.metric("keyshift_fallback_auth_total")
        # Scans for garbage keys within two seconds of a use may be of it: told apart below.
        assert counts["fallback"]["hits"] <= hits <= seen["scans"], "garbage keys are scanned for, too"
        assert behaviour == "fallback" or hits == 0
        assert serve.metric("keyshift_statements_unclassified_total") == 0
        assert serve.metric("keyshift_auth_cache_misses_total") == seen["verifications"]
        wait_for_a_look(serve)
        assert serve.metric("keyshift_auth_cache_hits_total") == counts["auth_cache"]["verified"]["hit"]
        unknown = serve.metric("keyshift_auth_failures_total", reason="unknown_key")
        if behaviour == "faithful":
            assert unknown == counts["failures"]["unknown_key"] == seen["lookups not found"]
        else:
            assert unknown is None, "a lookup that finds nothing may be a legacy key's"
        assert resets(serve) == 0


def test_uses_of_the_fallback_are_counted_exactly_and_scans_in_vain_are_none(database, planted):
    keys = planted.with_role("active", legacy=True)
    with gateway_of(database, "fallback") as gateway, Serve(looking(database.dsn(), keys={"interval": "200ms"})) as serve:

        def call(key: str, answer: int) -> None:
            headers = {"Authorization": f"Bearer {key}"}
            assert requests.post(f"{gateway.url}/v1/models", headers=headers, timeout=20).status_code == answer

        def hits() -> float:
            return serve.metric("keyshift_fallback_auth_total")

        for key in keys * 4:
            call(key.text, 200)
        uses = settled(serve, gateway)["scans"]
        assert uses == gateway.counts()["fallback"]["hits"] == 4 * len(keys)
        eventually(lambda: hits() == uses, 15, f"{uses} uses, not {hits()}")
        for round in (1, 2):
            last_use = time.monotonic()
            # More than the two seconds in which a scan may be of a use.
            eventually(lambda: time.monotonic() > last_use + 3, 5, "the last use is long ago")
            wait_for_a_look(serve)
            for number in range(5):
                call(f"sk-garbage{round}{number}", 401)
            assert settled(serve, gateway)["scans"] == uses + 5 * round + (round - 1)
            # A poll of the key table more than two seconds later tells that they were in vain.
            scanned = time.monotonic()
            eventually(lambda: time.monotonic() > scanned + 3, 5, "they have been judged")
            serve.wait_for_poll()
            assert hits() == uses + (round - 1) == gateway.counts()["fallback"]["hits"]
            if round == 1:
                call(keys[0].text, 200)
                eventually(lambda: hits() == uses + 1, 15, f"one more use, not {hits() - uses}")


def test_what_happened_before_is_not_counted(database, planted):
    with gateway_of(database, "fallback") as gateway:
        run(gateway, planted)
        before = done(gateway)
        assert before["scans"] > 0
        with Serve(looking(database.dsn())) as serve:
            assert set(counted(serve).values()) == {0.0}
            run(gateway, planted, seed=8)
            after = done(gateway)
            eventually(
                lambda: counted(serve) == {name: after[name] - before[name] for name in after}, 15, "only what is new"
            )


def test_users_add_up(database):
    create_schema(database.dsn())
    lookup = "SELECT id, key_hash FROM virtual_keys WHERE key_lookup_hash = 'no such key'"
    with Serve(looking(database.dsn())) as serve:
        for number, name in enumerate(("blue", "green")):
            role = f"{name}_{database.name}"
            database.create_role(role, f"s3cret of {role}", ["SELECT ON virtual_keys"])
            for _ in range(number + 2):
                database.execute(f"SET ROLE {role}; {lookup}")
        database.execute(f"DO $$ BEGIN PERFORM 1; {lookup.replace('SELECT', 'PERFORM', 1)}; END $$")
        eventually(lambda: counted(serve)["lookups not found"] == 5, 15, "the lookups of both users, not of a DO block")


def test_neither_keyshift_nor_an_administrator_is_taken_for_the_gateway(database, planted):
    dsn = database.dsn()
    database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")
    with Serve(looking(dsn)) as serve:
        for args in (["report"], ["report", "--group-by", "owner", "--format", "json"], ["status"], ["verdict"]):
            Keyshift().run(*args, env={"DATABASE_URL": dsn})
        for statement in (
            "SELECT COUNT(*) FROM virtual_keys WHERE key_lookup_hash IS NULL",
            "SELECT id, key_prefix, name, user_id FROM virtual_keys WHERE key_lookup_hash IS NULL ORDER BY created_at",
            "UPDATE virtual_keys SET blocked = true WHERE false",
        ):
            database.execute(statement)
        serve.wait_for_poll()
        wait_for_a_look(serve)
        assert set(counted(serve).values()) == {0.0}
        database.execute("SELECT * FROM virtual_keys")
        eventually(lambda: counted(serve)["scans"] == 1, 15, "this one is what a fallback does")


# --- what begins anew


def covered_at(serve: Serve) -> int:
    """Since when nothing can have been missed of what statements count, as the state has it: the verdict may rest on
    other evidence."""
    uri = f"file:{serve.state_directory / 'keyshift.db'}?mode=ro"

    def since() -> int | None:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5)) as state:
            row = state.execute("SELECT value FROM fact WHERE name = 'source:statements:counted_since'").fetchone()
        return int(row[0]) if row and row[0] else None

    return eventually(since, 10, "the first look is saved")


def test_resets_in_a_quiet_moment_lose_nothing(database, planted):
    with gateway_of(database, "fallback") as gateway, Serve(looking(database.dsn())) as serve:
        run(gateway, planted)
        settled(serve, gateway)
        before = covered_at(serve)
        database.reset_statements()
        eventually(lambda: resets(serve) == 1, 10, "the reset is noticed")
        eventually(lambda: covered_at(serve) > before, 10, "coverage begins anew")
        run(gateway, planted, seed=8)
        settled(serve, gateway)
        assert resets(serve) == 1
        database.execute(
            """SELECT pg_stat_statements_reset(0, 0, queryid) FROM pg_stat_statements
               WHERE query ILIKE '%UPDATE virtual_keys%SET last_used_at%'"""
        )
        eventually(lambda: resets(serve) == 2, 10, "the reset of one statement is noticed")
        run(gateway, planted, seed=9)
        settled(serve, gateway)
        assert resets(serve) == 2


def test_the_servers_restart_loses_nothing_and_its_crash_is_noticed(own_postgres):
    database = own_postgres.create_database()
    planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
    with Serve(looking(database.dsn())) as serve:
        with gateway_of(database, "fallback") as gateway:
            run(gateway, planted)
            before = settled(serve, gateway)
        coverage = covered_at(serve)
        for mode in ("fast", "immediate"):
            own_postgres.restart(mode)
            eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 1, 30, "it is back")
            wait_for_a_look(serve)
            assert counted(serve) == before, mode
            assert (resets(serve), covered_at(serve)) == (0, coverage), mode
        own_postgres.crash()
        eventually(lambda: resets(serve) == 1, 30, "the crash is noticed")
        eventually(lambda: covered_at(serve) > coverage, 10, "coverage begins anew")
        assert counted(serve) == before
        with gateway_of(database, "fallback") as gateway:
            run(gateway, planted, seed=8)
            more = done(gateway)
            eventually(
                lambda: counted(serve) == {name: before[name] + more[name] for name in more}, 15, "it counts on"
            )


def test_evictions_are_a_loss_and_never_a_step_back():
    with Postgres(settings={"pg_stat_statements.max": "100"}) as server:
        database = server.create_database()
        planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
        with gateway_of(database, "fallback") as gateway, Serve(looking(database.dsn())) as serve:
            last = counted(serve)
            for seed in range(5):
                run(gateway, planted, 20, seed=seed)
                known = covered_at(serve)
                crowd_out(database, 300)
                wait_for_a_look(serve)
                now = counted(serve)
                assert all(now[name] >= last[name] for name in now)
                eventually(lambda: covered_at(serve) > known, 10, "coverage begins anew")
                # PostgreSQL 13 tells of no eviction: what makes one likely is taken for it.
                assert resets(serve) > seed or server.major_version() < 14
                last = now
            assert last["scans"] > 0
            assert all(last[name] <= value for name, value in done(gateway).items())
            serve.stop()
            known = covered_at(serve)
            crowd_out(database, 300)
            serve.start()
            eventually(lambda: covered_at(serve) > known, 10, "coverage begins anew: evictions while keyshift was down")
            assert all(counted(serve)[name] >= last[name] for name in last)


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_nothing_is_lost_or_counted_twice_over_a_restart_of_keyshift(database, planted, end):
    with gateway_of(database, "fallback") as gateway, Serve(looking(database.dsn())) as serve:
        coverage = covered_at(serve)
        for seed in range(3):
            run(gateway, planted, 20, seed=seed)
            settled(serve, gateway)
            getattr(serve, end)()
            run(gateway, planted, 20, seed=10 + seed)
            serve.start()
            settled(serve, gateway)
        assert (resets(serve), covered_at(serve)) == (0, coverage)


def test_an_extension_that_is_brought_up_to_date_counts_nothing_twice(postgres):
    """It then tells of resets, which it had not done before: that is no reset."""
    database = postgres.create_database(extensions=())
    database.execute("CREATE EXTENSION pg_stat_statements VERSION '1.8'")
    planted = Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())
    with gateway_of(database, "fallback") as gateway, Serve(looking(database.dsn())) as serve:
        run(gateway, planted)
        assert settled(serve, gateway)["scans"] > 0
        before = covered_at(serve)
        serve.stop()
        database.execute("ALTER EXTENSION pg_stat_statements UPDATE")
        serve.start()
        run(gateway, planted, seed=8)
        settled(serve, gateway)
        eventually(lambda: covered_at(serve) > before, 10, "coverage begins anew: there may have been one")
    database.drop()


def test_a_reset_is_noticed_where_no_statement_is_known(database):
    """A scan and a reset between two looks: nobody knows what is missing."""
    create_schema(database.dsn())
    with Serve(looking(database.dsn())) as serve:
        before = covered_at(serve)
        database.execute("SELECT id, key_hash FROM virtual_keys; SELECT pg_stat_statements_reset()")
        eventually(lambda: resets(serve) == 1, 10, "the reset is noticed")
        eventually(lambda: covered_at(serve) > before, 10, "coverage begins anew")


def test_a_moment_in_which_nothing_was_tracked_breaks_the_coverage(own_postgres):
    database = own_postgres.create_database()
    create_schema(database.dsn())

    def track(what: str, up: int) -> None:
        own_postgres.execute(f"ALTER SYSTEM SET pg_stat_statements.track = '{what}'")
        own_postgres.execute("SELECT pg_reload_conf()")
        eventually(lambda: serve.metric("keyshift_source_up", source="statements") == up, 30, what)

    with Serve(looking(database.dsn())) as serve:
        before = covered_at(serve)
        track("none", 0)
        database.execute("SELECT id, key_hash FROM virtual_keys")
        track("top", 1)
        eventually(lambda: covered_at(serve) > before, 10, "what ran meanwhile is lost, however short that was")
        assert counted(serve)["scans"] == 0


# --- what fits nothing, and who is the gateway


def test_what_fits_no_class_is_counted_and_named_until_it_is_ignored(database):
    create_schema(database.dsn())
    with Serve(looking(database.dsn())) as serve:
        assert serve.metric("keyshift_statements_unclassified_total") == 0
        database.execute(RIDDLE)
        eventually(lambda: serve.metric("keyshift_statements_unclassified_total") == 1, 15, "it may be the fallback")
        text = doctor(serve)
        assert "WHERE key_lookup_hash = $1 OR key_hash = $2" in text and "gateway.statements.ignore" in text
        assert "secret" not in text + serve.log()
    ignoring = {"gateway": {"statements": {"ignore": "select * where key_lookup_hash = $1 or *"}}, **looking(database.dsn())}
    with Serve(ignoring) as serve:
        database.execute(RIDDLE)
        wait_for_a_look(serve)
        assert serve.metric("keyshift_statements_unclassified_total") == 0
        assert "left out are by gateway.statements.ignore 1" in doctor(serve)


def test_a_do_block_that_reads_hashes_is_shown_without_its_values(database):
    create_schema(database.dsn())
    with Serve(looking(database.dsn())) as serve:
        database.execute("DO $$ BEGIN PERFORM id FROM virtual_keys WHERE key_hash = '$2b$10$secret'; END $$")
        eventually(lambda: serve.metric("keyshift_statements_unclassified_total") == 1, 15, "nobody sees into it")
        assert "secret" not in doctor(serve) + serve.log()


def test_what_an_administrator_reads_is_left_out_once_the_gateway_is_known(database):
    create_schema(database.dsn())
    role = f"api_{database.name}"
    database.create_role(role, f"s3cret of {role}", ["SELECT, UPDATE ON virtual_keys"])
    with Serve(looking(database.dsn())) as serve:
        database.execute(f"SET ROLE {role}; SELECT id FROM virtual_keys WHERE key_lookup_hash = 'x'")
        eventually(lambda: counted(serve)["lookups not found"] == 1, 15, "the gateway has shown itself")
        database.execute("SELECT * FROM virtual_keys")
        database.execute(f"SET ROLE {role}; SELECT id, key_hash FROM virtual_keys WHERE NOT blocked")
        eventually(lambda: counted(serve)["scans"] == 1, 15, "the gateway's, and no other")
        wait_for_a_look(serve)
        assert counted(serve)["scans"] == 1 and resets(serve) == 0
        assert "left out are by role (gateway.statements.roles) 1 statement of" in doctor(serve)
        # In the words of each who is asked: the text, and JSON.
        said = "; left out of statements: by role (gateway.statements.roles) 1 statement of "
        assert said in check(serve, "no_fallback_hits")[1] and said in ask(serve, "verdict")


# --- where it cannot count


def test_without_the_extension_it_says_how_to_create_it(postgres):
    database = postgres.create_database(extensions=())
    create_schema(database.dsn())
    with Serve(env={"DATABASE_URL": database.dsn()}) as implied:
        assert "msg=\"not measured\" source=statements" in implied.log()
        assert "CREATE EXTENSION pg_stat_statements" in implied.log()
        assert implied.metric("keyshift_fallback_scans_total") is None
        assert implied.metric("keyshift_source_errors_total", source="statements", reason="schema") in (None, 0)
    with Serve(looking(database.dsn()), until="ready") as asked_for:
        eventually(lambda: asked_for.metric("keyshift_source_up", source="statements") == 0, 10, "it is down")
        assert asked_for.metric("keyshift_source_errors_total", source="statements", reason="schema") >= 1
        database.execute("CREATE EXTENSION pg_stat_statements")
        eventually(lambda: asked_for.metric("keyshift_source_up", source="statements") == 1, 60, "now it counts")
    database.drop()


def test_without_the_library_it_says_how_to_load_it():
    with Postgres(settings={"shared_preload_libraries": ""}) as server:
        database = server.create_database()
        create_schema(database.dsn())
        with Serve(looking(database.dsn())) as serve:
            eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 0, 10, "it is down")
            assert "pg_stat_statements is not loaded" in serve.log()
            assert "ALTER SYSTEM SET shared_preload_libraries" in serve.log()


def test_without_the_right_it_says_which_one(database):
    create_schema(database.dsn())
    dsn = database.create_monitor(["SELECT ON virtual_keys"])
    with Serve(env={"DATABASE_URL": dsn}) as serve:
        role = f"{database.name}_monitor_0"
        assert "msg=\"not measured\" source=statements" in serve.log()
        assert f"GRANT pg_read_all_stats TO \\\"{role}\\\"" in serve.log()
        text = Keyshift().run("status", env={"DATABASE_URL": dsn}).stdout.decode()
        assert re.search(r"statements +not measured: user .* may not read the statements of other users", text)
    database.execute(f"GRANT pg_read_all_stats TO {role}")
    with Serve(env={"DATABASE_URL": dsn}) as serve:
        assert set(counted(serve).values()) == {0.0}


def test_where_nothing_is_tracked_it_says_so():
    with Postgres(settings={"pg_stat_statements.track": "none"}) as server:
        database = server.create_database()
        create_schema(database.dsn())
        with Serve(looking(database.dsn())) as serve:
            eventually(lambda: "pg_stat_statements.track is none" in serve.log(), 10, "the setting is named")

            def track(what: str) -> None:
                server.execute(f"ALTER SYSTEM SET pg_stat_statements.track = '{what}'")
                server.execute("SELECT pg_reload_conf()")

            track("top")
            eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 1, 10, "it counts")
            # On a connection that is open already.
            track("none")
            eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 0, 10, "0 would be a lie")


def test_where_statements_are_no_longer_counted_it_says_so(own_postgres):
    """The entries stay and do not grow: that would pass for a gateway at rest."""
    database = own_postgres.create_database()
    create_schema(database.dsn())

    def query_ids(setting: str) -> None:
        own_postgres.execute(f"ALTER SYSTEM SET compute_query_id = '{setting}'")
        own_postgres.execute("SELECT pg_reload_conf()")

    with Serve(looking(database.dsn())) as serve:
        eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 1, 10, "it counts")
        query_ids("off")
        eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 0, 10, "0 would be a lie")
        assert serve.errors("statements") == {"schema": serve.errors("statements")["schema"]}
        assert "for want of query ids" in serve.log()
        query_ids("on")
        eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 1, 10, "it counts again")
        own_postgres.execute("SELECT pg_stat_statements_reset()", database=database.name)
        wait_for_a_look(serve)
        assert serve.metric("keyshift_source_up", source="statements") == 1


def test_a_standby_does_not_pass_for_the_primary(own_postgres):
    database = own_postgres.create_database()
    create_schema(database.dsn())
    with Serve(looking(database.dsn())) as serve:
        own_postgres.stop()
        own_postgres.become_standby()
        own_postgres.start()
        # The key table's source says so too, in other words.
        eventually(lambda: "target_session_attrs" in serve.log(), 40, "it says why it cannot count")
        assert "the server is a standby" in serve.log()
        eventually(lambda: serve.metric("keyshift_source_up", source="statements") == 0, 5, "the page says so")
        eventually(lambda: "as of when its data are" in serve.log(), 40, "it says why keys are not believed either")


# --- other gateways, other servers


def test_through_a_view_the_gateways_table_is_found(database, planted):
    database.execute(
        """CREATE VIEW overview AS SELECT k.*, u.email FROM virtual_keys k LEFT JOIN users u ON u.id = k.user_id"""
    )
    tree = {"gateway": {"table": "overview"}, **looking(database.dsn())}
    with gateway_of(database, "fallback") as gateway, Serve(tree) as serve:
        run(gateway, planted)
        assert settled(serve, gateway)["scans"] > 0


def test_patterns_of_the_configuration(database):
    create_schema(database.dsn())
    database.execute(
        """CREATE FUNCTION candidates(text) RETURNS SETOF virtual_keys LANGUAGE sql AS 'SELECT * FROM virtual_keys'"""
    )
    KeyTable(database).fill(3, 4)
    tree = {
        "gateway": {"statements": {"scan": ["select * from candidates(*)", "select nothing"]}},
        **looking(database.dsn()),
    }
    with Serve(tree) as serve:
        database.execute("SELECT id, key_hash FROM candidates('sk-abc')")
        eventually(lambda: counted(serve)["scans"] == 1 and counted(serve)["keys compared"] == 7, 15, "it is a scan")


def imitate(database: Database, version: int) -> ImitatedStatements:
    """As if the extension of that release had been created: the catalog says so, and there is its function. Whoever asks
    finds that own queries are counted, more each time."""
    imitated = ImitatedStatements(database, version)
    database.execute(
        f"""CREATE FUNCTION {imitated.schema}.pg_stat_statements(showtext boolean)
                RETURNS SETOF {imitated.schema}.pg_stat_statements LANGUAGE sql
                AS $$
                    SELECT * FROM {imitated.schema}.pg_stat_statements
                    UNION ALL
                    SELECT own.* FROM pg_roles r, pg_database d, jsonb_populate_record(
                        NULL::{imitated.schema}.pg_stat_statements,
                        jsonb_build_object('userid', r.oid, 'dbid', d.oid, 'toplevel', true, 'queryid', -1, 'query', '',
                                           'calls', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                                           'rows', 0, 'stats_since', '2026-01-01T00:00:00Z')) own
                    WHERE r.rolname = current_user AND d.datname = current_database()
                $$;
            UPDATE pg_extension SET extnamespace = '{imitated.schema}'::regnamespace
                WHERE extname = 'pg_stat_statements'"""
    )
    return imitated


def test_an_extension_older_than_its_library_counts_each_statement_once(database):
    """pg_upgrade leaves the extension as it was: what ran inside functions has the identity of what was sent."""
    create_schema(database.dsn())
    imitated = imitate(database, 13)
    scan = imitated.add("SELECT * FROM virtual_keys", calls=7, rows=70)
    imitated.add("SELECT * FROM virtual_keys", calls=500, rows=500, queryid=scan)
    try:
        with Serve(looking(database.dsn())) as serve:
            wait_for_a_look(serve)
            wait_for_a_look(serve)
            assert counted(serve)["scans"] == 0 and resets(serve) == 0
            imitated.count(scan, calls=1, rows=10)  # of both
            eventually(lambda: counted(serve)["scans"] == 2, 15, "they are added up")
            assert "ALTER EXTENSION pg_stat_statements UPDATE" in doctor(serve)
    finally:
        database.execute(
            "UPDATE pg_extension SET extnamespace = 'public'::regnamespace WHERE extname = 'pg_stat_statements'"
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_every_release(database, version):
    create_schema(database.dsn())
    imitated = imitate(database, version)
    imitated.add("DELETE FROM virtual_keys WHERE id = $1", calls=50, rows=50)
    scan = imitated.add("SELECT * FROM virtual_keys ORDER BY created_at DESC", calls=7, rows=70)
    try:
        with Serve(looking(database.dsn())) as serve:
            assert set(counted(serve).values()) == {0.0}
            imitated.count(scan, calls=2, rows=30)
            eventually(lambda: counted(serve)["scans"] == 2 and counted(serve)["keys compared"] == 30, 15, "growth")
            lookup = imitated.add("SELECT * FROM virtual_keys WHERE key_lookup_hash = $1", calls=5, rows=3)
            imitated.add("SELECT * FROM virtual_keys WHERE key_lookup_hash = $1", calls=9, rows=9, dbid=1)
            eventually(lambda: counted(serve)["lookups found"] == 3, 15, "a new statement counts from 0")
            assert counted(serve)["lookups not found"] == 2
            assert resets(serve) == 0
            imitated.evict(lookup)
            eventually(lambda: resets(serve) >= 1, 15, "an evicted statement")
            before = resets(serve)
            imitated.reset()
            eventually(lambda: resets(serve) > before, 15, "a reset")
            imitated.add("SELECT * FROM virtual_keys", calls=1, rows=4)
            eventually(lambda: counted(serve)["scans"] == 3, 15, "it counts on")
            assert counted(serve)["lookups found"] == 3
    finally:
        database.execute(
            "UPDATE pg_extension SET extnamespace = 'public'::regnamespace WHERE extname = 'pg_stat_statements'"
        )
