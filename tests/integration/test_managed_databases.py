# SPDX-License-Identifier: Apache-2.0
"""Databases as services run them: nobody is superuser, and remedies are those of the service. The servers here have the
role or the schema by which each service shows itself, and an administrator without superuser, as there."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.product.keyshift import Keyshift
from harness.product.watching import DAY, KeyTable
from harness.servers.postgres import Database, Postgres
from harness.tools.process import CLEAN_ENVIRONMENT

DOCUMENT = Path(__file__).parents[2] / "docs" / "managed-databases.md"
# By the role that every server of the service has: where parameters are set, and who administers.
SERVICES = {
    "rdsadmin": ("in the DB parameter group", "rds_superuser"),
    "cloudsqladmin": ("as a database flag", "cloudsqlsuperuser"),
    "alloydbadmin": ("as a database flag", "alloydbsuperuser"),
    "azure_pg_admin": ("under server parameters", "azure_pg_admin"),
    "supabase_admin": ("by supabase postgres-config update", "as postgres"),
    "neon_superuser": ("ask the service's support", "neon_superuser"),
    "heroku_ext": ("ask the service's support", "heroku pg:psql"),
}
LOADED_BY_SERVICE = {"cloudsqladmin", "alloydbadmin", "supabase_admin", "neon_superuser", "heroku_ext"}


@pytest.fixture(scope="module")
def unloaded() -> Iterator[Postgres]:
    with Postgres(settings={"shared_preload_libraries": ""}) as server:
        yield server


@pytest.fixture(params=sorted(SERVICES))
def service(request: pytest.FixtureRequest, unloaded: Postgres) -> Iterator[tuple[str, Database]]:
    """A database of the service without pg_stat_statements."""
    name = request.param
    database = unloaded.create_database(extensions=())
    what = f"SCHEMA {name}" if name == "heroku_ext" else f"ROLE {name}"
    database.execute(f"CREATE {what}")
    yield name, database
    database.execute(f"DROP {what}")
    database.drop()


def statements_finding(database: Database) -> dict[str, str]:
    KeyTable(database).add(idle=1 * DAY)
    result = Keyshift().run("doctor", "--format=json", env={"DATABASE_URL": database.create_monitor()})
    findings = json.loads(result.stdout)
    (found,) = [each for each in findings if "pg_stat_statements" in each["what"]]
    return found


def test_remedies_are_those_of_the_service(service: tuple[str, Database]):
    name, database = service
    found = statements_finding(database)
    assert "is not loaded" in found["what"] and "ALTER SYSTEM" not in found["mend"]
    if name in LOADED_BY_SERVICE:
        assert "the service loads it" in found["mend"]
    else:
        assert f"add pg_stat_statements to shared_preload_libraries {SERVICES[name][0]}" in found["mend"]


def test_where_somebody_is_superuser_the_remedy_is_a_statement(unloaded: Postgres):
    database = unloaded.create_database(extensions=())
    # The name of a service's role in the name of a database proves nothing.
    assert "ALTER SYSTEM SET shared_preload_libraries" in statements_finding(database)["mend"]
    database.drop()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_who_may_create_the_extension_is_said(postgres: Postgres, name: str):
    database = postgres.create_database()
    what = f"SCHEMA {name}" if name == "heroku_ext" else f"ROLE {name}"
    database.execute("DROP EXTENSION IF EXISTS pg_stat_statements")
    database.execute(f"CREATE {what}")
    try:
        mend = statements_finding(database)["mend"]
    finally:
        database.execute(f"DROP {what}")
        database.drop()
    assert SERVICES[name][1] in mend and mend.endswith("CREATE EXTENSION pg_stat_statements;")


def administrator(database: Database, name: str) -> str:
    """As services give it to customers: no superuser, but with the rights to create roles and to read statistics, and the
    owner of the database. Its DSN."""
    database.create_role(name, f"s3cret of {name}", ())
    database.execute(f'ALTER ROLE "{name}" CREATEROLE CREATEDB')
    for right in ("pg_monitor", "pg_read_all_stats"):
        database.execute(f'GRANT {right} TO "{name}" WITH ADMIN OPTION')
    database.execute(f'ALTER DATABASE "{database.name}" OWNER TO "{name}"')
    database.execute(f'GRANT CREATE ON SCHEMA public TO "{name}"')
    return database.dsn(name)


def blocks(heading: str) -> str:
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.M | re.S)
    assert section, heading
    return section[1]


def psql(dsn: str, script: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["psql", "-X", "-v", "ON_ERROR_STOP=1", dsn], input=script, capture_output=True, env=CLEAN_ENVIRONMENT, check=False
    )


@pytest.fixture
def managed(database: Database) -> Iterator[tuple[str, str]]:
    """The administrator's DSN, and the name that keyshift's role is to have."""
    KeyTable(database).add(idle=1 * DAY)
    name = f"{database.name}_admin"
    dsn = administrator(database, name)
    for each in ("virtual_keys", "users"):
        database.execute(f'ALTER TABLE {each} OWNER TO "{name}"')
    role = f"{database.name}_reader"
    yield dsn, role
    database.execute(f'REASSIGN OWNED BY "{name}" TO postgres')
    database.execute(f'DROP OWNED BY "{role}"')
    database.execute(f'DROP ROLE "{role}"')


def test_the_role_is_made_and_enough_without_superuser(database: Database, managed: tuple[str, str]):
    admin, role = managed
    assert "keyshift sql | psql" in blocks("The role")
    made = Keyshift().run("sql", "--role", role)
    assert made.returncode == 0
    done = psql(admin, made.stdout)
    assert done.returncode == 0, done.stderr.decode()
    database.postgres.set_password(role, "s3cret of the reader")
    env = {"DATABASE_URL": database.dsn(role)}
    findings = json.loads(Keyshift().run("doctor", "--format=json", env=env).stdout)
    assert not [each for each in findings if "may not read" in each["what"]], findings
    report = Keyshift().run("report", "--format=csv", env=env)
    assert report.returncode == 0 and report.stdout.count(b"\r\n") == 2, report.stderr.decode()


def test_pg_monitor_does_where_the_narrower_right_is_refused(database: Database, managed: tuple[str, str]):
    admin, role = managed
    assert psql(admin, Keyshift().run("sql", "role", "view", "--role", role).stdout).returncode == 0
    (grant,) = re.findall(r"```sql\n(.*?)```", blocks("The role"), re.S)
    done = psql(admin, grant.replace("keyshift", f'"{role}"').encode())
    assert done.returncode == 0, done.stderr.decode()
    database.postgres.set_password(role, "s3cret of the reader")
    findings = json.loads(
        Keyshift().run("doctor", "--format=json", env={"DATABASE_URL": database.dsn(role)}).stdout
    )
    assert not [each for each in findings if "statements of other users" in each["what"]], findings


def test_each_service_stands_in_the_document():
    rows = re.findall(r"^\| [^|]+ \| (?:role|schema) `(\w+)`", blocks("Service by service"), re.M)
    assert set(rows) == set(SERVICES)
