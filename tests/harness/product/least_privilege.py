# SPDX-License-Identifier: Apache-2.0
"""The role that `keyshift sql` prints, made as its documentation says: by psql, in the gateway's database."""

from harness.product.keyshift import Keyshift
from harness.servers.postgres import Database


def printed_sql(database: Database, *sections: str) -> bytes:
    """What `keyshift sql` prints for the database's reader; all sections unless named."""
    printed = Keyshift().run("sql", "--role", role_of(database), *sections)
    assert printed.returncode == 0, printed.stderr
    return printed.stdout


def prepared_by_sql(database: Database, *sections: str) -> str:
    """A role made by what `keyshift sql` prints; its DSN."""
    database.psql(printed_sql(database, *sections))
    database.postgres.set_password(role_of(database), "of-the-reader")
    return database.dsn(role_of(database))


def drop_reader(database: Database) -> None:
    database.postgres.drop_role(role_of(database), database.name)


def role_of(database: Database) -> str:
    return f"reader_{database.name}"
