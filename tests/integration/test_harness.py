# SPDX-License-Identifier: Apache-2.0
"""The harness itself: what starts answers, restarts, misbehaves on demand, and leaves nothing behind."""

import contextlib
import os
import select
import socket
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
import redis

from harness.product.keyshift import Keyshift, Serve
from harness.servers.postgres import Postgres
from harness.servers.prometheus import Prometheus, promtool
from harness.servers.redis import Redis
from harness.servers.time_travel import Clock, TravellingPostgres
from harness.tools import exposition
from harness.tools.ports import free_port
from harness.tools.process import Process, ProcessDied
from harness.tools.scratch import scratch_directory
from harness.tools.tcp import Proxy, Resetting, Silent
from harness.tools.wait import eventually

TESTS = Path(__file__).parents[1]
STRICT_PYTEST = ["-m", "pytest", "-p", "harness.tools.strictness", "-p", "no:cacheprovider"]


def alive(pid: int) -> bool:
    """Does the process run? One that has ended but is not yet reaped by its new parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def hears_nothing(client: socket.socket) -> bool:
    return not select.select([client], [], [], 0.2)[0]


def run_python(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


# --- waiting, ports, processes


def test_waiting_is_bounded_and_says_for_what():
    begin = time.monotonic()
    with pytest.raises(AssertionError, match=r"not within 0.4 s: the moon \(last result: 0\)"):
        eventually(lambda: 0, 0.1, "the moon")
    assert time.monotonic() - begin < 1


def test_no_port_is_handed_out_twice():
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_a_process_that_dies_early_fails_with_the_tail_of_its_log(tmp_path):
    with Process(["/bin/sh", "-c", "echo the reason; exit 3"], log_path=tmp_path / "log") as process:
        with pytest.raises(ProcessDied, match=r"(?s)exited with 3 before: answer.*the reason"):
            process.wait_until(lambda: False, 5, "answer")


def test_a_process_that_ignores_its_stop_signal_is_killed(tmp_path):
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    with Process(["/bin/sh", "-c", script], log_path=tmp_path / "log") as process:
        process.wait_until(lambda: "up" in process.log(), 5)
        assert process.rss_bytes() > 0
        assert process.terminate(timeout=0.1) == -9
    assert not alive(process.pid)


def test_no_server_outlives_a_killed_test_run(monkeypatch):
    directory = scratch_directory("killed-run")
    monkeypatch.setenv("TMPDIR", str(directory))
    result = run_python(["-c", textwrap.dedent("""
        import os, signal
        from harness.servers.postgres import Postgres
        from harness.servers.redis import Redis
        servers = [Postgres().start(), Redis().start()]
        print(*[server.pid for server in servers], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)], directory)
    pids = [int(word) for word in result.stdout.split()]
    assert len(pids) == 2
    eventually(lambda: not any(alive(pid) for pid in pids), 10, "both servers have ended")


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


# --- misbehaving servers


def test_the_proxy_pauses_cuts_and_refuses(own_redis):
    with Proxy(own_redis.port) as proxy:
        with dial(proxy.port) as client:
            client.sendall(b"PING\r\n")
            assert client.recv(100) == b"+PONG\r\n"
            proxy.pause()
            client.sendall(b"PING\r\n")
            assert hears_nothing(client)
            proxy.resume()
            assert client.recv(100) == b"+PONG\r\n"
            proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                dial(proxy.port)
            client.sendall(b"PING\r\n")
            assert client.recv(100) == b"+PONG\r\n"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                client.recv(100)
        proxy.accept()
        with dial(proxy.port) as client:
            client.sendall(b"QUIT\r\n")
            assert client.recv(100) == b"+OK\r\n"
            assert client.recv(100) == b""
        assert proxy.accepted == 2


def test_a_paused_proxy_can_be_cut_and_closed(own_redis):
    with Proxy(own_redis.port) as proxy, dial(proxy.port) as client:
        proxy.pause()
        client.sendall(b"PING\r\n")
        eventually(lambda: proxy.accepted, 5, "the proxy has accepted")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_silent_and_resetting_servers():
    with Silent() as silent, dial(silent.port) as client:
        client.sendall(b"anyone?")
        assert hears_nothing(client)
    with Resetting() as resetting, pytest.raises(ConnectionResetError), dial(resetting.port) as client:
        client.recv(1)


# --- the text format


@pytest.mark.parametrize("wrong, reason", [
    ("# HELP a A.\n# TYPE a gauge\na 1", "newline"),
    ("a 1\n", "outside"),
    ("# TYPE a gauge\na 1\n", "outside"),
    ("# HELP a A.\n# TYPE a gauge\na 1\na 2\n", "this sample came before"),
    ("# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b gauge\nb 1\n# HELP a A.\n", "this family came before"),
    ("# HELP a A.\n# TYPE a gauge\n# TYPE a gauge\n", "has a TYPE already"),
    ("# HELP a A.\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n", "the same label twice"),
    ("# HELP a A.\n# TYPE a gauge\na{x=\"\\t\"} 1\n", "malformed labels"),
    ("# HELP a A.\n# TYPE a gauge\na one\n", "could not convert"),
    ("# HELP a A.\n# TYPE a gauge\na  1\n", "malformed sample"),
    ("# HELP a A.\n# TYPE a odd\na 1\n", "unknown type"),
    ("# HELP a A.\n# TYPE a counter\na_bucket 1\n", "outside"),
])
def test_the_parser_refuses(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        exposition.parse(wrong)


def test_the_parser_accepts():
    text = textwrap.dedent("""\
        # HELP a_total A.
        # TYPE a_total counter
        a_total{x="q\\"\\\\\\n} 1",y=""} 12 1700000000000
        a_total 1e3
        # HELP h Histogram.
        # TYPE h histogram
        h_bucket{le="+Inf"} 2
        h_sum -Inf
        h_count 2
        """)
    assert exposition.parse(text) == {
        ("a_total", frozenset({("x", 'q"\\\n} 1'), ("y", "")})): 12.0,
        ("a_total", frozenset()): 1000.0,
        ("h_bucket", frozenset({("le", "+Inf")})): 2.0,
        ("h_sum", frozenset()): float("-inf"),
        ("h_count", frozenset()): 2.0,
    }


# --- the product's process, with a stand-in for the binary


STAND_IN = """\
#!{python}
import http.server, os, sys, yaml
if sys.argv[1] != "serve":
    print(sys.argv[1:], sorted(os.environ))
    sys.exit(3)
print("listening", file=sys.stderr, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = {{"/-/ready": "", "/metrics": "# HELP a A.\\n# TYPE a gauge\\na 1\\n"}}
        self.send_response(200 if self.path in known else 404)
        self.end_headers()
        self.wfile.write(known.get(self.path, "").encode())
tree = yaml.safe_load(open(sys.argv[2].removeprefix("--config=")))
assert tree["state"]["directory"].endswith("/state")
host, port = tree["web"]["listen"][0].split(":")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""


@pytest.fixture
def stand_in(monkeypatch):
    path = scratch_directory("stand-in") / "keyshift"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setenv("KEYSHIFT_BINARY", str(path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://must.not.be.passed.on/")


def test_commands_run_with_a_clean_environment(stand_in):
    result = Keyshift().run("report", "--format=json", env={"REDIS_URL": "redis://x"})
    assert result.returncode == 3
    assert result.stdout.decode() == (
        "['report', '--format=json'] ['HOME', 'LANG', 'PATH', 'REDIS_URL', 'TZ']\n"
    )


def test_the_daemon_is_awaited_scraped_restarted_and_stopped(stand_in):
    with Serve({"log": {"level": "debug"}}) as serve:
        assert serve.metrics() == {("a", frozenset()): 1.0}
        serve.restart()
        assert serve.get("/nowhere").status_code == 404
        assert serve.log().count("listening") == 2
        code, seconds = serve.terminate()
        assert code == -15
        assert 0 <= seconds < 10
    assert not alive(serve.pid)


def test_a_missing_binary_is_a_failure_with_a_remedy(monkeypatch):
    monkeypatch.setenv("KEYSHIFT_BINARY", "/nonexistent/keyshift")
    with pytest.raises(FileNotFoundError, match="build it, or name another in KEYSHIFT_BINARY"):
        Keyshift().run("report")


# --- the rules for tests


def test_skips_fail_hangs_fail_and_servers_of_failed_tests_stop(tmp_path):
    (tmp_path / "test_sample.py").write_text(textwrap.dedent("""
        import time, pytest
        from harness.servers.redis import Redis

        @pytest.fixture
        def server():
            with Redis() as server:
                yield server

        def test_skips(): pytest.skip("no such component")
        @pytest.mark.skip(reason="marked")
        def test_is_marked(): pass
        def test_may_skip(): pytest.skip("machine: no such kernel feature")
        @pytest.mark.xfail
        def test_is_expected_to_fail(): assert False
        def test_fails(server):
            print("pid", server.pid)
            assert False
        @pytest.mark.time_limit(0.3)
        def test_hangs(): time.sleep(60)
    """))
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    output = run_python([*STRICT_PYTEST, "--continue-on-collection-errors"], tmp_path).stdout
    assert "3 failed, 1 skipped, 1 xfailed, 2 errors" in output
    for line in ("no such component", "marked", "could not import 'no_such_module'"):
        assert f"skipping is a failure unless the reason starts with 'machine:': {line}" in output
    assert "Failed: took longer than 0.3 s" in output
    assert "time.sleep(60)" in output
    pid = int(output.partition("pid ")[2].split()[0])
    assert not alive(pid)


def test_a_hang_outside_python_ends_the_run_with_a_traceback(tmp_path):
    (tmp_path / "test_sample.py").write_text(textwrap.dedent("""
        import signal, time, pytest
        from harness.tools import strictness
        strictness.UNINTERRUPTIBLE_GRACE_SECONDS = 0.5

        @pytest.mark.time_limit(0.5)
        def test_hangs():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
            time.sleep(60)
    """))
    result = run_python(STRICT_PYTEST, tmp_path)
    assert result.returncode == 1
    assert "Timeout" in result.stderr
    assert "in test_hangs" in result.stderr
