# SPDX-License-Identifier: Apache-2.0
"""One operator's story in the order of the documents: README, docs/install/debian.md, docs/migration-playbook.md from the
inventory to SAFE and the removal of the fallback, and the runbook of each alert when it is time for it. Every block is
taken from the document and run as it is printed, in a booted Debian with the package; what the document says that is to
be seen must be seen.

In the place of examples stands what a person has to fill in: addresses (Operator.here), the ids that the gateway gives to new
keys, and passwords. The weeks are made short by two settings of the configuration that an operator may change as well
(SCALED): the drain window, and how late the gateway writes uses. The others only make polls come sooner.
"""

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from gateway_site import PASSWORD, Site

from harness.documents.documents import EXAMPLES
from harness.documents.followed import Operator, alerts, merged
from harness.servers.machine import Machine, Shell
from harness.tools import exposition, http, leaks
from harness.tools.debian_root import TOOLS
from harness.tools.wait import eventually

pytestmark = pytest.mark.time_limit(400)

URL = "http://127.0.0.1:11947"
CONFIG = "/etc/keyshift/keyshift.yaml"
OLD, IDLE, CANARY = (EXAMPLES[name] for name in ("OLD", "ID", "CANARY"))
OLD_KEY = {"alice": OLD} | {person: f"{number}0ddba11-1111-4222-8333-444455556666" for number, person in enumerate(("bob", "carol", "dave"), 1)}
DATABASE_PASSWORD = "a password of the operator's own"
WINDOW_SECONDS = 20
SCALED = {
    "migration": {"drain_window": f"{WINDOW_SECONDS}s"},
    "gateway": {"last_used_delay": "1s"},
}
SOONER = {
    "keys": {"interval": "300ms", "database_duty": "100%"},
    "statements": {"interval": "300ms"},
    "redis": {"interval": "1s"},
    "access_log": {"interval": "300ms"},
    "probe": {"interval": "1s", "canary_interval": "1s"},
}
PATIENCE_SECONDS = 15
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROLE_EXAMPLE = "postgresql://keyshift:password@db.internal/gateway"
ELSEWHERE = "tests/system/test_operation.py follows it"


class Host:
    """keyshift's host, as the tests look at it from outside."""

    def __init__(self, machine: Machine):
        self.machine = machine

    def samples(self) -> exposition.Samples:
        return exposition.parse(http.get(f"{URL}/metrics", headers={"Accept": "text/plain"}).text)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.samples().get((name, frozenset(labels.items())))

    def verdict(self) -> dict:
        done = self.machine.try_run("keyshift", "verdict", "--format", "json")
        return json.loads(done.stdout)

    def check(self, name: str) -> tuple[str, str]:
        """Outcome and evidence."""
        (found,) = [each for each in self.verdict()["checks"] if each["check"] == name]
        return found["outcome"], found["evidence"]

    def sees(self, what: str, seen: Callable[[], bool]) -> None:
        eventually(seen, PATIENCE_SECONDS, f"{what}: {self.verdict()}")

    def sees_phase(self, phase: str, count: int) -> None:
        def seen() -> bool:
            return self.metric("keyshift_legacy_keys", phase=phase) == count

        self.sees(f"{count} {phase}", seen)

    def sees_source(self, source: str, up: int) -> None:
        self.sees(f"{source} is {up}", lambda: self.metric("keyshift_source_up", source=source) == up)

    def sees_outcome(self, check: str, outcome: str) -> None:
        self.sees(f"{check} is {outcome}", lambda: self.check(check)[0] == outcome)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as gateway:
        gateway.has("alice", "Production API", id=OLD, idle=HOUR)
        gateway.has("alice", "yearly report", id=IDLE, idle=60 * DAY)
        gateway.has("ops", "canary", id=CANARY, idle=DAY)
        for person, name in (("bob", "Batch jobs"), ("carol", "Mobile app"), ("dave", "CI pipeline")):
            gateway.has(person, name, id=OLD_KEY[person], idle=HOUR)
        gateway.clients.deploy("ops", gateway.texts[gateway.has("ops", "dashboards", legacy=False, idle=HOUR)])
        for client, key in {**OLD_KEY, "canary": CANARY}.items():
            gateway.clients.deploy(client, gateway.texts[key])
        yield gateway


@pytest.fixture(scope="module")
def host(boot: Callable[..., Machine], site: Site, package: Path) -> Iterator[Host]:
    """With a client of PostgreSQL, curl, jq and sudo; sudo tells psql where the database is."""
    with boot(f"{site.logs}:/var/log/nginx", f"{site.postgres.socket_directory}:/srv/postgresql") as machine:
        machine.write("/etc/apt/apt.conf.d/yes", 'APT::Get::Assume-Yes "true";\n')
        machine.run("apt-get", "install", "--no-download", "--no-install-recommends", *TOOLS)
        machine.write("/etc/sudoers.d/psql", 'Defaults env_keep += "PGHOST PGPORT", !use_pty\n', mode="440")
        owner = str(site.postgres.socket_directory.stat().st_uid)
        machine.run("useradd", "--non-unique", "--uid", owner, "postgres")
        machine.run("useradd", "--create-home", "ops")
        machine.write("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", mode="440")
        machine.run("sh", "-c", 'echo "127.0.0.1 db.internal $(hostname)" >>/etc/hosts')
        for directory in ("/home/ops", "/home/ops/build/package"):
            machine.run("install", "-D", package, f"{directory}/keyshift_0.1.0~deb_amd64.deb")
        # A disk of its own, small enough to be filled.
        machine.run("mkdir", "/var/lib/keyshift")
        machine.run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", "/var/lib/keyshift")
        yield Host(machine)


@pytest.fixture(scope="module")
def variables(site: Site) -> dict[str, str]:
    """By which psql finds the database."""
    return {"PGHOST": "/srv/postgresql", "PGPORT": str(site.postgres.port), "LANG": "C.UTF-8"}


@pytest.fixture(scope="module")
def operator(host: Host, site: Site, variables: dict[str, str]) -> Iterator[Operator]:
    """An ordinary user who may use sudo."""
    with Shell(host.machine, "ops", HOME="/home/ops", **variables) as shell:
        yield Operator(shell, {ROLE_EXAMPLE: site.database.dsn(), "https://gateway.example.com": site.proxy.url})


@pytest.fixture(scope="module")
def root(operator: Operator, host: Host, variables: dict[str, str]) -> Iterator[Operator]:
    """The same person, after `sudo -i`."""
    with Shell(host.machine, "root", HOME="/root", **variables) as shell:
        operator.shell = shell
        yield operator


def wait_for_first_count(host: Host) -> None:
    def counted() -> bool:
        return http.answers(f"{URL}/-/ready") and host.metric("keyshift_keys", state="legacy") is not None

    eventually(counted, 20, "the key table was read")


# --- README.md


def test_from_the_package_to_the_first_page_in_two_commands(operator: Operator, host: Host, capfd: pytest.CaptureFixture):
    operator.opens("README.md")
    begin = time.monotonic()
    operator.follows("sudo apt install ./build/package/keyshift_*.deb")
    installed = time.monotonic()
    process = operator.begins("keyshift serve")
    wait_for_first_count(host)
    with capfd.disabled():
        print(f"\nREADME: {time.monotonic() - begin:.1f} s to a metric, {installed - begin:.1f} s of them apt's")
    page = http.get(URL, headers={"Accept": "text/html"}).text
    assert "UNSAFE" in page and "legacy" in page
    operator.passes_over("make demo", "takes minutes, and builds; tests/selftest runs it")
    operator.types(f"export DATABASE_URL='{operator.here[ROLE_EXAMPLE]}'")
    # Without a log nobody can tell who fails, and the command says what to configure.
    operator.follows("keyshift doctor", exits={"keyshift verdict": 2, "keyshift failures": 78})
    operator.follows("$ keyshift verdict", exits={"keyshift verdict": 2})
    operator.types(f"unset DATABASE_URL; kill -INT {process}; wait {process}")


# --- docs/install/debian.md


def test_installation(operator: Operator, host: Host, site: Site):
    operator.opens("docs/install/debian.md")
    operator.follows("apt install ./keyshift_*.deb")
    process = operator.begins("keyshift serve")
    wait_for_first_count(host)
    operator.types(f"kill -INT {process}; wait {process}")
    operator.follows("keyshift sql | sudo -u postgres psql", input=f"{DATABASE_PASSWORD}\n" * 2)
    login = f"keyshift:{quote(leaks.secret(DATABASE_PASSWORD), safe='')}"
    operator.here[ROLE_EXAMPLE] = f"postgresql://{login}@db.internal:{site.postgres.port}/gateway"
    operator.follows("sudo systemctl enable --now keyshift")
    wait_for_first_count(host)
    assert "From the running daemon" in operator.follows("sudo -u keyshift keyshift status")
    operator.follows("sudo systemctl reload keyshift")
    for excerpt in ("SupplementaryGroups", "docker-logs.conf", "/etc/credstore", "keyshift.socket", "eu.yaml", "IPAddress"):
        operator.passes_over(excerpt, ELSEWHERE)
    operator.passes_over("sudo apt purge keyshift", f"{ELSEWHERE}; this story goes on")
    operator.passes_over("make build", "on the host that builds")


# --- docs/migration-playbook.md


def configure(host: Host, tree: dict) -> None:
    """What the operator writes with an editor: the playbook's configuration, with SCALED and SOONER."""
    for collector in tree["collectors"]:
        collector.update(SOONER[collector["type"]])
    host.machine.write(CONFIG, yaml.safe_dump(merged(tree, SCALED), allow_unicode=True))


def test_step_1_prepare(root: Operator, host: Host, site: Site):
    root.opens("docs/migration-playbook.md")
    root.follows("mkdir -p ~/migration")
    root.passes_over("fallback: absent", "a gateway without a fallback is another story: tests/integration")
    root.follows("keyshift sql | sudo -u postgres psql")
    root.follows("/etc/keyshift/canary", input=site.texts[CANARY])
    root.types("install -o keyshift -m 400 /dev/stdin /etc/keyshift/redis_url", input=site.redis.url())
    # Whoever still calls with the canary would be seen, and nothing believed.
    site.clients.stop("canary")
    configure(host, root.takes_over("type: probe"))
    assert "0 failures" in root.follows("systemctl reload keyshift")
    host.sees_outcome("none_retired_in_use", "UNSAFE")
    root.follows("keyshift ack")
    host.sees_outcome("none_retired_in_use", "pass")
    root.follows("curl -sS -o /dev/null")
    inventory = root.follows("count(*) FILTER")
    assert "alice@example.com" in inventory
    root.follows("inventory.csv")
    root.follows("keyshift failures --since 1h")


def test_step_2_tell_the_key_holders(root: Operator):
    root.follows("letter")
    index = list(csv.DictReader(io.StringIO(root.types("cat letters/index.csv"))))
    assert {row["address"]: row["state"] for row in index} == {
        f"{person}@example.com": "to do" for person in (*OLD_KEY, "ops")
    }


def test_step_3_move_one_key(root: Operator, host: Host, site: Site):
    login = json.dumps({"email": "alice@example.com", "password": PASSWORD})
    root.types("cat >login.json", input=login)
    new = root.follows("curl -sS --fail-with-body https://gateway.example.com/auth/login").strip()
    host.sees_phase("issued", 1)
    assert "Production API" in root.looks_up("KeyshiftReplacementNotAdopted", ID=OLD)["keyshift report --phase issued --group-by owner"]
    root.follows("new-key.header")
    root.follows("-H @new-key.header")
    host.sees_phase("overlap", 1)
    assert "overlap" in root.follows("keyshift key")
    site.clients.deploy("alice", root.types("jq -r .key new-key.json").strip())
    assert "drained" in eventually_phase(root, host, OLD, "drained")
    assert new in root.types(f"keyshift key {OLD}")


def test_step_3_pair_what_has_another_name(root: Operator, host: Host, site: Site):
    new = site.makes("bob", "nightly import")
    site.clients.deploy("bob", site.texts[new])
    assert "owner" in eventually_phase(root, host, OLD_KEY["bob"], "overlap")
    root.follows("keyshift pair", OLD=OLD_KEY["bob"], NEW=new)
    eventually_phase(root, host, OLD_KEY["bob"], "drained")


def eventually_phase(root: Operator, host: Host, key: str, phase: str) -> str:
    """What `keyshift key` says once it is in this phase."""

    def said() -> str:
        shown = root.types(f"keyshift key {key}")
        return shown if phase in shown else ""

    return eventually(said, 2 * WINDOW_SECONDS, f"{key} is {phase}")


# Step 4: watch. What can go wrong goes wrong, and the alert's runbook is followed while it does.


def test_step_4_keyshift_is_down(root: Operator, host: Host, site: Site):
    root.types("systemctl stop keyshift")
    assert "no daemon is watching" in root.types("keyshift status", {69, 0})
    root.types("keyshift verdict", 3)
    assert root.looks_up("KeyshiftAbsent") == {}
    root.types("systemctl start keyshift")
    wait_for_first_count(host)
    assert "keyshift is healthy" in root.looks_up("KeyshiftDown")["curl http://HOST:11947/-/healthy"]


def test_step_4_the_database_is_down(root: Operator, host: Host, site: Site):
    site.postgres.stop()
    host.sees_outcome("sources_fresh", "UNKNOWN")
    said = root.looks_up("KeyshiftSourceDown")
    assert "UNKNOWN: keys is down" in said["keyshift status"] and "Connection refused" in said["keyshift status"]
    assert "check that the server runs" in said["keyshift doctor"]
    root.types("keyshift verdict", 3)
    assert "gap" not in root.looks_up("KeyshiftDataStale")["keyshift status"]
    site.postgres.start()
    host.sees_outcome("sources_fresh", "pass")


def test_step_4_redis_is_down(root: Operator, host: Host, site: Site):
    site.redis.stop()
    host.sees_source("redis", 0)
    assert "is Redis running there" in root.looks_up("KeyshiftSourceDown")["keyshift doctor"]
    assert host.verdict()["verdict"] != "UNKNOWN"
    site.redis.start()
    host.sees_source("redis", 1)


def test_step_4_the_log_may_not_be_read(root: Operator, host: Host, site: Site):
    site.logs.chmod(0o700)
    # A file that is open is read on.
    root.types("systemctl restart keyshift")
    host.sees_source("access_log", 0)
    assert "/var/log/nginx" in root.looks_up("KeyshiftSourceDown")["keyshift doctor"]
    site.logs.chmod(0o755)
    host.sees_source("access_log", 1)


def test_step_4_the_log_has_another_format(root: Operator, host: Host, site: Site):
    lines = 500
    with (site.logs / "access.log").open("a") as log:
        log.write("of another proxy\n" * lines)

    def unparsed() -> float:
        return host.metric("keyshift_log_lines_total", source="access_log", result="unparsed") or 0

    host.sees("lines that are not understood", lambda: unparsed() >= lines)
    assert f"{lines} are not understood" in root.looks_up("KeyshiftLogUnparsed")["keyshift doctor"]


def test_step_4_the_disk_is_full(root: Operator, host: Host, site: Site):
    # The write-ahead log would be written over, and need no more room.
    root.types("sqlite3 /var/lib/keyshift/keyshift.db 'PRAGMA wal_checkpoint(TRUNCATE)'")
    root.types("dd if=/dev/zero of=/var/lib/keyshift/filler bs=4k status=none || true")
    host.sees("writes that fail", lambda: (host.metric("keyshift_state_write_errors_total") or 0) > 0)
    said = root.looks_up("KeyshiftStateWriteFailing")
    assert "only 0 MiB are free for the state" in said["keyshift doctor"] and "100%" in said["df"]
    root.types("rm /var/lib/keyshift/filler")


def test_step_4_the_configuration_is_wrong(root: Operator, host: Host, site: Site):
    root.types(f"cp -p {CONFIG} right.yaml; echo 'gatewai: {{}}' >>{CONFIG}")
    root.types("systemctl reload keyshift", 1)
    assert host.metric("keyshift_config_last_reload_successful") == 0
    assert "is not a known key" in root.types(f"keyshift check {CONFIG}", 78)
    root.types(f"cp -p right.yaml {CONFIG}; systemctl reload keyshift")
    for alert in ("KeyshiftConfigReloadFailed", "KeyshiftWebConfigReloadFailed"):
        assert f"{CONFIG}: ok" in root.looks_up(alert)["keyshift check FILE"]


def test_step_4_a_key_in_use_is_deleted(root: Operator, host: Host, site: Site):
    def refused() -> float:
        return host.metric("keyshift_auth_failures_total", reason="unknown_key") or 0

    old = OLD_KEY["dave"]
    before = refused()
    site.table.delete(old)
    site.clients.answered("dave", 401)
    host.sees_outcome("none_retired_in_use", "UNSAFE")
    host.sees("the log was read as far as his refusal", lambda: refused() > before)
    new = site.makes("dave", "ci runner")
    said = root.looks_up("KeyshiftKeyRetiredInUse", ID=old, OLD=old, NEW=new)
    assert "deleted while in use" in said["keyshift key ID"] and old in said["keyshift report --phase retired_in_use"]
    assert "unknown_key" in said["keyshift failures --since 1h"]
    site.clients.deploy("dave", site.texts[new])
    host.sees_outcome("none_retired_in_use", "pass")


def test_step_4_the_fallback_is_gone_too_early(root: Operator, host: Host, site: Site):
    site.gateway.set_fallback(False)
    address = site.clients.deploy("carol", site.texts[OLD_KEY["carol"]], answer=401)
    host.sees_outcome("none_stranded", "UNSAFE")
    seen = root.follows("keyshift report --phase stranded --group-by owner")
    assert "UNSAFE" in seen and "Locked out 1 key: keyshift report --phase stranded" in seen
    assert "carol@example.com" in seen and "bob@example.com" not in seen
    said = root.looks_up("KeyshiftLegacyKeyStranded", ID=OLD_KEY["carol"])
    assert "fallback absent" in said["keyshift key ID"] and address in said["keyshift failures --since 1h"]
    root.types("keyshift verdict", 2)
    for alert in ("KeyshiftAuthFailureBurnFast", "KeyshiftAuthFailureBurnSlow", "KeyshiftUnknownKeyAttempts"):
        root.looks_up(alert)
    site.gateway.set_fallback(True)
    site.clients.answered("carol", 200)
    host.sees_outcome("none_stranded", "pass")
    new = site.makes("carol", "Mobile app")
    site.clients.deploy("carol", site.texts[new])


def test_step_4_an_old_replica_makes_old_keys(root: Operator, host: Host, site: Site):
    made = site.has("erin", "made by an old replica", age=timedelta())
    host.sees_outcome("no_new_legacy", "UNSAFE")
    assert "made by an old replica" in root.looks_up("KeyshiftLegacyKeyCreated")["keyshift report"]
    site.table.delete(made)


def test_step_4_a_dormant_key_is_asked_about(root: Operator, host: Host, site: Site):
    host.sees_outcome("dormant_acknowledged", "UNSAFE")
    root.follows("keyshift ack")
    host.sees_outcome("dormant_acknowledged", "pass")


# Alerts of what is not made to happen here: their runbooks' commands work, which is all that is shown of them.
OTHER_ALERTS = (
    "KeyshiftUpgradedUnused", "KeyshiftMigrationStalled", "KeyshiftMigrationBehindSchedule", "KeyshiftMigrationDeadlineMissed",
    "KeyshiftRowsImplausible", "KeyshiftFallbackModeContradicted", "KeyshiftEvidenceContradicted", "KeyshiftAuthCacheIneffective",
    "KeyshiftReplicaDown", "KeyshiftStandbyBehind", "KeyshiftTableChanged", "KeyshiftStatisticsReset", "KeyshiftStatementsUnclassified",
)  # fmt: skip


@pytest.mark.parametrize("alert", OTHER_ALERTS)
def test_step_4_other_runbooks(root: Operator, alert: str):
    root.looks_up(alert)


def test_step_5_block_wait_delete(root: Operator, host: Host, site: Site):
    root.looks_up("KeyshiftReadyToDelete", ID=OLD)
    root.follows("curl -sS https://gateway.example.com/auth/key/update")
    assert "| t" in root.follows("SELECT id, name, blocked")
    bob = OLD_KEY["bob"]
    assert "UPDATE 1" in root.follows("UPDATE virtual_keys SET blocked", OLD=bob)
    host.sees_phase("quarantined", 2)
    address = site.clients.deploy("a forgotten job of alice", site.texts[OLD], answer=401)
    host.sees("the forgotten job", lambda: address in root.types("keyshift failures"))
    assert "blocked" in root.types("keyshift failures")
    site.clients.stop("a forgotten job of alice")
    blocked = time.monotonic()
    eventually(lambda: time.monotonic() > blocked + WINDOW_SECONDS, 2 * WINDOW_SECONDS, "a drain window has passed")
    root.follows("/auth/key/delete")
    assert "DELETE 1" in root.follows("DELETE FROM virtual_keys", OLD=bob)
    host.sees_phase("quarantined", 0)
    assert "retired" in root.follows("keyshift key")


def test_step_6_not_before_the_last_use_is_long_ago(root: Operator, host: Host, site: Site):
    key = OLD_KEY["carol"]
    before = site.last_use(key)
    site.clients.deploy("carol's nightly job", site.texts[key])
    site.clients.stop("carol's nightly job")
    last = site.last_use(key)
    host.sees_outcome("no_live_use", "UNSAFE")
    assert host.check("no_fallback_hits")[0] == "NOT_YET"
    root.types("keyshift verdict", 2)
    # A key that is seldom used has a longer window of its own.
    window = max(WINDOW_SECONDS, 3 * int((last - before).total_seconds()))
    eventually(lambda: host.verdict()["verdict"] == "SAFE", window, "SAFE")
    assert (site.sql("SELECT now()") - last).total_seconds() >= window


def test_step_6_remove_the_fallback(root: Operator, host: Host, site: Site):
    assert root.follows("keyshift verdict").startswith("SAFE: the fallback may be removed")
    assert root.types("jq -r .verdict verdict.json").strip() == "SAFE"
    assert host.metric("keyshift_fallback_removal_safe") == 1
    site.gateway.set_fallback(False)
    root.follows("keyshift mark brownout-begin")
    site.gateway.set_fallback(True)
    root.follows("keyshift mark brownout-end")
    site.gateway.set_fallback(False)
    root.follows("keyshift mark cutover")
    host.sees("the fallback is absent", lambda: host.metric("keyshift_fallback_mode", mode="absent") == 1)
    root.types("keyshift verdict")
    root.looks_up("KeyshiftFallbackUsedAfterCutover")


def test_step_7_tidy_up(root: Operator, host: Host, site: Site):
    rest = "UPDATE virtual_keys SET blocked = true WHERE key_lookup_hash IS NULL"
    root.types(f'sudo -u postgres psql -d gateway -c "{rest}"')
    root.types('sudo -u postgres psql -d gateway -c "DELETE FROM virtual_keys WHERE key_lookup_hash IS NULL AND blocked"')
    host.sees("complete", lambda: host.metric("keyshift_migration_state", state="complete") == 1)
    root.follows("final-report.json")
    assert root.types("keyshift verdict").startswith("SAFE")
    assert host.metric("keyshift_fallback_removal_safe") == 1
    root.follows("keyshift-record.db")
    root.follows("DROP ROLE keyshift")


def test_every_block_was_followed_and_every_runbook(root: Operator):
    """What was passed over stands in the tests above with its reason."""
    root.closes()
    assert root.runbooks == set(alerts())
    passed_over = Counter(where.partition(":")[0] for where in root.passed_over)
    assert passed_over == {"README.md": 1, "docs/install/debian.md": 8, "docs/migration-playbook.md": 1}
