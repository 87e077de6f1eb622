# SPDX-License-Identifier: Apache-2.0
"""pytest hooks: a skip is a failure, and a test that hangs fails with a traceback.

A test may not be skipped for want of a component: that would hide a missing package. Only a reason that starts with
"machine:" may skip, for what no package can mend (a kernel without a feature).

Each phase of a test (set-up, call, tear-down) may take 120 seconds, or what `@pytest.mark.time_limit(seconds)` says.
Where Python cannot be interrupted, as inside a C library, the whole run ends a little later with the traceback of every
thread; the servers then end too, since their parent is gone.
"""

import contextlib
import faulthandler
import os
import signal

import pytest

TIME_LIMIT_SECONDS = 120.0
UNINTERRUPTIBLE_GRACE_SECONDS = 30.0
ALLOWED_SKIP_PREFIX = "machine:"

_terminal_descriptor = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "time_limit(seconds): bound on each phase of the test, default 120 s")
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        config.stash[_terminal_descriptor] = os.dup(2)


def pytest_unconfigure(config: pytest.Config) -> None:
    os.close(config.stash[_terminal_descriptor])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    outcome = yield
    _refuse_skip(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    outcome = yield
    _refuse_skip(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item: pytest.Item):
    with _bounded(item):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item):
    with _bounded(item):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item):
    with _bounded(item):
        yield


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure. An expected failure is reported as skipped too, and is left alone."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2]).removeprefix("Skipped: ")
    if not reason.startswith(ALLOWED_SKIP_PREFIX):
        report.outcome = "failed"
        report.longrepr = f"skipping is a failure unless the reason starts with '{ALLOWED_SKIP_PREFIX}': {reason}"


@contextlib.contextmanager
def _bounded(item: pytest.Item):
    marker = item.get_closest_marker("time_limit")
    seconds = float(marker.args[0]) if marker else TIME_LIMIT_SECONDS

    def give_up(_signal, _frame):
        pytest.fail(f"took longer than {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(
        seconds + UNINTERRUPTIBLE_GRACE_SECONDS, exit=True, file=item.config.stash[_terminal_descriptor]
    )
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
