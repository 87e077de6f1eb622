# SPDX-License-Identifier: Apache-2.0
"""What is known survives: restarts, kill -9, a full disk and a damaged file, and nothing is counted twice."""

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database, Postgres
from harness.tools.ports import free_port
from harness.tools.process import program, run_as
from harness.tools.tcp import Proxy
from harness.tools.wait import eventually

IGNORE_FILE_SIZE_SIGNAL = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"]


@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


def totals(serve: Serve) -> dict[str, float | None]:
    return {
        "baseline": serve.metric("keyshift_legacy_keys_baseline"),
        "created": serve.metric("keyshift_legacy_keys_created_total"),
        "uses": serve.metric("keyshift_legacy_uses_observed_total"),
    }


def state_file(serve: Serve) -> Path:
    return serve.state_directory / "keyshift.db"


def gone(serve: Serve) -> dict[str, str]:
    """From the journal, by key: how it left."""
    with contextlib.closing(sqlite3.connect(f"file:{state_file(serve)}?mode=ro", uri=True)) as journal:
        return dict(journal.execute("SELECT id, gone_as FROM legacy_key WHERE gone_at IS NOT NULL"))


# --- what changes while it watches


def test_every_change_is_counted_once(table: KeyTable):
    kept, used, deleted, upgraded = (table.add(name=name, idle=DAY) for name in ("kept", "used", "deleted", "upgraded"))
    with Serve(watching(table.database.dsn())) as serve:
        assert totals(serve) == {"baseline": 4, "created": 0, "uses": 0}
        table.use(used)
        eventually(lambda: totals(serve)["uses"] == 1, 10, "the use")
        created = table.add(name="created")
        eventually(lambda: serve.keys() == (5, 0), 10, "the creation")
        table.delete(deleted)
        eventually(lambda: serve.keys() == (4, 0), 10, "the deletion")
        table.upgrade(upgraded)
        eventually(lambda: serve.keys() == (3, 1), 10, "the upgrade in place")
        serve.wait_for_poll()
        assert totals(serve) == {"baseline": 5, "created": 1, "uses": 1}
        serve.stop()
        assert gone(serve) == {deleted: "removed", upgraded: "upgraded"}
    assert table.counts() == (3, 1)
    assert {row[0] for row in table.database.execute("SELECT id::text FROM virtual_keys")} == {
        kept, used, upgraded, created
    }


def test_a_key_that_comes_back_is_no_new_key(table: KeyTable):
    """Restored from a backup, say: with the same id, and without counting as created."""
    key, other = table.add(), table.add()
    with Serve(watching(table.database.dsn())) as serve:
        for _ in range(2):
            table.delete(key)
            eventually(lambda: serve.keys() == (1, 0), 10, "the deletion")
            table.add(id=key)
            eventually(lambda: serve.keys() == (2, 0), 10, "the return")
        assert totals(serve) == {"baseline": 2, "created": 0, "uses": 0}
        table.delete(key)
        eventually(lambda: serve.keys() == (1, 0), 10, "the last deletion")
        serve.stop()
        table.add(id=key)
        serve.start()
        assert serve.keys() == (2, 0)
        assert totals(serve) == {"baseline": 2, "created": 0, "uses": 0}
    assert other != key


def test_an_upgraded_key_that_loses_its_lookup_hash_again_is_no_new_key(table: KeyTable):
    key = table.add()
    with Serve(watching(table.database.dsn())) as serve:
        table.upgrade(key)
        eventually(lambda: serve.keys() == (0, 1), 10, "the upgrade")
        table.database.execute("UPDATE virtual_keys SET key_lookup_hash = NULL")
        eventually(lambda: serve.keys() == (1, 0), 10, "the way back")
        assert totals(serve) == {"baseline": 1, "created": 0, "uses": 0}


def test_uses_are_counted_per_key_and_poll(table: KeyTable):
    keys = [table.add(idle=DAY) for _ in range(5)]
    with Serve(watching(table.database.dsn())) as serve:
        table.use(*keys)
        eventually(lambda: totals(serve)["uses"] == 5, 10, "five uses")
        table.database.execute("UPDATE virtual_keys SET last_used_at = last_used_at + interval '5 seconds'")
        eventually(lambda: totals(serve)["uses"] == 10, 10, "five more")
        # A clock that went back is no use.
        table.database.execute("UPDATE virtual_keys SET last_used_at = last_used_at - interval '1 hour'")
        table.database.execute("UPDATE virtual_keys SET last_used_at = NULL WHERE id::text = %s", (keys[0],))
        serve.wait_for_poll()
        assert totals(serve)["uses"] == 10


# --- restarts


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_a_restart_finds_what_changed_while_it_was_down(table: KeyTable, end: str):
    deleted, upgraded, used, _ = (table.add(idle=DAY) for _ in range(4))
    table.add(legacy=False)
    with Serve(watching(table.database.dsn())) as serve:
        table.add(name="created before")
        eventually(lambda: serve.keys() == (5, 1), 10, "the creation")
        began = serve.metric("keyshift_observation_start_timestamp_seconds", source="keys")
        getattr(serve, end)()
        table.delete(deleted)
        table.upgrade(upgraded)
        table.use(used)
        table.add(name="created while down")
        serve.start()
        assert serve.keys() == (4, 2)
        assert totals(serve) == {"baseline": 6, "created": 2, "uses": 1}
        assert serve.metric("keyshift_observation_start_timestamp_seconds", source="keys") == began
        getattr(serve, end)()
        serve.start()
        assert serve.keys() == (4, 2)
        assert totals(serve) == {"baseline": 6, "created": 2, "uses": 1}
        serve.stop()
        assert gone(serve) == {deleted: "removed", upgraded: "upgraded"}


def test_counters_stand_before_the_database_is_reached(own_postgres: Postgres):
    table = KeyTable(own_postgres.create_database("gateway"))
    table.add()
    with Serve(watching(table.database.dsn())) as serve:
        table.add()
        eventually(lambda: serve.keys() == (2, 0), 10, "the creation")
        own_postgres.stop()
        eventually(lambda: serve.errors().get("connect", 0) >= 2, 10, "two failures")
        serve.stop()
        serve.start()
        assert serve.keys() == (None, None)
        assert serve.metric("keyshift_legacy_keys_created_total") == 1
        assert serve.errors()["connect"] >= 3
        own_postgres.start()
        eventually(lambda: serve.keys() == (2, 0), 20, "the census")
        assert totals(serve) == {"baseline": 2, "created": 1, "uses": 0}


@pytest.mark.parametrize("after_bytes", [200_000, 1_500_000, 3_000_000])
def test_kill_9_in_the_middle_of_the_first_census_loses_and_doubles_nothing(table: KeyTable, after_bytes: int):
    table.fill(legacy=40_000, modern=10)
    target = table.database.postgres
    with Proxy(target.port) as proxy:
        proxy.pause_after(after_bytes)
        dsn = table.database.dsn().replace(f":{target.port}/", f":{proxy.port}/")
        with Serve(watching(dsn, timeout="10s", census_timeout="60s"), until="healthy") as serve:
            eventually(lambda: not proxy.flowing, 20, "a census half-way")
            serve.kill9()
            proxy.resume()
            serve.start()
            eventually(lambda: serve.keys() == (40_000, 10), 30, "the census")
            assert totals(serve) == {"baseline": 40_000, "created": 0, "uses": 0}
            serve.kill9()
            serve.start()
            eventually(lambda: serve.keys() == (40_000, 10), 30, "the next census")
            assert totals(serve) == {"baseline": 40_000, "created": 0, "uses": 0}


def test_kill_9_again_and_again(table: KeyTable):
    """At whatever moment it hits: in the end every key that was ever made has been counted once."""
    table.fill(legacy=2_000, modern=0)
    config = watching(table.database.dsn(), interval="100ms")
    with Serve(config) as serve:
        for round_number in range(6):
            table.database.execute(
                "INSERT INTO virtual_keys (key_hash, key_prefix) "
                "SELECT 'r' || %s || '-' || i, 'sk-' FROM generate_series(1, 300) i",
                (round_number,),
            )
            if round_number % 2:
                serve.wait_for_poll()
            serve.kill9()
            serve.start()
        eventually(lambda: serve.keys() == (3_800, 0), 15, "all keys")
        assert totals(serve) == {"baseline": 3_800, "created": 1_800, "uses": 0}


# --- a full disk


@contextlib.contextmanager
def size_limit(directory: Path) -> Iterator[tuple[list[str], Callable[[Serve], None], Callable[[Serve], None]]]:
    """Files cannot grow beyond 128 KiB."""

    def fill(serve: Serve) -> None:
        run_as(None, [program("prlimit"), f"--pid={serve.pid}", f"--fsize={128 * 1024}:unlimited"])

    def free(serve: Serve) -> None:
        run_as(None, [program("prlimit"), f"--pid={serve.pid}", "--fsize=unlimited:unlimited"])

    yield IGNORE_FILE_SIZE_SIGNAL, fill, free


@contextlib.contextmanager
def full_file_system(directory: Path) -> Iterator[tuple[list[str], Callable[[Serve], None], Callable[[Serve], None]]]:
    """A file system of its own, and no room left on it."""
    if os.geteuid() != 0:
        pytest.skip("machine: only root may mount a file system")
    ballast = directory / "ballast"

    def fill(serve: Serve) -> None:
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()

    run_as(None, [program("mount"), "-t", "tmpfs", "-o", "size=4m", "keyshift-test", directory])
    try:
        yield [], fill, lambda serve: ballast.unlink()
    finally:
        run_as(None, [program("umount"), "--lazy", directory])


@pytest.mark.parametrize("disk", [size_limit, full_file_system])
def test_a_full_disk_stops_no_counting_and_loses_nothing(table: KeyTable, tmp_path, disk):
    first = table.add(idle=DAY)
    directory = tmp_path / "state"
    directory.mkdir()
    with disk(directory) as (wrapper, fill, free):
        tree = {**watching(table.database.dsn()), "state": {"directory": str(directory)}}
        with Serve(tree, wrapper=wrapper) as serve:
            assert totals(serve) == {"baseline": 1, "created": 0, "uses": 0}
            assert serve.metric("keyshift_state_write_errors_total") == 0
            fill(serve)
            table.fill(legacy=10_000, modern=0)
            eventually(lambda: serve.keys() == (10_001, 0), 20, "the keys that could not be saved")
            eventually(lambda: serve.metric("keyshift_state_write_errors_total") >= 3, 20, "three errors")
            table.use(first)
            eventually(lambda: totals(serve)["uses"] == 1, 20, "the use")
            serve.wait_for_poll()
            serve.wait_for_poll()
            assert totals(serve) == {"baseline": 10_001, "created": 10_000, "uses": 1}
            assert serve.metric("keyshift_source_up", source="keys") == 1
            assert serve.errors() == {}
            (complaint,) = [line for line in serve.log().splitlines() if "state cannot be saved" in line]
            assert str(directory) in complaint
            assert "free space" in complaint or "make room" in complaint
            free(serve)
            eventually(lambda: "state is saved again" in serve.log(), 20, "the recovery")
            serve.wait_for_poll()
            errors = serve.metric("keyshift_state_write_errors_total")
            serve.wait_for_poll()
            assert serve.metric("keyshift_state_write_errors_total") == errors
            assert totals(serve) == {"baseline": 10_001, "created": 10_000, "uses": 1}
            table.database.execute("DELETE FROM virtual_keys WHERE name = 'key 7'")
            eventually(lambda: serve.keys() == (10_000, 0), 10, "life goes on")
            serve.kill9()
            serve.start()
            assert serve.keys() == (10_000, 0)
            assert totals(serve) == {"baseline": 10_001, "created": 10_000, "uses": 1}
            serve.stop()


def test_a_start_on_a_full_disk_counts_all_the_same(table: KeyTable, tmp_path):
    table.fill(legacy=1_000, modern=0)
    directory = tmp_path / "state"
    directory.mkdir()
    with full_file_system(directory) as (wrapper, fill, free):
        tree = {**watching(table.database.dsn()), "state": {"directory": str(directory)}}
        with Serve(tree, wrapper=wrapper) as serve:
            serve.stop()
            fill(serve)
            table.add()
            serve.start()
            assert serve.keys() == (1_001, 0)
            assert serve.metric("keyshift_source_up", source="keys") == 1
            eventually(lambda: serve.metric("keyshift_state_write_errors_total") >= 1, 10, "an error")
            free(serve)
            eventually(lambda: "state is saved again" in serve.log(), 20, "the recovery")
            serve.restart()
            assert totals(serve) == {"baseline": 1_001, "created": 1, "uses": 0}


def test_a_daemon_that_is_killed_while_its_disk_is_full_finds_everything_again(table: KeyTable, tmp_path):
    table.add()
    directory = tmp_path / "state"
    directory.mkdir()
    with size_limit(directory) as (wrapper, fill, free):
        tree = {**watching(table.database.dsn()), "state": {"directory": str(directory)}}
        with Serve(tree, wrapper=wrapper) as serve:
            fill(serve)
            table.fill(legacy=5_000, modern=0)
            eventually(lambda: serve.metric("keyshift_state_write_errors_total") >= 1, 20, "an error")
            serve.kill9()
            serve.start()
            assert serve.keys() == (5_001, 0)
            assert totals(serve) == {"baseline": 5_001, "created": 5_000, "uses": 0}


# --- damage


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def rubbish(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def text(path: Path) -> None:
    path.write_text("this is no database\n" * 500)


def damaged_pages(path: Path) -> None:
    size = path.stat().st_size
    overwrite(path, 4096, os.urandom(size - 4096))


def damaged_journal(path: Path) -> None:
    """Only where the keys are: the header and the schema are fine."""
    size = path.stat().st_size
    overwrite(path, size // 2, os.urandom(size // 4))


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


@pytest.mark.parametrize("damage", [rubbish, text, damaged_pages, damaged_journal, truncated])
def test_a_damaged_file_is_moved_aside_and_said_so(table: KeyTable, damage):
    table.fill(legacy=3_000, modern=5)
    with Serve(watching(table.database.dsn()), until="healthy") as serve:
        eventually(lambda: serve.keys() == (3_000, 5), 20, "the census")
        serve.stop()
        damage(state_file(serve))
        damaged = state_file(serve).read_bytes()
        serve.start()
        eventually(lambda: serve.keys() == (3_000, 5), 20, "the census after the damage")
        assert totals(serve) == {"baseline": 3_000, "created": 0, "uses": 0}
        (aside,) = serve.state_directory.glob("*damaged*")
        assert aside.read_bytes() == damaged
        (complaint,) = [line for line in serve.log().splitlines() if str(aside) in line]
        assert "level=error" in complaint
        serve.restart()
        eventually(lambda: serve.keys() == (3_000, 5), 20, "the census after a restart")
        assert serve.log().count(str(aside)) == 1


def test_a_file_of_a_newer_version_is_refused_and_left_alone(table: KeyTable):
    table.add()
    with Serve(watching(table.database.dsn())) as serve:
        serve.stop()
        with contextlib.closing(sqlite3.connect(state_file(serve))) as database:
            database.execute("PRAGMA user_version = 99")
        before = state_file(serve).read_bytes()
        result = Keyshift().run("serve", f"--config={serve.config_path}")
        assert result.returncode == 78
        assert b"99" in result.stderr and b"newer" in result.stderr and b"state.directory" in result.stderr
        assert state_file(serve).read_bytes() == before
        assert list(serve.state_directory.glob("*damaged*")) == []


def test_two_daemons_do_not_share_a_state_directory(table: KeyTable):
    table.add()
    with Serve(watching(table.database.dsn())) as first:
        second = first.directory / "second.yaml"
        second.write_text(
            first.config_path.read_text().replace(f"127.0.0.1:{first.port}", f"127.0.0.1:{free_port()}")
        )
        result = Keyshift().run("serve", f"--config={second}")
        second.unlink()
        assert result.returncode == 69
        assert str(first.state_directory) in result.stderr.decode()
        assert b"another keyshift" in result.stderr
        table.add()
        eventually(lambda: first.keys() == (2, 0), 10, "the first daemon goes on")
        first.kill9()
        first.start()


def test_a_state_directory_that_cannot_be_made_is_named(table: KeyTable, tmp_path):
    (tmp_path / "file").write_text("in the way")
    config = tmp_path / "keyshift.yaml"
    config.write_text(f"state: {{directory: {tmp_path}/file/state}}\nweb: {{listen: ['127.0.0.1:{free_port()}']}}\n")
    result = Keyshift().run("serve", f"--config={config}", env={"DATABASE_URL": table.database.dsn()})
    assert result.returncode == 78
    assert f"{tmp_path}/file/state" in result.stderr.decode()
    assert b"state.directory" in result.stderr


def test_a_state_directory_is_made_with_its_parents_and_for_its_user_only(table: KeyTable, tmp_path):
    """It holds names of keys and of their owners."""
    directory = tmp_path / "a" / "b" / "state"
    with Serve({**watching(table.database.dsn()), "state": {"directory": str(directory)}}):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [directory, *directory.iterdir()]}
        assert modes.pop("state") == 0o710, "its group may pass, to the socket"
        assert modes.pop("keyshift.sock") == 0o660
        assert len(modes) >= 2 and set(modes.values()) == {0o600}, modes


def test_a_state_directory_that_vanishes_stops_no_counting(table: KeyTable):
    table.add()
    with Serve(watching(table.database.dsn())) as serve:
        shutil.rmtree(serve.state_directory)
        table.add()
        eventually(lambda: serve.keys() == (2, 0), 10, "the key")
        serve.wait_for_poll()
        assert serve.errors() == {}
        assert serve.terminate()[0] == 0


def test_a_reader_of_the_state_does_not_disturb(table: KeyTable):
    """As `keyshift status` will read it, and backups do."""
    table.add()
    with Serve(watching(table.database.dsn())) as serve:
        reader = sqlite3.connect(f"file:{state_file(serve)}?mode=ro", uri=True)
        with contextlib.closing(reader):
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM legacy_key").fetchone() == (1,)
            table.add()
            eventually(lambda: serve.keys() == (2, 0), 10, "the key")
            assert serve.metric("keyshift_state_write_errors_total") == 0
            assert reader.execute("SELECT count(*) FROM legacy_key").fetchone() == (1,)
            reader.execute("COMMIT")
            assert reader.execute("SELECT count(*) FROM legacy_key").fetchone() == (2,)


def test_who_reads_the_state_and_goes_takes_nothing_along(table: KeyTable):
    """The last connection that closes takes the write-ahead log away: the daemon's must be known to be there."""
    key = table.add()
    with Serve(watching(table.database.dsn())) as serve:
        for _ in range(3):
            log = state_file(serve).with_name("keyshift.db-wal")
            before = log.stat().st_ino
            command = [sys.executable, "-c", f"import sqlite3; sqlite3.connect('{state_file(serve)}').execute('BEGIN IMMEDIATE')"]
            subprocess.run(command, check=True, timeout=20)
            assert Keyshift().run("ack", key, "--note", "n", f"--config={serve.config_path}").returncode == 0
            assert log.stat().st_ino == before
            serve.wait_for_poll()
        table.delete(key)
        eventually(lambda: serve.keys() == (0, 0), 10, "it has gone")
        shown = lambda: Keyshift().run("key", key, f"--config={serve.config_path}").stdout  # noqa: E731
        eventually(lambda: b"retired" in shown(), 10, "what is saved is in the file that others read")


def test_the_size_of_the_state_is_shown_and_bounded(table: KeyTable):
    keys = [table.add(idle=DAY) for _ in range(20)]
    with Serve(watching(table.database.dsn(), interval="100ms")) as serve:
        for second in range(10):
            table.database.execute(
                "UPDATE virtual_keys SET last_used_at = now() - interval '1 hour' + make_interval(secs => %s)", (second * 2,)
            )
            serve.wait_for_poll()

        def size() -> int:
            files = serve.state_directory.glob("keyshift.db*")
            return sum(file.stat().st_size for file in files if "shm" not in file.name)

        eventually(lambda: serve.metric("keyshift_state_size_bytes") == size(), 10, "the size on disk")
        assert size() < 5_000_000
        assert totals(serve)["uses"] == 20 * 10
        assert len(keys) == 20
