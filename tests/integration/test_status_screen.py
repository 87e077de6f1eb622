# SPDX-License-Identifier: Apache-2.0
"""`keyshift status` on a screen: its size, the daemon's absence, --watch; `keyshift` alone, and healthcheck."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.http_faults import HttpFaults, hang, status
from harness.tools.wait import eventually

CLEAR = b"\x1b[H\x1b[2J"


@pytest.fixture
def serve(database: Database) -> Iterator[Serve]:
    table = KeyTable(database)
    for age in range(3):
        table.add(name=f"key {age}", owner=table.add_user(f"{age}@example.com"), idle=age * DAY)
    with Serve(watching(database.dsn())) as daemon:
        daemon.wait_for_poll()
        yield daemon


def run(serve: Serve, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess:
    return Keyshift().run(*command, "--config", serve.config_path, env=env)


def lines(serve: Serve, columns: str) -> list[str]:
    return run(serve, "status", env={"COLUMNS": columns}).stdout.decode().splitlines()


def test_a_screen_is_as_wide_as_columns_says_and_80_without_a_terminal(serve: Serve):
    for columns, width in (("60", 60), ("120", 120), ("", 80), ("wide", 80), ("3", 80)):
        shown = lines(serve, columns)
        assert len(shown) < 24 and max(map(len, shown)) <= width, columns
        assert shown[0].startswith("UN") and [line.split()[0] for line in shown[1:4]] == ["Locked", "Left", "Dates"]


def test_the_first_line_says_what_is_down_and_what_to_do(serve: Serve, database: Database):
    database.execute("ALTER TABLE virtual_keys RENAME TO gone")
    eventually(lambda: " is down: " in lines(serve, "1000")[0], 10, "the source is down")
    failure = next(line for line in run(serve, "doctor").stdout.decode().splitlines() if "failure" in line)
    assert "virtual_keys" in failure and "virtual_keys" in lines(serve, "1000")[0]
    assert any("as of " in line for line in lines(serve, "1000") if line.startswith("Locked out"))


def test_without_a_daemon_and_without_a_database_the_screen_says_so(serve: Serve, database: Database):
    serve.terminate()
    database.execute("ALTER TABLE virtual_keys RENAME TO gone")
    result = run(serve, "status")
    assert result.returncode == 69
    assert result.stdout.decode().startswith("UNKNOWN: no daemon is watching: ")
    assert b"Locked out not known" in result.stdout


@contextmanager
def stopped(serve: Serve) -> Iterator[None]:
    os.kill(serve.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(serve.pid, signal.SIGCONT)


class Watch:
    """`keyshift status --watch`, on a terminal or into a pipe."""

    def __init__(self, serve: Serve, *options: str, terminal: bool):
        master, slave = pty.openpty() if terminal else os.pipe()
        keyshift = Keyshift()
        command = [binary_path(), "status", "--watch", "--interval", "100ms", *options, "--config", serve.config_path]
        environment = keyshift.environment({"TERM": "xterm", "NO_COLOR": "1"})
        self.process = subprocess.Popen(command, stdout=slave, env=environment)
        os.close(slave)
        self._master = master
        self.shown = b""

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def read_until(self, word: bytes, times: int) -> None:
        while self.shown.count(word) < times:
            chunk = os.read(self._master, 65536)
            assert chunk, self.shown
            self.shown += chunk

    def end(self, by: signal.Signals) -> tuple[int, float]:
        begun = time.monotonic()
        self.process.send_signal(by)
        return self.process.wait(timeout=10), time.monotonic() - begun


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_watch_redraws_and_ends_cleanly(serve: Serve, by: signal.Signals):
    with Watch(serve, terminal=True) as watch:
        watch.read_until(CLEAR, 3)
        code, took = watch.end(by)
        assert code == 0 and took < 2
        assert watch.shown.count(b"Locked out") >= 2 and b"\x1b[3" not in watch.shown


def test_watch_without_a_terminal_prints_one_after_the_other(serve: Serve):
    with Watch(serve, terminal=False) as watch:
        watch.read_until(b"Locked out", 3)
        assert watch.end(signal.SIGTERM)[0] == 0
        assert b"\x1b" not in watch.shown
    with Watch(serve, "--format=json", terminal=False) as watch:
        watch.read_until(b"\n", 3)
        assert all(line.startswith(b'{"schema_version":') for line in watch.shown.splitlines()[:3])


def test_watch_ends_when_nobody_reads(serve: Serve):
    with Watch(serve, terminal=False) as watch:
        watch.read_until(b"Locked out", 1)
        os.close(watch._master)
        assert watch.process.wait(timeout=10) == 0
        watch._master = os.open("/dev/null", os.O_RDONLY)


def test_watch_ends_while_it_asks(serve: Serve):
    """The daemon is stopped: it does not answer, for seconds."""
    with Watch(serve, terminal=False) as watch:
        watch.read_until(b"Locked out", 1)
        with stopped(serve):
            time.sleep(0.5)
            code, took = watch.end(signal.SIGINT)
        assert code == 0 and took < 2


def test_keyshift_alone_is_the_status_where_a_daemon_runs(serve: Serve):
    alone = Keyshift().run(env={"KEYSHIFT_CONFIG": str(serve.config_path)})
    assert alone.returncode == 0 and b"\nLocked out " in alone.stdout
    serve.terminate()
    alone = Keyshift().run(env={"KEYSHIFT_CONFIG": str(serve.config_path)})
    assert alone.returncode == 64 and alone.stdout == b""
    assert b"Subcommands:" in alone.stderr and alone.stderr.endswith(b"keyshift: no command is given (keyshift --help)\n")


def test_healthcheck_by_socket_and_by_url(serve: Serve):
    healthy = run(serve, "healthcheck")
    assert (healthy.returncode, healthy.stdout, healthy.stderr) == (0, b"keyshift is healthy.\n", b"")
    for url in (serve.url, f"{serve.url}/", f"{serve.url}/-/healthy"):
        assert Keyshift().run("healthcheck", "--url", url).returncode == 0
    assert Keyshift().run("healthcheck", "--url", f"{serve.url}/nowhere").returncode == 69
    refused = Keyshift().run("healthcheck", "--url", "http://user:hunter22@127.0.0.1:1")
    assert refused.returncode == 64 and b"hunter22" not in refused.stderr
    serve.terminate()
    dead = run(serve, "healthcheck")
    assert dead.returncode == 69 and b"keyshift: no daemon is watching: nobody answers on " in dead.stderr
    assert Keyshift().run("healthcheck", "--url", serve.url).returncode == 69


def test_healthcheck_has_a_second(serve: Serve):
    with stopped(serve):
        begun = time.monotonic()
        result = run(serve, "healthcheck")
        assert result.returncode == 69 and b"does not answer" in result.stderr
        assert time.monotonic() - begun < 3
    with HttpFaults() as other:
        other.answer(hang())
        begun = time.monotonic()
        assert Keyshift().run("healthcheck", "--url", other.url).returncode == 69
        assert time.monotonic() - begun < 3
        other.answer(status(500))
        assert b"answers 500, not 200" in Keyshift().run("healthcheck", "--url", other.url).stderr


def test_flags_of_the_ecosystem_count_instead_of_the_configuration(database: Database):
    KeyTable(database)
    tree = {**watching(database.dsn()), "log": {"level": "error", "format": "logfmt"}}
    with Serve(tree, args=["--log.level", "info", "--log.format", "json"]) as daemon:
        assert '"level":"info"' in daemon.log()
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: "configuration reloaded" in daemon.log(), 10, "it is read again")
        assert '"level":"info"' in daemon.log().splitlines()[-1], "and leaves it alone"


def test_output_that_cannot_be_written_is_73(serve: Serve):
    result = run(serve, "report", "--output", "/proc/nowhere/report.txt")
    assert result.returncode == 73 and b"cannot write /proc/nowhere/report.txt" in result.stderr
