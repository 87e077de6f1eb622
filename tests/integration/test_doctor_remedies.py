# SPDX-License-Identifier: Apache-2.0
"""Each remedy that keyshift doctor prints is carried out as it is printed, and then everything is ok. Where a person
has to decide, doctor says what about, and the test decides."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.product.keyshift import Keyshift
from harness.product.least_privilege import prepared_by_sql
from harness.product.operator import Operator, mended, troubles
from harness.product.watching import DAY, KeyTable
from harness.servers.postgres import Database, Postgres
from harness.tools.http_faults import HttpFaults, text
from harness.tools.scratch import scratch_directory

# Nobody has used the gateway.
NO_USE = ("no lookup statement", "statement has been seen")
TABLE = {"gateway": {}}
VIEW = {"gateway": {"table": "public.keyshift_keys", "statements": {"table": "public.virtual_keys"}}}
SOMEBODY = "nobody"


@pytest.fixture
def watched(database: Database) -> Iterator[Database]:
    """A key table, and a role that `keyshift sql` has made."""
    keys = KeyTable(database)
    keys.add(idle=DAY)
    keys.add(legacy=False, idle=DAY)
    yield database
    name = role(database)
    if database.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)):
        database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def role(database: Database) -> str:
    return f"reader_{database.name}"


def operator_of(database: Database, tree: dict[str, Any], *sections: str, collectors: tuple[str, ...] = ("keys",)) -> Operator:
    dsn = prepared_by_sql(database, *sections).replace("$", "$$")
    found = [{"type": name, "database_url": dsn} for name in collectors]
    return Operator({**tree, "collectors": found}, database)


@dataclass(frozen=True)
class Fault:
    """What is run as superuser, and what doctor then says is wrong."""

    sql: str
    said: tuple[str, ...]
    view: bool = False
    statements: bool = False


FAULTS = {
    "schema": Fault(
        "REVOKE USAGE ON SCHEMA public FROM {role}, PUBLIC", ("does not exist in this database",)
    ),
    "columns": Fault("REVOKE SELECT (name, expires_at) ON virtual_keys FROM {role}", ("may not read column",)),
    "table": Fault("REVOKE ALL ON virtual_keys FROM {role}", ("may not read column",)),
    "row-level security": Fault("ALTER TABLE virtual_keys ENABLE ROW LEVEL SECURITY", ("row-level security",)),
    "view": Fault("REVOKE ALL ON keyshift_keys FROM {role}", ("may not read column",), view=True),
    "second view": Fault("REVOKE ALL ON keyshift_keys_shared FROM {role}", ("does not tell",), view=True),
    "no second view": Fault("DROP VIEW keyshift_keys_shared", ("does not tell",), view=True),
    "older view": Fault(
        "DROP VIEW keyshift_keys; CREATE VIEW keyshift_keys AS SELECT id, created_at, name FROM virtual_keys",
        ("has no column",), view=True,
    ),
    "connections of the role": Fault("ALTER ROLE {role} CONNECTION LIMIT 0", ("too many connections for role",)),
    "connections of the database": Fault(
        'ALTER DATABASE "{database}" CONNECTION LIMIT 0', ("too many connections for database",)
    ),
    "connect": Fault('REVOKE CONNECT ON DATABASE "{database}" FROM {role}, PUBLIC', ("permission denied for database",)),
    "nologin": Fault("ALTER ROLE {role} NOLOGIN", ("is not permitted to log in",)),
    "expired": Fault("ALTER ROLE {role} VALID UNTIL '2020-01-01'", ("password authentication failed",)),
    "expires soon": Fault("ALTER ROLE {role} VALID UNTIL '{soon}'", ("the password of user",)),
    "noinherit": Fault(
        "REVOKE pg_read_all_stats FROM {role}; ALTER ROLE {role} NOINHERIT; GRANT pg_read_all_stats TO {role}",
        ("may not read the statements of other users",), statements=True,
    ),
    "no right on statistics": Fault(
        "REVOKE pg_read_all_stats FROM {role}", ("may not read the statements of other users",), statements=True
    ),
    "no extension": Fault("DROP EXTENSION pg_stat_statements", ("is not in this database",), statements=True),
    "may change": Fault("GRANT UPDATE, DELETE ON virtual_keys TO {role}", ("may change public.virtual_keys",)),
    "may read hashes": Fault("GRANT SELECT ON virtual_keys TO {role}", ("may read the bcrypt hashes",)),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_of_the_database(watched: Database, fault: Fault):
    sections = () if fault.view else ("role", "statements")
    names = ("keys", "statements") if fault.statements else ("keys",)
    operator = operator_of(watched, VIEW if fault.view else TABLE, *sections, collectors=names)
    assert troubles(operator.look(), *NO_USE) == []
    soon = watched.execute("SELECT (now() + interval '3 days')::text")[0][0]
    watched.execute(fault.sql.format(role=role(watched), database=watched.name, soon=soon))
    mended(operator, list(fault.said), *NO_USE)


def test_a_wrong_column_has_the_line_that_is_right(watched: Database):
    operator = operator_of(watched, {"gateway": {"columns": {"last_used_at": "last_seen"}}}, "role")
    seen = operator.look()
    assert seen.exit_code == 69
    assert seen.mend("keys", "failure") == "set gateway.columns.last_used_at: last_used_at"
    mended(operator, ["has no column last_seen"])


def test_a_wrong_column_that_nothing_tells_is_a_decision(watched: Database):
    watched.execute("ALTER TABLE virtual_keys RENAME COLUMN last_used_at TO seen")
    watched.execute("CREATE ROLE {0} LOGIN; GRANT SELECT ON virtual_keys TO {0}".format(role(watched)))
    operator = Operator({"collectors": [{"type": "keys", "database_url": watched.dsn()}]}, watched)
    (failed,) = [finding for finding in troubles(operator.look()) if finding["result"] == "failure"]
    wanted = r"name the right one in (\S+), or set it to null \(columns without a key: (.*)\)"
    found = re.fullmatch(wanted, failed["mend"])
    assert found and "seen" in found[2].split(", "), failed
    operator.set(found[1], "seen")
    assert [finding for finding in troubles(operator.look()) if finding["result"] == "failure"] == []


def test_with_a_wrong_column_the_old_view_stays(watched: Database):
    """`keyshift sql view | psql` fails as a whole, and what worked goes on working."""
    operator = operator_of(watched, VIEW)
    assert troubles(operator.look()) == []
    before = watched.execute("SELECT pg_get_viewdef('keyshift_keys'), 'keyshift_keys'::regclass::oid")
    operator.tree["gateway"] = {**VIEW["gateway"], "columns": {"last_used_at": "last_seen"}}
    seen = operator.look()
    # The configuration is wrong, and not the view.
    assert "keyshift sql" not in seen.mend("keys", "failure")
    command = f"keyshift sql --config {operator.file} --role {role(watched)} view | psql -d {watched.name}"
    with pytest.raises(AssertionError, match="last_seen"):
        operator.shell(command)
    with pytest.raises(AssertionError, match="last_seen"):
        operator.shell(command.replace(" view", ""))
    assert watched.execute("SELECT pg_get_viewdef('keyshift_keys'), 'keyshift_keys'::regclass::oid") == before
    mended(operator, ["has no column last_seen"])
    operator.shell(command)
    assert troubles(operator.look()) == []


def test_another_view_upon_it_keeps_the_old_one(watched: Database):
    operator = operator_of(watched, VIEW)
    watched.execute("DROP VIEW keyshift_keys; CREATE VIEW keyshift_keys AS SELECT id, created_at FROM virtual_keys")
    watched.execute("CREATE VIEW theirs AS SELECT id FROM keyshift_keys")
    (failed,) = troubles(operator.look())
    with pytest.raises(AssertionError, match="other objects depend on it"):
        operator.do(failed["mend"])
    assert watched.execute("SELECT count(*) FROM theirs, keyshift_keys") != []
    watched.execute("DROP VIEW theirs")


def test_sql_twice_and_then_all_commands_with_the_same_url(watched: Database):
    """First with a column that is not there: nothing of that stays."""
    keyshift = Keyshift()
    wrong = keyshift.home / "wrong.yaml"
    wrong.write_text("gateway: {columns: {last_used_at: last_seen}}\ncollectors: [{type: keys}]\n")
    operator = Operator({}, watched)
    with pytest.raises(AssertionError, match="last_seen"):
        operator.shell(f"keyshift sql --config {wrong} --role {role(watched)} | psql -d {watched.name}")
    for _ in range(2):
        operator.shell(f"keyshift sql --role {role(watched)} | psql -d {watched.name} 2>&1")
    watched.postgres.set_password(role(watched), "of-the-reader")
    env = {"DATABASE_URL": watched.dsn(role(watched))}
    doctor = keyshift.run("doctor", env=env)
    assert doctor.returncode == 0 and b"failure " not in doctor.stdout, doctor.stdout.decode()
    assert b"public.keyshift_keys can be read" in doctor.stdout
    for command in (["status"], ["report"], ["verdict"]):
        ran = keyshift.run(*command, env=env)
        assert ran.returncode in (0, 3) and b"failed" not in ran.stderr, (command, ran.stderr.decode())
    watched.postgres.drop_role(role(watched), watched.name)


def test_a_view_of_another_table_is_not_taken_for_its(watched: Database):
    operator = operator_of(watched, {"gateway": {}})
    assert troubles(operator.look()) == []
    watched.execute("CREATE TABLE others (LIKE virtual_keys INCLUDING ALL)")
    definition = watched.execute("SELECT pg_get_viewdef('keyshift_keys')")[0][0].replace("virtual_keys", "others")
    watched.execute(f"CREATE OR REPLACE VIEW keyshift_keys AS {definition}")
    (failed,) = troubles(operator.look())
    assert "may not read column" in failed["what"]


def test_who_is_superuser_gets_a_role_of_its_own(watched: Database):
    """What is printed makes it; its password, and the URL with both, are a person's."""
    operator = Operator({"collectors": [{"type": "keys", "database_url": watched.dsn().replace("$", "$$")}]}, watched)
    (found,) = troubles(operator.look())
    assert "is a superuser" in found["what"] and "\\password keyshift" in found["mend"]
    try:
        operator.do(found["mend"])
        watched.postgres.set_password("keyshift", "of-its-own")
        operator.tree["collectors"][0]["database_url"] = watched.dsn("keyshift")
        assert troubles(operator.look()) == []
    finally:
        watched.postgres.drop_role("keyshift", watched.name)


def test_a_server_without_statistics_of_statements():
    """What is loaded already stays, whether the role may see it or not."""
    settings = {"shared_preload_libraries": "auto_explain"}
    with Postgres(settings=settings) as server:
        database = server.create_database(extensions=[])
        KeyTable(database).add(idle=DAY)
        operator = operator_of(database, TABLE, "role", collectors=("statements",))
        (failed,) = troubles(operator.look())
        assert "is not loaded" in failed["what"] and "restart PostgreSQL" in failed["mend"]
        operator.do(failed["mend"])
        server.restart()
        assert database.execute("SHOW shared_preload_libraries") == [("auto_explain, pg_stat_statements",)]
        mended(operator, ["is not in this database", "may not read the statements"], *NO_USE)


# --- times


@pytest.mark.parametrize(("zone", "said"), [("Asia/Tokyo", "9h ahead"), ("Etc/GMT+5", "none is later than the local time")])
def test_times_of_another_zone(watched: Database, zone: str, said: str):
    """As now() fills them in a database with a zone of its own."""
    operator = operator_of(watched, TABLE, "role")
    watched.execute("DROP VIEW IF EXISTS keyshift_keys")
    for column in ("created_at", "last_used_at"):
        watched.execute(f"ALTER TABLE virtual_keys ALTER COLUMN {column} TYPE timestamp USING {column} AT TIME ZONE 'UTC'")
    watched.execute(f"""ALTER DATABASE "{watched.name}" SET timezone = '{zone}'""")
    watched.execute("UPDATE virtual_keys SET last_used_at = now(), created_at = now() - interval '1 day'")
    mended(operator, [said])
    assert operator.tree["gateway"]["statements"] == {"table": "virtual_keys"}


def test_times_in_utc_are_not_suspected(watched: Database):
    operator = operator_of(watched, TABLE, "role")
    watched.execute("ALTER TABLE virtual_keys ALTER COLUMN last_used_at TYPE timestamp USING last_used_at AT TIME ZONE 'UTC'")
    watched.execute(f"""ALTER DATABASE "{watched.name}" SET timezone = 'Etc/GMT+5'""")
    watched.execute("UPDATE virtual_keys SET last_used_at = now() AT TIME ZONE 'UTC'")
    assert troubles(operator.look()) == []


def test_times_ahead_that_the_databases_zone_does_not_explain_are_a_decision(watched: Database):
    operator = operator_of(watched, TABLE, "role")
    watched.execute("ALTER TABLE virtual_keys ALTER COLUMN last_used_at TYPE timestamp USING last_used_at AT TIME ZONE 'UTC'")
    watched.execute("UPDATE virtual_keys SET last_used_at = now() AT TIME ZONE 'Asia/Tokyo'")
    (found,) = troubles(operator.look())
    assert "with its zone for ZONE" in found["mend"]
    operator.do(found["mend"].replace("'ZONE'", "'Asia/Tokyo'"))
    assert troubles(operator.look()) == []


# --- the probe and the replicas


def test_a_probe_of_a_path_that_is_public_by_design(plain_gateway):
    operator = Operator({"collectors": [{"type": "probe", "url": f"{plain_gateway.url}/health", "method": "POST"}]})
    (failed,) = troubles(operator.look())
    assert "status 200: keys are not checked" in failed["what"] and "public by design" in failed["mend"]
    url, method = re.search(r"set url: (\S+)\nand method: (\S+)", failed["mend"]).groups()
    operator.tree["collectors"][0] |= {"url": url, "method": method}
    assert troubles(operator.look()) == []


def test_one_replica_by_two_addresses():
    with HttpFaults() as one, HttpFaults() as other:
        for server in (one, other):
            server.answer(text("process_start_time_seconds 1700000000.25\nfallback_total 1\n"))
        targets = [f"{one.url}/metrics", f"{other.url}/metrics"]
        counters = [{"event": "fallback", "metric": "fallback_total"}]
        operator = Operator({"collectors": [{"type": "gateway_metrics", "targets": targets, "counters": counters}]})
        (found,) = troubles(operator.look())
        assert "seem to be one process" in found["what"]
        out = re.search(r"take (\S+) out of targets", found["mend"])[1]
        operator.tree["collectors"][0]["targets"] = [target for target in targets if out not in target]
        assert len(operator.tree["collectors"][0]["targets"]) == 1
        assert troubles(operator.look()) == []


# --- logs


COMBINED = '10.0.0.1 - - [10/Jan/2026:00:00:01 +0000] "POST /v1/models HTTP/1.1" 200 512 "-" "curl/8.0"\n'


def logs(path: Path, type: str = "access_log", **options: Any) -> dict[str, Any]:
    return {"collectors": [{"type": type, "input": {"files": [str(path)]}, **options}]}


def test_a_log_that_the_services_user_may_not_read():
    directory = scratch_directory("remedies")
    directory.chmod(0o711)
    path = directory / "a log"
    path.write_text(COMBINED)
    path.chmod(0o600)
    mended(Operator(logs(path), user=SOMEBODY), ["Permission denied"])


def test_a_rule_that_never_matches(tmp_path: Path):
    path = tmp_path / "gateway's.log"
    path.write_text("key 7 came by fallback\n" * 3)
    rules = [{"event": "fallback", "regex": "by the fallback"}]
    operator = Operator(logs(path, "gateway_log", format="text", rules=rules))
    (found,) = [finding for finding in troubles(operator.look()) if "has matched no line" in finding["what"]]
    command = found["mend"].split(": ", 1)[1]
    assert "0 matched, 3 skipped" in operator.shell(command)
    operator.tree["collectors"][0]["rules"][0]["regex"] = "by fallback"
    assert troubles(operator.look()) == []
    assert "3 matched" in operator.shell(command)


# --- the state and the secrets


def keyless(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "a.log"
    path.write_text(COMBINED)
    return logs(path)


def test_a_home_directory_by_its_sign(tmp_path: Path):
    operator = Operator({**keyless(tmp_path), "state": {"directory": "~/states"}})
    (failed,) = troubles(operator.look())
    assert "state.directory" in failed["what"] and "begins with ~" in failed["what"]
    operator.set("state.directory", failed["mend"].removeprefix("write "))
    assert troubles(operator.look()) == []
    assert f"{operator.home}/states" in operator.look().what("state", "ok")


def test_a_relative_directory_is_beside_the_file(tmp_path: Path):
    operator = Operator({**keyless(tmp_path), "state": {"directory": "states"}})
    seen = operator.look()
    assert troubles(seen) == [] and f"{operator.home}/states" in seen.what("state", "ok")
    ran = operator.keyshift.run("doctor", "--config", "k.yaml", cwd=operator.home)
    assert f"its state can be kept in {operator.home}/states" in ran.stdout.decode()


def test_a_relative_directory_that_may_not_be_written(tmp_path: Path):
    if os.geteuid() != 0:
        return
    path = Path(scratch_directory("readable")) / "a.log"
    path.parent.chmod(0o755)
    path.write_text(COMBINED)
    path.chmod(0o644)
    operator = Operator({**logs(path), "state": {"directory": "closed/my states"}}, user=SOMEBODY)
    (operator.home / "closed").mkdir()
    mended(operator, ["may not write to"])


MODES: dict[str, tuple[int, str]] = {"everybody": (0o644, "everybody may read"), "a group": (0o640, "group ")}


@pytest.mark.parametrize(("mode", "said"), MODES.values(), ids=MODES)
def test_a_secret_that_others_may_read(watched: Database, mode: int, said: str):
    operator = operator_of(watched, TABLE, "role")
    secret = secret_file(operator)
    if os.geteuid() == 0:
        os.chown(secret, 0, 4)
    secret.chmod(mode)
    mended(operator, [said])
    assert secret.stat().st_mode & 0o077 == 0 or mode == 0o644


def test_a_secret_that_the_services_user_may_not_read(watched: Database):
    operator = operator_of(watched, TABLE, "role")
    operator.user = SOMEBODY
    operator.home.chmod(0o777)
    secret = secret_file(operator)
    # Of another group: once there is an access list, the bits of the group are its mask and no right of the group.
    if os.geteuid() == 0:
        os.chown(secret, 0, 4)
    secret.chmod(0o600)
    mended(operator, ["may not be read"])


def secret_file(operator: Operator) -> Path:
    (collector,) = operator.tree["collectors"]
    secret = operator.home / "database_url"
    secret.write_text(collector.pop("database_url").replace("$$", "$"))
    collector["database_url_file"] = str(secret)
    return secret
