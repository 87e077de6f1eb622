# SPDX-License-Identifier: Apache-2.0
"""The rules for tests: a skip fails, a hang fails, and the servers of a failed test stop."""

import textwrap

from selftest.running import alive, run_python

STRICT_PYTEST = ["-m", "pytest", "-p", "harness.tools.strictness", "-p", "no:cacheprovider"]


def test_skips_fail_hangs_fail_and_servers_of_failed_tests_stop(tmp_path):
    (tmp_path / "test_sample.py").write_text(textwrap.dedent("""
        import time, pytest
        from harness.servers.redis import Redis

        @pytest.fixture
        def server():
            with Redis() as server:
                yield server

        def test_skips(): pytest.skip("no such component")
        @pytest.mark.skip(reason="marked")
        def test_is_marked(): pass
        def test_may_skip(): pytest.skip("machine: no such kernel feature")
        @pytest.mark.xfail
        def test_is_expected_to_fail(): assert False
        def test_fails(server):
            print("pid", server.pid)
            assert False
        @pytest.mark.time_limit(0.3)
        def test_hangs(): time.sleep(60)
    """))
    (tmp_path / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    output = run_python([*STRICT_PYTEST, "--continue-on-collection-errors"], tmp_path).stdout
    assert "3 failed, 1 skipped, 1 xfailed, 2 errors" in output
    for line in ("no such component", "marked", "could not import 'no_such_module'"):
        assert f"skipping is a failure unless the reason starts with 'machine:': {line}" in output
    assert "Failed: took longer than 0.3 s" in output
    assert "time.sleep(60)" in output
    pid = int(output.partition("pid ")[2].split()[0])
    assert not alive(pid)


def test_a_hang_outside_python_ends_the_run_with_a_traceback(tmp_path):
    (tmp_path / "test_sample.py").write_text(textwrap.dedent("""
        import signal, time, pytest
        from harness.tools import strictness
        strictness.UNINTERRUPTIBLE_GRACE_SECONDS = 0.5

        @pytest.mark.time_limit(0.5)
        def test_hangs():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
            time.sleep(60)
    """))
    result = run_python(STRICT_PYTEST, tmp_path)
    assert result.returncode == 1
    assert "Timeout" in result.stderr
    assert "in test_hangs" in result.stderr
