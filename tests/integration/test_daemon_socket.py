# SPDX-License-Identifier: Apache-2.0
"""The Unix socket that commands ask the daemon by: who may, what is in its place, and what it answers."""

import json
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from harness.product import daemon_socket
from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.process import CLEAN_ENVIRONMENT
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

STRANGER, GROUP, OTHER_GROUP = 54_321, 54_322, 54_323


@pytest.fixture
def table(database: Database) -> KeyTable:
    table = KeyTable(database)
    table.add()
    return table


@pytest.fixture
def state() -> Path:
    return scratch_directory("state") / "state"


def daemon(table: KeyTable, state: Path) -> Serve:
    return Serve({**watching(table.database.dsn()), "state": {"directory": str(state)}})


def verdict(serve: Serve) -> dict:
    result = Keyshift().run("verdict", "--format", "json", "--config", serve.config_path)
    return json.loads(result.stdout)


def bind(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    return bound


def test_mode_and_group_are_those_of_the_directory(table: KeyTable, state: Path):
    state.mkdir(mode=0o750)
    os.chown(state, -1, GROUP)
    with daemon(table, state) as serve:
        there = daemon_socket.path_of(state).stat()
        assert stat.S_ISSOCK(there.st_mode)
        assert (stat.S_IMODE(there.st_mode), there.st_gid) == (0o660, GROUP)
        assert stat.S_IMODE(state.stat().st_mode) == 0o750, "as the operator has set it"
        files = [path for path in state.iterdir() if path.is_file()]
        assert len(files) >= 2 and {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert f"address={daemon_socket.path_of(state)}" in serve.log()
        assert serve.terminate()[0] == 0
        assert not daemon_socket.path_of(state).exists(), "it goes with the daemon"


def test_a_new_state_directory_may_be_passed_by_its_group_alone(table: KeyTable, state: Path):
    with daemon(table, state):
        assert stat.S_IMODE(state.stat().st_mode) == 0o710


def test_members_of_the_group_need_no_right_on_the_state(table: KeyTable, state: Path):
    state.mkdir(mode=0o710)
    os.chown(state, -1, GROUP)
    home = scratch_directory("stranger")
    config = home / "keyshift.yaml"

    def ask(*groups: int) -> subprocess.CompletedProcess:
        env = {**CLEAN_ENVIRONMENT, "HOME": str(home), "KEYSHIFT_CONFIG": str(config)}
        argv = daemon_socket.as_user(STRANGER, groups, [binary_path(), "verdict", "--format", "json"])
        return subprocess.run(argv, env=env, cwd="/", capture_output=True, timeout=30, check=False)

    with daemon(table, state) as serve:
        # Its secret is not for everybody either.
        secret = home / "url"
        secret.write_text("postgresql://nobody@nowhere/nothing")
        secret.chmod(0o600)
        tree = watching("postgresql://x")
        del tree["collectors"][0]["database_url"]
        tree["collectors"][0]["database_url_file"] = str(secret)
        tree["state"] = {"directory": str(state)}
        config.write_text(json.dumps(tree))
        config.chmod(0o644)
        answered = ask(OTHER_GROUP, GROUP)
        document = json.loads(answered.stdout)
        assert document["from"] == "daemon" and document["differences"] == []
        assert document["configuration"]["file"] == str(serve.config_path)
        with pytest.raises(PermissionError):
            os.close(_open_as(STRANGER, GROUP, state / "keyshift.db"))
        refused = ask(OTHER_GROUP)
        assert refused.returncode == 3
        assert json.loads(refused.stdout)["from"] == "nothing"
        assert "group" in json.loads(refused.stdout)["reason"]


def _open_as(uid: int, group: int, path: Path) -> int:
    argv = daemon_socket.as_user(uid, [group], ["/bin/cat", path])
    result = subprocess.run(argv, capture_output=True, check=False)
    if b"Permission denied" in result.stderr:
        raise PermissionError(path)
    return os.open(path, os.O_RDONLY)


def test_a_stale_socket_is_replaced(table: KeyTable, state: Path):
    with daemon(table, state) as serve:
        serve.kill9()
        assert daemon_socket.path_of(state).exists()
        unknown = verdict(serve)
        assert unknown["verdict"] == "UNKNOWN" and "no daemon is watching" in unknown["reason"]
        serve.start()
        assert verdict(serve)["from"] == "daemon"
        assert "cannot ask" not in serve.log()


@pytest.mark.parametrize("what", ["file", "directory", "stranger", "answered", "link"])
def test_what_else_stands_there_is_left_alone_and_named_once(table: KeyTable, state: Path, what: str):
    state.mkdir()
    path = daemon_socket.path_of(state)
    keep = []
    if what == "file":
        path.write_text("precious")
    elif what == "directory":
        path.mkdir()
    elif what == "link":
        target = state / "target"
        target.write_text("precious")
        path.symlink_to(target)
    else:
        keep.append(bind(path))
        if what == "answered":
            keep[0].listen()
        else:
            os.chown(path, STRANGER, -1)
    before = path.lstat()
    said = {"stranger": f"belongs to another user (uid {STRANGER})", "answered": "somebody answers"}
    with daemon(table, state) as serve:
        assert serve.get("/-/healthy").ok and serve.keys() == (1, 0)
        complaints = [line for line in serve.log().splitlines() if "commands cannot ask this daemon" in line]
        assert len(complaints) == 1 and said.get(what, "is no socket") in complaints[0]
        assert "hint=" in complaints[0]
        if what != "answered":
            unknown = verdict(serve)
            assert unknown["verdict"] == "UNKNOWN" and unknown["from"] == "state"
            assert "its log says why" in unknown["reason"]
        assert serve.terminate()[0] == 0
    assert (path.lstat().st_ino, path.lstat().st_uid) == (before.st_ino, before.st_uid)


def test_a_path_longer_than_the_system_allows(table: KeyTable):
    state = scratch_directory("long") / ("a" * 100) / ("b" * 100)
    state.parent.mkdir()
    with daemon(table, state) as serve:
        assert daemon_socket.path_of(state).is_socket()
        assert verdict(serve)["from"] == "daemon"
        assert daemon_socket.ask(state, "/-/healthy")[0] == 200
        serve.kill9()
        serve.start()
        assert verdict(serve)["from"] == "daemon"
        serve.terminate()
        assert not daemon_socket.path_of(state).exists()


def test_another_daemon_on_the_same_state_leaves_the_socket(table: KeyTable, state: Path):
    with daemon(table, state) as serve:
        second = Keyshift().run("serve", "--config", serve.config_path, "--web.listen-address", "127.0.0.1:0")
        assert second.returncode == 69
        assert verdict(serve)["from"] == "daemon"


def test_the_api_is_served_there_whatever_the_network_may_see(table: KeyTable, state: Path):
    tree = {**watching(table.database.dsn()), "state": {"directory": str(state)}, "web": {"inventory": "off"}}
    with Serve(tree) as serve:
        for path in ("/api/v1/status", "/api/v1/verdict"):
            assert serve.get(path).status_code == 403
            status, headers, body = daemon_socket.ask(state, path)
            assert (status, headers["content-type"]) == (200, "application/json")
            document = json.loads(body)
            assert document["schema_version"] == 1 and document["from"] == "daemon"
            told = document["configuration"]
            assert told["drain_window"] == "7d" and told["table"] == "virtual_keys"
            assert told["database"].startswith("127.0.0.1:") and " as " in told["database"]
            head = daemon_socket.ask(state, path, "HEAD")
            assert head[0] == 200 and head[2] == b"" and int(head[1]["content-length"]) > 500
        assert daemon_socket.ask(state, "/metrics")[0] == 200
        handlers = {dict(labels).get("handler") for name, labels in serve.metrics() if "http_server" in name}
        assert {"api_status", "api_verdict"} <= handlers


def test_refusals_are_problem_documents(table: KeyTable, state: Path):
    with daemon(table, state) as serve:
        for target, method, wanted in (
            ("/api/v1/nothing", "GET", 404),
            ("/api/v1/verdict", "POST", 405),
            ("/api/v1/verdict?require=MAYBE", "GET", 400),
            ("/api/v1/verdict?x=1", "GET", 400),
        ):
            status, headers, body = daemon_socket.ask(state, target, method)
            problem = json.loads(body)
            assert (status, problem["status"], headers["content-type"]) == (wanted, wanted, "application/problem+json")
            assert problem["title"] and problem["detail"] and problem["type"] == "about:blank"
        status, _, body = daemon_socket.ask(state, "/api/v1/verdict?require=SAFE")
        assert status == 412 and json.loads(body)["verdict"] != "SAFE"
        assert serve.get("/-/healthy").ok


def test_it_answers_while_it_reloads_and_when_the_database_is_down(table: KeyTable, state: Path):
    with daemon(table, state) as serve:
        for _ in range(20):
            serve.process.send_signal(signal.SIGHUP)
            assert daemon_socket.ask(state, "/api/v1/verdict")[0] == 200
        table.database.execute("ALTER TABLE virtual_keys RENAME TO elsewhere")
        eventually(lambda: "the last poll failed" in json.dumps(verdict(serve)), 10, "the fault")
        assert verdict(serve)["verdict"] == "UNKNOWN" and verdict(serve)["from"] == "daemon"


def test_a_daemon_that_hangs_is_no_daemon(table: KeyTable, state: Path):
    with daemon(table, state) as serve:
        serve.process.send_signal(signal.SIGSTOP)
        try:
            unknown = verdict(serve)
        finally:
            serve.process.send_signal(signal.SIGCONT)
        assert unknown["verdict"] == "UNKNOWN" and "does not answer" in unknown["reason"]
