# SPDX-License-Identifier: Apache-2.0
"""Standbys of PostgreSQL: streaming from a primary or from another standby, or fed by an archive alone.

The connection to the server above goes through `link`, a proxy, so that it can be cut or hang while both servers live.
"""

from contextlib import closing
from pathlib import Path

from harness.servers.postgres import SUPERUSER, Postgres, client_directory, owned_directory
from harness.tools.process import run_as
from harness.tools.tcp import Proxy

CATCH_UP_TIMEOUT_SECONDS = 20.0

# What the server above sends before the first message: CopyBothResponse.
_STREAMING_BEGINS = b"W\x00\x00\x00\x07\x00\x00\x00"
_SETTINGS = {
    # It connects anew at once.
    "wal_retrieve_retry_interval": "100ms",
    "wal_receiver_status_interval": "1s",
}


class ArchivingPostgres(Postgres):
    """Each finished segment of its WAL goes into `archive`."""

    name = "postgres-archiving"

    def __init__(self):
        super().__init__(settings={"archive_mode": "on", "archive_command": "cp %p ../archive/%f"})
        self.archive = owned_directory(self.directory / "archive")

    def finish_segment(self) -> None:
        """Archive all that was committed until now; returns once that has been done."""
        self.execute("SELECT pg_logical_emit_message(false, 'harness', 'so that there is something to archive')")
        name = self.execute("SELECT pg_walfile_name(pg_switch_wal())")[0][0]
        self.process.wait_until((self.archive / name).exists, CATCH_UP_TIMEOUT_SECONDS, f"{name} is archived")


class Standby(Postgres):
    """A copy of the primary that follows `upstream`, made when constructed. It knows the primary's roles, also later
    ones.

    With `archive` it does not stream, and reads the WAL there.
    """

    name = "standby"

    def __init__(self, upstream: Postgres, *, archive: Path | None = None):
        self.upstream = upstream
        self.primary: Postgres = upstream.primary if isinstance(upstream, Standby) else upstream
        self.link = Proxy(upstream.port)
        if archive:
            source = {"primary_conninfo": "", "restore_command": f"cp {archive}/%f %p"}
        else:
            source = {"primary_conninfo": f"host=127.0.0.1 port={self.link.port} user={SUPERUSER}"}
        super().__init__(settings=_SETTINGS | source)
        self._passwords = upstream._passwords

    def make_data(self, directory: Path) -> None:
        server = [f"--host={self.primary.socket_directory}", f"--port={self.primary.port}", f"--username={SUPERUSER}"]
        options = [f"--pgdata={owned_directory(directory)}", "--checkpoint=fast", "--no-sync"]
        run_as(self.user, [client_directory() / "pg_basebackup", *server, *options])
        self.become_standby()

    def close(self) -> None:
        self.link.close()
        super().close()

    # --- its connection to the server above

    def disconnect(self) -> None:
        """Until `connect_again`: as if the network were down, so that the receiver dies."""
        self.link.refuse()
        self.link.cut()
        self.process.wait_until(lambda: not self.streams(), CATCH_UP_TIMEOUT_SECONDS, "it has noticed")

    def connect_again(self) -> None:
        """And catch up: a primary that has nothing to send says nothing for half a minute."""
        self.link.accept()
        self.catch_up()
        self.process.wait_until(self.streams, CATCH_UP_TIMEOUT_SECONDS, "it streams again")

    def connect_without_a_message(self) -> None:
        """Let it begin to stream and hold back all that comes then, until `link.resume()`."""
        self.link.pause_behind(_STREAMING_BEGINS)
        self.link.accept()
        self.process.wait_until(self.streams, CATCH_UP_TIMEOUT_SECONDS, "it streams again")
        self.process.wait_until(lambda: not self.link.flowing, CATCH_UP_TIMEOUT_SECONDS, "messages are held back")

    def streams(self) -> bool:
        return self.execute("SELECT status FROM pg_stat_wal_receiver") == [("streaming",)]

    def restart_without_a_commit(self) -> None:
        """Disconnected, and with nothing to replay at its start: it cannot say as of when its data are."""
        self.primary.execute("CHECKPOINT")
        self._wait_for(self.primary.execute("SELECT pg_current_wal_flush_lsn()")[0][0])
        self.execute("CHECKPOINT")
        self.disconnect()
        self.restart()

    # --- replay

    def catch_up(self) -> None:
        """Wait until all that was committed on the primary until now can be seen here. It is one more commit there."""
        with closing(self.primary.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute("SELECT pg_logical_emit_message(true, 'harness', 'catch up')")
            cursor.execute("SELECT pg_current_wal_flush_lsn()")
            self._wait_for(cursor.fetchone()[0])

    def pause(self) -> None:
        """Replay nothing more, while the WAL is received."""
        self.execute("SELECT pg_wal_replay_pause()")
        query = "SELECT pg_get_wal_replay_pause_state()"
        self.process.wait_until(lambda: self.execute(query) == [("paused",)], CATCH_UP_TIMEOUT_SECONDS, "it pauses")

    def resume(self) -> None:
        self.execute("SELECT pg_wal_replay_resume()")

    def delay(self, length: str) -> None:
        """Replay commits so long after they were made; "0" is at once."""
        self.execute(f"ALTER SYSTEM SET recovery_min_apply_delay = '{length}'")
        self.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """It is a primary from now on."""
        assert self.execute("SELECT pg_promote()") == [(True,)]

    def _wait_for(self, position: str) -> None:
        def reached() -> bool:
            return self.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (position,))[0][0]

        self.process.wait_until(reached, CATCH_UP_TIMEOUT_SECONDS, "it catches up")
