# SPDX-License-Identifier: Apache-2.0
"""The simulated gateway that counts authentication by itself, and its counts over restarts and several gateways."""

import signal
import time
import urllib.error
import urllib.request

import pytest

from gateway_sim import Gateway, Planted, Seed, Traffic, summed
from harness.servers.prometheus import promtool
from harness.tools import exposition, http

REASONS = (
    "unknown_key", "missing_header", "malformed_header", "bad_credentials", "blocked", "expired", "over_budget",
    "user_missing", "key_deleted", "invalid_jwt", "rate_limited", "forbidden", "other",
)  # fmt: skip


@pytest.fixture
def cache(redis):
    with redis.client() as client:
        client.flushall()


@pytest.fixture
def planted(database) -> Planted:
    return Seed(seed=7, owners=2, keys_per_owner=1, system_keys=1, dormant_keys=1).plant(database.dsn())


def metrics(gateway: Gateway) -> dict[str, float]:
    """Its own counters, by name and label."""
    samples = exposition.parse(http.get(f"{gateway.url}/metrics").text)
    return {
        f"{name.removeprefix('gateway_auth_')} {''.join(value for _, value in labels)}".strip(): value
        for (name, labels), value in samples.items()
        if name.startswith("gateway_auth_")
    }


def expected(counts: dict) -> dict[str, float]:
    failures = dict(counts["failures"])
    named = {f"failures_total {reason}": failures.pop(reason, 0) for reason in REASONS[:-1]}
    return {
        **named,
        "failures_total other": sum(failures.values()),
        "fallback_total": counts["fallback"]["hits"],
        "cache_total hit": counts["auth_cache"]["verified"]["hit"],
        "cache_total miss": counts["authenticated"]["without_cache"],
    }


def use(gateway: Gateway, key: str, path: str = "/v1/models") -> int:
    request = urllib.request.Request(gateway.url + path, headers={"Authorization": f"Bearer {key}"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_all_series_are_there_at_zero_from_the_start(database):
    with Gateway(database.dsn(), auth_metrics=True) as gateway:
        text = http.get(f"{gateway.url}/metrics").text
        assert promtool(["check", "metrics"], text).returncode == 0
        assert metrics(gateway) == expected(gateway.counts())
        assert set(metrics(gateway).values()) == {0.0} and len(metrics(gateway)) == len(REASONS) + 3
        assert "process_" not in text


def test_they_are_off_by_default_and_the_start_time_is_an_option_of_its_own(database):
    with Gateway(database.dsn()) as gateway:
        assert http.get(f"{gateway.url}/metrics").content == b""
    begin = time.time()
    with Gateway(database.dsn(), process_metrics=True) as gateway:
        samples = exposition.parse(http.get(f"{gateway.url}/metrics").text)
        assert [name for name, _ in samples] == ["process_start_time_seconds"]
        assert begin - 1 < samples["process_start_time_seconds", frozenset()] < time.time() + 1


@pytest.mark.parametrize("behaviour", ["faithful", "fallback"])
def test_they_equal_the_counts_exactly(database, redis, cache, planted, behaviour):
    options = {"behaviour": behaviour, "require_auth": True, "auth_metrics": True, "fallback_scope": "legacy"}
    with Gateway(database.dsn(), redis.url(), **options) as gateway:
        Traffic(gateway.url, planted, seed=9, dsn=database.dsn()).run_steps(100)
        for header in ("not-a-token", "sk-unknown"):
            assert use(gateway, header) == 401
        http.get(f"{gateway.url}/auth/me", headers={"Authorization": "Bearer no-jwt"})
        database.execute("ALTER TABLE virtual_keys RENAME TO away")
        assert use(gateway, "sk-other") == 500
        database.execute("ALTER TABLE away RENAME TO virtual_keys")
        shown, counts = metrics(gateway), gateway.counts()
    assert shown == expected(counts)
    assert shown["failures_total other"] == counts["failures"]["backend_error"] == 1
    assert shown["failures_total unknown_key"] > 0 < shown["failures_total invalid_jwt"]
    accepted = counts["authenticated"]["legacy"] + counts["authenticated"]["modern"]
    assert shown["cache_total hit"] + shown["cache_total miss"] == accepted
    assert (shown["cache_total hit"] > 0) == (shown["fallback_total"] > 0) == (behaviour == "fallback")


def test_counts_of_several_gateways_and_lives_add_up(database, redis, cache, planted):
    key = planted.with_role("active", legacy=False)[0]
    options = {"behaviour": "fallback", "require_auth": True, "auth_metrics": True}
    with Gateway(database.dsn(), redis.url(), **options) as first, Gateway(database.dsn(), **options) as second:
        url, pid = first.url, first.pid
        assert [use(first, key.text) for _ in range(3)] == [200, 200, 200]
        assert metrics(first)["cache_total hit"] == 2
        first.restart()
        assert (first.url, first.pid == pid) == (url, False)
        assert metrics(first)["cache_total hit"] == 0 == metrics(first)["cache_total miss"]
        use(first, key.text)
        first.restart(signal.SIGKILL)
        use(first, key.text)
        use(second, key.text)
        assert metrics(first) == expected(first.counts_since_start()) != expected(first.counts())
        assert first.counts()["authenticated"]["by_key"] == {key.id: 5}
        assert expected(first.counts())["cache_total hit"] == 4
        total = summed([first.counts(), second.counts()])
        assert total["authenticated"]["by_key"] == {key.id: 6} and total["authenticated"]["without_cache"] == 2
        first.stop()
        assert first.counts()["authenticated"]["modern"] == 5
        with pytest.raises(RuntimeError, match="took its counts"):
            second._process.kill()
            second._process.wait()
            second.stop()
            second.counts()
