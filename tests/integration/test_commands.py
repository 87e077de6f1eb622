# SPDX-License-Identifier: Apache-2.0
"""status, verdict, key, pair, ack and report --phase: beside a daemon and without one."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.wait import eventually

OWNER = "a@example.com"
ALL_PHASES = ["pending", "dormant", "issued", "overlap", "drained", "quarantined", "expired", "stranded"]


class Commands:
    """The commands with the configuration of one daemon."""

    def __init__(self, serve: Serve):
        self.serve = serve
        self._keyshift = Keyshift()

    def __call__(self, command: str, *args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess:
        return self._keyshift.run(command, "--config", self.serve.config_path, *args, env=env)

    def text(self, command: str, *args: str, code: int = 0) -> str:
        result = self(command, *args)
        assert result.returncode == code, result.stderr.decode()
        return result.stdout.decode()

    def verdict(self) -> dict:
        return json.loads(self("verdict", "--format", "json").stdout)


class Gateway:
    """One key for each phase that a gateway with a fallback can have."""

    def __init__(self, table: KeyTable):
        self.table = table
        owner = [table.add_user(f"owner{i}@example.com") for i in range(3)]
        now = 0 * DAY
        self.pending = table.add(name="pending", owner=owner[0], idle=now)
        self.dormant = table.add(name="dormant", owner=owner[0], idle=60 * DAY)
        self.issued = table.add(name="issued", owner=owner[1], idle=now)
        self.overlap = table.add(name="overlap", owner=owner[1], idle=now)
        self.drained = table.add(name="drained", owner=owner[1], idle=8 * DAY)
        self.blocked = table.add(name="blocked", owner=owner[2], idle=now, blocked=True)
        gone = datetime.now(UTC) - 35 * DAY
        self.expired = table.add(name="\x1b[31mexpired", owner=owner[2], idle=40 * DAY, expires_at=gone)
        self.issued_new = table.add(legacy=False, name="Issued v2", owner=owner[1], age=DAY)
        self.overlap_new = table.add(legacy=False, name="overlap new", owner=owner[1], age=DAY, idle=DAY / 2)
        self.drained_new = table.add(legacy=False, name="drained", owner=owner[1], age=DAY, idle=now)


@pytest.fixture
def gateway(database: Database) -> Gateway:
    return Gateway(KeyTable(database))


@pytest.fixture
def serve(gateway: Gateway):
    with Serve(watching(gateway.table.database.dsn())) as daemon:
        daemon.wait_for_poll()
        yield daemon


@pytest.fixture
def run(serve: Serve) -> Commands:
    return Commands(serve)


def phases_in(status: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"^(?:Phases)? +([a-z_]+) +(\d+)  ", status, re.M)}


def test_status_says_what_the_metrics_say(run: Commands, serve: Serve):
    status = run.text("status", "--verbose")
    shown = phases_in(status)
    assert {name: int(serve.metric("keyshift_legacy_keys", phase=name)) for name in shown} == shown
    assert len(shown) == 11
    assert [name for name, keys in shown.items() if keys] == [
        "pending", "dormant", "issued", "overlap", "drained", "quarantined", "expired",
    ]  # fmt: skip
    assert "0 % removed, 14 % removed or drained; 3 modern keys" in status
    assert "\nLeft       7 of 7 keys; next: finish the switch of 1 (report --phase overlap)\n" in status
    assert "From the running daemon" in status
    assert "\x1b" not in status


def test_without_a_daemon_one_look_gives_the_same_phases(run: Commands, serve: Serve):
    with_daemon = run.text("status", "--verbose")
    serve.terminate()
    before = {path.name: path.stat().st_mtime_ns for path in serve.state_directory.iterdir() if path.suffix == ".db"}
    without = run.text("status", "--verbose")
    assert phases_in(without) == phases_in(with_daemon)
    assert "no daemon is running" in without
    assert before == {path.name: path.stat().st_mtime_ns for path in serve.state_directory.iterdir() if path.suffix == ".db"}


def test_colours_are_for_terminals(run: Commands):
    def in_terminal(**env: str) -> bytes:
        master, slave = pty.openpty()
        keyshift = Keyshift()
        with subprocess.Popen(
            [binary_path(), "status", "--config", run.serve.config_path],
            stdout=slave,
            env=keyshift.environment({"TERM": "xterm", **env}),
        ) as process:
            os.close(slave)
            out = b""
            try:
                while chunk := os.read(master, 65536):
                    out += chunk
            except OSError:
                pass
            assert process.wait() == 0
        os.close(master)
        return out

    assert b"\x1b[31mUNSAFE\x1b[0m" in in_terminal()
    assert b"\x1b" not in in_terminal(NO_COLOR="1")
    assert b"\x1b" not in in_terminal(TERM="dumb")


def test_the_verdict_is_the_exit_code_and_each_check_is_a_metric(run: Commands, serve: Serve):
    result = run("verdict")
    text = result.stdout.decode()
    assert result.returncode == 2
    assert text.startswith("UNSAFE: ")
    assert "(not measured: failures_normal)" in text.splitlines()[0]
    found = run.verdict()
    assert found["verdict"] == "UNSAFE"
    assert found["from"] == "daemon"
    assert found["not_measured"] == ["failures_normal"]
    assert len(found["checks"]) == 13
    for check in found["checks"]:
        metric = serve.metric("keyshift_fallback_removal_check", check=check["check"])
        wanted = {"pass": 1, "NOT_YET": 0, "UNSAFE": 0}.get(check["outcome"])
        assert metric == wanted, check
        assert re.sub(r"\d{4}-\d\d-\d\dT.*", "", check["evidence"]) in text
    coverage = next(check for check in found["checks"] if check["check"] == "coverage")
    assert coverage["outcome"] == "NOT_YET" and coverage["passes_at"]


def test_a_daemon_that_sees_nothing_any_more_leads_to_unknown(run: Commands, serve: Serve, gateway: Gateway):
    gateway.table.database.execute("ALTER TABLE virtual_keys RENAME TO elsewhere")
    eventually(lambda: run("verdict").returncode == 3, 10, "UNKNOWN")
    assert run.verdict()["verdict"] == "UNKNOWN"
    serve.terminate()
    result = run("verdict", "--format", "json")
    assert result.returncode == 3 and json.loads(result.stdout)["from"] == "nothing", "one pass cannot do better"
    assert b"virtual_keys" in result.stderr


def test_key_tells_everything(run: Commands, gateway: Gateway):
    overlap = run.text("key", gateway.overlap)
    assert "overlap: both keys are in use" in overlap
    assert f"{gateway.overlap_new}, rule name (same owner, same name)" in overlap
    assert "used within its drain window 7d (low confidence" in overlap
    assert "Next step    this key is still in use beside its replacement: finish the switch\n" in overlap
    expired = run.text("key", gateway.expired)
    assert "Phase        expired" in expired
    assert r"\x1B[31mexpired" in expired or r"\x1b[31mexpired" in expired
    assert "\x1b" not in expired
    unknown = run("key", "no-such-key")
    assert unknown.returncode == 64
    assert b"no legacy key no-such-key is known" in unknown.stderr
    assert "Phase        none: it is a modern key" in run.text("key", gateway.drained_new)


def test_key_shows_the_owners_address_beside_its_id(run: Commands, gateway: Gateway):
    database = gateway.table.database
    owner = database.execute("SELECT user_id::text FROM virtual_keys WHERE id::text = %s", (gateway.overlap,))[0][0]
    assert f"Owner        owner1@example.com ({owner})\n" in run.text("key", gateway.overlap)
    database.execute("UPDATE users SET email = E'\\x1b[31mnew@example.com' WHERE id::text = %s", (owner,))
    text = run.text("key", gateway.overlap)
    assert "\x1b" not in text and "[31mnew@example.com (" in text
    system = gateway.table.add(name="nobody's")
    eventually(lambda: "Owner        system\n" in run("key", system).stdout.decode(), 10, "it is known")
    assert "Next step    this key has no new key yet: create one\n" in run.text("key", system)
    # Where it cannot be asked for, the id is still there.
    database.execute("ALTER TABLE users RENAME TO elsewhere")
    assert f"Owner        {owner}\n" in run.text("key", gateway.overlap)


def test_a_keys_history_is_kept(run: Commands, gateway: Gateway, serve: Serve):
    gateway.table.use(gateway.issued_new)
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="overlap") == 2, 10, "the switch")
    gateway.table.delete(gateway.issued)
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="retired_in_use") == 1, 10, "the deletion")
    text = run.text("key", gateway.issued)
    assert "retired_in_use: deleted while in use" in text
    assert "Next step" not in text, "its row has gone"
    history = text[text.index("History") :]
    steps = ["first seen", "replacement used", "issued -> overlap", "overlap -> retired_in_use"]
    assert [step for step in steps if step in history] == steps
    assert sorted(steps, key=history.index) == steps


def test_pair_and_ack_are_taken_over_by_the_daemon_and_survive_it(run: Commands, gateway: Gateway, serve: Serve):
    said = run.text("pair", gateway.pending, gateway.drained_new, "--force")
    assert f"{gateway.drained_new} replaces {gateway.pending}" in said
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="overlap") == 2, 10, "the pair")
    assert serve.metric("keyshift_legacy_keys", phase="drained") == 0, "one modern key does not serve two"
    assert "rule pair (an operator paired them)" in run.text("key", gateway.pending)
    assert "paired with" in run.text("key", gateway.pending)

    def dormant_check() -> float:
        return serve.metric("keyshift_fallback_removal_check", check="dormant_acknowledged")

    assert dormant_check() == 0
    run.text("ack", gateway.dormant, "--note", "asked the owner")
    eventually(lambda: dormant_check() == 1, 10, "the acknowledgement")
    assert "asked the owner" in run.text("key", gateway.dormant)
    serve.restart()
    serve.wait_for_poll()
    assert serve.metric("keyshift_legacy_keys", phase="overlap") == 2
    assert dormant_check() == 1


def test_a_pair_that_looks_wrong_needs_force_and_can_be_undone(run: Commands, gateway: Gateway, serve: Serve):
    table = gateway.table
    owner = table.add_user("another@example.com")
    other = table.add(legacy=False, name="other", owner=owner, age=DAY, idle=DAY / 2)
    older = table.add(legacy=False, name="older", owner=owner, age=400 * DAY, idle=DAY / 2, blocked=True)
    for new, doubts in (
        (other, ["the two keys have different owners"]),
        (older, ["different owners", "the new key is blocked", "the new key is older than the old one"]),
    ):
        refused = run("pair", gateway.dormant, new)
        assert refused.returncode == 64
        for doubt in doubts:
            assert doubt in refused.stderr.decode()
        for shown in ("name dormant", f"owner {owner}", "last used"):
            assert shown in refused.stdout.decode(), "both are shown"
    assert "none known" in run.text("key", gateway.dormant)
    run.text("pair", gateway.dormant, other, "--force")
    eventually(lambda: "rule pair" in run.text("key", gateway.dormant), 10, "the pair")
    run.text("pair", gateway.dormant, "--remove")
    eventually(lambda: "none known" in run.text("key", gateway.dormant), 10, "the pair is undone")
    again = run("pair", gateway.dormant, "--remove")
    assert again.returncode == 64
    assert "no operator has paired" in again.stderr.decode()
    assert run("pair", gateway.dormant).returncode == 64, "neither a new key nor --remove"


def test_keys_in_use_cannot_be_acknowledged(run: Commands, gateway: Gateway):
    for key, reason in (
        (gateway.pending, "it is pending and in use"),
        (gateway.issued, "it is issued and in use"),
        (gateway.overlap, "it is in use beside its replacement"),
    ):
        refused = run("ack", key)
        assert refused.returncode == 64, key
        assert reason in refused.stderr.decode()
    refused = run("ack", gateway.dormant, gateway.pending)
    assert refused.returncode == 64, "all or none of those that are named"
    assert "acknowledged by" not in run.text("key", gateway.dormant)


def test_an_idle_key_whose_owner_was_asked_is_dormant(run: Commands, gateway: Gateway, serve: Serve):
    idle = gateway.table.add(name="idle", owner=gateway.table.add_user("idle@example.com"), idle=8 * DAY)
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="pending") == 2, 10, "the key")
    run.text("ack", idle)
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="dormant") == 2, 10, "it is dormant")
    run.text("ack", idle, "--remove")
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="dormant") == 1, 10, "it is pending again")
    assert "acknowledged by" not in run.text("key", idle)


def test_many_keys_are_listed_before_they_are_acknowledged(run: Commands, gateway: Gateway, serve: Serve, tmp_path):
    owner = gateway.table.add_user("left@example.com")
    keys = [gateway.table.add(name=f"old {i}", owner=owner, idle=(40 + i) * DAY) for i in range(5)]
    used = gateway.table.add(name="in use", owner=owner, idle=0 * DAY)
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="dormant") == 6, 10, "the keys")
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="pending") == 2, 10, "the one that is in use")
    asked = run("ack", "--owner", owner)
    assert asked.returncode == 64, "nobody can be asked here"
    assert "say --yes" in asked.stderr.decode()
    listed = asked.stdout.decode()
    assert all(key in listed for key in keys)
    assert "Not acknowledged, 1 key:" in listed and f"{used}: it is pending and in use" in listed
    assert serve.metric("keyshift_fallback_removal_check", check="dormant_acknowledged") == 0
    assert "2 keys are acknowledged" in run.text("ack", "--owner", owner, "--idle-longer-than", "1010h", "--yes")
    listing = tmp_path / "ids"
    listing.write_text("".join(f"{key}\n" for key in [gateway.dormant, *keys[:3], "no-such-key"]))
    said = run.text("ack", "--file", str(listing), "--yes")
    assert "4 keys are acknowledged" in said and "no legacy key no-such-key is there" in said
    eventually(
        lambda: serve.metric("keyshift_fallback_removal_check", check="dormant_acknowledged") == 1, 10, "all of them"
    )
    assert run("ack").returncode == 64, "nothing is named"


def test_a_key_that_is_upgraded_and_not_used_is_named(run: Commands, gateway: Gateway, serve: Serve):
    gateway.table.upgrade(gateway.pending)
    eventually(lambda: serve.metric("keyshift_legacy_keys_upgraded_unused") == 1, 10, "the upgrade")
    assert "retired_in_use: upgraded, not used since" in run.text("key", gateway.pending)
    assert "1 of them upgraded, not used since" in run.text("status")
    assert "1 legacy key in use was given a lookup hash, and not used since" in run("doctor").stdout.decode()


def test_where_use_upgrades_keys_and_nobody_said_so_doctor_and_status_do(run: Commands, gateway: Gateway, serve: Serve):
    uses = serve.metric("keyshift_legacy_uses_observed_total")
    gateway.table.database.execute(
        "UPDATE virtual_keys SET last_used_at = now(), key_lookup_hash = repeat('e', 64) WHERE id = %s",
        (gateway.dormant,),
    )
    eventually(lambda: serve.metric("keyshift_legacy_uses_observed_total") == uses + 1, 10, "it is a use")
    for said in (run("doctor").stdout.decode(), run.text("status")):
        assert "1 legacy key was upgraded together with a use" in said
        assert "gateway.promotes_in_place: true" in said


def test_decisions_about_keys_that_are_not_there_are_refused(run: Commands, gateway: Gateway):
    for args, complaint in (
        (("pair", "nothing", gateway.issued_new), "no legacy key nothing is known"),
        (("pair", gateway.pending, "7b0c1d2e-1111-4222-8333-444455556666"), "there is no key 7b0c1d2e"),
        (("pair", gateway.pending, gateway.dormant), "is a legacy key too"),
        (("ack", gateway.issued_new), "no legacy key"),
    ):
        result = run(*args)
        assert result.returncode == 64, args
        assert complaint in result.stderr.decode()
    assert "none known" in run.text("key", gateway.pending)


def test_decisions_need_a_state(gateway: Gateway):
    result = Keyshift().run("ack", gateway.dormant, env={"DATABASE_URL": gateway.table.database.dsn()})
    assert result.returncode == 78
    assert b"start keyshift serve first" in result.stderr


def test_report_by_phase(run: Commands, gateway: Gateway, serve: Serve):
    listed = json.loads(run.text("report", "--format", "json", "--phase", "all"))
    assert {key["name"]: key["phase"] for key in listed["keys"] if "[31m" not in key["name"]} == {
        name: name if name != "blocked" else "quarantined"
        for name in ("pending", "dormant", "issued", "overlap", "drained", "blocked")
    }
    replacements = {key["id"]: key["replacement"] for key in listed["keys"]}
    assert replacements[gateway.overlap] == {"id": gateway.overlap_new, "rule": "name", "used": True}
    assert replacements[gateway.pending] is None
    drained = run.text("report", "--format", "csv", "--phase", "drained").splitlines()
    assert len(drained) == 2 and gateway.drained in drained[1] and gateway.drained_new in drained[1]
    assert "No legacy key is in phase `stranded`" in run.text("report", "--format", "markdown", "--phase", "stranded")
    by_owner = run.text("report", "--group-by", "owner")
    assert "owner1@example.com" in by_owner
    assert "1 key has a replacement that is not in use yet: deploy the new key." in by_owner
    serve.terminate()
    assert json.loads(run.text("report", "--format", "json", "--phase", "all"))["keys"] == listed["keys"]
    wrong = run("report", "--phase", "retiring")
    assert wrong.returncode == 64


def test_where_there_is_no_fallback_the_report_does_not_promise_one(gateway: Gateway):
    config = watching(gateway.table.database.dsn(), gateway={"fallback": "absent"})
    with Serve(config) as serve:
        run = Commands(serve)
        text = run("report")
        assert b"will continue to work" in text.stdout, "the handbook's text, byte for byte"
        assert b"does not accept legacy keys any more" in text.stderr
        assert "continue to work" not in run.text("report", "--format", "markdown")
        mode = next(check for check in run.verdict()["checks"] if check["check"] == "fallback_mode")
        assert mode["outcome"] == "UNKNOWN", "keys were used a moment ago: the evidence contradicts the assertion"


def test_a_state_that_is_damaged_or_of_another_version_is_told(run: Commands, serve: Serve, gateway: Gateway):
    serve.terminate()
    state = serve.state_directory / "keyshift.db"
    whole = state.read_bytes()
    state.write_bytes(b"no database at all" * 100)
    damaged = run("verdict")
    assert damaged.returncode == 3 and b"keyshift.db" in damaged.stderr
    assert run("status").returncode == 69
    state.write_bytes(whole[:60] + (99).to_bytes(4, "big") + whole[64:])  # PRAGMA user_version
    newer = run("status")
    assert newer.returncode == 78 and b"schema version 99" in newer.stderr
