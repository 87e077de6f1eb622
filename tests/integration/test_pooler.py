# SPDX-License-Identifier: Apache-2.0
"""keyshift behind a real PgBouncer: it leaves nothing on connections of others, trusts nothing that it finds there, and
no write of the gateway fails because of it.

KEYSHIFT_POOLER_ROUNDS: how often each command is started; KEYSHIFT_POOLER_WRITES: how many writes the gateway makes.
"""

import contextlib
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from harness.product.doctor import doctor
from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.pgbouncer import PgBouncer
from harness.servers.postgres import Postgres
from harness.tools.wait import eventually

ROUNDS = int(os.environ.get("KEYSHIFT_POOLER_ROUNDS", "3"))
WRITES = int(os.environ.get("KEYSHIFT_POOLER_WRITES", "10000"))

pytestmark = pytest.mark.time_limit(120 + 30 * ROUNDS)

GATEWAY = "gateway"
# Unlike PostgreSQL's own and unlike what keyshift sets, so that each shows whether it was put back.
SETTINGS = {
    "timezone": "Asia/Tokyo",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "transform_null_equals": "on",
    "statement_timeout": "77s",
    "lock_timeout": "66s",
    "idle_in_transaction_session_timeout": "55s",
    "jit": "on",
}
COMMANDS = [
    ["report"],
    ["report", "--format=json", "--group-by=owner"],
    ["doctor"],
    ["status"],
    ["verdict"],
    ["report", "--phase=pending"],
]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with Postgres(settings=SETTINGS) as postgres:
        postgres.create_role(GATEWAY, "the gateway's own", ["pg_read_all_stats"])
        postgres.execute("CREATE ROLE other; GRANT other TO gateway")
        yield postgres


@pytest.fixture
def table(server: Postgres) -> Iterator[KeyTable]:
    """Three legacy keys and a modern one; the gateway, whose role keyshift shares, may do everything with them."""
    database = server.create_database()
    table = KeyTable(database)
    database.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {GATEWAY}")
    for _ in range(3):
        table.add()
    table.add(legacy=False)
    yield table
    database.drop()


def dsn_of(table: KeyTable, **params: str) -> str:
    return table.database.postgres.dsn(GATEWAY, table.database.name, **params)


@pytest.fixture
def pool(table: KeyTable) -> Iterator[PgBouncer]:
    """Transaction pooling with two connections."""
    with PgBouncer(table.database.postgres) as bouncer:
        yield bouncer


@pytest.fixture
def single(table: KeyTable) -> Iterator[PgBouncer]:
    """Transaction pooling with one connection, on which every client meets what others left."""
    with PgBouncer(table.database.postgres, pool_size=1) as bouncer:
        yield bouncer


def run(bouncer: PgBouncer, table: KeyTable, *command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return Keyshift().run(*command, env={"DATABASE_URL": bouncer.behind(dsn_of(table)), **environment})


def both(bouncer: PgBouncer, table: KeyTable) -> dict:
    """A configuration with both collectors that read the database."""
    config = watching(bouncer.behind(dsn_of(table)), interval="100ms")
    config["collectors"].append({**config["collectors"][0], "type": "statements"})
    del config["collectors"][1]["database_duty"]
    return config


# --- nothing is left


def test_no_command_leaves_anything_on_a_connection(pool: PgBouncer, table: KeyTable):
    before = pool.left_on_connections(dsn_of(table))
    assert len(before) == 2
    for number in range(ROUNDS):
        for command in COMMANDS:
            result = run(pool, table, *command)
            assert result.returncode in range(4), result.stderr.decode()
            assert pool.left_on_connections(dsn_of(table)) == before, (number, command)


def test_the_daemon_leaves_nothing_on_a_connection(pool: PgBouncer, table: KeyTable):
    before = pool.left_on_connections(dsn_of(table))
    for _ in range(ROUNDS):
        with Serve(both(pool, table)) as serve:
            for source in ("keys", "statements"):
                serve.wait_for_poll(source=source)
                serve.wait_for_poll(source=source)
            while_it_runs = pool.left_on_connections(dsn_of(table))
            assert serve.errors("keys") == serve.errors("statements") == {}
        # One whose transaction the signal ended is closed, and the pool has a new one.
        for left in [*while_it_runs.values(), *pool.left_on_connections(dsn_of(table)).values()]:
            assert left in before.values()


def test_kill_9_leaves_nothing_on_a_connection(pool: PgBouncer, table: KeyTable):
    """PgBouncer closes a connection whose client goes within a transaction: what is there then is as new."""
    table.fill(legacy=3_000, modern=0)
    before = pool.left_on_connections(dsn_of(table))
    fresh = next(iter(before.values()))
    assert all(left == fresh for left in before.values())
    for command in [["report"], ["doctor"], ["status"]] * (2 * ROUNDS):
        killed = subprocess.Popen(
            [binary_path(), *command],
            env=Keyshift().environment({"DATABASE_URL": pool.behind(dsn_of(table))}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(random.uniform(0, 0.06))
        killed.kill()
        killed.wait()
        for left in pool.left_on_connections(dsn_of(table)).values():
            assert left == fresh, command
    for _ in range(ROUNDS):
        with Serve(both(pool, table)) as serve:
            time.sleep(random.uniform(0, 0.1))
            serve.kill9()
            for left in pool.left_on_connections(dsn_of(table)).values():
                assert left == fresh


def test_the_environment_and_the_url_say_nothing_to_the_server(single: PgBouncer, table: KeyTable):
    """PgBouncer refuses a client that sends options, and keeps for others what it says of itself."""
    before = single.left_on_connections(dsn_of(table))
    names = {
        "PGOPTIONS": "-c search_path=nowhere",
        "PGAPPNAME": "somebody",
        "PGCLIENTENCODING": "LATIN1",
        "PGTZ": "America/New_York",
        "PGDATESTYLE": "German",
        "PGGEQO": "off",
    }
    url = single.behind(dsn_of(table, application_name="somebody", client_encoding="LATIN1", options="-c geqo=off"))
    result = Keyshift().run("report", env={**names, "DATABASE_URL": url})
    assert result.returncode == 0, result.stderr.decode()
    assert b"Found 3 API keys" in result.stdout
    assert single.left_on_connections(dsn_of(table)) == before


def test_options_of_the_url_find_the_table(single: PgBouncer, table: KeyTable):
    table.database.execute(
        f"CREATE SCHEMA vault; GRANT USAGE ON SCHEMA vault TO {GATEWAY}; ALTER TABLE virtual_keys SET SCHEMA vault"
    )
    result = run(single, table, "report")
    assert result.returncode == 69 and b"does not exist" in result.stderr
    url = single.behind(dsn_of(table, options="-c search_path=nowhere,vault -c statement_timeout=0"))
    result = Keyshift().run("report", env={"DATABASE_URL": url})
    assert result.returncode == 0, result.stderr.decode()
    assert b"Found 3 API keys" in result.stdout


def test_what_is_no_setting_is_refused(single: PgBouncer, table: KeyTable, tmp_path: Path):
    url = single.behind(dsn_of(table, options="-c geqo=off -d 5"))
    result = Keyshift().run("report", env={"DATABASE_URL": url})
    assert result.returncode == 78 and b"options of database_url" in result.stderr
    service = tmp_path / "services"
    service.write_text(f"[gateway]\nhost=127.0.0.1\nport={single.port}\noptions=-c geqo=off\n")
    result = Keyshift().run(
        "report", env={"DATABASE_URL": f"service=gateway user={GATEWAY}", "PGSERVICEFILE": str(service)}
    )
    assert result.returncode == 78 and b"service" in result.stderr, result.stderr.decode()


# --- nothing is trusted

DIRT = """
    SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE, ISOLATION LEVEL READ COMMITTED;
    CREATE TEMPORARY TABLE virtual_keys (LIKE public.virtual_keys);
    CREATE TEMPORARY TABLE users (LIKE public.users);
    CREATE TEMPORARY VIEW pg_class AS SELECT * FROM pg_catalog.pg_class WHERE false;
    CREATE TEMPORARY VIEW pg_attribute AS SELECT attrelid, attname, attnum, atttypid, attisdropped FROM pg_catalog.pg_attribute WHERE false;
    SET DateStyle = 'SQL, DMY';
    SET IntervalStyle = 'sql_standard';
    SET TimeZone = 'America/New_York';
    SET row_security = on;
    SET transform_null_equals = on;
    SET quote_all_identifiers = on;
    SET standard_conforming_strings = off;
    SET search_path = pg_temp, nowhere
"""


def dirty(bouncer: PgBouncer, table: KeyTable) -> None:
    """Leaves on the pool's one connection what would change every answer."""
    with contextlib.closing(bouncer.connect(dsn_of(table))) as connection, connection.cursor() as cursor:
        for statement in DIRT.strip().split(";"):
            cursor.execute(statement)
        cursor.execute("SELECT pg_catalog.count(*) FROM virtual_keys")
        assert cursor.fetchone() == (0,)
        cursor.execute("SET ROLE other")


def answers(bouncer: PgBouncer, table: KeyTable) -> list:
    """What commands say that depends neither on the hour nor on which tables there are: from PostgreSQL 18 on, doctor names
    tables of the same name, temporary ones too, since the server counts statements on them as one."""
    url = bouncer.behind(dsn_of(table))
    found = [finding for finding in doctor(DATABASE_URL=url).findings
             if finding["subject"] != "state" and "a table of the same name" not in finding["what"]]  # fmt: skip
    found += [run(bouncer, table, *command).stdout for command in (["report"], ["report", "--format=csv"])]
    return [*found, run(bouncer, table, "status").stdout.splitlines()[0]]


def test_what_others_left_changes_no_answer(single: PgBouncer, table: KeyTable):
    table.add(owner=table.add_user("somebody@example.com"), idle=3 * DAY)
    expected = answers(single, table)
    assert b"Found 4 API keys" in expected[-3]
    dirty(single, table)
    left = single.left_on_connections(dsn_of(table))
    (user,) = [facts[1]["user"] for facts in left.values()]
    assert user == "other", "the dirt is still there"
    assert answers(single, table) == expected
    assert single.left_on_connections(dsn_of(table)) == left, "and it is still theirs"
    config = both(single, table)
    with Serve(config) as serve:
        assert serve.keys() == (4, 1)
        table.add()
        eventually(lambda: serve.keys() == (5, 1), 10, "the added key")
        assert serve.errors("keys") == serve.errors("statements") == {}
        # While it runs: a transaction that its end breaks off costs the pool its connection.
        assert single.left_on_connections(dsn_of(table)) == left


def test_rows_that_a_policy_hides_are_an_error_and_never_fewer_keys(single: PgBouncer, table: KeyTable):
    dirty(single, table)
    with Serve(both(single, table)) as serve:
        assert serve.keys() == (3, 1)
        table.database.execute("ALTER TABLE virtual_keys ENABLE ROW LEVEL SECURITY")
        seen = set()

        def refused() -> bool:
            seen.add(serve.keys())
            return serve.errors().get("permission", 0) >= 2

        eventually(refused, 20, "the error")
        assert seen == {(3, 1)}
    for command in (["report"], ["status"]):
        result = run(single, table, *command)
        assert result.returncode == 69 and b"row-level security" in result.stderr, command


# --- pool modes


def test_session_pooling_works(table: KeyTable):
    with PgBouncer(table.database.postgres, pool_mode="session", pool_size=4) as bouncer:
        for command in COMMANDS:
            result = run(bouncer, table, *command)
            assert result.returncode in range(4), result.stderr.decode()
        with Serve(both(bouncer, table)) as serve:
            table.add()
            eventually(lambda: serve.keys() == (4, 1), 10, "the added key")
            assert serve.errors("keys") == serve.errors("statements") == {}


def test_statement_pooling_is_refused_in_one_sentence(table: KeyTable):
    with PgBouncer(table.database.postgres, pool_mode="statement") as bouncer:
        for command in (["report"], ["status"]):
            result = run(bouncer, table, *command)
            assert result.returncode == 69
            (sentence,) = (line for line in result.stderr.decode().splitlines() if "statement pooling" in line)
            assert "set pool_mode = transaction" in sentence
        with Serve(both(bouncer, table)) as serve:
            assert serve.errors().keys() == {"connect"}
            assert "set pool_mode = transaction" in serve.log()


# --- the gateway goes on


class Writers:
    """The gateway: clients of the same pool that write without a pause."""

    def __init__(self, bouncer: PgBouncer, table: KeyTable, writes: int):
        self.failures: list[str] = []
        self.done = 0
        self._lock = threading.Lock()
        self._left = writes
        arguments = (bouncer.behind(dsn_of(table)), table.database.execute("SELECT id::text FROM virtual_keys LIMIT 1")[0][0])
        self._threads = [threading.Thread(target=self._write, args=arguments) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _write(self, url: str, key: str) -> None:
        connection = psycopg2.connect(url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            while self._take():
                try:
                    cursor.execute("UPDATE virtual_keys SET last_used_at = now() WHERE id = %s", (key,))
                    failure = None if cursor.rowcount == 1 else f"{cursor.rowcount} rows"
                except psycopg2.Error as error:
                    failure = str(error)
                with self._lock:
                    self.done += 1
                    if failure:
                        self.failures.append(failure)
        connection.close()

    def _take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0


def test_no_write_of_the_gateway_fails(pool: PgBouncer, table: KeyTable):
    before = pool.left_on_connections(dsn_of(table))
    writers = Writers(pool, table, WRITES)
    with Serve(both(pool, table)) as serve:
        polls = serve.polls()
        while writers.done < WRITES and not writers.failures:
            run(pool, table, "report")
            run(pool, table, "doctor")
        assert serve.polls() > polls
        assert serve.errors("keys") == serve.errors("statements") == {}
    writers.join()
    assert writers.failures == []
    assert writers.done == WRITES
    for left in pool.left_on_connections(dsn_of(table)).values():
        assert left in before.values()


# --- a table that is too large


def claim_rows(table: KeyTable, rows: int) -> None:
    """What the server estimates of the table."""
    table.database.execute("UPDATE pg_class SET reltuples = %s WHERE oid = 'virtual_keys'::regclass", (rows,))


def copies(table: KeyTable) -> int:
    query = """SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
               WHERE datname = current_database() AND query ~ '^COPY'"""
    return table.database.execute(query)[0][0]


def test_a_census_that_would_take_long_is_not_begun(pool: PgBouncer, table: KeyTable):
    claim_rows(table, 50_000_000)
    with Serve(both(pool, table)) as serve:
        assert serve.errors().keys() == {"timeout"}
        assert serve.keys() == (None, None)
        assert "hold a connection of the pooler" in serve.log()
        assert "name the database server itself in database_url" in serve.log()
    result = run(pool, table, "report")
    assert result.returncode == 69 and b"name the database server itself" in result.stderr
    assert copies(table) == 0
    finding = doctor(DATABASE_URL=pool.behind(dsn_of(table))).about("keys", "a pooler is in between")
    assert finding["result"] == "warning" and "name the database server itself" in finding["mend"]
    with Serve(watching(dsn_of(table))) as serve:
        assert serve.keys() == (3, 1), "directly it may take its time"


def test_a_census_that_takes_long_after_all_is_ended(pool: PgBouncer, table: KeyTable):
    """The server had not estimated the rows."""
    table.database.execute(
        f"""CREATE VIEW slow AS SELECT * FROM virtual_keys WHERE pg_sleep(3) IS NOT NULL;
            GRANT SELECT ON slow TO {GATEWAY}"""
    )
    config = both(pool, table)
    config["collectors"][0]["census_timeout"] = "60s"
    began = time.monotonic()
    with Serve({**config, "gateway": {"table": "slow"}}) as serve:
        eventually(lambda: serve.errors().get("timeout", 0) >= 1, 20, "the census is ended")
        assert time.monotonic() - began < 11, "it would take 12 s"
        assert "name the database server itself in database_url" in serve.log()


def test_pulses_go_on_without_a_census(pool: PgBouncer, table: KeyTable):
    key = table.add(idle=3 * DAY)
    with Serve(both(pool, table)) as serve:
        assert serve.keys() == (4, 1)
        claim_rows(table, 50_000_000)
        eventually(lambda: serve.errors().keys() == {"timeout"}, 10, "the next census is refused")
        table.use(key)
        eventually(lambda: serve.metric("keyshift_legacy_uses_observed_total") == 1, 10, "a pulse")
        assert serve.metric("keyshift_source_up", source="keys") == 1


def test_doctor_says_that_a_pooler_is_in_between(pool: PgBouncer, table: KeyTable):
    found = doctor(DATABASE_URL=pool.behind(dsn_of(table)))
    assert found.about("keys", "a pooler is in between")["result"] == "ok"
    assert "pooler" not in doctor(DATABASE_URL=dsn_of(table)).what("keys", "ok")
