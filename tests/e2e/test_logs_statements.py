# SPDX-License-Identifier: Apache-2.0
"""A gateway built on sqlx that logs its statements, watched by its log alone: what they tell, against what the
simulated gateway says it did, without pg_stat_statements."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from gateway_sim import Gateway, Planted, Seed
from harness.product.keyshift import Serve
from harness.product.verdicts import ask, check, is_safe
from harness.product.watching import watching
from harness.product.watching_logs import events, lines, reasons
from harness.servers.postgres import Database
from harness.tools.wait import eventually

WINDOW_SECONDS = 5
STATEMENTS_ALONE = "info,sqlx::query=debug,inferxgate=error"
# As `keyshift doctor` advises it: the gateway's own lines tell of the same uses.
ADVISED = "info,sqlx::query=debug,inferxgate=debug"


def plant(database: Database) -> Planted:
    """Two owners with a legacy key each, the first with a modern one beside it, and nothing else."""
    seed = Seed(
        seed=11, owners=2, keys_per_owner=1, system_keys=0, dormant_keys=0, unused_keys=0, modern_keys=1, special=False
    )
    return seed.plant(database.dsn())


class Clients:
    """They call the gateway with legacy, modern and garbage keys."""

    def __init__(self, gateway: Gateway, planted: Planted):
        self._gateway, self._planted = gateway, planted
        self._garbage = itertools.count()
        self.legacy = [key.text for key in planted.keys if key.legacy]
        self.modern = [key.text for key in planted.keys if not key.legacy]
        self.last_use = 0.0  # of a legacy key, by the clock of this host

    def call(self, key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.post(f"{self._gateway.url}/v1/models", headers=headers, timeout=20).status_code

    def use_modern(self, times: int = 1) -> None:
        for _ in range(times):
            assert all(self.call(key) == 200 for key in self.modern)

    def use_legacy(self, times: int = 1, answer: int = 200) -> None:
        for _ in range(times):
            assert all(self.call(key) == answer for key in self.legacy)
            self.last_use = time.time()

    def try_garbage(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.call(f"sk-garbage{next(self._garbage)}") == 401

    def move(self) -> None:
        """Each owner makes a key of the old one's name, and uses it from now on."""
        for key in self._planted.keys:
            if not key.legacy:
                continue
            login = {"email": key.owner.email, "password": key.owner.password}
            token = requests.post(f"{self._gateway.url}/auth/login", json=login, timeout=20).json()["token"]
            made = requests.post(
                f"{self._gateway.url}/auth/key/generate",
                json={"name": key.name},
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
            )
            self.modern.append(made.json()["key"])
        self.legacy = []


def told(gateway: Gateway, *, scans: bool = True) -> dict[str, int]:
    """What the log must tell, by the gateway's own account; what is 0 is not there. `scans`: a line of the gateway's own
    tells of them otherwise."""
    statements = gateway.counts()["statements"]

    def of(tag: str, member: str) -> int:
        return statements.get(tag, {}).get(member, 0)

    found = {
        "lookup_found": of("lookup", "rows"),
        "lookup_not_found": of("lookup", "calls") - of("lookup", "rows"),
        "fallback_scan": of("scan", "calls") if scans else 0,
        "verification": of("touch", "rows"),
    }
    return {name: count for name, count in found.items() if count}


def is_counted(serve: Serve, expected: dict[str, int]) -> bool:
    seen = events(serve)
    return {name: seen.get(name, 0) for name in expected} == expected


def wait_until_told(serve: Serve, gateway: Gateway, **what: bool) -> dict[str, int]:
    """Waits until both agree; they never do again where something counts twice or is lost."""
    expected = told(gateway, **what)
    eventually(lambda: is_counted(serve, expected), 15, f"the log tells {expected}, and not {events(serve)}")
    looks = serve.polls("gateway_log")
    eventually(lambda: serve.polls("gateway_log") >= looks + 2, 15, "two more looks")
    assert is_counted(serve, expected), events(serve)
    assert "unparsed" not in lines(serve, "gateway_log")
    return expected


def log_collector(gateway: Gateway, form: str) -> dict:
    return {"type": "gateway_log", "format": form, "input": {"files": [str(gateway.log_path)]}, "interval": "200ms"}


def tree_of(database: Database, gateway: Gateway, form: str) -> dict:
    tree = watching(database.dsn(), gateway={"last_used_delay": "1s"})
    tree["collectors"].append(log_collector(gateway, form))
    tree["migration"] = {"drain_window": f"{WINDOW_SECONDS}s", "dormant_after": "60d"}
    return tree


@contextmanager
def gateway_of(database: Database, path: Path, **options) -> Iterator[Gateway]:
    with Gateway(database.dsn(), require_auth=True, log_file=path / "gateway.log", **options) as gateway:
        yield gateway


def rotate(gateway: Gateway) -> None:
    """As logrotate does by renaming: the gateway goes on in the old file until it is started again."""
    gateway.log_path.rename(gateway.log_path.with_name("gateway.log.1"))


@pytest.mark.parametrize("style", ["text", "text without colours", "json"])
def test_without_a_fallback_a_lookup_that_finds_nothing_is_a_refused_key(database: Database, tmp_path: Path, style: str):
    planted = plant(database)
    options = {"log_format": "json" if style == "json" else "text", "colour": style == "text"}
    with gateway_of(database, tmp_path, log_level=STATEMENTS_ALONE, **options) as gateway:
        clients = Clients(gateway, planted)
        tree = tree_of(database, gateway, "tracing_json" if style == "json" else "tracing_text")
        with Serve(tree) as serve:
            for _ in range(8):
                clients.use_modern(2)
                clients.use_legacy(answer=401)
                clients.try_garbage()
            rotate(gateway)
            clients.use_legacy(3, answer=401)
            clients.use_modern()
            gateway.restart()
            clients.try_garbage(4)
            clients.use_modern()
            expected = wait_until_told(serve, gateway)
            refused = gateway.counts()["failures"]["unknown_key"]
            assert refused == expected["lookup_not_found"] == 8 * 3 + 3 * 2 + 4
            assert expected["lookup_found"] == 8 * 2 + 2 and "fallback_scan" not in expected
            assert reasons(serve) == {"unknown_key": refused}
            assert serve.metric("keyshift_evidence_info", signal="auth_failures", evidence="gateway_log") == 1
            serve.kill9()
            serve.start()
            assert reasons(serve) == {"unknown_key": refused}, "a line counts once"


def test_scans_are_the_fallback_and_safe_is_reached_when_it_goes_quiet(database: Database, tmp_path: Path):
    planted = plant(database)
    with gateway_of(database, tmp_path, behaviour="fallback", log_level=STATEMENTS_ALONE) as gateway:
        clients = Clients(gateway, planted)
        with Serve(tree_of(database, gateway, "tracing_text")) as serve:
            clients.use_modern(3)
            wait_until_told(serve, gateway)
            assert "gateway_log (it has never counted a hit)" in check(serve, "no_fallback_hits")[1]
            # Nobody presents a key that never was: each scan is a use.
            clients.use_legacy(6)
            rotate(gateway)
            clients.use_legacy(4)
            gateway.restart()
            clients.use_legacy(2)
            uses = gateway.counts()["fallback"]["hits"]
            assert uses == wait_until_told(serve, gateway)["fallback_scan"] == 2 * 12
            eventually(lambda: serve.metric("keyshift_fallback_auth_total") == uses, 15, f"{uses} uses")
            assert serve.metric("keyshift_evidence_info", signal="fallback", evidence="gateway_log") == 1
            assert "unproved" not in check(serve, "no_fallback_hits")[1]
            # Some do, while the clients move.
            for _ in range(6):
                clients.try_garbage(2)
                clients.use_legacy()
                clients.use_modern()
            clients.move()
            uses = gateway.counts()["fallback"]["hits"]
            assert wait_until_told(serve, gateway)["fallback_scan"] == uses + 12
            with going_on(clients):
                assert_safe_after(serve, clients)
                outcome, evidence = check(serve, "no_fallback_hits")
                assert outcome == "pass" and ": 0 fallback hits" in evidence and "unproved" not in evidence, evidence
            scans = wait_until_told(serve, gateway)["fallback_scan"]
            counted = serve.metric("keyshift_fallback_auth_total")
            assert uses <= counted <= scans, "scans within two seconds of a use may be of it"
            assert is_safe(serve)


def test_where_lines_of_the_gateways_own_tell_of_the_same_uses_each_counts_once(database: Database, tmp_path: Path):
    planted = plant(database)
    with gateway_of(database, tmp_path, behaviour="fallback", log_level=ADVISED) as gateway:
        clients = Clients(gateway, planted)
        with Serve(tree_of(database, gateway, "tracing_text")) as serve:

            def counted() -> float:
                return serve.metric("keyshift_fallback_auth_total")

            # The scan of the first use stands before the first line of the rule, and may count beside it.
            clients.use_legacy()
            wait_until_told(serve, gateway, scans=False)
            eventually(lambda: 2 <= counted() <= 3, 15, f"two uses, not {counted()}")
            wait_until_told(serve, gateway, scans=False)
            beside = counted() - 2
            for _ in range(6):
                clients.try_garbage(2)
                clients.use_legacy()
                clients.use_modern()
            wait_until_told(serve, gateway, scans=False)
            uses = gateway.counts()["fallback"]["hits"]
            assert uses == 14
            eventually(lambda: counted() == uses + beside, 15, f"{uses} uses, not {counted()}")
            clients.try_garbage(3)
            clients.move()
            with going_on(clients):
                assert_safe_after(serve, clients)
            assert counted() == uses + beside, "garbage keys are none"


def test_where_no_last_use_is_known_the_log_alone_carries_the_verdict(database: Database, tmp_path: Path):
    """Then nothing tells a scan for a garbage key from a use: each of them keeps SAFE away for a window."""
    planted = plant(database)
    with gateway_of(database, tmp_path, behaviour="fallback", log_level=STATEMENTS_ALONE) as gateway:
        clients = Clients(gateway, planted)
        tree = tree_of(database, gateway, "tracing_text")
        tree["gateway"] |= {"fallback": "present", "columns": {"last_used_at": None}}
        tree["migration"]["dormant_after"] = "5s"
        # That keys are checked at all is told by no last use.
        tree["collectors"].append({"type": "probe", "url": f"{gateway.url}/v1/models", "method": "POST"})
        with Serve(tree) as serve:
            clients.use_modern()
            clients.use_legacy(5)
            scans = told(gateway)["fallback_scan"]
            assert scans == 10
            eventually(lambda: serve.metric("keyshift_fallback_auth_total") == scans, 15, f"{scans} uses")
            eventually(lambda: serve.metric("keyshift_legacy_keys", phase="dormant") == 2, 40, "they are dormant")
            ask(serve, "ack", *[key.id for key in planted.keys if key.legacy], "--note", "their owners have moved")
            with going_on(clients, garbage=0):
                assert_safe_after(serve, clients)
                outcome, evidence = check(serve, "no_fallback_hits")
                assert outcome == "pass" and evidence.startswith("gateway_log: 0 fallback hits"), evidence
                clients.try_garbage()
                clients.last_use = time.time()
                eventually(lambda: not is_safe(serve), 10, "it may have been a use")
                outcome, evidence = check(serve, "no_fallback_hits")
                assert outcome == "NOT_YET" and "for a legacy or unknown key since" in evidence, evidence
                assert_safe_after(serve, clients)


@contextmanager
def going_on(clients: Clients, garbage: int = 1) -> Iterator[None]:
    """Modern keys are used and garbage is tried all the time, as in the field."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(0.2):
            clients.use_modern()
            clients.try_garbage(garbage)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def assert_safe_after(serve: Serve, clients: Clients) -> None:
    """SAFE comes, and not before a whole window has passed since the last use."""
    end = time.monotonic() + 60
    while not is_safe(serve):
        if time.monotonic() >= end:
            print(ask(serve, "status"), ask(serve, "doctor"), serve.log()[-5_000:], sep="\n")
            raise AssertionError(f"never SAFE: {ask(serve, 'verdict')}")
        time.sleep(0.05)
    waited = time.time() - clients.last_use
    assert waited >= WINDOW_SECONDS, f"SAFE {waited:.1f} s after a use of the fallback"
