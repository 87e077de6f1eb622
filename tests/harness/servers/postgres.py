# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL, with pg_stat_statements loaded and password authentication over TCP.

It is Debian's, or the server whose programs are in the folder `$KEYSHIFT_TEST_POSTGRES`. Clients are Debian's.

The superuser's password holds characters that a URL must escape, on purpose. initdb runs once per session into a
template that every instance copies. PostgreSQL refuses to run as root: there it runs as the user postgres.
"""

import contextlib
import functools
import itertools
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

import psycopg2
import psycopg2.extensions
from psycopg2 import sql

from harness.servers.server import START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS, Server
from harness.tools import leaks
from harness.tools.certificates import Certificate, self_signed
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT, run_as
from harness.tools.scratch import scratch_directory

SUPERUSER = "postgres"
_FOLDER_VARIABLE = "KEYSHIFT_TEST_POSTGRES"

STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}

_SUPERUSER_PASSWORD = "p@ss/w:rd%+1"
_OS_USER = "postgres" if os.geteuid() == 0 else None
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    "shared_preload_libraries": "pg_stat_statements",
    "timezone": "UTC",
    # A standby that is slow, or cut off for a while, still finds what it has not read.
    "wal_keep_size": "64MB",
}
_STATEMENT_TIMEOUT = "60s"

# Connections of keyshift: they have a name within a transaction alone. The harness's own are named.
WATCHERS = (
    "FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name IN ('', 'keyshift')"
)


def binary_directory() -> Path:
    """The programs of the server under test: `postgres` and `initdb`."""
    chosen = os.environ.get(_FOLDER_VARIABLE)
    return Path(chosen).absolute() if chosen else client_directory()


@functools.cache
def client_directory() -> Path:
    """The programs of the newest PostgreSQL that is installed: `psql`, `pg_dump`, `pg_basebackup`."""
    versions = [d for d in Path("/usr/lib/postgresql").glob("*/bin") if (d / "postgres").exists()]
    if not versions:
        raise FileNotFoundError("postgres is not installed: run scripts/install-packages test")
    return max(versions, key=lambda d: [int(n) for n in re.findall(r"\d+", d.parent.name)])


# pg_stat_statements keeps what a dropped database ran. A database without the extension has no function for it.
_FORGET_STATEMENTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') THEN
        EXECUTE format('SELECT %s.pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = %L',
            (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_stat_statements'),
            current_database());
    END IF;
END $$
"""


class Postgres(Server):
    """One instance. `ssl=True` serves TLS with `certificate` and refuses TCP connections without it.

    `settings` are lines of postgresql.conf beside the harness's own, which they override, such as
    {"pg_stat_statements.max": "100"}, the least that it takes, where statements shall be evicted.
    """

    name = "postgres"
    stop_signal = signal.SIGINT
    user = _OS_USER

    def __init__(self, *, ssl: bool = False, settings: Mapping[str, str] | None = None):
        super().__init__()
        self.port = free_port()
        self.socket_directory = owned_directory(self.directory / "socket")
        self.certificate: Certificate | None = self_signed(self.directory, _OS_USER) if ssl else None
        self._data = self.directory / "data"
        self._passwords = {SUPERUSER: leaks.secret(_SUPERUSER_PASSWORD)}
        self._names = itertools.count(1)
        self.make_data(self._data)
        self._configure(settings or {})

    def make_data(self, directory: Path) -> None:
        """Make the data directory, which does not exist yet."""
        run_as(None, ["/bin/cp", "-a", "--reflink=auto", _template(), directory])

    def argv(self) -> Sequence[str]:
        return [str(binary_directory() / "postgres"), "-D", str(self._data)]

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        if self.running:
            self.process.terminate(STOP_TIMEOUT_SECONDS, STOP_SIGNALS[mode])

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """With the same data. Either way PostgreSQL 15 keeps pg_stat_statements; `crash` loses it."""
        self.stop(mode)
        self.start()

    def crash(self) -> None:
        """Kill a backend: PostgreSQL drops all connections and recovers, with the data but without statistics."""
        self.execute("CHECKPOINT")
        with contextlib.closing(self.connect()) as victim, contextlib.closing(self.connect()) as witness:
            os.kill(victim.info.backend_pid, signal.SIGKILL)
            self.process.wait_until(lambda: _is_cut(witness), STOP_TIMEOUT_SECONDS, "connections are dropped")
        self.process.wait_until(self.answers, START_TIMEOUT_SECONDS, "it has recovered")

    def become_standby(self) -> None:
        """From the next start on, without a primary: it can be read, and is in recovery."""
        signal_file = self._data / "standby.signal"
        signal_file.touch()
        if _OS_USER:
            shutil.chown(signal_file, _OS_USER)

    def dsn(self, user: str = SUPERUSER, database: str = "postgres", **params: object) -> str:
        """A postgresql:// URL over TCP with the role's password; `params` are libpq's, such as sslmode."""
        leaks.secret(self._passwords[user])
        return self._url(user, f"127.0.0.1:{self.port}", database, params)

    def socket_dsn(self, user: str = SUPERUSER, database: str = "postgres", **params: object) -> str:
        """As `dsn`, over the Unix socket, where the superuser needs no password."""
        return self._url(user, "", database, {"host": self.socket_directory, "port": self.port, **params})

    def connect(self, database: str = "postgres") -> psycopg2.extensions.connection:
        """A superuser's connection in autocommit mode, over the Unix socket, with a bound on each statement."""
        connection = psycopg2.connect(
            self.socket_dsn(database=database),
            connect_timeout=10,
            application_name="harness",
            options=f"-c statement_timeout={_STATEMENT_TIMEOUT}",
        )
        connection.autocommit = True
        return connection

    def execute(
        self, statement: str | sql.Composable, parameters: Sequence[Any] | None = None, database: str = "postgres"
    ) -> list[tuple]:
        """Run SQL as superuser on a connection of its own; the rows of the last statement, none if it returns none."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create_database(
        self, name: str | None = None, extensions: Sequence[str] = ("pg_stat_statements",)
    ) -> "Database":
        """A new, empty database; without a name it gets one that is new on this instance."""
        name = name or f"test_{next(self._names)}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        for extension in extensions:
            self.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)), database=name)
        return Database(self, name)

    def create_role(self, name: str, password: str, grants: Sequence[str] = (), database: str = "postgres") -> None:
        """A login role that `dsn` then knows. Each grant is the middle of a GRANT, run in `database`: either rights,
        as in "SELECT ON virtual_keys", or a role, as in "pg_read_all_stats"."""
        role = sql.Identifier(name)
        leaks.secret(password)
        self.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD %s").format(role), (password,))
        self._passwords[name] = password
        for grant in grants:
            self.execute(sql.SQL("GRANT {} TO {}").format(sql.SQL(grant), role), database=database)

    def set_password(self, name: str, password: str) -> None:
        """Of a role that was made elsewhere; `dsn` then knows it."""
        leaks.secret(password)
        self.execute(sql.SQL("ALTER ROLE {} PASSWORD %s").format(sql.Identifier(name)), (password,))
        self._passwords[name] = password

    def drop_role(self, name: str, database: str = "postgres") -> None:
        """Drop a role with what it owns and may do in `database`."""
        self.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)), database=database)
        del self._passwords[name]

    def passwords(self) -> Mapping[str, str]:
        """Of the roles that can log in."""
        return dict(self._passwords)

    def major_version(self) -> int:
        return int(self.execute("SHOW server_version_num")[0][0]) // 10000

    def watchers(self) -> list[int]:
        """The processes that serve keyshift's connections."""
        return [pid for (pid,) in self.execute(f"SELECT pid {WATCHERS} ORDER BY pid")]

    def _url(self, user: str, authority: str, database: str, params: Mapping[str, object]) -> str:
        login = f"{quote(user, safe='')}:{quote(self._passwords[user], safe='')}"
        query = f"?{urlencode(params, quote_via=quote, safe='')}" if params else ""
        return f"postgresql://{login}@{authority}/{quote(database, safe='')}{query}"

    def _configure(self, settings: Mapping[str, str]) -> None:
        own = {"port": str(self.port), "unix_socket_directories": str(self.socket_directory)}
        access = [("local", SUPERUSER, "", "trust"), ("local", "all", "", "scram-sha-256")]
        if self.certificate:
            own |= {
                "ssl": "on",
                "ssl_cert_file": str(self.certificate.certificate),
                "ssl_key_file": str(self.certificate.key),
            }
            access += [
                ("hostssl", "all", "127.0.0.1/32", "scram-sha-256"),
                ("hostnossl", "all", "127.0.0.1/32", "reject"),
            ]
        else:
            access += [("host", "all", "127.0.0.1/32", "scram-sha-256")]
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in {**_SETTINGS, **own, **settings}.items())
        rules = [f"{kind} all {user} {address} {method}\n" for kind, user, address, method in access]
        rules += [f"local replication {SUPERUSER} trust\n", f"host replication {SUPERUSER} 127.0.0.1/32 trust\n"]
        (self._data / "pg_hba.conf").write_text("".join(rules))


class Database:
    """One database of an instance, for one test. `drop()` also drops the roles that were made through it."""

    def __init__(self, postgres: Postgres, name: str):
        self.postgres = postgres
        self.name = name
        self._roles: list[str] = []

    def dsn(self, user: str = SUPERUSER, **params: object) -> str:
        return self.postgres.dsn(user, self.name, **params)

    def execute(self, statement: str | sql.Composable, parameters: Sequence[Any] | None = None) -> list[tuple]:
        return self.postgres.execute(statement, parameters, self.name)

    def psql(self, script: bytes) -> None:
        """Run a script by psql as superuser, up to its first error; AssertionError with what psql says of it."""
        command = [client_directory() / "psql", "-X", "-v", "ON_ERROR_STOP=1", self.postgres.socket_dsn(database=self.name)]
        result = subprocess.run(command, input=script, capture_output=True, env=CLEAN_ENVIRONMENT, check=False)
        assert result.returncode == 0, result.stderr.decode()

    def create_role(self, name: str, password: str, grants: Sequence[str] = ()) -> None:
        self.postgres.create_role(name, password, grants, self.name)
        self._roles.append(name)

    def create_monitor(self, grants: Sequence[str] = ("pg_read_all_stats",)) -> str:
        """A new role of the database for monitoring; its DSN. Without pg_read_all_stats it sees how often statements of
        other roles ran, but not their text."""
        name = f"{self.name}_monitor_{len(self._roles)}"
        self.create_role(name, f"s3cret of {name}", grants)
        return self.dsn(name)

    def reset_statements(self) -> None:
        """Forget the statistics of all statements, in all databases of the instance."""
        self.execute("SELECT pg_stat_statements_reset()")

    def drop(self) -> None:
        """Drop it with its roles, closing whatever connections it still has. Its statements go too: those of hundreds
        of databases would evict each other, and a test that looks at evictions would see them."""
        for role in self._roles:
            self.postgres.drop_role(role, self.name)
        self.execute(_FORGET_STATEMENTS)
        self.postgres.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name)))


def _is_cut(connection: psycopg2.extensions.connection) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error:
        return True
    return False


@functools.cache
def _template() -> Path:
    """A data directory fresh from initdb, made once per session."""
    directory = scratch_directory("postgres-template")
    password_file = directory / "password"
    password_file.write_text(_SUPERUSER_PASSWORD)
    data = owned_directory(directory / "data")
    run_as(
        _OS_USER,
        [
            binary_directory() / "initdb", f"--pgdata={data}", "--no-sync", "--wal-segsize=1",
            "--encoding=UTF8", "--locale=C.UTF-8", f"--username={SUPERUSER}", f"--pwfile={password_file}",
            "--auth=scram-sha-256",
        ],
    )
    return data


def owned_directory(path: Path) -> Path:
    """A new directory in which the server may write."""
    path.mkdir(mode=0o700)
    if _OS_USER:
        shutil.chown(path, _OS_USER)
    return path
