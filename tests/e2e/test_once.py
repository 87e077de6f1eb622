# SPDX-License-Identifier: Apache-2.0
"""`keyshift once --textfile`: the daemon's metrics for whoever has cron and node_exporter, against a real PostgreSQL."""

import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.servers.prometheus import promtool
from harness.tools import exposition

# What tells of a process, or of an unbroken watch.
DAEMONS_ALONE = re.compile(
    "process_|keyshift_(fallback_removal_|config_last_reload_|state_write_errors_|source_poll_duration_|notifications_"
    "|http_server_)"
)


class Cron:
    """What cron runs, with a configuration and a state of its own."""

    def __init__(self, database: Database, directory: Path):
        self.table = KeyTable(database)
        self.owner = self.table.add_user("a@example.com")
        self.table.add(name="old", owner=self.owner, idle=DAY)
        self.directory = directory
        self.state = directory / "state"
        self.file = directory / "keyshift.prom"
        self.tree = {**watching(database.dsn()), "state": {"directory": str(self.state)}}
        self.config = directory / "keyshift.yaml"
        self.configure()

    def configure(self) -> None:
        self.config.write_text(yaml.safe_dump(self.tree))

    def run(self, code: int = 0, file: Path | str | None = None) -> subprocess.CompletedProcess:
        result = Keyshift().run("once", "--config", self.config, "--textfile", file or self.file)
        assert result.returncode == code, result.stderr.decode()
        return result

    def value(self, name: str, **labels: str) -> float | None:
        return exposition.parse(self.file.read_text()).get((name, frozenset(labels.items())))


@pytest.fixture
def cron(database: Database, tmp_path: Path) -> Cron:
    return Cron(database, tmp_path)


def families(page: str) -> dict[str, str]:
    return dict(re.findall(r"^# TYPE (\S+) (\S+)", page, re.M))


def test_the_file_is_what_node_exporter_takes(cron: Cron):
    result = cron.run()
    assert result.stdout == result.stderr == b"", "cron would mail it"
    text = cron.file.read_text()
    checked = promtool(["check", "metrics"], input=text)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert samples and not [line for line in samples if re.search(r"} ?\S+ \d+$|^\w+ \S+ \d+$", line)], "timestamps"
    assert stat.S_IMODE(cron.file.stat().st_mode) == 0o644
    assert [path.name for path in cron.directory.iterdir() if path.name.startswith("keyshift.prom")] == ["keyshift.prom"]


def test_it_has_what_the_daemon_shows_but_for_what_only_that_can_know(cron: Cron):
    cron.tree["web"] = {"per_key_series": True}
    cron.configure()
    cron.run()
    once = families(cron.file.read_text())
    del cron.tree["web"]
    with Serve({**cron.tree, "state": {}}) as serve:
        page = serve.scrape_text()
        legacy = serve.metric("keyshift_legacy_keys", phase="pending")
    served = {name: kind for name, kind in families(page).items() if not DAEMONS_ALONE.match(name)}
    assert once == served and len(once) > 20
    assert cron.value("keyshift_legacy_keys", phase="pending") == legacy == 1
    assert "fallback_removal" not in cron.file.read_text(), "one pass is nobody's verdict"
    assert "keyshift_key_" not in cron.file.read_text(), "everybody may read it"


def test_counters_go_on_from_run_to_run(cron: Cron):
    cron.run()
    assert cron.value("keyshift_legacy_keys_created_total") == 0
    for created in (1, 2):
        cron.table.add(name="new", owner=cron.owner, age=0 * DAY)
        cron.run()
        assert cron.value("keyshift_legacy_keys_created_total") == created
    start = cron.value("keyshift_observation_start_timestamp_seconds", source="keys")
    cron.run()
    assert cron.value("keyshift_observation_start_timestamp_seconds", source="keys") == start


def test_beside_a_daemon_it_says_so_and_leaves_the_file(cron: Cron):
    cron.run()
    before = cron.file.stat()
    with Serve(cron.tree) as serve:
        result = cron.run(69)
        assert f"a daemon, or another pass, has the state in {cron.state}".encode() in result.stderr
        assert b"scrape its /metrics instead" in result.stderr
        serve.wait_for_poll()
    assert cron.file.stat() == before
    cron.run()


def test_a_source_that_is_down_is_in_the_file(cron: Cron, database: Database):
    cron.run()
    assert cron.value("keyshift_source_up", source="keys") == 1
    database.execute("ALTER TABLE virtual_keys RENAME TO gone")
    result = cron.run(69)
    assert result.stderr.startswith(b"keyshift: keys: ") and b"virtual_keys" in result.stderr
    assert cron.value("keyshift_source_up", source="keys") == 0
    database.execute("ALTER TABLE gone RENAME TO virtual_keys")
    assert cron.run().stderr == b""
    assert cron.value("keyshift_source_up", source="keys") == 1
    assert cron.value("keyshift_source_errors_total", source="keys", reason="schema") == 1, "it is remembered"


def test_what_cannot_be_written_is_73_and_leaves_nothing(cron: Cron):
    result = cron.run(73, "/proc/nowhere/keyshift.prom")
    assert b"cannot write /proc/nowhere/keyshift.prom" in result.stderr


def test_where_the_state_cannot_be_written_counters_begin_anew(cron: Cron):
    cron.tree["state"] = {"directory": "/proc/nowhere"}
    cron.configure()
    assert b"note: counters begin anew with each run: " in cron.run().stderr
    assert cron.value("keyshift_source_up", source="keys") == 1


def test_another_ending_is_warned_of(cron: Cron):
    result = cron.run(file=cron.directory / "keyshift.txt")
    assert b"note: node_exporter reads only files whose names end in .prom" in result.stderr
