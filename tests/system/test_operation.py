# SPDX-License-Identifier: Apache-2.0
"""One operator's story, in the order of the tests: install, try, run as a service, change, break, upgrade, remove.

Where docs/install/debian.md has a command for it, that command is what runs.
"""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from harness.servers.machine import Machine
from harness.servers.postgres import Database
from harness.tools import exposition, http, leaks
from harness.tools.wait import eventually

# The first one makes the Debian that is booted.
pytestmark = pytest.mark.time_limit(400)

URL = "http://127.0.0.1:11947"
INSTANCE_URL = "http://127.0.0.1:11948"
SERVICE = "keyshift.service"
INSTANCE = "keyshift@eu.service"
CONFIG = "/etc/keyshift/keyshift.yaml"
UNITS = [f"/lib/systemd/system/{name}" for name in ("keyshift.service", "keyshift@.service", "keyshift.socket")]
# In tenths, as systemd-analyze takes it.
HIGHEST_EXPOSURE = 12
CONFIGURATION = """\
collectors:
  - type: keys
    database_url_file: database_url
    interval: 200ms
    database_duty: 100%
web: {listen: 127.0.0.1:11947}
state: {directory: /var/lib/keyshift}
"""

DOCUMENT = Path(__file__).parents[2] / "docs" / "install" / "debian.md"
# What root has in a small Debian, and what asks nobody.
AS_ROOT = """
sudo() { if [ "$1" = -u ]; then user=$2; shift 2; runuser -u "$user" -- "$@"; else "$@"; fi; }
apt() { apt-get --yes --quiet -o Dpkg::Options::=--force-confold "$@"; }
"""

Say = Callable[[str], None]


@pytest.fixture
def say(capfd: pytest.CaptureFixture) -> Say:
    """Prints past pytest's capture."""

    def printed(text: str) -> None:
        with capfd.disabled():
            print(f"\n{text}", flush=True)

    return printed


def documented(heading: str, language: str = "sh") -> list[str]:
    """The blocks of commands below a heading."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)[1]
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def follow(
    machine: Machine, commands: str, *, package: Path | None = None, database_url: str = "", user: str = "root"
) -> str:
    """Run commands of the document, with this package and this database in the place of its examples."""
    commands = re.sub(r"\./keyshift_\S+\.deb", str(package), commands)
    commands = re.sub(r"postgresql://[^']+", lambda _: database_url, commands)
    return machine.run("sh", "-e", "-c", AS_ROOT + commands, user=user)


def metric(name: str, url: str = URL, **labels: str) -> float | None:
    """A sample's value now; None when there is none, or nobody answers."""
    try:
        page = http.get(f"{url}/metrics", headers={"Accept": "text/plain"}).text
    except requests.RequestException:
        return None
    leaks.heard("/metrics", page.encode())
    return exposition.parse(page).get((name, frozenset(labels.items())))


def wait_for_metric(name: str, value: float | None = None, url: str = URL, **labels: str) -> float:
    """Its value, once it is `value`, or there at all."""

    def reached() -> list[float]:
        now = metric(name, url, **labels)
        return [now] if now is not None and value in (None, now) else []

    return eventually(reached, 20.0, f"{name}{labels} is {'there' if value is None else value}")[0]


def test_from_the_package_to_a_metric_in_two_commands(machine: Machine, package: Path, database_url: str, say: Say):
    install, serve = documented("Install")
    begin = time.monotonic()
    follow(machine, install, package=package)
    installed = time.monotonic()
    trial = f"export HOME=/tmp/trial; {serve.rstrip()} >/tmp/trial.log 2>&1 & echo $!"
    process = follow(machine, trial, database_url=database_url, user="nobody").strip()
    assert wait_for_metric("keyshift_keys", state="legacy") > 0
    seconds, of_apt = time.monotonic() - begin, installed - begin
    say(f"from the package to a scraped metric: {seconds:.1f} s ({of_apt:.1f} s of it for apt install)")
    machine.run("sh", "-c", f"kill {process}")
    eventually(lambda: not machine.run("sh", "-c", f"ls -d /proc/{process} || true"), 10.0, "the trial has ended")


def test_the_installation_leaves_nothing_running_and_nothing_failed(machine: Machine):
    assert machine.show(SERVICE, "ActiveState", "UnitFileState") == ["inactive", "disabled"]
    assert machine.run("systemctl", "--failed", "--no-legend") == ""


def test_units_are_valid_and_hardened(machine: Machine):
    machine.run("systemd-analyze", "verify", "--man=no", *UNITS)
    services = [unit for unit in UNITS if unit.endswith(".service")]
    for unit in services:
        machine.run("systemd-analyze", "security", "--offline=true", f"--threshold={HIGHEST_EXPOSURE}", unit)


def test_as_a_service_it_takes_one_file_and_one_command(machine: Machine, database_url: str, say: Say):
    begin = time.monotonic()
    follow(machine, documented("Run it as a service")[1], database_url=database_url)
    assert wait_for_metric("keyshift_keys", state="legacy") > 0
    say(f"from the installed package to a scraped metric of the service: {time.monotonic() - begin:.1f} s")
    assert machine.show(SERVICE, "Type", "ActiveState", "UnitFileState") == ["notify", "active", "enabled"]
    assert machine.show(SERVICE, "StatusText")[0]


def test_commands_run_as_its_user_and_others_see_nothing(machine: Machine):
    assert "From the running daemon" in follow(machine, documented("Run it as a service")[2])
    assert machine.try_run("cat", "/etc/keyshift/database_url", user="nobody").returncode != 0
    assert machine.try_run("ls", "/var/lib/keyshift", user="nobody").returncode != 0


def test_its_group_may_ask_the_daemon_and_nothing_else(machine: Machine):
    """Without a word of configuration, and with no right on the state or the database."""

    def asked_by(user: str) -> dict:
        return json.loads(machine.try_run("keyshift", "verdict", "--format", "json", user=user).stdout)

    machine.run("useradd", "--groups", "keyshift", "oncall")
    answer = asked_by("oncall")
    assert (answer["from"], answer["configuration"]["file"]) == ("daemon", "/etc/keyshift/keyshift.yaml")
    assert machine.try_run("cat", "/var/lib/keyshift/keyshift.db", user="oncall").returncode != 0
    assert machine.try_run("cat", "/etc/keyshift/database_url", user="oncall").returncode != 0
    assert asked_by("nobody")["verdict"] == "UNKNOWN"
    assert asked_by("nobody")["from"] != "daemon"
    machine.run("userdel", "oncall")


def test_a_reload_takes_over_a_good_file(machine: Machine):
    before = machine.main_process(SERVICE)
    assert metric("keyshift_migration_deadline_timestamp_seconds") is None
    machine.write(CONFIG, f"{CONFIGURATION}migration: {{deadline: 2100-01-01T00:00:00Z}}\n")
    follow(machine, documented("Change the configuration")[0])
    wait_for_metric("keyshift_migration_deadline_timestamp_seconds")
    assert metric("keyshift_config_last_reload_successful") == 1
    assert machine.main_process(SERVICE) == before


def test_the_journal_knows_priorities_and_fields(machine: Machine):
    lines = machine.run("journalctl", "--unit", SERVICE, "--output=json").splitlines()
    up = [line for line in map(json.loads, lines) if line["MESSAGE"].startswith('msg="source up"')]
    assert up and {(line["PRIORITY"], line["KEYSHIFT_SOURCE"], line["SYSLOG_IDENTIFIER"]) for line in up} == {
        ("6", "keys", "keyshift")
    }


def test_a_reload_of_a_bad_file_fails_and_changes_nothing(machine: Machine):
    before = machine.main_process(SERVICE)
    machine.write(CONFIG, "collectors: [{type: keyz}]\n")
    refused = machine.try_run("systemctl", "reload", "keyshift")
    assert refused.returncode != 0
    assert "collectors[0].type: 'keyz' is not one of" in machine.journal(SERVICE)
    wait_for_metric("keyshift_config_last_reload_successful", 0)
    assert metric("keyshift_migration_deadline_timestamp_seconds") is not None
    assert machine.show(SERVICE, "ActiveState", "MainPID") == ["active", before]
    machine.write(CONFIG, CONFIGURATION)
    machine.run("systemctl", "reload", "keyshift")
    wait_for_metric("keyshift_config_last_reload_successful", 1)


def test_after_kill_9_it_is_there_again_and_counts_on(machine: Machine, gateway: Database):
    gateway.execute("UPDATE virtual_keys SET last_used_at = now() WHERE key_lookup_hash IS NULL AND NOT blocked")
    uses = eventually(lambda: metric("keyshift_legacy_uses_observed_total"), 20.0, "a use was observed")
    restarts = machine.show(SERVICE, "NRestarts")[0]
    machine.signal(SERVICE, "KILL")
    machine.wait_for(SERVICE, NRestarts=str(int(restarts) + 1), ActiveState="active")
    assert wait_for_metric("keyshift_legacy_uses_observed_total") >= uses > 0


def test_the_watchdog_restarts_one_that_hangs(machine: Machine):
    drop_in = "/run/systemd/system/keyshift.service.d"
    machine.write(f"{drop_in}/watchdog.conf", "[Service]\nWatchdogSec=1s\nTimeoutAbortSec=1s\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "keyshift")
    time.sleep(2.5)  # Longer than the watchdog waits: one that is well is left alone.
    assert machine.show(SERVICE, "NRestarts") == ["0"]
    machine.signal(SERVICE, "STOP")
    machine.wait_for(SERVICE, NRestarts="1", ActiveState="active")
    assert "Watchdog timeout" in machine.journal(SERVICE)
    wait_for_metric("keyshift_keys", state="legacy")
    machine.run("rm", "-r", drop_in)
    machine.run("systemctl", "daemon-reload")


def test_it_stops_within_two_seconds(machine: Machine):
    begin = time.monotonic()
    machine.run("systemctl", "stop", "keyshift")
    assert time.monotonic() - begin < 2.0
    assert machine.show(SERVICE, "ActiveState", "Result", "ExecMainStatus") == ["inactive", "success", "0"]


def test_the_socket_starts_it_and_no_scrape_is_lost_when_it_restarts(machine: Machine):
    follow(machine, documented("Let systemd listen")[0])
    machine.run("systemctl", "restart", "--no-block", "keyshift")
    for _ in range(20):
        assert http.get(f"{URL}/-/healthy").ok
    machine.run("systemctl", "stop", "keyshift")
    assert http.get(f"{URL}/metrics").ok
    assert machine.show(SERVICE, "ActiveState") == ["active"]
    machine.run("systemctl", "disable", "--now", "keyshift.socket")
    machine.run("systemctl", "restart", "keyshift")


def test_a_credential_of_systemd_takes_the_place_of_the_file(machine: Machine):
    follow(machine, documented("Credentials of systemd")[0])
    assert "From the running daemon" in follow(machine, documented("Run it as a service")[2].splitlines()[0])
    assert "/run/credentials/" in machine.run("cat", CONFIG)
    wait_for_metric("keyshift_source_up", 1, source="keys")


def test_an_instance_has_its_own_configuration_and_state(machine: Machine, database_url: str):
    follow(machine, documented("Several migrations")[0], database_url=database_url)
    wait_for_metric("keyshift_source_up", 1, INSTANCE_URL, source="keys")
    assert "keyshift.db" in machine.run("ls", "/var/lib/keyshift/eu")
    assert machine.show(INSTANCE, "ActiveState", "UnitFileState") == ["active", "enabled"]


def configure_instance(machine: Machine, **collectors: str) -> None:
    """With logs, and its own credential instead of the file."""
    logs = "".join(f"  - {{type: {name}, {options}}}\n" for name, options in collectors.items())
    machine.write("/etc/keyshift/eu.yaml", f"""\
collectors:
  - type: keys
{logs}web: {{listen: "127.0.0.1:11948"}}
state: {{directory: /var/lib/keyshift/eu}}
""")
    machine.run("systemctl", "restart", INSTANCE)


REFUSED = '10.0.0.7 - - [10/Jan/2026:00:00:00 +0000] "GET /v1/models HTTP/1.1" 401 15 "-" "curl/8"\n'


def test_an_instance_has_its_own_credential_and_reads_logs(machine: Machine, database_url: str):
    machine.write("/etc/credstore/keyshift-eu.database_url", database_url, mode="600")
    machine.write("/var/log/nginx/access.log", REFUSED, mode="640")
    machine.run("chgrp", "adm", "/var/log/nginx/access.log")
    machine.run("systemd-run", "--quiet", "--wait", "--unit=gateway", "echo", "a slow check passed")
    journal = "format: text, input: {journald: {unit: gateway}}, rules: [{event: fallback, regex: slow check}]"
    configure_instance(machine, access_log="input: {files: /var/log/nginx/access.log}", gateway_log=journal)
    wait_for_metric("keyshift_source_up", 1, INSTANCE_URL, source="keys")
    wait_for_metric("keyshift_auth_failures_total", 1, INSTANCE_URL, reason="unknown_key")
    wait_for_metric("keyshift_log_lines_total", 1, INSTANCE_URL, source="gateway_log", result="matched")
    loaded = machine.run("cat", f"/proc/{machine.main_process(INSTANCE)}/maps")
    assert "/libsystemd.so.0" in loaded


def test_docker_logs_take_the_drop_in(machine: Machine):
    log = "/var/lib/docker/containers/1/1-json.log"
    machine.write(log, "", mode="640")
    machine.run("chmod", "--recursive", "o=", "/var/lib/docker")
    configure_instance(machine, gateway_log=f"input: {{docker: {log}}}")
    wait_for_metric("keyshift_source_up", 0, INSTANCE_URL, source="gateway_log")
    follow(machine, re.sub(r"keyshift(?=\.service\.d|$)", "keyshift@eu", documented("Logs")[0], flags=re.MULTILINE))
    wait_for_metric("keyshift_source_up", 1, INSTANCE_URL, source="gateway_log")
    machine.run("rm", "-r", f"/etc/systemd/system/{INSTANCE}.d")


@pytest.mark.parametrize("heading", ["Logs", "Security"])
def test_the_drop_ins_that_are_shown_work(machine: Machine, heading: str):
    machine.run("groupadd", "--force", "gateway")
    machine.write("/run/systemd/system/keyshift.service.d/shown.conf", documented(heading, "ini")[0])
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "keyshift")
    wait_for_metric("keyshift_source_up", 1, source="keys")
    machine.run("rm", "-r", "/run/systemd/system/keyshift.service.d")
    machine.run("systemctl", "daemon-reload")


def test_an_upgrade_keeps_what_was_changed_and_restarts_what_runs(machine: Machine, later_package: Path):
    machine.run("sh", "-c", "echo '# Ours.' >>/etc/default/keyshift")
    configuration = machine.run("cat", CONFIG)
    uses = wait_for_metric("keyshift_legacy_uses_observed_total")
    before = [machine.main_process(unit) for unit in (SERVICE, INSTANCE)]
    follow(machine, documented("Install")[0], package=later_package)
    assert machine.run("dpkg-query", "--show", "--showformat=${Version}", "keyshift").endswith("+later")
    after = [machine.main_process(unit) for unit in (SERVICE, INSTANCE)]
    assert not set(before) & set(after)
    assert "# Ours." in machine.run("cat", "/etc/default/keyshift")
    assert machine.run("cat", CONFIG) == configuration
    assert wait_for_metric("keyshift_legacy_uses_observed_total") >= uses > 0
    assert machine.show(SERVICE, "UnitFileState") == ["enabled"]


def test_an_upgrade_starts_nothing_that_was_stopped(machine: Machine, later_package: Path):
    machine.run("systemctl", "stop", "keyshift")
    follow(machine, documented("Install")[0].replace("apt install", "apt --reinstall install"), package=later_package)
    assert machine.show(SERVICE, "ActiveState") == ["inactive"]
    machine.run("systemctl", "start", "keyshift")


def test_removal_stops_it_and_keeps_configuration_and_state(machine: Machine):
    machine.run("apt-get", "remove", "--yes", "--quiet", "keyshift")
    assert machine.run("systemctl", "list-units", "--no-legend", "keyshift*") == ""
    machine.run("ls", CONFIG, "/var/lib/keyshift/keyshift.db", "/etc/credstore/keyshift.database_url")


def test_purge_leaves_nothing(machine: Machine):
    follow(machine, documented("Remove")[0])
    not_ours = ("-path", "/tmp/*", "-prune", "-o")
    assert machine.run("find", "/", "-xdev", *not_ours, "-name", "*keyshift*", "-print") == ""
    assert "keyshift" not in machine.run("cat", "/etc/passwd", "/etc/group")
    assert machine.run("systemctl", "--failed", "--no-legend") == ""


def test_every_command_of_the_document_was_followed():
    """By the tests above, and the role in the database by test_playbook.py; what is not among them is made on the host
    that builds."""
    followed = {
        "Install": 2, "Run it as a service": 3, "Change the configuration": 1, "Logs": 1, "Credentials of systemd": 1,
        "Let systemd listen": 1, "Several migrations": 1, "Remove": 1,
    }  # fmt: skip
    headings = re.findall(r"^## (.+)$", DOCUMENT.read_text(), re.MULTILINE)
    assert {heading: len(blocks) for heading in headings if (blocks := documented(heading))} == followed
