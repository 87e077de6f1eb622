# SPDX-License-Identifier: Apache-2.0
"""keyshift doctor on logs: files that cannot be read, are in another format, or are not written any more."""

import grp
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from harness.product.doctor import Doctor, doctor
from harness.product.keyshift import Keyshift
from harness.product.watching_logs import following
from harness.servers.journal import Journald
from harness.tools.process import program
from harness.tools.scratch import scratch_directory

COMBINED = '10.0.0.1 - - [10/Jan/2026:00:00:01 +0000] "POST /v1/models HTTP/1.1" 200 512 "-" "curl/8.0"\n'
GATEWAY = "2026-01-10T00:00:01.000000Z DEBUG inferxgate::auth::middleware: Cached verified token for future requests\n"
SOMEBODY = "nobody"


def look(*globs: str | Path, type: str = "access_log", **options: Any) -> Doctor:
    return doctor(following(*globs, type=type, **options))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_text(COMBINED)
    return path


@pytest.fixture
def closed_log():
    """Of root, in a directory that others may search, as they may all above it."""
    directory = scratch_directory("logs")
    directory.chmod(0o711)
    path = directory / "a.log"
    path.write_text(COMBINED)
    path.chmod(0o600)
    return path


def as_somebody(path: Path, groups: list[int] | None = None) -> Doctor:
    if os.geteuid() != 0:
        return look(path)  # who cannot read it either
    return doctor(following(path), user=SOMEBODY, groups=groups or [])


def refused(path: Path, seen: Doctor) -> list[str]:
    """The commands that let it be read."""
    assert seen.exit_code == 69
    failed = seen.about("access_log", f"{path}: Permission denied")
    assert failed["reason"] == "permission" and failed["mend"].startswith("as root:\n")
    return failed["mend"].splitlines()[1:]


def test_a_file_of_others_by_an_acl(closed_log: Path):
    commands = refused(closed_log, as_somebody(closed_log))
    assert commands[0] == f"setfacl -m u:{SOMEBODY}:r {closed_log}"
    for command in commands:
        subprocess.run([program("setfacl"), *command.split()[1:]], check=True)
    seen = as_somebody(closed_log)
    assert seen.exit_code == 0 and "1 lines read, 1 of them count" in seen.what("access_log", "ok")
    # After a rotation as well, where the group may read it.
    closed_log.rename(closed_log.with_suffix(".1"))
    closed_log.write_text(COMBINED)
    closed_log.chmod(0o640)
    assert as_somebody(closed_log).exit_code == 0


def test_a_file_of_a_group(closed_log: Path):
    group = grp.getgrnam("adm")
    os.chown(closed_log, 0, group.gr_gid)
    closed_log.chmod(0o640)
    assert refused(closed_log, as_somebody(closed_log)) == [f"usermod -aG adm {SOMEBODY}  # then restart keyshift"]
    assert as_somebody(closed_log, groups=[group.gr_gid]).exit_code == 0


def test_a_directory_that_is_closed(closed_log: Path):
    closed_log.chmod(0o644)
    closed_log.parent.chmod(0o700)
    assert refused(closed_log, as_somebody(closed_log)) == [f"setfacl -m u:{SOMEBODY}:x {closed_log.parent}"]


def test_files_that_are_not_there(tmp_path: Path):
    seen = look(tmp_path / "missing.log")
    assert seen.exit_code == 69 and "check the path" in seen.mend("access_log", "failure")
    seen = look(tmp_path / "*.log")
    assert seen.exit_code == 0 and f"there is no file called {tmp_path}/*.log" in seen.what("access_log", "warning")


def test_a_log_that_nobody_writes(log: Path):
    assert look(log).of("access_log", "warning") == []
    os.utime(log, (time.time() - 90_000,) * 2)
    assert f"nothing was written to {log} since" in look(log).what("access_log", "warning")
    assert f"ls -lt {log.parent}" in look(log).mend("access_log", "warning")
    (log.parent / "k.yaml").write_text(json.dumps(following(log)))
    said = Keyshift().run("doctor", "--config", log.parent / "k.yaml").stdout.decode()
    assert re.search(r"was written to \S+ since \d{1,2} [A-Z][a-z]{2}( \d{4})? \d\d:\d\d UTC\n", said), said
    log.write_text("")
    assert f"{log} is empty so far" in look(log).what("access_log", "warning")


def test_a_log_that_is_followed_from_its_end_is_judged_by_what_it_has(log: Path):
    tree = following(log)
    tree["collectors"][0]["input"]["start"] = "end"
    assert "1 lines read, 1 of them count" in doctor(tree).what("access_log", "ok")


def mended_by_format(path: Path, seen: Doctor) -> Doctor:
    """As its mend says: "set format: NAME"."""
    assert seen.exit_code == 69 and seen.of("access_log", "failure")[0]["reason"] == "parse"
    return look(path, format=seen.mend("access_log", "failure").removeprefix("set format: "))


def test_another_format_is_recognised(tmp_path: Path):
    traefik = tmp_path / "traefik.log"
    traefik.write_text(
        '{"ClientAddr":"10.0.0.9:1","DownstreamStatus":401,"DownstreamContentSize":15,"RequestMethod":"POST",'
        '"RequestPath":"/v1/models","RequestProtocol":"HTTP/1.1","time":"2026-01-10T00:00:01Z"}\n' * 3
    )
    assert mended_by_format(traefik, look(traefik)).exit_code == 0


def test_lines_of_another_collector(tmp_path: Path, log: Path):
    gateway = tmp_path / "gateway.log"
    gateway.write_text(GATEWAY * 3)
    seen = look(gateway)
    assert "give them to gateway_log, with format: tracing_text" in seen.mend("access_log", "failure")
    assert look(gateway, type="gateway_log", format="tracing_text").exit_code == 0
    seen = look(log, type="gateway_log")
    assert "give them to access_log, with format: nginx_combined" in seen.mend("gateway_log", "failure")


def test_lines_that_docker_has_wrapped(tmp_path: Path):
    file = tmp_path / "x-json.log"
    file.write_text('{"log":"' + COMBINED.strip().replace('"', '\\"') + '\\n","stream":"stdout","time":"2026-01-10T00:00:01Z"}\n')
    seen = look(file)
    assert seen.exit_code == 0
    assert "lines are read without what stands before them: docker (1 lines)" in str(seen.of("access_log", "ok"))
    tree = {"collectors": [{"type": "access_log", "input": {"docker": [str(file)]}}]}
    assert doctor(tree).exit_code == 0


def test_a_gateway_that_logs_too_little(tmp_path: Path):
    gateway = tmp_path / "gateway.log"
    gateway.write_text("2026-01-10T00:00:01.000000Z ERROR inferxgate::cache: Redis error: gone\n")
    seen = look(gateway, type="gateway_log")
    assert seen.exit_code == 0 and "0 lines at DEBUG seen: the rules for" in seen.what("gateway_log", "warning")
    advice = "start the gateway with RUST_LOG=info,sqlx::query=debug,inferxgate=debug; sqlx::query costs a line of 500 to 900 bytes"
    for finding in seen.of("gateway_log", "warning"):
        assert advice in finding["mend"] or "RUST_LOG" not in finding["mend"], finding
    assert advice in seen.mend("gateway_log", "warning")


def test_too_few_descriptors(tmp_path: Path):
    for i in range(40):
        (tmp_path / f"{i}.log").write_text(COMBINED)
    seen = doctor(following(tmp_path / "*.log"), wrapper=["prlimit", "--nofile=64"])
    assert "of 40 logs only 16 can be open at a time" in seen.what("access_log", "warning")
    limit = seen.about("access_log", "of 40 logs")["mend"].split("LimitNOFILE=")[1]
    seen = doctor(following(tmp_path / "*.log"), wrapper=["prlimit", f"--nofile={limit}"])
    assert seen.of("access_log", "warning") == []


def test_a_unit_that_the_journal_does_not_know():
    with Journald() as journal:
        journal.send("hello of another")
        journal.sync()
        directory = str(journal.journal_directory)
        where = {"unit": "gateway.service", "directory": directory}
        seen = doctor({"collectors": [{"type": "gateway_log", "input": {"journald": where}}]})
        assert seen.exit_code == 0
        assert "the journal of gateway.service has no entry" in seen.what("gateway_log", "warning")
        command = seen.about("gateway_log", "has no entry")["mend"].split(": ")[1].split()
        assert command[0] == "journalctl" and shutil.which(command[0])
        subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize(("one", "many"), [("instance", "instances"), ("watch", "watches")])
def test_the_kernel_has_no_more_to_give(log: Path, one: str, many: str):
    """In a user namespace of its own, whose limits hold beside those of sysctl."""
    unshare = ["unshare", "--user", "--map-root-user"]
    script = f'echo 0 > /proc/sys/user/max_inotify_{many}; exec "$@"'
    wrapper = [*unshare, "sh", "-euc", script, "sh"]
    if (tried := subprocess.run([*wrapper, "true"], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"machine: it gives no user namespace with limits of its own: {tried.stderr.strip()}")
    seen = doctor(following(log), wrapper=wrapper)
    assert seen.exit_code == 0 and f"no inotify {one} is left" in seen.what("access_log", "warning")
    assert f"sysctl -w 'fs.inotify.max_user_{many} = " in seen.mend("access_log", "warning")
