# SPDX-License-Identifier: Apache-2.0
"""SAFE is reached by an honest team, at the moment that the rules say and not earlier, by each kind of evidence.

The gateway here is a thread that sends what the real one sends. Legacy keys are used, then their clients move; the
last use is known, and SAFE must come a drain window after it. Most tests go on with what never ends in the field:
keys that never were, a nightly dump, rollouts.
"""

import http.server
import json
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from harness.product.keyshift import Keyshift, Serve
from harness.product.verdicts import ask, check, is_safe, verdict
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.servers.time_travel import Clock, TravellingPostgres
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

WINDOW_SECONDS = 5
COLUMNS = "id, key_hash, key_lookup_hash, key_prefix, user_id, name, blocked, created_at, last_used_at"
SECOND = timedelta(seconds=1)
API = Path(__file__).parents[2] / "docs" / "api.md"


class Gateway:
    """Clients call ten times a second: one modern key all the time, each key of `legacy` as long as it is there."""

    def __init__(self, database: Database, *, records: bool = True, writes_late: float = 0, promotes: bool = False):
        self.table = KeyTable(database)
        self.owner = self.table.add_user("a@example.com")
        self.modern = self.table.add(legacy=False, owner=self.owner, name="other", age=20 * DAY, idle=SECOND)
        self.legacy: list[str] = []
        self._owners = 0
        self.garbage = False
        self.last_use = 0.0  # of the fallback, by the clock of this host
        self.hits = 0
        self.log = scratch_directory("gateway") / "gateway.log"
        self.log.touch()
        self._records, self._writes_late, self._promotes = records, writes_late, promotes
        self._late: list[tuple[float, str]] = []
        self._database = database
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Gateway":
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stopping.set()
        self._thread.join()

    def add(self, **columns: Any) -> str:
        """A legacy key of an owner of its own."""
        idle = {"idle": 60 * SECOND} if self._records else {}
        self._owners += 1
        owner = self.table.add_user(f"owner{self._owners}@example.com")
        return self.table.add(**{"owner": owner, "name": "app", **idle, **columns})

    def use(self, *keys: str, calls: int = 5) -> None:
        """Their clients call for a while, and then move."""
        before = self.hits
        self.legacy = list(keys)
        eventually(lambda: self.hits >= before + calls * len(keys), 20, "the clients have called")
        self.legacy = []
        done = self._round
        eventually(lambda: self._round > done + 1, 20, "the last call has ended")

    _round = 0

    def _run(self) -> None:
        with closing(self._database.postgres.connect(self._database.name)) as connection:
            connection.autocommit = True
            with connection.cursor() as self._cursor:
                while not self._stopping.wait(0.1):
                    self._one_round()

    def _one_round(self) -> None:
        self._lookup(True)
        self._touch(self.modern)
        for key in list(self.legacy):
            self._fallback(key)
        if self.garbage:
            self._lookup(False)
            self._scan()
        while self._late and self._late[0][0] <= time.time():
            self._touch(self._late.pop(0)[1])
        self._line("Key checked")
        self._round += 1

    def _fallback(self, key: str) -> None:
        self._lookup(False)
        self._scan()
        self.last_use = time.time()
        self.hits += 1
        self._line("Slow key check passed")
        if self._promotes:
            self._cursor.execute(
                "UPDATE virtual_keys SET key_lookup_hash = encode(sha256(id::text::bytea), 'hex') WHERE id::text = %s", (key,)
            )
            # A new list: use() may have put another in its place meanwhile.
            self.legacy = [other for other in self.legacy if other != key]
        if self._records and self._writes_late:
            self._late.append((time.time() + self._writes_late, key))
            self._late.sort(key=lambda write: write[1])  # out of order
        elif self._records:
            self._touch(key)

    def _lookup(self, found: bool) -> None:
        which = "'none'"
        if found:
            self._cursor.execute(f"SELECT key_lookup_hash FROM virtual_keys WHERE id = '{self.modern}'")
            which = f"'{self._cursor.fetchone()[0]}'"
        self._cursor.execute(f"SELECT {COLUMNS} FROM virtual_keys WHERE key_lookup_hash = {which}")

    def _scan(self) -> None:
        self._cursor.execute(f"SELECT {COLUMNS} FROM virtual_keys WHERE key_lookup_hash IS NULL AND NOT blocked")

    def _touch(self, key: str) -> None:
        if self._records or key == self.modern:
            self._cursor.execute(f"UPDATE virtual_keys SET last_used_at = now() WHERE id = '{key}'")

    def _line(self, message: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} DEBUG inferxgate::auth: {message}\n")


def configured(database: Database, *collectors: dict[str, Any], gateway: dict | None = None, **migration: str) -> dict:
    tree = watching(database.dsn(), gateway={"last_used_delay": "1s", **(gateway or {})})
    tree["collectors"] += collectors
    tree["migration"] = {"drain_window": f"{WINDOW_SECONDS}s", "dormant_after": "60d", **migration}
    return tree


STATEMENTS = {"type": "statements", "interval": "200ms"}


def log_of(gateway: Gateway) -> dict[str, Any]:
    rules = [
        {"event": "fallback", "message": "Slow key check passed", "level": "debug"},
        {"event": "auth_cache_miss", "message": "Key checked", "level": "debug"},
    ]
    return {"type": "gateway_log", "format": "tracing_text", "input": {"files": [str(gateway.log)]}, "rules": rules}


@contextmanager
def metrics_page(gateway: Gateway) -> Iterator[tuple[str, "MetricsPage"]]:
    page = MetricsPage(gateway)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), page.handler())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics", page
    finally:
        server.shutdown()
        server.server_close()


class MetricsPage:
    """The replica's counter: in its process, so that a rollout loses it."""

    def __init__(self, gateway: Gateway):
        self._gateway = gateway
        self._begun_at = 0

    def roll_out(self) -> None:
        self._begun_at = self._gateway.hits

    def text(self) -> bytes:
        hits = self._gateway.hits - self._begun_at
        return f"# TYPE gw_fallback_total counter\ngw_fallback_total {hits}\n".encode()

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = page.text()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def metric_of(url: str) -> dict[str, Any]:
    counters = [{"event": "fallback", "metric": "gw_fallback_total"}]
    return {"type": "gateway_metrics", "targets": [url], "interval": "200ms", "counters": counters}


def assert_safe_after(serve: Serve, gateway: Gateway, window: float = WINDOW_SECONDS) -> None:
    """SAFE comes, and not before a whole window has passed since the last use."""
    end = time.monotonic() + 60
    while not is_safe(serve):
        assert time.monotonic() < end, f"never SAFE: {ask(serve, 'verdict')}"
        time.sleep(0.05)
    waited = time.time() - gateway.last_use
    assert waited >= window, f"SAFE {waited:.1f} s after a use of the fallback"


def moved(gateway: Gateway) -> tuple[str, str]:
    """A legacy key and its replacement, which is in use."""
    owner = gateway.table.add_user(f"moved{time.monotonic_ns()}@example.com")
    old = gateway.add(owner=owner)
    new = gateway.table.add(legacy=False, owner=owner, name="app", age=10 * DAY, idle=SECOND)
    return old, new


def may_go(serve: Serve) -> bool:
    """As a pipeline asks it, by the command of docs/api.md, for this daemon."""
    (command,) = re.findall(r"^(curl --fail .*require=SAFE') \|\| echo 'the fallback stays'$", API.read_text(), re.M)
    argv = shlex.split(command.replace("http://127.0.0.1:11947", serve.url))
    code = subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode
    assert code in (0, 22)
    return code == 0


def test_by_statements_under_keys_that_never_were_and_a_dump(database):
    with Gateway(database) as gateway, Serve(configured(database, STATEMENTS)) as serve:
        old, _ = moved(gateway)
        gateway.garbage = True
        gateway.use(old)
        eventually(lambda: serve.metric("keyshift_fallback_auth_total") > 0, 20, "hits are counted")
        subprocess.run(
            ["pg_dump", "--dbname", database.dsn(), "--table", "virtual_keys"], stdout=subprocess.DEVNULL, check=True
        )
        assert_safe_after(serve, gateway)
        scans = serve.metric("keyshift_fallback_scans_total")
        eventually(lambda: serve.metric("keyshift_fallback_scans_total") > scans, 20, "scans in vain go on")
        assert is_safe(serve) and check(serve, "no_fallback_hits")[0] == "pass"
        assert serve.metric("keyshift_fallback_auth_total") < scans
        assert may_go(serve)
        gateway.use(gateway.add())
        eventually(lambda: not is_safe(serve), 20, "a use of the fallback")
        assert not may_go(serve)


def test_scans_are_hits_where_nothing_else_tells_uses(database):
    """Where last uses are not written, a key that never was cannot be told from a use: never SAFE, and it is said."""
    with Gateway(database, records=False) as gateway, Serve(configured(database, STATEMENTS)) as serve:
        old, _ = moved(gateway)
        gateway.garbage = True
        gateway.use(old)
        end = time.monotonic() + 2 * WINDOW_SECONDS
        while time.monotonic() < end:
            assert not is_safe(serve)
            time.sleep(0.1)
        outcome, evidence = check(serve, "no_fallback_hits")
        assert outcome == "NOT_YET" and "last" in evidence, evidence


def test_by_a_log_alone(database):
    with Gateway(database, records=False) as gateway:
        old = gateway.add()
        with Serve(configured(database, log_of(gateway), gateway={"fallback": "present"}, dormant_after="5s")) as serve:
            gateway.use(old)
            eventually(lambda: serve.metric("keyshift_fallback_auth_total") > 0, 20, "hits are counted")
            acknowledge_when_dormant(serve, old)
            assert_safe_after(serve, gateway)
            assert serve.metric("keyshift_evidence_info", signal="fallback", evidence="gateway_log") == 1


def test_by_a_metric_alone(database):
    with Gateway(database, records=False) as gateway, metrics_page(gateway) as (url, _):
        old = gateway.add()
        tree = configured(database, metric_of(url), gateway={"fallback": "present"}, dormant_after="5s")
        with Serve(tree) as serve:
            gateway.use(old)
            eventually(lambda: serve.metric("keyshift_fallback_auth_total") > 0, 20, "hits are counted")
            acknowledge_when_dormant(serve, old)
            assert_safe_after(serve, gateway)


def acknowledge_when_dormant(serve: Serve, key: str) -> None:
    eventually(lambda: serve.metric("keyshift_legacy_keys", phase="dormant") == 1, 40, "the key is dormant")
    ask(serve, "ack", key, "--note", "its owner has moved")


def test_by_last_uses_alone_that_are_written_late_and_out_of_order(database):
    with Gateway(database, writes_late=1) as gateway, Serve(configured(database)) as serve:
        old, _ = moved(gateway)
        older, _ = moved(gateway)
        gateway.use(old, older)
        assert_safe_after(serve, gateway)


def test_where_a_use_promotes(database):
    tree = configured(database, STATEMENTS, gateway={"promotes_in_place": True})
    with Gateway(database, promotes=True) as gateway, Serve(tree) as serve:
        keys = [gateway.add(name=f"app {n}") for n in range(3)]
        eventually(lambda: serve.keys()[0] == 3, 20, "the keys are known")
        gateway.garbage = True
        for key in keys:
            gateway.use(key, calls=1)
        assert_safe_after(serve, gateway)
        assert serve.metric("keyshift_legacy_keys", phase="upgraded") == 3


@pytest.mark.parametrize("policy", ["lenient", "strict"])
def test_by_either_policy(database, policy):
    with Gateway(database) as gateway, Serve(configured(database, inventory=policy)) as serve:
        old, new = moved(gateway)
        gateway.use(old)
        gateway.table.use(new)
        eventually(lambda: serve.metric("keyshift_legacy_keys", phase="overlap") == 1, 20, "it was used")
        if policy == "strict":
            eventually(lambda: serve.metric("keyshift_legacy_keys", phase="drained") == 1, 40, "it is drained")
            assert not is_safe(serve)
            gateway.table.delete(old)
        assert_safe_after(serve, gateway)


def test_with_rollouts_of_the_gateway(database):
    """Its counters are lost at each rollout. Last uses are not: they carry the verdict, once they have caught up."""
    with Gateway(database) as gateway, metrics_page(gateway) as (url, page):
        with Serve(configured(database, metric_of(url), gateway={"last_used_delay": "1s"})) as serve:
            old, _ = moved(gateway)
            gateway.use(old)
            assert_safe_after(serve, gateway)
            page.roll_out()
            eventually(lambda: not is_safe(serve), 20, "what the replica had counted may be lost")
            begun = time.time()
            eventually(lambda: is_safe(serve), 20, "SAFE again")
            assert time.time() - begun < WINDOW_SECONDS, "last uses have caught up long before a window has passed"


def test_without_a_fallback(database):
    """Nothing to remove: the canary is refused, and nobody was in use when the format stopped working."""
    with Gateway(database) as gateway:
        gateway.add(idle=200 * DAY)
        with Serve(configured(database, gateway={"fallback": "absent"})) as serve:
            eventually(lambda: serve.metric("keyshift_legacy_keys", phase="dormant") == 1, 20, "the key is idle")
            (key,) = (row[0] for row in database.execute("SELECT id::text FROM virtual_keys WHERE key_lookup_hash IS NULL"))
            ask(serve, "ack", key, "--note", "nobody has it")
            eventually(lambda: is_safe(serve), 60, "SAFE")
            assert "nothing to remove" in ask(serve, "verdict").splitlines()[0]


def test_with_quiet_weekends():
    """Eight keys, no log, nobody calls from Friday to Monday: told by quiet_period, silence proves nothing less."""
    clock = Clock()
    with TravellingPostgres(clock) as postgres:
        database = postgres.create_database("gateway")
        table = KeyTable(database)
        keys, modern = [], []
        for number in range(8):
            owner = table.add_user(f"owner{number}@example.com")
            keys.append(table.add(owner=owner, name="app", idle=DAY))
            modern.append(table.add(owner=owner, name="app", legacy=False, age=20 * DAY, idle=SECOND))
        tree = watching(database.dsn(), gateway={"fallback": "present"})
        tree["migration"] = {"drain_window": "7d", "dormant_after": "60d", "quiet_period": "3d"}
        with Serve(tree, env=clock.environment) as serve:
            table.use(*keys)
            eventually(lambda: serve.metric("keyshift_legacy_keys", phase="overlap") == 8, 20, "the keys are used")
            for day in range(1, 9):
                serve.stop()
                clock.advance(DAY)
                weekend = day in (3, 4)
                if not weekend:
                    table.use(*modern)
                serve.start()
                wait_for_polls(serve, 3)
                outcome, evidence = travelled(serve, clock)["gateway_in_use"]
                assert outcome == "pass", f"day {day}: {evidence}"
                assert day >= 7 or not is_safe(serve), f"SAFE on day {day}"
            eventually(lambda: is_safe(serve), 30, "SAFE a week after the last use")


def wait_for_polls(serve: Serve, count: int) -> None:
    def polls() -> float:
        return serve.metric("keyshift_source_poll_duration_seconds_count", source="keys")

    before = polls()
    eventually(lambda: polls() >= before + count, 30, "some polls")


def travelled(serve: Serve, clock: Clock) -> dict[str, tuple[str, str]]:
    """The checks, by the clock that the daemon has."""
    command = ("verdict", "--format=json", "--config", serve.config_path)
    document = json.loads(Keyshift().run(*command, env=clock.environment).stdout)
    return {each["check"]: (each["outcome"], each["evidence"]) for each in document["checks"]}


def test_silence_of_everybody_is_unknown(database):
    """Then the silence of legacy keys proves nothing."""
    with Gateway(database) as gateway:
        old, _ = moved(gateway)
        tree = configured(database, quiet_period="4s")
        with Serve(tree) as serve:
            gateway.use(old)
            assert_safe_after(serve, gateway)
            gateway.__exit__()
            eventually(lambda: not is_safe(serve), 30, "nobody calls any more")
            found = {each["check"]: each for each in verdict(serve)["checks"]}
            assert found["gateway_in_use"]["outcome"] == "UNKNOWN" and "quiet_period" in found["gateway_in_use"]["evidence"]
