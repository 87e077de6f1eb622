# SPDX-License-Identifier: Apache-2.0
"""`keyshift export`: all of the history in one file, beside a daemon and without one, in memory that does not grow."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.wait import eventually

MEMBERS = [
    "schema_version", "keyshift", "exported_at", "history_begins", "history_begins_because", "verdict", "keys", "pairs",
    "acknowledgements", "marks", "events", "progress", "failures",
]  # fmt: skip
MANY = 100_000
# A key needs some 300 bytes in the file.
MOST_GROWTH = 10 * 1024 * 1024


class History:
    """A daemon that has seen keys of each kind, and what an operator has said of them."""

    def __init__(self, table: KeyTable, serve: Serve, directory: Path):
        self.serve = serve
        self.file = directory / "history.json"
        owner = [table.add_user(f"owner{i}@example.com") for i in range(2)]
        self.old = table.add(name="old", owner=owner[0], idle=0 * DAY)
        self.new = table.add(legacy=False, name="other", owner=owner[1], age=DAY, idle=DAY / 2)
        self.idle = table.add(name='"\x1b[2J\u202eidle', owner=owner[0], idle=60 * DAY)
        self.gone = table.add(name="gone", owner=owner[1], idle=0 * DAY)
        self.upgraded = table.add(name="upgraded", owner=owner[1], idle=0 * DAY)
        serve.wait_for_poll()
        table.delete(self.gone)
        table.upgrade(self.upgraded)
        eventually(lambda: serve.metric("keyshift_legacy_keys", phase="retired_in_use") == 2, 10, "they have gone")
        self.run("pair", self.old, self.new, "--force")
        self.run("ack", self.idle, "--note", "asked; nobody knows it")
        eventually(lambda: serve.metric("keyshift_legacy_keys", phase="overlap") == 1, 10, "the pair counts")

    def run(self, *command: str, code: int = 0) -> subprocess.CompletedProcess:
        result = Keyshift().run(*command, "--config", self.serve.config_path)
        assert result.returncode == code, result.stderr.decode()
        return result

    def export(self) -> dict:
        result = self.run("export", str(self.file))
        assert result.stdout == result.stderr == b""
        return json.loads(self.file.read_text())


@pytest.fixture
def history(database: Database, tmp_path: Path):
    table = KeyTable(database)
    with Serve(watching(database.dsn())) as serve:
        yield History(table, serve, tmp_path)


def test_all_of_it_is_in_the_file(history: History):
    found = history.export()
    assert list(found) == MEMBERS and found["schema_version"] == 1
    keys = {key["id"]: key for key in found["keys"]}
    assert set(keys) == {history.old, history.idle, history.gone, history.upgraded}, "modern ones have no history"
    assert {key: keys[key]["phase"] for key in keys} == {
        history.old: "overlap", history.idle: "dormant", history.gone: "retired_in_use", history.upgraded: "retired_in_use",
    }  # fmt: skip
    assert keys[history.gone]["gone_as"] == "removed" and keys[history.upgraded]["gone_as"] == "upgraded"
    assert keys[history.gone]["gone_at"] > keys[history.gone]["first_seen_at"] > keys[history.gone]["created_at"]
    assert keys[history.old]["gone_at"] is None and keys[history.old]["gone_as"] is None
    assert keys[history.old]["replacement"]["id"] == history.new and keys[history.old]["replacement"]["rule"] == "pair"
    assert keys[history.idle]["name"] == '"\x1b[2J\u202eidle'
    assert [(pair["legacy"], pair["replacement"]) for pair in found["pairs"]] == [(history.old, history.new)]
    (said,) = found["acknowledgements"]
    assert (said["id"], said["note"]) == (history.idle, "asked; nobody knows it") and said["by"] and said["at"]
    kinds = {(event["kind"], event["key"], event["phase"]) for event in found["events"]}
    assert ("phase", history.gone, "retired_in_use") in kinds and ("paired", history.old, None) in {
        (kind, key, None) for kind, key, _ in kinds
    }
    assert [event["id"] for event in found["events"]] == sorted(event["id"] for event in found["events"])
    assert found["progress"] and found["failures"] == []
    assert found["verdict"]["verdict"] == "UNSAFE" and found["verdict"]["configuration"]["drain_window"]


def test_no_hash_and_no_escape_is_in_it_and_only_its_user_may_read_it(history: History):
    history.export()
    text = history.file.read_text()
    assert "$2" not in text and "\x1b" not in text and "\u202e" not in text
    assert stat.S_IMODE(history.file.stat().st_mode) == 0o600
    assert [path.name for path in history.file.parent.iterdir()] == ["history.json"]


def test_without_a_daemon_the_history_is_the_same_and_the_verdict_unknown(history: History):
    beside = history.export()
    history.serve.terminate()
    alone = history.export()
    for member in ("keys", "pairs", "acknowledgements"):
        assert alone[member] == beside[member]
    assert alone["verdict"]["verdict"] == "UNKNOWN" and alone["verdict"]["reason"].startswith("no daemon is watching")


def test_what_cannot_be_written_is_73_and_what_was_there_stays(history: History):
    before = history.export()
    result = history.run("export", "/proc/nowhere/history.json", code=73)
    assert b"cannot write /proc/nowhere/history.json" in result.stderr
    full = history.run("export", "/dev/full", code=73)
    assert b"No space left" in full.stderr
    assert json.loads(history.file.read_text()) == before


def test_where_nothing_was_ever_watched_it_says_so(tmp_path: Path):
    config = tmp_path / "keyshift.yaml"
    tree = {**watching("postgresql://u@127.0.0.1:1/d"), "state": {"directory": str(tmp_path / "none")}}
    config.write_text(yaml.safe_dump(tree))
    result = Keyshift().run("export", str(tmp_path / "history.json"), "--config", config)
    assert result.returncode == 78 and b"there is no history yet" in result.stderr
    assert not (tmp_path / "history.json").exists()


def peak(config: Path, file: Path) -> int:
    """Bytes of memory that an export takes at most."""
    command = [binary_path(), "export", str(file), "--config", str(config)]
    process = subprocess.Popen(command, env=Keyshift().environment())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


def test_memory_does_not_grow_with_the_keys(database: Database, tmp_path: Path):
    table = KeyTable(database)
    table.add(name="first", idle=DAY)
    config = tmp_path / "keyshift.yaml"
    tree = {**watching(database.dsn(), timeout="60s"), "state": {"directory": str(tmp_path / "state")}}
    config.write_text(yaml.safe_dump(tree))

    def poll() -> None:
        result = Keyshift().run("once", "--config", config, "--textfile", tmp_path / "keyshift.prom")
        assert result.returncode == 0, result.stderr

    poll()
    few = peak(config, tmp_path / "history.json")
    table.fill(MANY, 1)
    poll()
    many = peak(config, tmp_path / "history.json")
    assert len(json.loads((tmp_path / "history.json").read_text())["keys"]) == MANY + 1
    assert many - few < MOST_GROWTH, f"{few} bytes with one key, {many} with {MANY}"
