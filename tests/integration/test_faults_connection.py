# SPDX-License-Identifier: Apache-2.0
"""The way to the database fails: at the start, in the middle, and for how long it likes.

Whatever happens, keyshift runs on, says why once and what to do, keeps the numbers it has, shows none that it does
not have, leaves nothing behind on the server, and goes on by itself when the fault is gone.
"""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from harness.product.faults import PASSWORD, assert_unknown, behind, dsn, lines, table, url  # noqa: F401
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import WATCHERS, Database, Postgres
from harness.tools import leaks
from harness.tools.ports import free_port
from harness.tools.tcp import Proxy, Resetting, Silent, TcpServer
from harness.tools.wait import eventually

class Babbling(TcpServer):
    """Answers every client as a web server would."""

    async def serve(self, reader, writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + b"\x00\xff\x1b[31m" * 100)
        await writer.drain()


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port where connecting gets no answer at all: the kernel drops what it cannot queue."""
    with contextlib.ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", free_port()))
        server.listen(0)
        for _ in range(8):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


# --- at the start


@contextlib.contextmanager
def wrong_password(postgres: Postgres, database: Database) -> Iterator[str]:
    database.create_role("monitor_wrong", PASSWORD)
    yield database.dsn("monitor_wrong").replace(PASSWORD, leaks.secret("not-the-passw0rd"))


@contextlib.contextmanager
def unknown_role(postgres: Postgres, database: Database) -> Iterator[str]:
    yield url(postgres.port)


@contextlib.contextmanager
def no_password(postgres: Postgres, database: Database) -> Iterator[str]:
    yield f"postgresql://monitor@127.0.0.1:{postgres.port}/postgres"


@contextlib.contextmanager
def unknown_host(postgres: Postgres, database: Database) -> Iterator[str]:
    yield url(5432, host="no-such-host.invalid")


@contextlib.contextmanager
def nobody_listens(postgres: Postgres, database: Database) -> Iterator[str]:
    yield url(free_port())


@contextlib.contextmanager
def no_such_socket(postgres: Postgres, database: Database) -> Iterator[str]:
    yield f"postgresql://monitor:{leaks.secret(PASSWORD)}@/gateway?host=/nonexistent/directory"


@contextlib.contextmanager
def unknown_database(postgres: Postgres, database: Database) -> Iterator[str]:
    database.create_role("monitor_lost", PASSWORD)
    yield postgres.dsn("monitor_lost", "no_such_database")


@contextlib.contextmanager
def no_right_to_connect(postgres: Postgres, database: Database) -> Iterator[str]:
    database.create_role("monitor_shut_out", PASSWORD)
    database.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
    yield database.dsn("monitor_shut_out")


@contextlib.contextmanager
def role_may_not_log_in(postgres: Postgres, database: Database) -> Iterator[str]:
    database.create_role("monitor_barred", PASSWORD)
    database.execute("ALTER ROLE monitor_barred NOLOGIN")
    yield database.dsn("monitor_barred")


@contextlib.contextmanager
def no_connection_left(postgres: Postgres, database: Database) -> Iterator[str]:
    database.create_role("monitor_late", PASSWORD)
    database.execute("ALTER ROLE monitor_late CONNECTION LIMIT 0")
    yield database.dsn("monitor_late")


@contextlib.contextmanager
def tls_not_offered(postgres: Postgres, database: Database) -> Iterator[str]:
    yield url(postgres.port, sslmode="require")


@contextlib.contextmanager
def server_resets(postgres: Postgres, database: Database) -> Iterator[str]:
    with Resetting() as server:
        yield url(server.port)


@contextlib.contextmanager
def server_babbles(postgres: Postgres, database: Database) -> Iterator[str]:
    with Babbling() as server:
        yield url(server.port, sslmode="disable")


@contextlib.contextmanager
def server_is_silent(postgres: Postgres, database: Database) -> Iterator[str]:
    with Silent() as server:
        yield url(server.port)


@contextlib.contextmanager
def packets_vanish(postgres: Postgres, database: Database) -> Iterator[str]:
    with black_hole() as port:
        yield url(port)


@contextlib.contextmanager
def all_hosts_dead(postgres: Postgres, database: Database) -> Iterator[str]:
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    yield f"postgresql://monitor:{leaks.secret(PASSWORD)}@{hosts}/gateway"


FAULTS: list[tuple[Callable, str, str, str]] = [
    # fault, reason, what the error names, what it advises
    (wrong_password, "auth", "password authentication failed", "check user and password"),
    (unknown_role, "auth", "monitor", "check user and password"),
    (no_password, "auth", "no password supplied", "password"),
    (unknown_host, "connect", "no-such-host.invalid", "check the host name"),
    (nobody_listens, "connect", "refused", "check that the server runs"),
    (no_such_socket, "connect", "/nonexistent/directory", "check that the server runs"),
    (unknown_database, "schema", "no_such_database", "database_url"),
    (no_right_to_connect, "permission", "permission denied for database", "CONNECT"),
    (role_may_not_log_in, "auth", "not permitted to log in", "ALTER ROLE .*monitor_barred.* LOGIN;"),
    (no_connection_left, "connect", "too many connections", "connection"),
    (tls_not_offered, "connect", "SSL", "check sslmode"),
    (server_resets, "connect", "127.0.0.1", "check that the server runs"),
    (server_babbles, "connect", "127.0.0.1", "check that the server runs"),
    (server_is_silent, "timeout", "did not answer in time", "look at the load|check that"),
    (packets_vanish, "timeout", "did not answer in time", "look at the load|check that"),
    (all_hosts_dead, "connect", "refused", "check that the server runs"),
]
every_fault = pytest.mark.parametrize("fault,reason,names,advice", FAULTS, ids=[f[0].__name__ for f in FAULTS])


@every_fault
def test_a_daemon_starts_whatever_is_wrong_with_the_database_and_says_so(
    postgres: Postgres, database: Database, fault, reason: str, names: str, advice: str
):
    with fault(postgres, database) as dsn, Serve(watching(dsn, timeout="600ms")) as serve:
        assert re.fullmatch(reason, next(iter(serve.errors())))
        assert len(serve.errors()) == 1
        assert serve.metric("keyshift_source_up", source="keys") == 0
        assert_unknown(serve)
        (complaint,) = lines(serve, 'msg="source down"')
        assert re.search(names, complaint)
        assert re.search(advice, complaint.partition("hint=")[2])
        assert serve.terminate()[0] == 0


@every_fault
def test_a_report_ends_with_69_and_the_same_advice(
    postgres: Postgres, database: Database, fault, reason: str, names: str, advice: str, tmp_path
):
    with fault(postgres, database) as dsn:
        config = tmp_path / "keyshift.yaml"
        config.write_text(f"collectors: [{{type: keys, timeout: 600ms, database_url: '{dsn}'}}]")
        begin = time.monotonic()
        result = Keyshift().run("report", f"--config={config}")
        assert result.returncode == 69
        assert time.monotonic() - begin < 15
    complaint = result.stderr.decode()
    assert complaint.startswith("keyshift: ")
    assert complaint.count("\n") == 1
    assert re.search(names, complaint)
    assert re.search(advice, complaint)
    assert result.stdout.decode() == "🔗 Connecting to database...\n"


def test_a_database_that_comes_later_is_found_without_a_restart(own_postgres: Postgres):
    table = KeyTable(own_postgres.create_database("gateway"))
    table.add()
    own_postgres.stop()
    with Serve(watching(table.database.dsn())) as serve:
        assert_unknown(serve)
        assert serve.metric("keyshift_legacy_keys_created_total") == 0
        assert serve.errors().keys() == {"connect"}
        own_postgres.start()
        eventually(lambda: serve.keys() == (1, 0), 20, "the census")
        assert serve.metric("keyshift_source_up", source="keys") == 1
        assert len(lines(serve, 'msg="source down"')) == 1
        assert len(lines(serve, 'msg="source up"')) == 1


# --- TLS


@pytest.fixture(scope="module")
def tls_postgres() -> Iterator[Postgres]:
    with Postgres(ssl=True) as server:
        KeyTable(server.create_database("gateway")).add()
        yield server


def test_a_connection_checks_the_certificate_when_told_to(tls_postgres: Postgres):
    root = tls_postgres.certificate.certificate
    dsn = tls_postgres.dsn(database="gateway", sslmode="verify-full", sslrootcert=root)
    with Serve(watching(dsn)) as serve:
        assert serve.keys() == (1, 0)
        query = f"SELECT ssl FROM pg_stat_ssl WHERE pid IN (SELECT pid {WATCHERS})"
        assert tls_postgres.execute(query) == [(True,)]


def test_a_certificate_of_somebody_else_is_refused(tls_postgres: Postgres, tmp_path):
    with Postgres(ssl=True) as other:
        root = tmp_path / "root.crt"
        root.write_bytes(other.certificate.certificate.read_bytes())
    dsn = tls_postgres.dsn(database="gateway", sslmode="verify-full", sslrootcert=root)
    with Serve(watching(dsn)) as serve:
        assert serve.errors().keys() == {"connect"}
        assert_unknown(serve)
        (complaint,) = lines(serve, 'msg="source down"')
        assert "certificate" in complaint and "sslrootcert" in complaint.partition("hint=")[2]


def test_a_certificate_for_another_name_is_refused(tls_postgres: Postgres):
    root = tls_postgres.certificate.certificate
    dsn = tls_postgres.dsn(database="gateway", sslmode="verify-full", sslrootcert=root, hostaddr="127.0.0.1")
    with Serve(watching(dsn.replace("@127.0.0.1", "@database.example"))) as serve:
        assert serve.errors().keys() == {"connect"}
        (complaint,) = lines(serve, 'msg="source down"')
        assert "database.example" in complaint and "sslmode" in complaint.partition("hint=")[2]


def test_a_server_that_wants_tls_is_not_spoken_to_in_clear(tls_postgres: Postgres):
    with Serve(watching(tls_postgres.dsn(database="gateway", sslmode="disable"))) as serve:
        assert serve.errors().keys() == {"auth"}
        (complaint,) = lines(serve, 'msg="source down"')
        assert "no encryption" in complaint or "SSL off" in complaint, "as PostgreSQL 13 says"
        assert "sslmode" in complaint.partition("hint=")[2]


# --- later


def test_a_poll_that_fails_keeps_the_numbers_and_shows_their_age(table: KeyTable, dsn: str):
    with Proxy(table.database.postgres.port) as proxy:
        address = dsn.replace(f":{table.database.postgres.port}/", f":{proxy.port}/")
        with Serve(watching(address)) as serve:
            before = serve.metrics()
            proxy.refuse()
            proxy.cut()
            eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 10, "the source down")
            last_success = serve.metric("keyshift_source_last_success_timestamp_seconds", source="keys")
            table.add(name="unseen")
            failed = sum(serve.errors().values())
            eventually(lambda: sum(serve.errors().values()) > failed, 10, "another failure")
            now = serve.metrics()
            assert serve.errors().keys() == {"connect"}
            assert serve.metric("keyshift_source_last_success_timestamp_seconds", source="keys") == last_success
            for name in ("keyshift_keys", "keyshift_legacy_keys_used", "keyshift_legacy_keys_baseline"):
                assert {k: v for k, v in now.items() if k[0] == name} == {
                    k: v for k, v in before.items() if k[0] == name
                }
            proxy.accept()
            eventually(lambda: serve.keys() == (3, 1), 20, "the key that was added meanwhile")
            assert serve.metric("keyshift_legacy_keys_created_total") == 1
            assert len(lines(serve, 'msg="source down"')) == 1
            assert len(lines(serve, 'msg="source up"')) == 2


def test_a_server_that_restarts_between_polls_is_no_outage(own_postgres: Postgres):
    table = KeyTable(own_postgres.create_database("gateway"))
    table.add()
    with Serve(watching(table.database.dsn(), interval="4s")) as serve:
        own_postgres.restart()
        eventually(lambda: serve.polls() >= 2, 20, "the poll after the restart")
        assert serve.metric("keyshift_source_up", source="keys") == 1
        assert serve.errors() == {}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_goes_away_and_comes_back(own_postgres: Postgres, mode: str):
    table = KeyTable(own_postgres.create_database("gateway"))
    gone, _ = table.add(), table.add()
    own_postgres.execute("CHECKPOINT")  # the harness runs it without fsync
    with Serve(watching(table.database.dsn())) as serve:
        own_postgres.stop(mode)
        eventually(lambda: serve.errors().keys() == {"connect"}, 10, "the outage")
        assert serve.keys() == (2, 0)
        assert serve.get("/-/ready").status_code == 200
        own_postgres.start()
        table.delete(gone)
        eventually(lambda: serve.keys() == (1, 0), 20, "the deletion")
        assert len(own_postgres.watchers()) == 1


def test_a_backend_that_is_terminated_between_polls_is_no_outage(table: KeyTable, dsn: str):
    terminate = f"SELECT pg_terminate_backend(pid) {WATCHERS}"
    with Serve(watching(dsn, interval="500ms")) as serve:
        for _ in range(3):
            assert table.database.execute(terminate) == [(True,)]
            serve.wait_for_poll()
            assert serve.metric("keyshift_source_up", source="keys") == 1
        assert serve.errors() == {}
        assert lines(serve, "source down") == []


def test_a_server_that_closes_idle_connections_is_no_outage(table: KeyTable, dsn: str):
    role = f"monitor_{table.database.name}"
    table.database.execute(f"ALTER ROLE {role} SET idle_session_timeout = '50ms'")
    with Serve(watching(dsn, interval="500ms")) as serve:
        for _ in range(3):
            eventually(lambda: table.database.postgres.watchers() == [], 5, "the idle connection closed")
            serve.wait_for_poll()
        assert serve.errors() == {}
        assert serve.metric("keyshift_source_up", source="keys") == 1


def test_a_server_that_restarts_in_the_middle_of_a_census(own_postgres: Postgres):
    table = KeyTable(own_postgres.create_database("gateway"))
    table.fill(legacy=60_000, modern=3)
    own_postgres.execute("CHECKPOINT")
    with Proxy(own_postgres.port) as proxy:
        config = watching(behind(proxy, table.database.dsn(), own_postgres), timeout="5s", census_timeout="20s")
        with Serve(config) as serve:
            assert serve.keys() == (60_000, 3)
            proxy.pause_after(500_000)
            eventually(lambda: not proxy.flowing, 15, "a census half-way")
            own_postgres.restart()
            table.add()
            proxy.resume()
            eventually(lambda: serve.keys() == (60_001, 3), 30, "the census")
            assert serve.errors().keys() <= {"connect", "timeout"}
            assert serve.metric("keyshift_legacy_keys_created_total") == 1
            assert serve.metric("keyshift_legacy_keys_baseline") == 60_001
        eventually(lambda: own_postgres.watchers() == [], 5, "no backend left")


# --- several hosts


@pytest.mark.parametrize("first", ["dead", "silent", "vanishing"])
def test_the_second_host_answers_when_the_first_does_not(table: KeyTable, dsn: str, first: str):
    target = table.database.postgres
    with contextlib.ExitStack() as stack:
        port = {
            "dead": free_port,
            "silent": lambda: stack.enter_context(Silent()).port,
            "vanishing": lambda: stack.enter_context(black_hole()),
        }[first]()
        both = dsn.replace(f"@127.0.0.1:{target.port}", f"@127.0.0.1:{port},localhost:{target.port}")
        with Serve(watching(both, timeout="2s")) as serve:
            assert serve.keys() == (2, 1)
            assert serve.errors() == {}


def test_a_host_that_is_not_the_one_wanted_is_passed_over(table: KeyTable, dsn: str):
    """target_session_attrs goes to libpq as it is: no host here is a standby."""
    with Serve(watching(f"{dsn}?target_session_attrs=standby")) as serve:
        assert serve.errors().keys() == {"connect"}
        (complaint,) = lines(serve, 'msg="source down"')
        assert "standby" in complaint or "hot standby" in complaint
    with Serve(watching(f"{dsn}?target_session_attrs=prefer-standby")) as serve:
        assert serve.keys() == (2, 1)


# --- stopping


@pytest.mark.parametrize("hole", [server_is_silent, packets_vanish])
def test_sigterm_ends_an_attempt_to_connect(postgres: Postgres, database: Database, hole):
    with hole(postgres, database) as dsn, Serve(watching(dsn, timeout="60s"), until="healthy") as serve:
        assert serve.get("/-/ready").status_code == 503
        code, seconds = serve.terminate()
        assert (code, seconds < 2) == (0, True)
