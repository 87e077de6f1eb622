# SPDX-License-Identifier: Apache-2.0
"""PgBouncer from Debian before one PostgreSQL, and what its clients leave on the connections that it hands on."""

import contextlib
from collections.abc import Sequence
from typing import Literal

import psycopg2
import psycopg2.extensions

from harness.servers.postgres import Postgres
from harness.servers.server import Server
from harness.tools.ports import free_port
from harness.tools.process import program

PoolMode = Literal["session", "transaction", "statement"]

# All that outlives a transaction. `source` tells a value that somebody set from the same one by default.
_LEFT = """SELECT
    (SELECT json_object_agg(name, json_build_array(setting, source)) FROM pg_catalog.pg_settings),
    pg_catalog.json_build_object('user', current_user, 'session_user', session_user),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors WHERE is_holdable),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_listening_channels()),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema()),
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid())"""


class PgBouncer(Server):
    """Each pair of user and database has `pool_size` connections. It knows the roles that there are when it starts."""

    name = "pgbouncer"

    def __init__(self, postgres: Postgres, *, pool_mode: PoolMode = "transaction", pool_size: int = 2):
        super().__init__()
        self.user = postgres.user  # it refuses to run as root
        self.port = free_port()
        self._postgres = postgres
        self._pool_size = pool_size
        self._configuration = self.directory / "pgbouncer.ini"
        self._users = self.directory / "users.txt"
        self._configuration.write_text(
            f"""[databases]
* = host=127.0.0.1 port={postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {self._users}
pool_mode = {pool_mode}
default_pool_size = {pool_size}
max_client_conn = 200
query_wait_timeout = 30
"""
        )

    def argv(self) -> Sequence[str]:
        lines = [f"{_quoted(name)} {_quoted(word)}\n" for name, word in self._postgres.passwords().items()]
        self._users.write_text("".join(lines))
        self._users.chmod(0o644)
        return [program("pgbouncer"), str(self._configuration)]

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.behind(self._postgres.dsn()), connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def behind(self, dsn: str) -> str:
        """A URL of the server, through this."""
        direct = f"127.0.0.1:{self._postgres.port}/"
        assert direct in dsn, dsn
        return dsn.replace(direct, f"127.0.0.1:{self.port}/")

    def connect(self, dsn: str) -> psycopg2.extensions.connection:
        """A client of a pool, in autocommit mode; `dsn` is the server's."""
        connection = psycopg2.connect(self.behind(dsn), connect_timeout=10)
        connection.autocommit = True
        return connection

    def left_on_connections(self, dsn: str) -> dict[int, tuple]:
        """All that outlives a transaction, of each connection of a pool, by the server's process."""
        found = {}
        with contextlib.ExitStack() as clients:
            for _ in range(self._pool_size):
                connection = clients.enter_context(contextlib.closing(self.connect(dsn)))
                cursor = connection.cursor()
                cursor.execute("BEGIN")  # keeps its connection, so that the next client gets another
                clients.callback(cursor.execute, "COMMIT")
                cursor.execute("SELECT pg_catalog.pg_backend_pid()")
                pid = cursor.fetchone()[0]
                cursor.execute(_LEFT)
                found[pid] = cursor.fetchone()
        return found


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
