# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL, Redis and Prometheus of the harness: each starts, restarts, and leaves nothing behind."""

import contextlib
import textwrap
import time
from datetime import timedelta

import psycopg2
import pytest
import redis

from harness.servers.postgres import Postgres
from harness.servers.prometheus import Prometheus, promtool
from harness.servers.redis import Redis
from harness.servers.time_travel import Clock, TravellingPostgres
from harness.tools.ports import free_port
from harness.tools.process import ProcessDied
from harness.tools.wait import eventually
from selftest.running import alive


# --- PostgreSQL


def test_postgres_gives_each_test_its_own_database(postgres, database):
    database.execute("CREATE TABLE t (a int)")
    with psycopg2.connect(database.dsn(application_name="a & b")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), count(*) FROM pg_stat_statements GROUP BY 1")
        assert cursor.fetchone()[0] == database.name
        assert postgres.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'a & b'") == [(1,)]
    other = postgres.create_database()
    assert other.execute("SELECT to_regclass('t')") == [(None,)]
    other.drop()


def test_postgres_roles_have_only_what_is_granted(database):
    database.execute("CREATE TABLE open (a int); CREATE TABLE shut (a int)")
    database.create_role("reader one", "p@ss word/%", ["SELECT ON open", "pg_read_all_stats"])
    with contextlib.closing(psycopg2.connect(database.dsn("reader one"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM open")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("SELECT * FROM shut")


def test_postgres_restarts_with_its_data_and_stops(own_postgres):
    own_postgres.execute("CREATE TABLE t AS SELECT 7 AS a")
    first = own_postgres.pid
    own_postgres.restart()
    assert own_postgres.pid != first
    assert own_postgres.execute("SELECT a FROM t") == [(7,)]
    own_postgres.stop("immediate")
    assert not alive(own_postgres.pid)
    with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
        psycopg2.connect(own_postgres.dsn())


def test_postgres_with_tls_refuses_connections_without():
    with Postgres(ssl=True) as server:
        verified = server.dsn(sslmode="verify-full", sslrootcert=server.certificate.certificate)
        with contextlib.closing(psycopg2.connect(verified)) as connection:
            assert connection.info.ssl_in_use
        with pytest.raises(psycopg2.OperationalError, match="no encryption"):
            psycopg2.connect(server.dsn(sslmode="disable"))
    assert not server.directory.exists()


def test_two_postgres_instances_do_not_meet(postgres, own_postgres):
    own_postgres.execute("CREATE TABLE only_here ()")
    assert postgres.port != own_postgres.port
    assert postgres.execute("SELECT to_regclass('only_here')") == [(None,)]


def test_a_postgres_that_cannot_start_says_why_and_leaves_nothing():
    server = Postgres(settings={"shared_buffers": "lots"})
    with pytest.raises(ProcessDied, match='invalid value for parameter "shared_buffers": "lots"'):
        server.start()
    assert not server.running
    assert not server.directory.exists()


def test_postgres_goes_by_a_clock_that_is_set_forward():
    clock = Clock()
    with TravellingPostgres(clock) as server:
        connection = server.connect()

        def ahead() -> float:
            """Seconds, on a connection that has stood since before."""
            with connection.cursor() as cursor:
                cursor.execute("SELECT extract(epoch FROM now())")
                return float(cursor.fetchone()[0]) - time.time()

        assert abs(ahead()) < 5
        clock.advance(timedelta(days=8, seconds=30))
        assert ahead() == pytest.approx(8 * 86400 + 30, abs=5)
        clock.advance(timedelta(hours=1))
        assert ahead() == pytest.approx(8 * 86400 + 3630, abs=5)
        begin = time.monotonic()
        server.execute("SELECT pg_sleep(0.2)")
        assert 0.2 <= time.monotonic() - begin < 5, "timers keep their pace"
        connection.close()


# --- Redis


def test_redis_restarts_empty(own_redis, request):
    own_redis.client().set("a", "b")
    assert request.getfixturevalue("redis").client().get("a") is None
    own_redis.restart()
    assert own_redis.client().get("a") is None
    own_redis.stop()
    with pytest.raises(redis.ConnectionError):
        own_redis.client().ping()


def test_redis_with_tls_password_and_users():
    with Redis(password='p@ss "/%', tls=True, directives=["user monitor on >secret ~* +info"]) as server:
        assert server.url().startswith("rediss://:p%40ss")
        assert server.client().ping()
        monitor = redis.Redis.from_url(server.socket_url(user="monitor", password="secret"))
        assert monitor.info()["redis_mode"] == "standalone"
        with pytest.raises(redis.ResponseError, match="no permissions"):
            monitor.get("a")
        with pytest.raises(redis.ConnectionError):
            redis.Redis(port=server.port).ping()


# --- Prometheus


def test_prometheus_scrapes_evaluates_rules_and_alerts(tmp_path):
    rules = tmp_path / "x.rules.yaml"
    rules.write_text(textwrap.dedent("""
        groups:
        - name: g
          rules:
          - {record: "job:up:sum", expr: "sum by (job) (up)"}
          - {alert: Gone, expr: "up == 0", labels: {severity: page}}
    """))
    with Prometheus({"nobody": [f"127.0.0.1:{free_port()}"]}, interval="100ms", rule_files=[rules]) as server:
        assert server.wait_for("job:up:sum") == [({"__name__": "job:up:sum", "job": "nobody"}, 0.0)]
        assert server.query("scalar(vector(3))") == [({}, 3.0)]
        assert eventually(server.firing_alerts, 5, "an alert fires")[0]["alertname"] == "Gone"
        with pytest.raises(AssertionError, match="parse error"):
            server.query("sum(")


def test_promtool_judges_metrics():
    assert promtool(["check", "metrics"], "# HELP a_total Help.\n# TYPE a_total counter\na_total 1\n").returncode == 0
    wrong = promtool(["check", "metrics"], "# TYPE a counter\na 1\n")
    assert wrong.returncode != 0
    assert "should have" in wrong.stderr
