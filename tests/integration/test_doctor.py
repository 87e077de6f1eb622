# SPDX-License-Identifier: Apache-2.0
"""keyshift doctor: each thing that can be wrong with a source is named, with its remedy."""

import os
import subprocess

import pytest

from gateway_sim import Gateway, Seed
from harness.product.doctor import Doctor, doctor
from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import watching
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools import leaks
from harness.tools.http_faults import HttpFaults, status
from harness.tools.scratch import scratch_directory


@pytest.fixture
def planted(database: Database):
    return Seed(seed=7, owners=2, keys_per_owner=1).plant(database.dsn())


def test_all_is_well(database, planted, redis):
    with Gateway(database.dsn(), redis.url(), require_auth=True) as gateway:
        seen = doctor(DATABASE_URL=database.dsn(), REDIS_URL=redis.url())
        assert gateway.counts()["requests"]["total"] == 0
    assert seen.exit_code == 0 and seen.error == ""
    assert {finding["subject"] for finding in seen.findings} == {"state", "keys", "statements", "redis"}
    assert not [finding for finding in seen.findings if finding["result"] == "failure"]
    assert "can be read" in seen.what("keys", "ok") and "clocks of this host" in seen.what("keys", "ok")
    assert "small enough" in seen.what("keys", "ok")
    assert "no lookup statement has been seen" in seen.what("statements", "warning")
    assert ": Redis " in seen.what("redis", "ok")


def test_as_text(database, planted):
    result = Keyshift().run("doctor", env={"DATABASE_URL": database.dsn()})
    lines = result.stdout.decode().splitlines()
    assert lines[0].startswith("state            ok       no daemon runs")
    assert any(line.startswith("keys             ok       the key table") for line in lines)


def test_beside_the_daemon(database, planted):
    with Serve(watching(database.dsn())) as serve:
        result = Keyshift().run("doctor", "--config", serve.config_path)
        assert b"the daemon runs and keeps its state in" in result.stdout and result.returncode == 0


def test_nobody_there():
    seen = doctor(DATABASE_URL="postgresql://keyshift:s3cret-of-nobody@127.0.0.1:1/gateway")
    leaks.secret("s3cret-of-nobody")
    assert seen.exit_code == 69
    assert "Connection refused" in seen.what("keys", "failure") and "database_url" in seen.mend("keys", "failure")


def test_statements_that_cannot_be_read(database, planted):
    database.execute("DROP EXTENSION pg_stat_statements")
    listed = {"collectors": [{"type": "keys"}, {"type": "statements"}]}
    seen = doctor(listed, DATABASE_URL=database.dsn())
    assert seen.exit_code == 69 and "CREATE EXTENSION pg_stat_statements" in seen.mend("statements", "failure")
    # Where nobody has asked for them, less is measured, and that is all.
    seen = doctor(DATABASE_URL=database.dsn())
    assert seen.exit_code == 0 and "not measured: " in seen.what("statements", "warning")
    assert "CREATE EXTENSION pg_stat_statements" in seen.mend("statements", "warning")


def test_redis_refuses(database, planted):
    with Redis(password="the right one") as server:
        wrong = server.url(password=leaks.secret("the wrong one"))
        seen = doctor(DATABASE_URL=database.dsn(), REDIS_URL=wrong)
        assert seen.exit_code == 69 and seen.of("redis", "failure")


def test_replicas_and_probe(database, planted):
    with HttpFaults() as replica, Gateway(database.dsn(), require_auth=True) as gateway:
        replica.answer(status(500))
        tree = {
            "collectors": [
                {"type": "gateway_metrics", "targets": [f"{replica.url}/metrics", f"{gateway.url}/metrics"]},
                {"type": "probe", "url": f"{gateway.url}/v1/models"},
                {"type": "prometheus", "url": replica.url},
            ]
        }
        seen = doctor(tree)
        assert seen.exit_code == 69
        assert "500" in seen.what("gateway_metrics", "failure")
        assert "status 401: keys are checked" in seen.what("probe", "ok")
        assert seen.of("prometheus", "failure")
        assert gateway.counts()["failures"] == {"missing_header": 1}


def test_problems_of_a_configuration_are_findings():
    seen = doctor({"collectors": [{"type": "keys", "database_url": "postgresql://h/d", "intervall": "1s"}]})
    assert seen.exit_code == 78 and seen.error == ""
    assert [finding["subject"] for finding in seen.findings] == ["configuration"]
    assert "intervall" in seen.what("configuration", "failure")
    text = Keyshift().run("doctor", "--config", "missing.yaml")
    assert text.returncode == 78 and b"configuration    failure  missing.yaml: " in text.stdout


def test_a_configuration_that_may_not_be_read():
    directory = scratch_directory("configuration")
    directory.chmod(0o755)
    path = directory / "k.yaml"
    path.write_text("collectors: [{type: keys, database_url: postgresql://h/d}]")
    path.chmod(0o000)
    user = "nobody" if os.geteuid() == 0 else None
    command = [binary_path(), "doctor", "--format", "json", "--config", path]
    seen = Doctor(subprocess.run(command, capture_output=True, user=user, check=False))
    assert seen.exit_code == 78 and "setfacl -m u:" in seen.mend("configuration", "failure")


def test_the_last_line_sums_up(database, planted, redis):
    def last(**env: str) -> str:
        return Keyshift().run("doctor", env=env).stdout.decode().splitlines()[-1]

    dsn = database.dsn()
    assert last(REDIS_URL="redis://127.0.0.1:1", DATABASE_URL=dsn).startswith("1 failure, ")
    redis.client().set("auth:key:0123", "{}")
    assert last(REDIS_URL=redis.url()) == "all is well"


# --- where the state is kept


def state(directory, **options) -> Doctor:
    tree = {"collectors": [{"type": "access_log", "input": {"files": ["/usr/share/*.log"]}}], "state": {"directory": str(directory)}}
    return doctor(tree, **options)


def test_a_state_that_may_not_be_written():
    directory = scratch_directory("closed")
    user = "nobody" if os.geteuid() == 0 else None
    directory.chmod(0o555)
    seen = state(directory / "state", user=user)
    failed = seen.of("state", "failure")[0]
    assert seen.exit_code == 69 and failed["reason"] == "permission"
    assert f"may not write to {directory}, which belongs to" in failed["what"]
    if user is None:
        return
    command = failed["mend"].split("as root: ")[1]
    subprocess.run(command.split(), check=True)
    assert "no daemon runs; its state can be kept in" in state(directory / "state", user=user).what("state", "ok")
    # And root is told that it proves nothing for the daemon.
    seen = state(directory / "state")
    assert seen.exit_code == 0 and seen.mend("state", "warning").startswith("sudo -u nobody keyshift doctor --config /")


def test_a_state_that_is_no_directory_or_damaged(tmp_path):
    (tmp_path / "file").touch()
    seen = state(tmp_path / "file" / "state")
    assert seen.exit_code == 69 and f"{tmp_path}/file is not a directory" in seen.what("state", "failure")
    (tmp_path / "keyshift.db").write_bytes(b"no database" * 1000)
    seen = state(tmp_path)
    assert seen.exit_code == 69 and "keyshift.db" in seen.what("state", "failure")
