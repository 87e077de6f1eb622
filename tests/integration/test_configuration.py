# SPDX-License-Identifier: Apache-2.0
"""The command line, configuration files and the environment, as the binary takes them."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import WATCHERS, Database
from harness.tools import http, leaks
from harness.tools.ports import free_port
from harness.tools.wait import eventually

PASSWORD = "s3cret-of-the-monitor"
TERMINATE = f"SELECT pg_terminate_backend(pid) {WATCHERS}"


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add()
    return keys


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


# --- the command line


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["launch"],
        ["report", "--formt=json"],
        ["report", "--format=xml"],
        ["report", "--group-by=name"],
        ["report", "extra"],
        ["check"],
        ["serve", "--config"],
        ["serve", "--database-url=postgres://u:secret@h/d"],
    ],
)
def test_a_wrong_command_line_exits_with_64_and_says_what_is_wrong(arguments: list[str]):
    result = Keyshift().run(*arguments, env={"DATABASE_URL": "postgres://127.0.0.1:1/x"})
    assert result.returncode == 64
    assert result.stdout == b""
    assert result.stderr
    assert b"secret" not in result.stderr.replace(b"--database-url=postgres://u:secret@h/d", b"")


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"], ["serve", "-h"], ["check", "--help"]])
def test_help_goes_to_standard_output(arguments: list[str]):
    result = Keyshift().run(*arguments)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"Usage: keyshift" in result.stdout or b"keyshift" in result.stdout


def test_the_version_is_that_of_the_metric(table: KeyTable):
    result = Keyshift().run("--version")
    assert result.returncode == 0
    name, version = result.stdout.decode().split()
    assert name == "keyshift"
    with Serve(watching(table.database.dsn())) as serve:
        (info,) = (dict(labels) for name, labels in serve.metrics() if name == "keyshift_build_info")
        assert info["version"] == version and re.match(r"[0-9a-f]{12}$|unknown$", info["revision"])
        assert re.match(r"(gcc|clang) \d", info["compiler"])


@pytest.mark.parametrize("address", ["11947", "nonsense", "127.0.0.1:99999", "[::1:80"])
def test_a_wrong_address_on_the_command_line_exits_with_64(address: str):
    environment = {"DATABASE_URL": "postgres://127.0.0.1:1/x"}
    result = Keyshift().run("serve", f"--web.listen-address={address}", env=environment)
    assert result.returncode == 64
    assert address in result.stderr.decode()


# --- check


def test_check_names_every_problem_at_once(tmp_path):
    wrong = write(
        tmp_path / "wrong.yaml",
        """gateway:
  tabel: virtual_keys
collectors:
  - type: keys
    database_url_file: /nonexistent/url
    interval: 30
  - type: keyz
log: {level: loud}
""",
    )
    fine = write(tmp_path / "fine.yaml", "collectors: [{type: keys, database_url: 'postgres://h/d'}]\n")
    result = Keyshift().run("check", wrong, fine, tmp_path / "absent.yaml")
    assert result.returncode == 78
    assert result.stdout.decode() == f"{fine}: ok\n"
    complaints = result.stderr.decode().splitlines()
    assert [line for line in complaints if not line.startswith((f"{wrong}:", f"{tmp_path}/absent.yaml"))] == []
    for place, text in [
        ("2:3: gateway.tabel", "did you mean 'table'"),
        ("5:24: collectors[keys].database_url_file", "/nonexistent/url"),
        ("6:15: collectors[keys].interval", "30d, 30h or 30m"),
        ("7:11: collectors[1].type", "keys"),
        ("8:14: log.level", "info"),
    ]:
        (line,) = [line for line in complaints if line.startswith(f"{wrong}:{place}:")]
        assert text in line
    assert "absent.yaml" in complaints[-1]
    assert len(complaints) == 6


def test_check_refuses_a_pipe_among_log_files(tmp_path):
    """It can be read once only: nobody would know after a restart what had been in it."""
    os.mkfifo(tmp_path / "access.log")
    file = write(tmp_path / "keyshift.yaml", f"collectors: [{{type: access_log, input: {{files: {tmp_path}/access.log}}}}]\n")
    for command in ("check", file), ("serve", f"--config={file}"):
        result = Keyshift().run(*command)
        assert result.returncode == 78
        said = result.stderr.decode()
        assert f"names {tmp_path}/access.log, which is a pipe, which can be read once only" in said
        assert f"keyshift serve < {tmp_path}/access.log" in said
    (tmp_path / "access.log").unlink()
    (tmp_path / "access.log").touch()
    assert Keyshift().run("check", file).returncode == 0


def test_check_is_silent_about_the_network(tmp_path):
    """It starts nothing: a database that cannot be reached is no mistake in a file."""
    fine = write(tmp_path / "fine.yaml", "collectors: [{type: keys, database_url: 'postgres://127.0.0.1:1/d'}]\n")
    result = Keyshift().run("check", fine)
    assert (result.returncode, result.stdout.decode(), result.stderr) == (0, f"{fine}: ok\n", b"")


@pytest.mark.parametrize("command", ["serve", "report"])
def test_a_command_with_a_wrong_configuration_exits_with_78_and_starts_nothing(command: str, tmp_path):
    state = tmp_path / "state"
    text = f"state: {{directory: {state}}}\nweb: {{lisen: [':1']}}\nlog: {{levle: info}}\n"
    config = write(tmp_path / "wrong.yaml", text)
    result = Keyshift().run(command, f"--config={config}", env={"DATABASE_URL": "postgres://127.0.0.1:1/x"})
    assert result.returncode == 78
    assert b"web.lisen" in result.stderr and b"log.levle" in result.stderr
    assert not state.exists()


@pytest.mark.parametrize("command", ["serve", "report"])
def test_without_anything_to_watch_the_remedy_is_named(command: str):
    result = Keyshift().run(command)
    assert result.returncode == 78
    assert b"DATABASE_URL" in result.stderr and b"--config" in result.stderr


# --- where the database is


def test_database_url_alone_is_enough(table: KeyTable, tmp_path):
    environment = {"DATABASE_URL": table.database.dsn(), "XDG_STATE_HOME": str(tmp_path)}
    with Serve(env=environment) as serve:
        assert serve.keys() == (1, 0)
        assert (tmp_path / "keyshift" / "keyshift.db").exists()
        leaks.heard_directory(tmp_path)


def test_without_xdg_state_home_the_state_is_below_the_home_directory(table: KeyTable):
    with Serve(env={"DATABASE_URL": table.database.dsn(), "XDG_STATE_HOME": "relative"}) as serve:
        assert (serve.directory / ".local" / "state" / "keyshift" / "keyshift.db").exists()


def test_an_empty_database_url_counts_as_none():
    assert Keyshift().run("report", env={"DATABASE_URL": ""}).returncode == 78


def test_a_file_that_lists_no_collectors_uses_database_url(table: KeyTable):
    with Serve({"log": {"level": "debug"}}, env={"DATABASE_URL": table.database.dsn()}) as serve:
        assert serve.keys() == (1, 0)


def test_the_file_wins_over_the_environment(table: KeyTable):
    with Serve(watching(table.database.dsn()), env={"DATABASE_URL": "postgres://nobody@127.0.0.1:1/x"}) as serve:
        assert serve.keys() == (1, 0)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_file_may_end_in_a_newline(table: KeyTable, tmp_path, ending: str):
    secret = tmp_path / "database_url"
    secret.write_bytes((table.database.dsn() + ending).encode())
    config = watching("x", database_url_file=str(secret))
    del config["collectors"][0]["database_url"]
    with Serve(config) as serve:
        assert serve.keys() == (1, 0)


def test_a_systemd_credential_is_found(table: KeyTable, tmp_path):
    write(tmp_path / "database_url", table.database.dsn())
    config = watching("x")
    del config["collectors"][0]["database_url"]
    with Serve(config, env={"CREDENTIALS_DIRECTORY": str(tmp_path)}) as serve:
        assert serve.keys() == (1, 0)


def test_a_variable_in_a_value(table: KeyTable):
    config = watching("")
    config["collectors"][0]["database_url"] = "${GATEWAY_DATABASE}"
    config["gateway"] = {"table": "${KEY_TABLE}"}
    environment = {"GATEWAY_DATABASE": table.database.dsn(), "KEY_TABLE": "virtual_keys"}
    with Serve(config, env=environment) as serve:
        assert serve.keys() == (1, 0)


@pytest.mark.parametrize("environment", [{}, {"PGPASSWORD": PASSWORD, "PGUSER": "nobody"}])
def test_a_keyword_string_over_a_unix_socket(table: KeyTable, environment: dict):
    role = f"monitor_{table.database.name}"
    table.database.create_role(role, PASSWORD, ["SELECT ON virtual_keys"])
    postgres = table.database.postgres
    password = "" if environment else f" password='{PASSWORD}'"
    dsn = f"host={postgres.socket_directory} port={postgres.port} dbname={table.database.name} user={role}{password}"
    with Serve(watching(dsn), env=environment) as serve:
        assert serve.keys() == (1, 0)


# --- changes under a running daemon


@pytest.fixture
def rotating(table: KeyTable, tmp_path) -> Iterator[tuple[str, Path, dict]]:
    role = f"monitor_{table.database.name}"
    table.database.create_role(role, PASSWORD, ["SELECT ON virtual_keys"])
    secret = write(tmp_path / "database_url", table.database.dsn(role) + "\n")
    config = watching("x", database_url_file=str(secret))
    del config["collectors"][0]["database_url"]
    yield role, secret, config


def test_a_rotated_password_needs_no_restart(table: KeyTable, rotating):
    role, secret, config = rotating
    new = leaks.secret("an-0ther-s3cret")
    with Serve(config) as serve:
        # The order in which it usually happens: the role first, the file a little later.
        table.database.execute(f"ALTER ROLE {role} PASSWORD %s", (new,))
        table.database.postgres.execute(TERMINATE)
        eventually(lambda: serve.errors().keys() == {"auth"}, 10, "the old password refused")
        assert serve.keys() == (1, 0)
        secret.write_text(secret.read_text().replace(PASSWORD, new))
        table.add()
        eventually(lambda: serve.keys() == (2, 0), 15, "the new password")
        assert serve.metric("keyshift_source_up", source="keys") == 1
        assert serve.errors().keys() == {"auth"}


def test_a_secret_file_that_vanishes_is_named(table: KeyTable, rotating):
    role, secret, config = rotating
    with Serve(config) as serve:
        kept = secret.read_text()
        secret.unlink()
        serve.wait_for_poll()
        assert serve.errors() == {}, "an open connection needs no password"
        table.database.postgres.execute(TERMINATE)
        eventually(serve.errors, 10, "the failure")
        assert serve.keys() == (1, 0)
        (complaint,) = [line for line in serve.log().splitlines() if "source down" in line]
        assert str(secret) in complaint
        secret.write_text(kept)
        table.add()
        eventually(lambda: serve.keys() == (2, 0), 15, "the recovery")


# --- the rest of the tree


def test_start_and_deadline_of_the_migration(table: KeyTable):
    table.add(legacy=False)
    tree = watching(table.database.dsn())
    tree["migration"] = {"start": "2026-01-10T00:00:00Z", "deadline": "2026-03-31T02:00:00+02:00"}
    with Serve(tree) as serve:
        assert serve.metric("keyshift_migration_start_timestamp_seconds") == 1768003200
        assert serve.metric("keyshift_migration_deadline_timestamp_seconds") == 1774915200


def test_a_log_in_json_is_json(table: KeyTable):
    tree = watching(table.database.dsn().replace(f"/{table.database.name}", "/no_such_database"))
    tree["log"] = {"format": "json", "level": "debug"}
    with Serve(tree) as serve:
        serve.stop()
        records = [json.loads(line) for line in serve.log().splitlines()]
    assert {"listening", "source down", "stopping", "stopped"} <= {record["msg"] for record in records}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", record["ts"]) for record in records)


def test_a_quiet_log(table: KeyTable):
    tree = watching(table.database.dsn())
    tree["log"] = {"level": "error"}
    with Serve(tree) as serve:
        serve.wait_for_poll()
        serve.stop()
        assert serve.log() == ""


def test_several_addresses_at_once(table: KeyTable):
    tree = watching(table.database.dsn())
    second = free_port()
    with Serve(tree) as serve:
        tree["web"] = {"listen": [f"127.0.0.1:{serve.port}", f"localhost:{second}"]}
        serve.stop()
        serve.configure(tree)
        serve.start()
        assert serve.keys() == (1, 0)
        assert http.get(f"http://127.0.0.1:{second}/-/healthy").status_code == 200


def test_the_command_line_wins_over_the_configured_address(table: KeyTable):
    config = watching(table.database.dsn())
    config["web"] = {"listen": [f"127.0.0.1:{free_port()}"]}
    port = free_port()
    with Serve(config, port=port, args=[f"--web.listen-address=127.0.0.1:{port}"]) as serve:
        assert serve.keys() == (1, 0)


def test_a_taken_port_is_named_and_nothing_is_left_running(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        config = serve.config_path.with_name("second.yaml")
        config.write_text(serve.config_path.read_text().replace(str(serve.state_directory), f"{serve.directory}/other"))
        result = Keyshift().run("serve", f"--config={config}")
        config.unlink()
        assert result.returncode == 69
        assert f"127.0.0.1:{serve.port}" in result.stderr.decode()
        assert serve.keys() == (1, 0)


def test_sighup_does_not_end_it(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        for number in range(1, 4):
            os.kill(serve.pid, signal.SIGHUP)
            eventually(lambda: serve.log().count("configuration reloaded") == number, 5, "a note of it")
        table.add()
        eventually(lambda: serve.keys() == (2, 0), 10, "life goes on")
        assert serve.terminate()[0] == 0
