# SPDX-License-Identifier: Apache-2.0
"""The key table read from a standby that is behind, or of which nobody can say.

In each test the verdict is SAFE first. Then a legacy key is used on the primary where the standby does not show it.
"""

from collections.abc import Callable

import pytest

from harness.product.doctor import doctor
from harness.product.keyshift import Serve
from harness.servers.standby import Standby
from harness.product.standby_table import (  # noqa: F401
    assert_lag_is_said, assert_use_is_found, data_at, on, primary, standby, table, use_once_more,
)  # fmt: skip
from harness.product.verdicts import (
    DrainedTable, assert_stays_unsafe, check, is_safe, wait_until_not_safe, wait_until_safe,
)  # fmt: skip
from harness.tools.wait import eventually


def pause(standby: Standby) -> Callable[[], None]:
    standby.pause()
    return standby.resume


def disconnect(standby: Standby) -> Callable[[], None]:
    standby.disconnect()
    return standby.connect_again


def delay(standby: Standby) -> Callable[[], None]:
    standby.delay("1h")
    return lambda: standby.delay("0")


def stop_primary(standby: Standby) -> Callable[[], None]:
    """The gateway goes on writing there as soon as it is back, before the standby has connected again."""
    standby.link.refuse()
    standby.primary.restart()
    return standby.connect_again


def test_a_use_in_the_future_is_as_old_as_the_data(table: DrainedTable, standby: Standby):
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        ahead = "UPDATE virtual_keys SET last_used_at = now() + interval '10 days' WHERE id = %s"
        table.database.execute(ahead, (table.legacy[0],))
        wait_until_not_safe(serve)
        standby.pause()
        table.use(table.legacy[1])
        eventually(lambda: check(serve, "sources_fresh")[0] == "UNKNOWN", 10, "the lag is noticed")
        assert_lag_is_said(serve)
        assert serve.metric("keyshift_legacy_last_used_timestamp_seconds") <= data_at(serve)


@pytest.mark.parametrize("fault", [pause, disconnect, delay, stop_primary])
def test_a_use_that_is_not_replayed_is_never_taken_for_none(table: DrainedTable, standby: Standby, fault):
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        repair = fault(standby)
        table.use(table.legacy[0])
        wait_until_not_safe(serve)
        assert_lag_is_said(serve)
        assert_stays_unsafe(serve)
        used_at = use_once_more(table)
        repair()
        assert_use_is_found(serve, used_at)
        assert serve.errors() == {}


def test_a_standby_that_has_replayed_nothing_since_its_start_says_nothing_of_its_age(
    table: DrainedTable, standby: Standby
):
    standby.catch_up()
    standby.restart_without_a_commit()
    with Serve(on(standby, table), until="healthy") as serve:
        eventually(lambda: serve.errors().keys() == {"other"}, 15, "an error")
        assert not is_safe(serve)
        (complaint,) = [line for line in serve.log().splitlines() if "source down" in line]
        assert "does not stream, and no commit that it has replayed since its start tells" in complaint
        assert "name the primary in database_url" in complaint and "keys.standby: ignore" in complaint
        assert "does not stream" in doctor(on(standby, table)).what("keys", "failure")
        standby.connect_again()
        wait_until_safe(serve)


def test_a_daemon_that_is_started_beside_a_standby_that_does_not_stream(table: DrainedTable, standby: Standby):
    """It remembers nothing of the standby, and the standby nothing of its last commit after its own restart."""
    with Serve(on(standby, table), until="healthy") as serve:
        wait_until_safe(serve)
        serve.stop()
        standby.restart_without_a_commit()
        table.use(table.legacy[0])
        serve.start()
        assert_stays_unsafe(serve)
        assert check(serve, "sources_fresh")[0] == "UNKNOWN"
        used_at = use_once_more(table)
        standby.connect_again()
        assert_use_is_found(serve, used_at)


def test_a_standby_that_is_restarted_while_it_does_not_stream(table: DrainedTable, standby: Standby):
    """The daemon knows as of when its data are, since it has seen the same before."""
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        standby.disconnect()
        before = data_at(serve)
        standby.restart()
        table.use(table.legacy[0])
        wait_until_not_safe(serve)
        eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 1, 15, "it can be read again")
        assert data_at(serve) >= before
        assert_lag_is_said(serve)
        assert_stays_unsafe(serve)
        used_at = use_once_more(table)
        standby.connect_again()
        assert_use_is_found(serve, used_at)


def test_a_receiver_that_has_connected_and_heard_nothing_yet(table: DrainedTable, standby: Standby):
    """It calls itself streaming, with what it had received before replayed."""
    with Serve(on(standby, table)) as serve:
        wait_until_safe(serve)
        standby.disconnect()
        wait_until_not_safe(serve)
        table.use(table.legacy[0])
        standby.connect_without_a_message()
        assert_stays_unsafe(serve)
        used_at = use_once_more(table)
        standby.link.resume_and_cut()
        assert_use_is_found(serve, used_at)
