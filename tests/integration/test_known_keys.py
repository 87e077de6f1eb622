# SPDX-License-Identifier: Apache-2.0
"""key, events and report of the journal: what the running daemon tells, and the same without one."""

import csv
import io
import json
import os
import re
import signal
import subprocess

import pytest
from harness.product import daemon_socket
from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.process import CLEAN_ENVIRONMENT
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

STRANGER, GROUP = 54_321, 54_322


@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


@pytest.fixture
def serve(table: KeyTable):
    with Serve(watching(table.database.dsn())) as daemon:
        yield daemon


def run(serve: Serve, *args: str, code: int = 0) -> str:
    result = Keyshift().run(args[0], "--config", serve.config_path, *args[1:])
    assert result.returncode == code, result.stderr.decode()
    return (result.stdout if code == 0 else result.stderr).decode()


def untimed(text: str) -> str:
    """Without how long ago it all was, which goes on."""
    return re.sub(r"\d+ (?:s|min) ago", "... ago", text)


def known(serve: Serve, key: str) -> bool:
    return json.dumps(key) in run(serve, "report", "--format", "json", "--owner", "", "--limit", "1000")


def test_a_key_by_whatever_is_at_hand(table: KeyTable, serve: Serve):
    key = table.add(id="abcdef01-2345-4678-9abc-def012345678", name="Nightly \x1b[31mJob", prefix="sk-Night1234")
    twins = [table.add(id=f"abcdef0{i}-2345-4678-9abc-def012345678", name="twin") for i in (2, 3)]
    modern = table.add(legacy=False, name="the new one", prefix="sk-Modern123")
    eventually(lambda: known(serve, twins[1]), 10, "they are known")
    whole = run(serve, "key", key)
    for name in (key.upper(), "abcdef01", "sk-night1234", "Nightly \x1b[31mJob".lower()):
        if "\x1b" not in name:
            assert untimed(run(serve, "key", name)) == untimed(whole), name
    assert "\x1b" not in whole and "From the running daemon" in whole
    assert json.loads(run(serve, "key", "abcdef01", "--format", "json"))["id"] == key
    several = run(serve, "key", "abcdef", code=64)
    assert all(id in several for id in (key, *twins)) and "3 keys may be meant" in several
    assert "2 keys may be meant" in run(serve, "key", "TWIN", code=64)
    assert "the new one" in run(serve, "key", modern) and "it is a modern key" in run(serve, "key", modern)
    for nothing in ("zzz", "../status", "%00", "a" * 5000, ""):
        assert "no legacy key" in run(serve, "key", nothing, code=64), nothing
    serve.terminate()
    alone = run(serve, "key", "abcdef01")
    assert alone.splitlines()[:3] == whole.splitlines()[:3] and "no daemon is running" in alone
    assert "3 keys may be meant" in run(serve, "key", "abcdef", code=64)


def test_gone_keys_are_listed_with_when_and_how(table: KeyTable, serve: Serve):
    owner = table.add_user("o@example.com")
    used = table.add(name="=used", owner=owner, idle=0 * DAY)
    quiet = table.add(name="quiet", idle=60 * DAY)
    eventually(lambda: known(serve, quiet), 10, "they are known")
    table.delete(used, quiet)
    eventually(lambda: used in run(serve, "report", "--phase", "retired_in_use"), 10, "it went while in use")
    eventually(lambda: quiet in run(serve, "report", "--phase", "retired"), 10, "it went, and nobody missed it")
    line = next(text for text in run(serve, "report", "--phase", "retired_in_use").splitlines() if used in text)
    for part in ("retired_in_use", "=used", owner, "sk-AbC123xyz", "last used", "removed"):
        assert part in line
    both = json.loads(run(serve, "report", "--phase", "retired,retired_in_use", "--format", "json"))
    assert {key["id"] for key in both["keys"]} == {used, quiet} and both["total"] == 2
    rows = list(csv.DictReader(io.StringIO(run(serve, "report", "--phase", "retired,retired_in_use", "--format", "csv"))))
    assert {row["name"] for row in rows} == {"'=used", "quiet"} and all(row["gone_at"] for row in rows)
    refused = run(serve, "report", "--phase", "retired", "--format", "html", code=64)
    assert "text, csv or json" in refused
    target = scratch_directory("report") / "gone.json"
    run(serve, "report", "--phase", "retired", "--format", "json", "--output", str(target))
    assert json.loads(target.read_text())["keys"][0]["id"] == quiet
    serve.terminate()
    assert used in run(serve, "report", "--phase", "retired_in_use"), "also from the state"


def test_many_keys_are_written_page_by_page(table: KeyTable, serve: Serve):
    table.fill(2500, 10)
    eventually(lambda: serve.keys()[0] == 2500, 20, "the census")
    ids = lambda *args: [key["id"] for key in json.loads(run(serve, "report", "--format", "json", *args))["keys"]]  # noqa: E731
    newest = ids("--sort", "created")
    assert len(newest) == len(set(newest)) == 2500
    assert ids("--sort", "created", "--limit", "1001") == newest[:1001]
    table.use(newest[5])
    eventually(lambda: ids("--sort", "last-use", "--limit", "1") == [newest[5]], 10, "its use is known")
    text = run(serve, "report", "--owner", "", "--limit", "7").splitlines()
    assert text[0] == "2500 keys" and len(text) == 8
    assert len(run(serve, "report", "--owner", "", "--format", "csv").splitlines()) == 2501


def test_several_living_phases_are_read_from_the_key_table(table: KeyTable, serve: Serve):
    pending, dormant = table.add(name="p", idle=0 * DAY), table.add(name="d", idle=60 * DAY)
    eventually(lambda: known(serve, dormant), 10, "they are known")
    listed = json.loads(run(serve, "report", "--format", "json", "--phase", "dormant,pending"))
    assert {key["id"] for key in listed["keys"]} == {pending, dormant}
    assert {key["id"] for key in json.loads(run(serve, "report", "--format", "json", "--phase", "dormant"))["keys"]} == {dormant}
    assert "separated by commas" in run(serve, "report", "--phase", "dormant,nothing", code=64)


def test_events_are_listed_and_followed(table: KeyTable, serve: Serve):
    key = table.add(name="k", idle=0 * DAY)
    eventually(lambda: known(serve, key), 10, "it is known")
    env = {**CLEAN_ENVIRONMENT, "HOME": str(scratch_directory("home"))}
    argv = [binary_path(), "events", "--config", serve.config_path, "--follow"]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        table.delete(key)
        assert following.stdout
        line = ""
        while not (key in line and "retired_in_use" in line):
            line = following.stdout.readline()
            assert line, following.stderr.read() if following.stderr else ""
        # A daemon that comes again is followed further.
        serve.kill9()
        serve.start()
        second = table.add(name="second", idle=0 * DAY)
        eventually(lambda: known(serve, second), 10, "it is known")
        table.delete(second)
        while not (second in line and "retired_in_use" in line):
            line = following.stdout.readline()
            assert line
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 0
    text = run(serve, "events")
    assert [line for line in text.splitlines() if key in line and "retired_in_use" in line]
    listed = json.loads(run(serve, "events", "--since", "1h", "--format", "json"))["events"]
    assert [event["id"] for event in listed] == sorted(event["id"] for event in listed) and key in {event["key"] for event in listed}
    assert next(csv.reader(io.StringIO(run(serve, "events", "--format", "csv"))))[:3] == ["id", "at", "kind"]
    assert "since is neither" in run(serve, "events", "--since", "soon", code=64)


def test_members_of_the_group_need_nothing_else(table: KeyTable):
    """No password, no configuration, no right on the state file."""
    state = scratch_directory("state") / "state"
    state.mkdir(mode=0o710)
    os.chown(state, -1, GROUP)
    key = table.add(name="k")
    with Serve({**watching(table.database.dsn()), "state": {"directory": str(state)}}):
        home = scratch_directory("stranger")
        config = home / "keyshift.yaml"
        config.write_text(json.dumps({"state": {"directory": str(state)}, "collectors": [{"type": "keys", "database_url_file": "/nonexistent"}]}))
        config.chmod(0o644)
        for args in (["key", key], ["events"], ["report", "--phase", "retired"], ["report", "--owner", ""]):
            argv = daemon_socket.as_user(STRANGER, [GROUP], [binary_path(), args[0], "--config", str(config), *args[1:]])
            done = subprocess.run(argv, env={**CLEAN_ENVIRONMENT, "HOME": str(home)}, cwd="/", capture_output=True, timeout=30, check=False)
            assert done.returncode == 0, (args, done.stderr)
