# SPDX-License-Identifier: Apache-2.0
"""verdict and status: what the daemon judged, by its configuration, or UNKNOWN. Each fault comes after SAFE."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.servers.time_travel import Clock, TravellingPostgres
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

SECOND = timedelta(seconds=1)
WINDOWS = {"drain_window": "2s", "dormant_after": "60d"}
SHORT = "judged by a drain window of 2s, shorter than a day"


class Migrated:
    """A daemon that has seen an honest migration: one key has moved, and the old one is not used any more."""

    def __init__(self, database: Database, *, environment: dict[str, str] | None = None):
        self.table = KeyTable(database)
        owner = self.table.add_user("a@example.com")
        self.old = self.table.add(name="app", owner=owner, idle=60 * SECOND)
        self.new = self.table.add(name="app", owner=owner, legacy=False, age=DAY, idle=SECOND)
        self.tree = watching(database.dsn(), gateway={"fallback": "present"})
        self.tree["migration"] = dict(WINDOWS)
        self.serve = Serve(self.tree, env=environment)
        self._environment = environment

    def run(self, *args: Any, config: Path | None = None, env: dict[str, str] | None = None, **options: Any):
        argv = [*args, "--config", config or self.serve.config_path] if config != Path() else list(args)
        return Keyshift().run(*argv, env={**(self._environment or {}), **(env or {})}, **options)

    def verdict(self, **options: Any) -> dict:
        return json.loads(self.run("verdict", "--format", "json", **options).stdout)

    def wait_until_safe(self) -> None:
        eventually(lambda: self.run("verdict").returncode == 0, 20, "SAFE")

    def changed(self, **migration: str) -> Path:
        """Another file, as if it had been edited and not reloaded."""
        tree = yaml.safe_load(self.serve.config_path.read_text())
        tree["migration"].update(migration)
        file = scratch_directory("changed") / "keyshift.yaml"
        file.write_text(yaml.safe_dump(tree))
        return file


@pytest.fixture
def migrated(database: Database) -> Iterator[Migrated]:
    migrated = Migrated(database)
    with migrated.serve:
        migrated.wait_until_safe()
        yield migrated


def first_line(result: subprocess.CompletedProcess) -> str:
    return result.stdout.decode().splitlines()[0]


def test_an_honest_migration_is_safe_through_the_daemon(migrated: Migrated):
    result = migrated.run("verdict")
    assert result.returncode == 0 and result.stderr == b""
    assert first_line(result).startswith("SAFE: the fallback may be removed (not measured: ")
    assert first_line(result).endswith("; " + SHORT)
    document = migrated.verdict()
    assert (document["verdict"], document["from"], document["reason"]) == ("SAFE", "daemon", None)
    assert document["caveats"] == [SHORT]
    # The page says what is saved: a moment later than the daemon itself.
    eventually(lambda: migrated.serve.metric("keyshift_fallback_removal_safe") == 1, 5, "the page says so")


def test_a_file_that_says_otherwise_is_named_and_never_safe(migrated: Migrated):
    file = migrated.changed(drain_window="20s")
    result = migrated.run("verdict", config=file)
    assert result.returncode == 3
    assert first_line(result).startswith("UNKNOWN: the configuration differs: ")
    wanted = f"note: {file} says drain_window 20s, the daemon judges by 2s: reload it (systemctl reload keyshift)\n"
    assert result.stderr.decode() == wanted
    document = migrated.verdict(config=file)
    assert document["differences"] == [
        {"setting": "drain_window", "says": str(file), "configured": "20s", "daemon": "2s"}
    ]
    assert document["configuration"]["drain_window"] == "2s", "the daemon's"
    status = migrated.run("status", config=file)
    assert status.returncode == 0 and wanted in status.stderr.decode()
    assert "UNKNOWN: the configuration differs" in status.stdout.decode()


def test_a_reload_ends_the_difference(migrated: Migrated):
    before = migrated.verdict()["configuration"]
    migrated.tree["migration"]["drain_window"] = "4s"
    migrated.serve.configure(migrated.tree)
    assert migrated.run("verdict").returncode == 3, "edited, and not reloaded"
    migrated.serve.process.send_signal(signal.SIGHUP)
    eventually(lambda: migrated.verdict()["differences"] == [], 10, "the reload")
    after = migrated.verdict()["configuration"]
    assert after["drain_window"] == "4s" and after["loaded_at"] > before["loaded_at"]
    migrated.wait_until_safe()


def test_a_secret_that_only_the_daemon_may_read_does_not_hide_a_difference(migrated: Migrated):
    file = migrated.changed()
    tree = yaml.safe_load(file.read_text())
    del tree["collectors"][0]["database_url"]
    tree["collectors"][0]["database_url_file"] = "/nowhere/database_url"
    file.write_text(yaml.safe_dump(tree))
    assert migrated.run("verdict", config=file).returncode == 0
    tree["migration"]["drain_window"] = "20s"
    file.write_text(yaml.safe_dump(tree))
    assert migrated.run("verdict", config=file).returncode == 3
    assert migrated.verdict(config=file)["differences"][0]["setting"] == "drain_window"
    tree["migration"]["drain_window"] = "soon"
    file.write_text(yaml.safe_dump(tree))
    wrong = migrated.run("verdict", config=file)
    assert wrong.returncode == 78 and b"drain_window" in wrong.stderr


@pytest.mark.parametrize(
    ("path", "value", "setting"),
    [
        (("migration", "dormant_after"), "90d", "dormant_after"),
        (("migration", "inventory"), "strict", "inventory"),
        (("migration", "failure_budget"), "5%", "failure_budget"),
        (("gateway", "fallback"), "detect", "fallback"),
        (("gateway", "table"), "keys", "table"),
        (("gateway", "promotes_in_place"), "true", "promotes_in_place"),
    ],
)
def test_whatever_changes_the_judgement_differs(migrated: Migrated, path: tuple[str, str], value: str, setting: str):
    file = migrated.changed()
    tree = yaml.safe_load(file.read_text())
    tree[path[0]][path[1]] = value
    file.write_text(yaml.safe_dump(tree))
    document = migrated.verdict(config=file)
    assert document["verdict"] == "UNKNOWN"
    assert [difference["setting"] for difference in document["differences"]] == [setting]


def test_another_database_differs_and_another_user_of_it_does_not(migrated: Migrated, database: Database):
    state = {"XDG_STATE_HOME": str(migrated.serve.state_directory.parent)}
    (migrated.serve.state_directory.parent / "keyshift").symlink_to(migrated.serve.state_directory)
    nothing = Path()
    same = migrated.run("verdict", config=nothing, env={**state, "DATABASE_URL": database.create_monitor()})
    assert same.returncode == 0, "neither a file nor the daemon's user"
    other = database.dsn().replace(database.name, "staging")
    result = migrated.run("verdict", config=nothing, env={**state, "DATABASE_URL": other})
    assert result.returncode == 3
    assert "note: DATABASE_URL says database " in result.stderr.decode()
    bare = migrated.run("verdict", config=nothing, env=state)
    assert bare.returncode == 0, "no configuration at all"


def test_the_file_is_found_by_the_environment(migrated: Migrated):
    found = migrated.run("verdict", config=Path(), env={"KEYSHIFT_CONFIG": str(migrated.serve.config_path)})
    assert found.returncode == 0
    lost = migrated.run("verdict", config=Path(), env={"KEYSHIFT_CONFIG": "/nowhere/keyshift.yaml"})
    assert lost.returncode == 78 and b"/nowhere/keyshift.yaml" in lost.stderr


def test_without_a_daemon_the_verdict_is_unknown(migrated: Migrated):
    migrated.serve.terminate()
    result = migrated.run("verdict")
    assert result.returncode == 3
    assert first_line(result).startswith("UNKNOWN: no daemon is watching")
    assert "systemctl start keyshift" in first_line(result) and SHORT in first_line(result)
    assert "no_live_use" in result.stdout.decode(), "the checks of one pass are still shown"
    document = migrated.verdict()
    assert (document["verdict"], document["from"]) == ("UNKNOWN", "one pass")
    coverage = next(check["evidence"] for check in document["checks"] if check["check"] == "coverage")
    assert "without a gap" not in coverage and "nobody is watching" in coverage
    migrated.serve.start()
    migrated.wait_until_safe()


def test_nor_with_a_daemon_that_was_killed(migrated: Migrated):
    migrated.serve.kill9()
    assert migrated.verdict()["verdict"] == "UNKNOWN"


def test_without_a_database_too_there_is_a_document(migrated: Migrated):
    migrated.serve.terminate()
    file = migrated.changed()
    tree = yaml.safe_load(file.read_text())
    tree["collectors"][0]["database_url"] = "postgresql://nobody@127.0.0.1:1/nothing"
    file.write_text(yaml.safe_dump(tree))
    result = migrated.run("verdict", "--format", "json", config=file)
    assert result.returncode == 3
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1 and document["from"] == "nothing" and document["checks"] == []
    assert document["reason"].startswith("no daemon is watching")
    assert b"keyshift: " in result.stderr
    status = migrated.run("status", config=file)
    assert status.returncode == 69 and b"no daemon is watching" in status.stderr
    nothing = Keyshift().run("verdict", "--format", "json")
    assert nothing.returncode == 3
    assert json.loads(nothing.stdout)["verdict"] == "UNKNOWN"
    assert json.loads(nothing.stdout)["configuration"] is None


def test_one_pass_alone_is_never_safe(database: Database):
    """By the same table, of which a daemon would come to SAFE."""
    migrated = Migrated(database)
    assert migrated.run("verdict").returncode == 3
    with migrated.serve:
        migrated.wait_until_safe()


def coverage(migrated: Migrated) -> str:
    return next(check["evidence"] for check in migrated.verdict()["checks"] if check["check"] == "coverage")


def test_a_stop_is_told_from_an_unbroken_watch():
    clock = Clock()
    with TravellingPostgres(clock) as postgres:
        migrated = Migrated(postgres.create_database("gateway"), environment=clock.environment)
        with migrated.serve:
            migrated.wait_until_safe()
            assert coverage(migrated).startswith("observed without a gap since ")
            migrated.serve.restart()
            migrated.wait_until_safe()
            assert coverage(migrated).startswith("observed without a gap since "), "seconds are no stop"
            migrated.serve.stop()
            clock.advance(timedelta(minutes=20))
            migrated.serve.start()
            migrated.wait_until_safe()
            assert "last uses are known since " in coverage(migrated)
            assert "after a stop, watched without a gap since " in coverage(migrated)


def test_status_is_machine_readable_and_says_what_it_prints(migrated: Migrated):
    document = json.loads(migrated.run("status", "--format", "json").stdout)
    text = migrated.run("status").stdout.decode()
    assert document["schema_version"] == 1 and document["from"] == "daemon"
    assert document["phases"]["drained"] == 1
    assert document["verdict"]["verdict"] == "SAFE" and "SAFE: the fallback may be removed" in text
    assert document["migration"]["legacy_keys"] == 1
    assert "1 of 1 keys; next: remove the fallback" in text and "; 1 modern keys" in text
    assert [source["source"] for source in document["sources"]] == ["keys"]


def test_a_short_window_is_warned_of(migrated: Migrated):
    result = Keyshift().run("check", migrated.serve.config_path)
    assert result.returncode == 0
    line = result.stderr.decode()
    assert line.startswith(f"{migrated.serve.config_path}:")
    assert "warning: migration.drain_window: is shorter than a day" in line
    quiet = Keyshift().run("check", migrated.changed(drain_window="1d"))
    assert quiet.returncode == 0 and quiet.stderr == b""


def test_decisions_carry_the_databases_time(database: Database):
    """This host's clock is an hour ahead of the database's."""
    clock = Clock()
    clock.advance(timedelta(hours=1))
    migrated = Migrated(database, environment=clock.environment)
    with migrated.serve as serve:
        serve.wait_for_poll()
        assert migrated.run("ack", migrated.old, "--note", "asked").returncode == 0
        shown = migrated.run("key", migrated.old).stdout.decode()
        line = next(line for line in shown.splitlines() if "acknowledged by" in line)
        (at,) = re.findall(r"(\d+ \w+(?: \d{4})? \d\d:\d\d) UTC", line)
        now = database.execute("SELECT now()")[0][0].astimezone(UTC)
        assert at in {f"{when:%-d %b %H:%M}" for when in (now - timedelta(minutes=age) for age in range(5))}
        migrated.wait_until_safe()
