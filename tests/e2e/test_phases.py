# SPDX-License-Identifier: Apache-2.0
"""Phases, fallback mode and verdict, as /metrics shows them while a simulated gateway's clients move to new keys.

Clients and owners act over HTTP on real PostgreSQL; keyshift is scraped all the time, and every scrape must be
coherent. What takes days in reality happens on a clock that is set forward.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, Self

import pytest
import requests

from gateway_sim import Gateway, Planted, PlantedKey, Seed
from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database, Postgres
from harness.servers.time_travel import Clock
from harness.tools.exposition import Samples
from harness.tools.tcp import Proxy
from harness.tools.wait import eventually

LIVE = ("pending", "dormant", "issued", "overlap", "drained", "quarantined", "expired", "stranded")
GONE = ("upgraded", "retired", "retired_in_use")
CHECKS = {
    "auth_enforced", "gateway_in_use", "no_fallback_hits", "sources_fresh", "coverage", "no_live_use", "no_new_legacy", "none_stranded",
    "none_retired_in_use", "inventory", "dormant_acknowledged", "fallback_mode",
}
HOUR = timedelta(hours=1)
TIMEOUT = 20.0


# --- what /metrics shows


def by_label(samples: Samples, family: str, label: str) -> dict[str, float]:
    return {dict(labels)[label]: value for (name, labels), value in samples.items() if name == family}


def phases(samples: Samples) -> dict[str, int]:
    """Those that any key is in."""
    return {phase: int(n) for phase, n in by_label(samples, "keyshift_legacy_keys", "phase").items() if n}


def transitions(samples: Samples) -> dict[str, int]:
    """Those that there were."""
    return {phase: int(n) for phase, n in by_label(samples, "keyshift_phase_transitions_total", "phase").items() if n}


def checks(samples: Samples) -> dict[str, float]:
    return by_label(samples, "keyshift_fallback_removal_check", "check")


def mode(samples: Samples) -> str | None:
    """None: not shown."""
    modes = by_label(samples, "keyshift_fallback_mode", "mode")
    return next((name for name, value in modes.items() if value), None)


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def is_safe(samples: Samples) -> bool:
    return value(samples, "keyshift_fallback_removal_safe") == 1


class Recorder:
    """Scrapes `serve` all the time, on a thread of its own, and finds fault with any scrape that contradicts itself or
    an earlier one. While the daemon is down there is nothing to find."""

    def __init__(self, serve: Serve):
        self.scrapes: list[Samples] = []
        self._serve = serve
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._failure: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind, *_) -> None:
        self._end.set()
        self._thread.join()
        if self._failure and kind is None:
            raise self._failure

    def phases(self) -> list[dict[str, int]]:
        """One after the other, each as long as it lasted."""
        seen: list[dict[str, int]] = []
        for samples in self.scrapes:
            now = phases(samples)
            if now and (not seen or seen[-1] != now):
                seen.append(now)
        return seen

    def ever(self, phase: str) -> bool:
        return any(phase in now for now in self.phases())

    def _run(self) -> None:
        """The last scrape begins after the end has been called for."""
        ending = False
        while not ending:
            ending = self._end.wait(0.02)
            try:
                samples = self._serve.metrics()
            except requests.RequestException:
                continue
            except ValueError as error:
                self._failure = error
                return
            try:
                check_coherence(samples, self.scrapes[-1] if self.scrapes else None)
            except AssertionError as failure:
                self._failure = failure
                return
            self.scrapes.append(samples)


def check_coherence(samples: Samples, before: Samples | None) -> None:
    """What must hold in every scrape."""
    shown = by_label(samples, "keyshift_legacy_keys", "phase")
    assert set(shown) in (set(), {*LIVE, *GONE})
    assert bool(shown) == (value(samples, "keyshift_legacy_keys_baseline") is not None)
    if shown:
        baseline = value(samples, "keyshift_legacy_keys_baseline")
        assert sum(shown.values()) == baseline, shown
        live = sum(shown[phase] for phase in LIVE)
        # A deletion is seen at once, and the phase that it leads to once two polls agree.
        assert live >= value(samples, "keyshift_keys", state="legacy")
        removed = value(samples, "keyshift_migration_removed_ratio")
        drained = value(samples, "keyshift_migration_drained_ratio")
        assert math.isclose(removed, (baseline - live) / baseline)
        assert math.isclose(drained, (baseline - live + shown["drained"]) / baseline)
        for family, label in (("keyshift_fallback_mode", "mode"), ("keyshift_migration_state", "state")):
            assert sorted(by_label(samples, family, label).values())[-2:] == [0, 1], family
    results = checks(samples)
    assert set(results) <= CHECKS and set(results.values()) <= {0, 1}
    if is_safe(samples):
        assert results == dict.fromkeys(CHECKS, 1), "safe, but not every check passes"
        assert value(samples, "keyshift_source_up", source="keys") == 1
        began = value(samples, "keyshift_observation_start_timestamp_seconds", source="keys")
        assert began < value(samples, "keyshift_fallback_removal_earliest_timestamp_seconds") <= time.time()
    if before:
        entered, entered_before = transitions(samples), transitions(before)
        assert all(entered.get(phase, 0) >= count for phase, count in entered_before.items()), "a counter went back"


# --- who acts


class Owner:
    """Someone with legacy keys, and the clients that use them: all over HTTP."""

    def __init__(self, gateway: Gateway, key: PlantedKey):
        self.key = key
        self._url = gateway.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._token: str | None = None

    def use(self, text: str) -> int:
        """The status that a client with this key gets."""
        return self._post("/v1/models", text).status_code

    def use_old(self) -> int:
        return self.use(self.key.text)

    def new_key(self, name: str | None = None) -> str:
        """The text of a replacement."""
        reply = self._manage("/auth/key/generate", {"name": name or self.key.name})
        return reply.json()["key"]

    def delete(self) -> None:
        self._manage(f"/auth/key/delete?key_id={self.key.id}")

    def _manage(self, path: str, body: dict | None = None) -> requests.Response:
        if self._token is None:
            login = {"email": self.key.owner.email, "password": self.key.owner.password}
            self._token = self._post("/auth/login", None, login).json()["token"]
        reply = self._post(path, self._token, body)
        reply.raise_for_status()
        return reply

    def _post(self, path: str, bearer: str | None, body: dict | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self._session.post(self._url + path, json=body, headers=headers, timeout=10)


def plant(database: Database, owners: int, **others: Any) -> Planted:
    """So many owners, each with one legacy key that was last used some hours ago, and what `others` says of Seed."""
    none = {"system_keys": 0, "dormant_keys": 0, "unused_keys": 0, "modern_keys": 0, "special": False}
    return Seed(owners=owners, keys_per_owner=1, **{**none, **others}).plant(database.dsn())


def owners_of(planted: Planted, gateway: Gateway) -> list[Owner]:
    return [Owner(gateway, key) for key in planted.with_role("active", legacy=True)]


def tree(database: Database, drain_window: str, *, fallback: str = "detect", dsn: str = "", **options: Any) -> dict:
    return {
        **watching(dsn or database.dsn(), gateway={"fallback": fallback}, **options),
        "migration": {"drain_window": drain_window},
    }


def shown(serve: Serve, expected: dict[str, int], doing: Callable[[], Any] = lambda: None) -> None:
    """Wait until the keys are in these phases, while `doing` something again and again."""

    seen: dict[str, int] = {}

    def reached() -> bool:
        doing()
        seen.clear()
        seen.update(phases(serve.metrics()))
        return seen == expected

    try:
        eventually(reached, TIMEOUT, "the phases")
    except AssertionError:
        raise AssertionError(f"expected {expected} within {TIMEOUT:g} s, there are {seen}") from None


# --- a gateway without a fallback


def test_without_a_fallback_keys_that_were_in_use_are_stranded_until_their_replacement_is_used(
    clock: Clock, travelling: Database
):
    """From the day on which the gateway stops accepting legacy keys, and nobody has told keyshift."""
    planted = plant(travelling, owners=4, dormant_keys=1, unused_keys=1)
    config = tree(travelling, "7d")
    with Gateway(travelling.dsn(), require_auth=True) as gateway, Serve(config, env=clock.environment) as serve:
        first, second, third, fourth = owners_of(planted, gateway)
        with Recorder(serve) as recorder:
            assert phases(serve.metrics()) == {"pending": 4, "dormant": 2}
            assert mode(serve.metrics()) == "unknown"
            assert {owner.use_old() for owner in (first, second, third, fourth)} == {401}
            new = first.new_key()
            assert first.use(new) == 200
            shown(serve, {"pending": 3, "overlap": 1, "dormant": 2})

            clock.advance(71 * HOUR)
            assert (first.use(new), second.use_old()) == (200, 401)
            serve.wait_for_poll()
            serve.wait_for_poll()
            assert mode(serve.metrics()) == "unknown", "72 h of silence are needed"
            assert not recorder.ever("stranded")

            clock.advance(2 * HOUR)
            assert (first.use(new), second.use_old()) == (200, 401)
            shown(serve, {"stranded": 3, "drained": 1, "dormant": 2})
            samples = serve.metrics()
            assert mode(samples) == "absent"
            assert value(samples, "keyshift_fallback_mode_contradicted") == 0
            assert checks(samples)["none_stranded"] == 0
            assert checks(samples)["fallback_mode"] == 1
            assert not is_safe(samples)

            replacement = second.new_key()
            serve.wait_for_poll()
            assert phases(serve.metrics())["stranded"] == 3, "a new key that nobody uses helps no client"
            assert second.use(replacement) == 200
            shown(serve, {"stranded": 2, "drained": 2, "dormant": 2})

            fourth.delete()
            shown(serve, {"stranded": 1, "drained": 2, "dormant": 2, "retired_in_use": 1})
            assert third.use(third.new_key()) == 200
            late = fourth.new_key(name=f"{fourth.key.name} v2")
            shown(serve, {"drained": 3, "dormant": 2, "retired": 1}, lambda: fourth.use(late))
            samples = serve.metrics()
            assert mode(samples) == "absent", "and so it stays when nobody is left to prove it"
            assert checks(samples)["none_stranded"] == checks(samples)["none_retired_in_use"] == 1
        assert transitions(recorder.scrapes[-1])["stranded"] == 3


# --- a gateway with a fallback


@pytest.mark.parametrize("drain_window,meanwhile,silence", [("5s", "unknown", 72 * HOUR), ("7d", "present", 7 * DAY)])
def test_a_fallback_is_present_while_it_works_and_found_absent_after_it_was_switched_off(
    clock: Clock, travelling: Database, drain_window: str, meanwhile: str, silence: timedelta
):
    """What was seen counts for the drain window, and at least 72 hours of silence are needed after that."""
    planted = plant(travelling, owners=3)
    config = tree(travelling, drain_window)
    gateway = Gateway(travelling.dsn(), behaviour="fallback", require_auth=True)
    with gateway, Serve(config, env=clock.environment) as serve, Recorder(serve):
        owners = owners_of(planted, gateway)
        moved, *stayed = owners
        assert mode(serve.metrics()) == "unknown"
        new = moved.new_key()
        assert moved.use(new) == 200

        def everybody_works() -> bool:
            time.sleep(0.01)
            return {owner.use_old() for owner in owners} == {moved.use(new)} == {200}

        eventually(lambda: everybody_works() and mode(serve.metrics()) == "present", TIMEOUT, "a fallback at work")
        shown(serve, {"pending": 2, "overlap": 1}, everybody_works)
        assert checks(serve.metrics())["fallback_mode"] == 1
        time.sleep(1)  # rows tell seconds: now the old key of `moved` is surely used after the new one
        assert everybody_works()
        serve.wait_for_poll()

        gateway.set_fallback(False)
        assert {owner.use_old() for owner in owners} == {401}
        eventually(lambda: mode(serve.metrics()) == meanwhile, TIMEOUT, meanwhile)
        assert ("fallback_mode" in checks(serve.metrics())) == (meanwhile == "present")
        clock.advance(silence - 2 * HOUR)
        assert moved.use(new) == 200
        serve.wait_for_poll()
        serve.wait_for_poll()
        assert mode(serve.metrics()) == meanwhile
        assert "stranded" not in phases(serve.metrics())

        clock.advance(3 * HOUR)
        assert moved.use(new) == 200
        assert {owner.use_old() for owner in stayed} == {401}
        shown(serve, {"stranded": 3})  # whoever uses old and new key side by side is two clients
        assert mode(serve.metrics()) == "absent"
        assert checks(serve.metrics())["none_stranded"] == 0

        gateway.set_fallback(True)
        assert {owner.use_old() for owner in stayed} == {200}
        eventually(lambda: mode(serve.metrics()) == "present", TIMEOUT, "the fallback that is back")
        shown(serve, {"pending": 2, "drained": 1})


def test_a_key_that_is_used_seldom_is_not_stranded_between_two_uses(clock: Clock, travelling: Database):
    """Its rhythm has been seen: every fortnight. The fallback is at work all the time."""
    planted = plant(travelling, owners=2)
    gateway = Gateway(travelling.dsn(), behaviour="fallback", require_auth=True)
    with gateway, Serve(tree(travelling, "7d"), env=clock.environment) as serve:
        daily, fortnightly = owners_of(planted, gateway)
        new = daily.new_key()

        def pass_days(days: int, *users: Callable[[], int]) -> None:
            clock.advance(days * DAY)
            assert {use() for use in users} == {200}
            serve.wait_for_poll()
            serve.wait_for_poll()

        pass_days(0, lambda: daily.use(new), fortnightly.use_old)
        pass_days(14, lambda: daily.use(new), fortnightly.use_old)
        with Recorder(serve) as recorder:
            for days in (6, 2, 5):
                pass_days(days, lambda: daily.use(new))
                assert checks(serve.metrics())["no_live_use"] == 0
            pass_days(1, lambda: daily.use(new), fortnightly.use_old)
            pass_days(9, lambda: daily.use(new))
        assert {mode(samples) for samples in recorder.scrapes} == {"present"}
        assert all(phases(samples)["pending"] == 1 for samples in recorder.scrapes)


# --- deletions


@pytest.mark.parametrize("replacement", ["before", "after"])
def test_a_key_that_is_deleted_while_in_use_alarms_until_its_replacement_is_used(database: Database, replacement: str):
    """The replacement was made before the deletion and not used, or is made only after it."""
    planted = plant(database, owners=2)
    gateway = Gateway(database.dsn(), behaviour="fallback", require_auth=True)
    with gateway, Serve(tree(database, "1h")) as serve, Recorder(serve) as recorder:
        hasty, other = owners_of(planted, gateway)
        assert (hasty.use_old(), other.use_old()) == (200, 200)
        new = hasty.new_key() if replacement == "before" else ""
        serve.wait_for_poll()
        shown(serve, {"pending": 1, "issued": 1} if new else {"pending": 2})

        hasty.delete()
        serve.wait_for_poll()
        assert phases(serve.metrics()) == {"pending": 1, "retired_in_use": 1}
        without = [samples for samples in recorder.scrapes if value(samples, "keyshift_keys", state="legacy") == 1]
        assert all("retired_in_use" in phases(samples) for samples in without), "the poll that misses it, alarms"
        assert hasty.use_old() == 401
        assert checks(serve.metrics())["none_retired_in_use"] == 0
        assert value(serve.metrics(), "keyshift_migration_removed_ratio") == 0.5

        serve.restart()
        assert phases(serve.metrics()) == {"pending": 1, "retired_in_use": 1}
        new = new or hasty.new_key()
        serve.wait_for_poll()
        assert phases(serve.metrics())["retired_in_use"] == 1, "a key that nobody uses lets nobody in"
        shown(serve, {"pending": 1, "retired": 1}, lambda: hasty.use(new))
        assert checks(serve.metrics())["none_retired_in_use"] == 1
    expected = {"issued": 1, "retired_in_use": 1, "retired": 1}
    assert transitions(recorder.scrapes[-1]) == {
        phase: n for phase, n in expected.items() if phase != "issued" or replacement == "before"
    }


def test_a_key_that_is_deleted_when_it_is_no_longer_used_alarms_nobody(database: Database):
    planted = plant(database, owners=3)
    gateway = Gateway(database.dsn(), behaviour="fallback", require_auth=True)
    with gateway, Serve(tree(database, "60s")) as serve, Recorder(serve) as recorder:
        first, second, _ = owners_of(planted, gateway)
        assert second.use(second.new_key()) == 200
        shown(serve, {"pending": 2, "drained": 1})
        first.delete()
        second.delete()
        shown(serve, {"pending": 1, "retired": 2})
    assert not recorder.ever("retired_in_use")


def test_that_the_owner_uses_some_other_key_does_not_end_the_alarm(database: Database):
    """The only new key of the owner of the only old one may be its replacement, and may be anything."""
    planted = plant(database, owners=1)
    gateway = Gateway(database.dsn(), behaviour="fallback", require_auth=True)
    with gateway, Serve(tree(database, "2s", fallback="present")) as serve, Recorder(serve) as recorder:
        (owner,) = owners_of(planted, gateway)
        assert owner.use_old() == 200
        eventually(lambda: value(serve.metrics(), "keyshift_legacy_uses_observed_total") == 1, TIMEOUT, "the use")
        owner.delete()
        shown(serve, {"retired_in_use": 1})
        other = owner.new_key(name="something else")
        began = time.monotonic()
        while time.monotonic() < began + 4:  # longer than anything here could have to wait
            assert owner.use(other) == 200
            serve.wait_for_poll()
        assert phases(serve.metrics()) == {"retired_in_use": 1}
        failed = {check for check, result in checks(serve.metrics()).items() if not result}
        assert failed == {"none_retired_in_use"}
    assert not any(is_safe(samples) for samples in recorder.scrapes)


# --- from the first key to the last


@pytest.mark.parametrize("fallback", ["detect", "present"])
def test_a_migration_goes_through_its_phases_and_ends_safe(database: Database, fallback: str):
    planted = plant(database, owners=1, special=True)
    gateway = Gateway(database.dsn(), behaviour="fallback", require_auth=True)
    with gateway, Serve(tree(database, "5s", fallback=fallback, interval="100ms")) as serve:
        (owner,) = owners_of(planted, gateway)
        aside = {"quarantined": 1, "expired": 1}
        with Recorder(serve) as recorder:
            (modern,) = (key for key in planted.keys if key.name == "metered")
            assert owner.use(modern.text) == 200
            shown(serve, {"pending": 1, **aside}, owner.use_old)
            serve.wait_for_poll()
            new = owner.new_key()
            shown(serve, {"issued": 1, **aside}, owner.use_old)
            assert owner.use(new) == 200
            shown(serve, {"overlap": 1, **aside}, owner.use_old)
            assert owner.use_old() == 200
            assert mode(serve.metrics()) == "present"
            # No client uses the old key from here on.
            shown(serve, {"drained": 1, **aside}, lambda: owner.use(new))
            owner.delete()
            shown(serve, {"retired": 1, **aside}, lambda: owner.use(new))
            eventually(lambda: is_safe(serve.metrics()), TIMEOUT, "safe")
        assert recorder.phases() == [
            {phase: 1, **aside} for phase in ("pending", "issued", "overlap", "drained", "retired")
        ]
        assert transitions(recorder.scrapes[-1]) == {"issued": 1, "overlap": 1, "drained": 1, "retired": 1}
        assert value(recorder.scrapes[-1], "keyshift_migration_removed_ratio") == pytest.approx(1 / 3)
        assert value(recorder.scrapes[-1], "keyshift_migration_last_progress_timestamp_seconds") is not None
        too_early = {"pending", "issued", "overlap"}
        assert not any(is_safe(samples) and too_early & {*phases(samples)} for samples in recorder.scrapes)


# --- the verdict


class Drained:
    """Two owners whose old keys rest while the new ones are used: all but watching is done. The database is reached
    through `proxy`."""

    def __init__(self, postgres: Postgres, **options: Any):
        self.database = postgres.create_database("gateway")
        planted = plant(self.database, owners=2)
        self.proxy = Proxy(postgres.port)
        self.gateway = Gateway(self.database.dsn(), behaviour="fallback", require_auth=True)
        behind = self.database.dsn().replace(f":{postgres.port}/", f":{self.proxy.port}/")
        self.serve = Serve(tree(self.database, "4s", fallback="present", dsn=behind, **options))
        self.gateway.start()
        self.owners = owners_of(planted, self.gateway)
        for owner in self.owners:
            assert owner.use(owner.new_key()) == 200
        # The old ones were used beside the new ones, long ago: last uses are evidence that was proved.
        self.database.execute(
            """UPDATE virtual_keys SET created_at = now() - interval '30 days' WHERE key_lookup_hash IS NOT NULL;
               UPDATE virtual_keys SET last_used_at = now() - interval '10 days' WHERE key_lookup_hash IS NULL"""
        )

    def close(self) -> None:
        self.serve.close()
        self.gateway.stop()
        self.gateway.close()
        self.proxy.close()


@pytest.fixture
def drained(own_postgres: Postgres) -> Iterator[Drained]:
    with closing(Drained(own_postgres)) as world:
        yield world


def test_the_verdict_waits_for_its_coverage(drained: Drained):
    with drained.serve as serve, Recorder(serve) as recorder:
        eventually(lambda: is_safe(serve.metrics()), TIMEOUT, "safe")
    assert recorder.phases() == [{"drained": 2}]
    until = next(number for number, samples in enumerate(recorder.scrapes) if is_safe(samples))
    assert until > 10
    for samples in recorder.scrapes[1:until]:
        assert {check for check, result in checks(samples).items() if not result} <= {"coverage", "no_fallback_hits"}
    # Nothing else held it up, and SAFE itself waits for one census more.
    waited = [samples for samples in recorder.scrapes[1:until] if checks(samples)["coverage"] == 0]
    assert len(waited) > 5
    began = value(recorder.scrapes[until], "keyshift_observation_start_timestamp_seconds", source="keys")
    last = value(recorder.scrapes[until], "keyshift_source_last_success_timestamp_seconds", source="keys")
    assert 3.9 < last - began < 8


def test_the_verdict_falls_when_a_drained_key_is_used_again(drained: Drained):
    with drained.serve as serve, Recorder(serve) as recorder:
        eventually(lambda: is_safe(serve.metrics()), TIMEOUT, "safe")
        assert drained.owners[0].use_old() == 200
        serve.wait_for_poll()
        samples = serve.metrics()
        assert not is_safe(samples)
        assert checks(samples)["no_live_use"] == 0
        assert value(samples, "keyshift_fallback_removal_earliest_timestamp_seconds") > time.time()
        shown(serve, {"overlap": 1, "drained": 1})
        eventually(lambda: is_safe(serve.metrics()), TIMEOUT, "safe again")
        assert transitions(serve.metrics()) == {"overlap": 1, "drained": 1}
    assert {"overlap": 1, "drained": 1} in recorder.phases()


def test_the_verdict_begins_to_wait_anew_when_a_backup_has_taken_uses_away(drained: Drained):
    """Uses that were seen are known, but those between the last poll and the backup are lost."""
    with drained.serve as serve, Recorder(serve) as recorder:
        assert drained.owners[0].use_old() == 200
        shown(serve, {"overlap": 1, "drained": 1}, drained.owners[0].use_old)

        def covered() -> bool:
            assert drained.owners[0].use_old() == 200
            return checks(serve.metrics())["coverage"] == 1

        eventually(covered, TIMEOUT, "enough coverage")
        restored = time.time()
        drained.database.execute("UPDATE virtual_keys SET last_used_at = last_used_at - interval '3 hours'")
        eventually(lambda: checks(serve.metrics())["coverage"] == 0, TIMEOUT, "coverage anew")
        shown(serve, {"drained": 2})
        eventually(lambda: is_safe(serve.metrics()), TIMEOUT, "safe")
    safe = next(samples for samples in recorder.scrapes if is_safe(samples))
    assert value(safe, "keyshift_fallback_removal_earliest_timestamp_seconds") > restored + 4


def test_a_key_that_only_its_owners_only_new_key_may_replace_is_never_safe(drained: Drained):
    name = drained.owners[0].key.name
    drained.database.execute(
        "UPDATE virtual_keys SET name = 'something else' WHERE key_lookup_hash IS NOT NULL AND name = %s", (name,)
    )
    with drained.serve as serve, Recorder(serve) as recorder:
        eventually(lambda: checks(serve.metrics())["coverage"] == 1, TIMEOUT, "enough coverage")
        serve.wait_for_poll()
        failed = {check for check, result in checks(serve.metrics()).items() if not result}
        assert failed == {"inventory"}
        assert not any(is_safe(samples) for samples in recorder.scrapes)
        assert phases(serve.metrics()) == {"drained": 2}


@pytest.mark.parametrize("failure", ["stopped", "silent"])
def test_the_verdict_falls_when_the_database_is_not_reached(own_postgres: Postgres, drained: Drained, failure: str):
    with drained.serve as serve, Recorder(serve) as recorder:
        eventually(lambda: is_safe(serve.metrics()), TIMEOUT, "safe")
        polls = serve.polls()
        if failure == "stopped":
            own_postgres.stop()
        else:
            drained.proxy.pause()
        eventually(lambda: not is_safe(serve.metrics()), TIMEOUT, "no verdict on old numbers")
        assert serve.polls() <= polls + (3 if failure == "stopped" else 1), "at once, or before any poll has ended"
        samples = serve.metrics()
        assert "sources_fresh" not in checks(samples), "unknown, not failed"
        assert phases(samples) == {"drained": 2}, "the last that is known"
        if failure == "stopped":
            serve.wait_for_poll()
            assert not is_safe(serve.metrics())
            own_postgres.start()
        else:
            drained.proxy.resume_and_cut()
        eventually(lambda: is_safe(serve.metrics()), 30, "safe again")
    assert recorder.phases() == [{"drained": 2}]


def test_a_daemon_that_has_not_read_the_table_since_its_start_says_nothing(own_postgres: Postgres, drained: Drained):
    with drained.serve as serve:
        eventually(lambda: is_safe(serve.metrics()), TIMEOUT, "safe")
        serve.stop()
        own_postgres.stop()
        serve.start()
        with Recorder(serve):
            samples = serve.metrics()
            assert not is_safe(samples)
            assert (phases(samples), mode(samples)) == ({}, None)
            own_postgres.start()
            eventually(lambda: is_safe(serve.metrics()), 30, "safe again")


# --- restarts


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_phases_and_their_counters_continue_over_a_restart(database: Database, end: str):
    table = KeyTable(database)
    owner = table.add_user("owner@example.com")

    def old(name: str, idle: timedelta, **columns: Any) -> str:
        return table.add(name=name, owner=owner, idle=idle, **columns)

    minute = HOUR / 60
    old("pending", minute)
    old("dormant", 60 * DAY)
    issued = old("issued", minute)
    overlap = old("overlap", minute)
    drained = old("drained", 2 * HOUR)
    done = old("done", 2 * HOUR)
    upgraded = old("upgraded", minute)
    old("quarantined", minute, blocked=True)
    old("expired", minute, max_budget=1.0, current_spend=1.0)
    for name, idle in (("issued", None), ("overlap", minute), ("drained", minute), ("done", minute)):
        table.add(legacy=False, name=name, owner=owner, age=2 * DAY, idle=idle)
    with Serve(tree(database, "1h")) as serve, Recorder(serve) as recorder:
        ones = dict.fromkeys(("dormant", "issued", "overlap", "quarantined", "expired"), 1)
        assert phases(serve.metrics()) == {**ones, "pending": 2, "drained": 2}
        assert transitions(serve.metrics()) == {}, "what the first census finds is no transition"
        table.upgrade(upgraded)
        serve.wait_for_poll()
        assert value(serve.metrics(), "keyshift_legacy_keys_upgraded_unused") == 1
        assert phases(serve.metrics())["retired_in_use"] == 1, "upgraded, not used since"
        time.sleep(1)  # a use within the second of the upgrade may be one of before
        table.use(upgraded)
        table.delete(overlap, done)
        shown(serve, half_way := {
            "pending": 1, "dormant": 1, "issued": 1, "drained": 1, "quarantined": 1, "expired": 1,
            "upgraded": 1, "retired": 1, "retired_in_use": 1,
        })
        gone = {**dict.fromkeys(GONE, 1), "retired_in_use": 2}
        assert transitions(serve.metrics()) == gone

        for _ in range(2):
            getattr(serve, end)()
            serve.start()
            assert phases(serve.metrics()) == half_way
            assert transitions(serve.metrics()) == gone
            serve.wait_for_poll()
            assert phases(serve.metrics()) == half_way

        getattr(serve, end)()
        table.use(drained)
        table.delete(issued)
        serve.start()
        shown(serve, {
            "pending": 1, "dormant": 1, "overlap": 1, "quarantined": 1, "expired": 1,
            "upgraded": 1, "retired": 1, "retired_in_use": 2,
        })
        assert transitions(serve.metrics()) == {"overlap": 1, "upgraded": 1, "retired": 1, "retired_in_use": 3}
        assert value(serve.metrics(), "keyshift_legacy_keys_baseline") == 9
    assert {sum(seen.values()) for seen in recorder.phases()} == {9}


@pytest.mark.time_limit(180)
def test_kill_9_at_any_moment_loses_no_phase_and_counts_no_transition_twice(database: Database):
    """A hundred keys are replaced, used, and deleted in rounds; keyshift is killed in the middle of each."""
    table = KeyTable(database)
    owner = table.add_user("owner@example.com")
    keys = [table.add(name=f"key number {n} of many", owner=owner, idle=2 * HOUR) for n in range(100)]
    with Serve(tree(database, "1h", interval="100ms")) as serve, Recorder(serve):
        assert phases(serve.metrics()) == {"pending": 100}
        for number in range(5):
            names = [f"key number {n} of many" for n in range(number * 20, number * 20 + 20)]
            for name in names:
                table.add(legacy=False, name=name, owner=owner, age=timedelta(), idle=timedelta())
            serve.kill9()
            serve.start()
            left = {"pending": 80 - number * 20} if number < 4 else {}
            gone = {"retired": number * 20} if number else {}
            shown(serve, {"drained": 20, **left, **gone})
            table.delete(*keys[number * 20 : number * 20 + 20])
            time.sleep(0.03 * number)  # each round is hit at another moment
            serve.kill9()
            serve.start()
            shown(serve, {"retired": number * 20 + 20, **left})
        assert transitions(serve.metrics()) == {"drained": 100, "retired": 100}
        assert by_label(serve.metrics(), "keyshift_migration_state", "state")["complete"] == 1


# --- an assertion against the evidence


def test_an_absent_fallback_that_is_at_work_contradicts(database: Database):
    planted = plant(database, owners=2, modern_keys=1)
    gateway = Gateway(database.dsn(), behaviour="fallback", require_auth=True)
    with gateway, Serve(tree(database, "1h", fallback="absent")) as serve, Recorder(serve):
        samples = serve.metrics()
        assert (mode(samples), value(samples, "keyshift_fallback_mode_contradicted")) == ("absent", 0)
        first, second = owners_of(planted, gateway)
        (modern,) = planted.with_role("active", legacy=False)
        assert first.use(modern.text) == 200

        def contradicted() -> bool:
            assert first.use_old() == 200
            return value(serve.metrics(), "keyshift_fallback_mode_contradicted") == 1

        eventually(contradicted, TIMEOUT, "the contradiction")
        samples = serve.metrics()
        assert mode(samples) == "absent", "what was asserted"
        assert "fallback_mode" not in checks(samples)
        assert not is_safe(samples)


def test_a_present_fallback_that_is_not_there_contradicts(clock: Clock, travelling: Database):
    planted = plant(travelling, owners=2)
    config = tree(travelling, "7d", fallback="present")
    with Gateway(travelling.dsn(), require_auth=True) as gateway:
        with Serve(config, env=clock.environment) as serve, Recorder(serve):
            first, second = owners_of(planted, gateway)
            new = first.new_key()
            assert (first.use(new), second.use_old()) == (200, 401)
            serve.wait_for_poll()
            samples = serve.metrics()
            assert (mode(samples), value(samples, "keyshift_fallback_mode_contradicted")) == ("present", 0)
            clock.advance(73 * HOUR)
            assert first.use(new) == 200
            eventually(
                lambda: value(serve.metrics(), "keyshift_fallback_mode_contradicted") == 1, TIMEOUT, "the contradiction"
            )
            samples = serve.metrics()
            assert mode(samples) == "present"
            assert "fallback_mode" not in checks(samples)
            assert not is_safe(samples)
