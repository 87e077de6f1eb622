# SPDX-License-Identifier: Apache-2.0
"""Waiting, ports and processes of the harness: bounded, told apart, and gone at the end."""

import textwrap
import time

import pytest

from harness.tools.ports import free_port
from harness.tools.process import Process, ProcessDied
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually
from selftest.running import alive, run_python


def test_waiting_is_bounded_and_says_for_what():
    begin = time.monotonic()
    with pytest.raises(AssertionError, match=r"not within 0.4 s: the moon \(last result: 0\)"):
        eventually(lambda: 0, 0.1, "the moon")
    assert time.monotonic() - begin < 1


def test_no_port_is_handed_out_twice():
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50


def test_a_process_that_dies_early_fails_with_the_tail_of_its_log(tmp_path):
    with Process(["/bin/sh", "-c", "echo the reason; exit 3"], log_path=tmp_path / "log") as process:
        with pytest.raises(ProcessDied, match=r"(?s)exited with 3 before: answer.*the reason"):
            process.wait_until(lambda: False, 5, "answer")


def test_a_process_that_ignores_its_stop_signal_is_killed(tmp_path):
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    with Process(["/bin/sh", "-c", script], log_path=tmp_path / "log") as process:
        process.wait_until(lambda: "up" in process.log(), 5)
        assert process.rss_bytes() > 0
        assert process.terminate(timeout=0.1) == -9
    assert not alive(process.pid)


def test_no_server_outlives_a_killed_test_run(monkeypatch):
    directory = scratch_directory("killed-run")
    monkeypatch.setenv("TMPDIR", str(directory))
    result = run_python(["-c", textwrap.dedent("""
        import os, signal
        from harness.servers.postgres import Postgres
        from harness.servers.redis import Redis
        servers = [Postgres().start(), Redis().start()]
        print(*[server.pid for server in servers], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)], directory)
    pids = [int(word) for word in result.stdout.split()]
    assert len(pids) == 2
    eventually(lambda: not any(alive(pid) for pid in pids), 10, "both servers have ended")
