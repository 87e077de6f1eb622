# SPDX-License-Identifier: Apache-2.0
"""A database copied by pg_dump and psql: as a staging copy, a restored backup, or a move to another server is."""

import subprocess

from harness.servers.postgres import Database, Postgres, client_directory
from harness.tools.process import CLEAN_ENVIRONMENT


def copy_database(source: Database, to: Postgres, name: str | None = None) -> Database:
    """All of it, rows too, under a name that is new there."""
    target = to.create_database(name, extensions=())
    dump = _run("pg_dump", "--no-owner", f"--dbname={source.postgres.socket_dsn(database=source.name)}")
    _run("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={to.socket_dsn(database=target.name)}", input=dump)
    return target


def _run(program: str, *args: str, input: bytes = b"") -> bytes:
    result = subprocess.run(
        [client_directory() / program, *args], input=input, capture_output=True, env=CLEAN_ENVIRONMENT, check=False
    )
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout
