# SPDX-License-Identifier: Apache-2.0
"""No part of a password or a hash comes out: not in logs, errors, metrics, reports or the state, whatever is mistyped.

Beside what each test asserts, a fixture of all tests looks for every registered secret in everything that came out.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools import leaks
from harness.tools.ports import free_port
from harness.tools.wait import eventually

AWKWARD = [
    "p@ss/w:rd?#%&+ \"'\\",
    "ends with a space ",
    "${HOME}$$dollar$",
    "100%41%zz",
    "päßwörd-日本語-🔑",
    "tab\tin it",
    "=,;[]{}()<>|`~^!*",
    "a" * 300,
]


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add()
    return keys


def everything(table: KeyTable, dsn: str, **options) -> Serve:
    """Watched at the chattiest log level."""
    tree = watching(dsn, **options)
    tree["log"] = {"level": "debug"}
    return Serve(tree)


# --- passwords that are right


@pytest.mark.parametrize("password", AWKWARD)
@pytest.mark.parametrize("way", ["value", "file", "environment", "keywords"])
def test_any_password_works_and_stays_inside(table: KeyTable, tmp_path, password: str, way: str):
    role = f"monitor_{table.database.name}"
    table.database.create_role(role, password, ["SELECT ON virtual_keys"])
    dsn = table.database.dsn(role)
    if way == "value":
        with everything(table, dsn) as serve:
            assert serve.keys() == (1, 0)
            assert serve.terminate()[0] == 0
        return
    environment, arguments = {"DATABASE_URL": dsn}, []
    if way == "keywords":
        quoted = password.replace("\\", "\\\\").replace("'", "\\'")
        postgres = table.database.postgres
        environment["DATABASE_URL"] = (
            f"host=127.0.0.1 port={postgres.port} dbname={table.database.name} user={role} password='{quoted}'"
        )
    if way == "file":
        (tmp_path / "url").write_text(environment.pop("DATABASE_URL") + "\n")
        (tmp_path / "keyshift.yaml").write_text("collectors: [{type: keys, database_url_file: url}]\n")
        arguments = [f"--config={tmp_path}/keyshift.yaml"]
    result = Keyshift().run("report", "--format=json", *arguments, env=environment)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["legacy_keys"] == 1
    assert role in document["database"]


# --- passwords that are wrong


@pytest.mark.parametrize("password", AWKWARD)
def test_a_refused_password_is_not_repeated(table: KeyTable, password: str):
    role = f"monitor_{table.database.name}"
    table.database.create_role(role, "the-right-one-1")
    dsn = table.database.dsn(role).replace("the-right-one-1", quote(leaks.secret(password), safe=""))
    with everything(table, dsn) as serve:
        assert serve.errors().keys() == {"auth"}
        assert role in serve.log()
    result = Keyshift().run("report", env={"DATABASE_URL": dsn})
    assert result.returncode == 69
    assert role in result.stderr.decode()


def test_a_server_that_repeats_the_password_is_not_believed(table: KeyTable):
    """A message of the server may quote what it was sent."""
    password = leaks.secret("echoed-s3cret")
    table.database.create_role(f"monitor_{table.database.name}", password, ["SELECT ON virtual_keys"])
    table.database.execute(
        f"""CREATE FUNCTION complain() RETURNS boolean LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'bad: {password} and {password}'; END $$;
           CREATE VIEW complaining AS SELECT * FROM virtual_keys WHERE complain();
           GRANT SELECT ON complaining TO PUBLIC"""
    )
    dsn = table.database.dsn(f"monitor_{table.database.name}")
    with Serve(watching(dsn, gateway={"table": "complaining"})) as serve:
        assert serve.metric("keyshift_source_up", source="keys") == 0
        assert "bad: " in serve.log()


def test_a_server_that_repeats_a_key_is_not_believed(table: KeyTable):
    """An error may quote the row that caused it: a bad cast of a hash, say."""
    table.database.execute(
        """CREATE VIEW casting AS SELECT id, key_prefix, user_id, name, max_budget, current_spend, expires_at, blocked,
               created_at, last_used_at, key_lookup_hash, key_hash::int AS bcrypt_cost FROM virtual_keys"""
    )
    gateway = {"table": "casting", "columns": {"bcrypt_cost": "bcrypt_cost", "bcrypt_hash": None}}
    with Serve(watching(table.database.dsn(), gateway=gateway)) as serve:
        assert serve.metric("keyshift_source_up", source="keys") == 0
        assert serve.errors()
        assert "$2b$" not in serve.log()
        report = Keyshift().run("report", f"--config={serve.config_path}")
        assert report.returncode == 69
        assert b"$2b$" not in report.stderr


MISTYPED = [
    "postgresql://monitor:Alpha77@Bravo88@{at}/gateway",
    "postgresql://monitor:Alpha77/Bravo88@{at}/gateway",
    "postgresql://monitor:Alpha77@Bravo88/Charlie99@{at}/gateway",
    "postgresql://monitor:Alpha77/Bravo88/Charlie99@{at}/gateway",
    "postgresql://monitor:Alpha77?Bravo88@{at}/gateway",
    "postgresql://monitor:Alpha77#Bravo88@{at}/gateway",
    "postgresql://monitor:Alpha77@Bravo88?Charlie99@{at}/gateway",
    "postgresql://monitor:Alpha77@Bravo88#Charlie99@{at}/gateway",
    "postgresql://monitor:Alpha77%Bravo88@{at}/gateway",
    "postgresql://monitor:Alpha77:Bravo88@{at}/gateway",
    "postgresql://monitor:Alpha77&Bravo88=Charlie99@{at}/gateway",
    "postgresql://monitor:Alpha77,Bravo88@{at}/gateway",
    "postgresql://monitor:Alpha77[Bravo88]@{at}/gateway",
    "postgresql://monitor:Alpha77/Bravo88",
    "postgresql://monitor:Alpha77/Bravo88?Charlie99",
    "postgresql://monitor:Alpha77@/Bravo88@{at}/gateway",
    "postgresql://Alpha77/Bravo88@{at}/gateway",
    "postgresql://:Alpha77@{at}/gateway",
    "postgresql://{at}/gateway?user=monitor&password=Alpha77&Bravo88",
    "postgresql://{at}/gateway?user=monitor&password=Alpha77=Bravo88",
    "postgresql://{at}/gateway?user=monitor&password=Alpha77@Bravo88",
    "postgresql://{at}/gateway?user=monitor&passwort=Alpha77",
    "postgres:/monitor:Alpha77@{at}/gateway",
    "postgresql:monitor:Alpha77@{at}/gateway",
    "postgresqll://monitor:Alpha77@{at}/gateway",
    "mysql://monitor:Alpha77@{at}/gateway?x=Bravo88",
    "monitor:Alpha77@{at}/gateway",
    "//monitor:Alpha77@{at}/gateway",
    " postgresql://monitor:Alpha77@{at}/gateway",
    "'postgresql://monitor:Alpha77@{at}/gateway'",
    "DATABASE_URL=postgresql://monitor:Alpha77@{at}/gateway",
    "host=127.0.0.1 user=monitor password=Alpha77 Bravo88",
    "host=127.0.0.1 user=monitor password='Alpha77",
    "host=127.0.0.1 user=monitor password=Alpha77'Bravo88",
    "host=127.0.0.1 user=monitor pasword=Alpha77",
    "host=127.0.0.1 port=1 user=monitor password=Alpha77 dbname=postgresql://x:Bravo88@{at}/Charlie99",
    "postgresql://monitor@{at}/gateway?sslpassword=Alpha77&sslkey=/nonexistent&sslmode=require",
    "postgresql://monitor:Alpha77@{at},Bravo88:1/gateway@",
]


@pytest.mark.parametrize("mistyped", MISTYPED)
def test_a_mistyped_url_tells_no_part_of_a_password(mistyped: str, tmp_path):
    """Parts of a password land in what looks like a host, a port, a database or an option, all of which are shown."""
    for part in ("Alpha77", "Bravo88", "Charlie99"):
        leaks.secret(part)
    url = mistyped.format(at=f"127.0.0.1:{free_port()}")
    result = Keyshift().run("report", env={"DATABASE_URL": url})
    assert result.returncode in (69, 78)
    assert result.stderr
    (tmp_path / "url").write_text(url)
    (tmp_path / "keyshift.yaml").write_text("collectors: [{type: keys, database_url_file: url}]\n")
    check = Keyshift().run("check", tmp_path / "keyshift.yaml")
    if check.returncode:
        started = Keyshift().run("serve", "--config", tmp_path / "keyshift.yaml")
        assert (check.returncode, started.returncode) == (78, 78)
        assert b"database_url_file: database_url " in started.stderr
    # A secret that is exchanged while keyshift runs is read at the next attempt.
    (tmp_path / "url").write_text(f"postgresql://monitor@127.0.0.1:{free_port()}/gateway")
    tree = watching("", timeout="1s")
    tree["collectors"][0].pop("database_url")
    tree["collectors"][0]["database_url_file"] = str(tmp_path / "url")
    tree["log"] = {"level": "debug"}
    with Serve(tree) as serve:
        assert serve.metric("keyshift_source_up", source="keys") == 0
        (tmp_path / "url").write_text(url)
        before = sum(serve.errors().values())
        eventually(lambda: sum(serve.errors().values()) > before + 1, 10, "it is read")
        assert serve.keys() == (None, None)


MISPLACED = [
    "database_url: postgresql://monitor:Alpha77@h/d\n",
    "collectors: [{type: keys, url: 'postgresql://monitor:Alpha77@h/d'}]\n",
    "collectors: [{type: 'postgresql://monitor:Alpha77@h/d'}]\n",
    "collectors: [{type: keys, database_url_file: 'postgresql://monitor:Alpha77@h/d'}]\n",
    "collectors: [{type: keys, interval: 'postgresql://monitor:Alpha77@h/d', database_url: 'x'}]\n",
    "collectors: 'postgresql://monitor:Alpha77@h/d'\n",
    "state: {directory: 'postgresql://monitor:Alpha77@h/d', 'postgresql://monitor:Alpha77@h/d': 1}\n",
    "web: {listen: ['postgresql://monitor:Alpha77@h/d']}\n",
    "gateway: {table: 'postgresql://monitor:Alpha77@h/d'}\n",
    "log: {level: 'postgresql://monitor:Alpha77@h/d'}\n",
    "postgresql://monitor:Alpha77@h/d\n",
    "postgresql://monitor:Alpha77@h/d: x\n",
    "collectors: [{type: keys, database_url: '${postgresql://monitor:Alpha77@h/d}'}]\n",
    "collectors: [{type: keys, database_url: {user: monitor, password: Alpha77}}]\n",
    "collectors: [{type: keys, database_url: 'postgresql://monitor:Alpha77@h/d}]\n",
    "collectors:\n  - {type: keys, database_url: postgresql://monitor:Alpha77@h/d, interval: 30}\n",
]


@pytest.mark.parametrize("text", MISPLACED)
def test_a_url_in_the_wrong_place_is_not_repeated(text: str, tmp_path):
    leaks.secret("Alpha77")
    config = tmp_path / "keyshift.yaml"
    config.write_text(text)
    for command in (["check", config], ["serve", f"--config={config}"], ["report", f"--config={config}"]):
        result = Keyshift().run(*command)
        assert result.returncode == 78
        assert result.stderr


# --- what is shown


def test_hashes_stay_in_the_database(table: KeyTable):
    owner = table.add_user("owner@example.com")
    for legacy in (True, False):
        for _ in range(20):
            table.add(legacy=legacy, owner=owner, idle=DAY)
    for row in table.database.execute("SELECT key_hash, coalesce(key_lookup_hash, key_hash) FROM virtual_keys"):
        for text in row:
            leaks.secret(text)
    with everything(table, table.database.dsn()) as serve:
        serve.scrape_text()
        table.use(table.add())
        serve.wait_for_poll()
        serve.get("/metrics", headers={"Accept": "application/openmetrics-text"})
        serve.get("/")
    for form in ("text", "json", "csv", "markdown", "html"):
        assert Keyshift().run("report", f"--format={form}", env={"DATABASE_URL": table.database.dsn()}).returncode == 0


def test_metrics_hold_no_key_name_owner_or_address(table: KeyTable):
    owner = table.add_user("owner@example.com")
    key = table.add(name="Secret Project", owner=owner, prefix="sk-Visible12")
    with Serve(watching(table.database.dsn())) as serve:
        for path in ("/metrics", "/", "/-/ready", "/-/healthy", "/nonexistent"):
            body = serve.get(path).text
            for text in (key, owner, "Secret Project", "owner@example.com", "sk-Visible12", "127.0.0.1"):
                assert text not in body


def test_the_command_line_and_the_threads_tell_nothing(table: KeyTable):
    """Anybody on the machine may read those."""
    with everything(table, table.database.dsn()) as serve:
        process = Path(f"/proc/{serve.pid}")
        leaks.heard("the command line", (process / "cmdline").read_bytes())
        for thread in (process / "task").iterdir():
            leaks.heard("a thread's name", (thread / "comm").read_bytes())
        assert b"serve" in (process / "cmdline").read_bytes()


def test_a_core_tells_nothing(table: KeyTable):
    """It is left where the daemon ran, or is handed to who collects cores: neither gets the daemon's memory."""
    role = f"monitor_{table.database.name}"
    table.database.create_role(role, "s3cret in memory", ["SELECT ON virtual_keys"])
    serve = Serve(env={"DATABASE_URL": table.database.dsn(role)}, wrapper=["prlimit", "--core=unlimited"])
    serve.start()
    try:
        assert int(Path(f"/proc/{serve.pid}/coredump_filter").read_text(), 16) == 0
        os.kill(serve.pid, signal.SIGABRT)
        eventually(lambda: not serve.running, 10, "it ends")
        cores = [path for path in serve.directory.iterdir() if path.name.startswith("core")]
        assert len(cores) == (Path("/proc/sys/kernel/core_pattern").read_text() in ("core\n", "core.%p\n"))
        for core in cores:
            leaks.heard("the core", core.read_bytes())
    finally:
        serve.close()


def test_no_process_is_started(table: KeyTable):
    """So that none gets the environment, in which secrets may be."""
    with everything(table, table.database.dsn()) as serve:
        serve.scrape_text()
        children = [task / "children" for task in Path(f"/proc/{serve.pid}/task").iterdir()]
        assert [path.read_text() for path in children if path.read_text()] == []
    imported = subprocess.run(["nm", "--dynamic", "--undefined-only", binary_path()], capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1].partition("@")[0] for line in imported.splitlines()}
    assert "connect" in names
    assert names & {"fork", "vfork", "clone", "posix_spawn", "posix_spawnp", "execve", "execv", "execvp", "execl", "popen", "system"} == set()


def test_the_net_catches_a_leak(table: KeyTable):
    """The fixture that looks for secrets would see one: it sees what is public."""
    with Serve(watching(table.database.dsn(), gateway={"table": "shown-in-an-error".replace("-", "_")})) as serve:
        eventually(serve.errors, 10, "the error")
        serve.scrape_text()
    assert leaks.found() == []
    for public in ("shown_in_an_error", "keyshift_source_errors_total"):
        leaks.secret(public)
        assert any(public in line for line in leaks.found())
        leaks._secrets.discard(public)
    leaks.heard("test", b"x$2b$10$" + b"a" * 22)
    assert re.search("bcrypt hash", "".join(leaks.found()))
    leaks._heard.pop()
