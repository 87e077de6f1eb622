# SPDX-License-Identifier: Apache-2.0
"""The simulated gateway against the facts known of the real one, with real PostgreSQL and Redis: what it answers,
sends, stores, logs and counts. The expected texts are written out here on purpose, not taken from the simulator."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway_sim import Gateway, Planted, PlantedKey, Seed, Traffic
from gateway_sim.gateway import JWT_SECRET
from gateway_sim.plan import Plan
from gateway_sim.rust_text import rust_duration
from harness.tools.wait import eventually

TESTS = Path(__file__).parents[1]

COLS = (
    "id, key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, current_spend, rate_limit_rpm, "
    "rate_limit_tpm, allowed_models, expires_at, blocked, created_at, last_used_at"
)
RETURNED = COLS.replace("key_lookup_hash, ", "")
STATEMENTS = {
    "lookup": f"select {COLS} from virtual_keys where key_lookup_hash = $1",
    "by_id": f"select {COLS} from virtual_keys where id = $1",
    "touch": "update virtual_keys set last_used_at = now() where id = $1",
    "by_user": f"select {COLS} from virtual_keys where user_id = $1 order by created_at desc",
    "insert": "insert into virtual_keys (key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, "
    "rate_limit_rpm, rate_limit_tpm, allowed_models, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
    f"returning {COLS}",
    "update": "update virtual_keys set name = coalesce($2, name), max_budget = coalesce($3, max_budget), "
    "rate_limit_rpm = coalesce($4, rate_limit_rpm), rate_limit_tpm = coalesce($5, rate_limit_tpm), "
    "allowed_models = coalesce($6, allowed_models), expires_at = coalesce($7, expires_at), "
    f"blocked = coalesce($8, blocked) where id = $1 returning {RETURNED}",
    "delete": "delete from virtual_keys where id = $1",
    "user": "select id, email, username, password_hash, role, created_at, updated_at from users where id = $1",
}
SCANS = {
    "all": f"select {COLS} from virtual_keys order by created_at desc",
    "legacy": f"select {COLS} from virtual_keys where key_lookup_hash is null order by created_at desc",
}


@dataclass
class Reply:
    status: int
    body: bytes
    headers: dict

    @property
    def failure(self) -> tuple[int, bytes, int]:
        return self.status, self.body, len(self.body)

    def json(self):
        return json.loads(self.body)


def call(gateway: Gateway, method: str, path: str, authorization: str | None = None, body=None) -> Reply:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if authorization is not None:
        headers["Authorization"] = authorization
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(gateway.url + path, data, headers, method=method)
    try:
        reply = urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return Reply(reply.status, reply.read(), dict(reply.headers))


def use(gateway: Gateway, key: PlantedKey | str) -> Reply:
    return call(gateway, "POST", "/v1/models", f"Bearer {key if isinstance(key, str) else key.text}")


def token(subject: str, expires_in: float = 60) -> str:
    def part(document: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    signed = part({"alg": "HS256", "typ": "JWT"}) + "." + part({"sub": subject, "exp": int(time.time() + expires_in)})
    mac = hmac.new(JWT_SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def last_used(database, key: PlantedKey):
    return database.execute("SELECT last_used_at FROM virtual_keys WHERE id = %s", (key.id,))[0][0]


def reset_statistics(database) -> None:
    database.execute("SELECT pg_stat_statements_reset()")


def sent_statements(database) -> dict[str, tuple[int, int]]:
    """Calls and rows by squeezed, lower-cased text."""
    rows = database.execute(
        "SELECT query, calls::int, rows::int FROM pg_stat_statements"
        " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return {" ".join(query.lower().split()): (calls, count) for query, calls, count in rows}


@pytest.fixture
def cache(redis) -> Iterator:
    with redis.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def start(database, redis, cache) -> Iterator:
    """Starts gateways that require authentication; they end with the test."""
    with contextlib.ExitStack() as running:

        def start_gateway(behaviour: str = "faithful", **options) -> Gateway:
            options = {"require_auth": True, **options}
            return running.enter_context(Gateway(database.dsn(), redis.url(), behaviour=behaviour, **options))

        yield start_gateway


@pytest.fixture
def planted(database) -> Planted:
    return Seed(seed=7, owners=2, keys_per_owner=1, system_keys=1, dormant_keys=1).plant(database.dsn())


def only(keys: list[PlantedKey]) -> PlantedKey:
    (key,) = keys
    return key


def modern(planted: Planted) -> PlantedKey:
    return planted.with_role("active", legacy=False)[0]


def legacy(planted: Planted) -> PlantedKey:
    return planted.with_role("active", legacy=True)[0]


# --- replies


def test_failures_of_authentication(start, planted):
    gateway = start()
    stranger = str(uuid.uuid4())
    blocked = only(planted.with_role("blocked", legacy=False))
    over_budget = only(planted.with_role("over_budget"))
    expired = only(planted.with_role("expired", legacy=False))
    for reply, text, length in [
        (use(gateway, "sk-unknown"), "Invalid API key", 15),
        (use(gateway, legacy(planted)), "Invalid API key", 15),
        (call(gateway, "POST", "/v1/models"), "Missing authorization header", 28),
        (call(gateway, "POST", "/v1/models", "bearer x"), "Invalid authorization header format", 35),
        (use(gateway, "hello"), "Invalid authentication credentials", 34),
        (use(gateway, token(stranger, expires_in=-1)), "Invalid authentication credentials", 34),
        (use(gateway, blocked), "API key is blocked", 18),
        (use(gateway, over_budget), "API key has exceeded budget", 27),
        (use(gateway, expired), "API key has expired", 19),
        (use(gateway, token(stranger)), "User not found", 14),
        (use(gateway, token("nobody")), "Invalid user ID in token", 24),
        (call(gateway, "GET", "/auth/me", f"Bearer {modern(planted).text}"), "Invalid or expired token", 24),
    ]:
        assert reply.failure == (401, text.encode(), length)
        assert reply.headers["Content-Length"] == str(length)
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert gateway.counts()["failures"] == {
        "unknown_key": 2,
        "missing_header": 1,
        "malformed_header": 1,
        "bad_credentials": 2,
        "blocked": 1,
        "over_budget": 1,
        "expired": 1,
        "user_missing": 1,
        "invalid_jwt": 2,
    }


def test_failures_of_handlers(start, planted, database):
    gateway = start()
    first, second = planted.users
    login = call(gateway, "POST", "/auth/login", body={"email": first.email, "password": "wrong"})
    assert login.status == 401 and len(login.body) == 86
    assert login.body == b'{"error":{"code":401,"message":"Authentication failed","type":"AuthenticationFailed"}}'
    assert login.headers["Content-Type"] == "application/json"
    mine = f"Bearer {token(first.id)}"
    theirs = next(key for key in planted.keys if key.owner == second)
    for key in (theirs, planted.with_role("system")[0]):
        refused = call(gateway, "POST", f"/auth/key/delete?key_id={key.id}", mine)
        assert refused.status == 403 and len(refused.body) == 63
        assert refused.body == b'{"error":{"code":403,"message":"Forbidden","type":"Forbidden"}}'
    own = next(key for key in planted.keys if key.owner == first and key.role == "active")
    update = call(gateway, "POST", "/auth/key/update", mine, {"key_id": own.id, "blocked": True})
    assert update.status == 500 and len(update.body) == 99
    assert update.body == (
        b'{"error":{"code":500,"message":"no column found for name: key_lookup_hash","type":"DatabaseError"}}'
    )
    assert database.execute("SELECT blocked FROM virtual_keys WHERE id = %s", (own.id,)) == [(True,)]
    assert gateway.counts()["keys"]["blocked"] == {"legacy": 1, "modern": 0}
    assert gateway.counts()["failures"] == {"login_failed": 1, "forbidden": 2}


def test_failures_of_rate_limits(start, planted, cache):
    gateway = start()
    key = only(planted.with_role("limited"))
    assert [use(gateway, key).status for _ in range(3)] == [200, 200, 200]
    assert use(gateway, key).failure == (429, b"Rate limit exceeded", 19)
    name = f"ratelimit:{key.id}:requests"
    assert cache.type(name) == "zset" and 60 < cache.ttl(name) <= 70
    cache.delete(name)
    cache.set(name, "not a sorted set")
    broken = use(gateway, key)
    assert broken.status == 500 and broken.body.startswith(b"Rate limit check failed: ")
    assert gateway.counts()["rate_limit"] == {"passed": 3, "exceeded": 1}
    metrics = call(gateway, "GET", "/metrics").body.decode()
    assert f'llm_gateway_rate_limit_exceeded_total{{key_id="{key.id}",limit_type="requests"}} 1\n' in metrics


def test_failures_of_the_database(start, planted, database):
    gateway = start("fallback")
    key = modern(planted)
    assert use(gateway, key).status == 200
    database.execute("ALTER TABLE virtual_keys RENAME TO away")
    assert use(gateway, key).failure == (500, b"Failed to fetch key info", 24)
    assert use(gateway, "sk-other").failure == (500, b"Failed to verify key", 20)
    database.execute("ALTER TABLE away RENAME TO virtual_keys; ALTER TABLE users RENAME TO away")
    assert use(gateway, key).failure == (500, b"Failed to verify user", 21)
    assert gateway.counts()["failures"] == {"backend_error": 3}


def test_without_a_database_the_header_is_still_checked_first():
    with Gateway(None, require_auth=True) as gateway:
        assert call(gateway, "POST", "/v1/models").failure == (401, b"Missing authorization header", 28)
        assert use(gateway, "hello").failure == (500, b"Database not available", 22)
        assert call(gateway, "GET", "/auth/me", "Bearer x").failure == (401, b"Invalid or expired token", 24)


def test_unknown_paths_and_wrong_methods_have_empty_bodies(start):
    gateway = start()
    assert call(gateway, "GET", "/nothing").failure == (404, b"", 0)
    assert call(gateway, "DELETE", f"/auth/key/{uuid.uuid4()}").failure == (404, b"", 0)
    assert call(gateway, "GET", "/health").failure == (405, b"", 0)
    assert call(gateway, "GET", "/v1/models").failure == (405, b"", 0)
    assert call(gateway, "POST", "/health").status == 200


def test_validity_is_checked_in_order_and_after_bcrypt(start, planted, database, cache):
    gateway = start()
    key = only(planted.with_role("blocked", legacy=False))
    before = last_used(database, key)
    database.execute("UPDATE virtual_keys SET max_budget = 0, expires_at = '2020-01-01' WHERE id = %s", (key.id,))
    database.execute("SET session_replication_role = replica; DELETE FROM users WHERE id = %s", (key.owner.id,))
    for change, text in [
        ("blocked = false", "API key is blocked"),
        ("max_budget = NULL", "API key has exceeded budget"),
        ("expires_at = NULL", "API key has expired"),
        ("user_id = NULL", "User not found"),
    ]:
        assert use(gateway, key).body.decode() == text
        assert cache.exists(f"auth:verified:{sha256(key.text)}")
        database.execute(f"UPDATE virtual_keys SET {change} WHERE id = %s", (key.id,))
    assert last_used(database, key) == before
    assert use(gateway, key).status == 200
    assert last_used(database, key) > before


def test_without_require_auth_anyone_may_call(start, planted, database):
    gateway = start(require_auth=False)
    before = last_used(database, modern(planted))
    reset_statistics(database)
    assert use(gateway, modern(planted)).status == use(gateway, "hello").status == 200
    assert call(gateway, "POST", "/v1/models").status == 200
    assert call(gateway, "POST", "/auth/key/generate").status == 401
    assert last_used(database, modern(planted)) == before
    assert STATEMENTS["lookup"] not in sent_statements(database)


# --- SQL


def exercise(gateway: Gateway, planted: Planted) -> None:
    """At least one of every event, some of them twice."""
    for key in planted.keys:
        use(gateway, key)
        use(gateway, key)
    use(gateway, "sk-unknown")
    user = planted.users[0]
    session = call(gateway, "POST", "/auth/login", body={"email": user.email, "password": user.password}).json()
    mine = f"Bearer {session['token']}"
    made = call(gateway, "POST", "/auth/key/generate", mine, {"name": "fresh"}).json()
    assert re.fullmatch(r"sk-[A-Za-z0-9+/]{43}=", made["key"]) and made["key_prefix"] == made["key"][:12]
    use(gateway, made["key"])
    assert call(gateway, "GET", f"/auth/key/info?key_id={made['id']}", mine).json()["last_used_at"]
    assert made["id"] in {key["id"] for key in call(gateway, "GET", "/auth/keys", mine).json()}
    call(gateway, "POST", "/auth/key/update", mine, {"key_id": made["id"], "blocked": True})
    assert call(gateway, "POST", f"/auth/key/delete?key_id={made['id']}", mine).status == 200
    use(gateway, made["key"])


def counted_statements(gateway: Gateway, scope: str = "all") -> dict[str, tuple[int, int]]:
    texts = {**STATEMENTS, "scan": SCANS[scope]}
    counted = gateway.counts()["statements"]
    return {texts[tag]: (of["calls"], of["rows"]) for tag, of in counted.items() if tag in texts}


@pytest.mark.parametrize("behaviour", ["faithful", "fallback"])
def test_statements_are_the_gateways_texts_and_counted_exactly(start, planted, database, behaviour):
    gateway = start(behaviour)
    reset_statistics(database)
    exercise(gateway, planted)
    sent = sent_statements(database)
    counted = counted_statements(gateway)
    assert counted == {text: sent.get(text) for text in counted}
    expected_tags = {*STATEMENTS.values(), *([SCANS["all"]] if behaviour == "fallback" else [])}
    assert {text for text in sent if "virtual_keys" in text or " users where id" in text} == expected_tags


def test_identities_hold_without_a_fallback(start, planted, database):
    gateway = start()
    reset_statistics(database)
    exercise(gateway, planted)
    sent, counts = sent_statements(database), gateway.counts()
    lookup_calls, lookup_rows = sent[STATEMENTS["lookup"]]
    touch_calls, _ = sent[STATEMENTS["touch"]]
    assert lookup_calls - lookup_rows == counts["failures"]["unknown_key"]
    refused = sum(counts["failures"][reason] for reason in ("blocked", "expired", "over_budget"))
    assert lookup_rows - touch_calls == refused
    assert touch_calls == counts["authenticated"]["modern"] == sum(counts["authenticated"]["by_key"].values())
    key_management_by_id = 3
    assert sent[STATEMENTS["by_id"]][0] - key_management_by_id == touch_calls
    assert counts["authenticated"]["legacy"] == 0


# --- Redis


def test_faithful_cache_is_written_and_never_hits(start, planted, database, cache):
    gateway = start()
    reset_statistics(database)
    hits_before = cache.info("stats")["keyspace_hits"]
    key = modern(planted)
    for _ in range(5):
        assert use(gateway, key).status == 200
    assert cache.info("stats")["keyspace_hits"] - hits_before == 8
    sent = sent_statements(database)
    assert sent[STATEMENTS["lookup"]] == sent[STATEMENTS["touch"]] == sent[STATEMENTS["by_id"]] == (5, 5)
    auth_cache = gateway.counts()["auth_cache"]
    assert auth_cache["verified"] == {"hit": 0, "stale": 0, "miss": 1, "unreadable": 4, "error": 0, "stored": 5}
    assert auth_cache["key"] == {"hit": 0, "stale": 0, "miss": 1, "unreadable": 4, "error": 0, "stored": 1}
    assert gateway.counts()["verifications"] == {"matched": 5, "mismatched": 0}


@pytest.mark.parametrize("behaviour", ["faithful", "fallback"])
def test_redis_keys_and_lifetimes(start, planted, cache, behaviour):
    gateway = start(behaviour)
    key = modern(planted)
    use(gateway, key)
    use(gateway, legacy(planted))
    use(gateway, "sk-unknown")
    assert set(cache.keys()) == {f"auth:key:{sha256(key.text)}", f"auth:verified:{sha256(key.text)}"}
    for name in cache.keys():
        assert 295 < cache.ttl(name) <= 300
    cached = json.loads(cache.get(f"auth:verified:{sha256(key.text)}"))
    assert ", ".join(cached) == COLS.replace("key_hash, key_lookup_hash, ", "")
    assert cached["id"] == key.id and cached["created_at"].endswith("Z")


def test_fallback_cache_hits_until_it_expires(start, planted, database):
    gateway = start("fallback", auth_cache_ttl=1)
    key = modern(planted)
    reset_statistics(database)
    assert use(gateway, key).status == 200
    used_at = last_used(database, key)
    assert [use(gateway, key).status for _ in range(3)] == [200, 200, 200]
    assert last_used(database, key) == used_at
    assert gateway.counts()["auth_cache"]["verified"]["hit"] == 3
    sent = sent_statements(database)
    assert [sent[STATEMENTS[tag]][0] for tag in ("lookup", "touch", "by_id")] == [1, 1, 4]

    def verified_again() -> bool:
        return use(gateway, key).status == 200 and last_used(database, key) > used_at

    eventually(verified_again, 5, "a verification after the cache expired")


def test_fallback_key_cache_still_compares(start, planted, database, cache):
    gateway = start("fallback")
    key = modern(planted)
    use(gateway, key)
    cache.delete(f"auth:verified:{sha256(key.text)}")
    reset_statistics(database)
    assert use(gateway, key).status == 200
    sent = sent_statements(database)
    assert STATEMENTS["lookup"] not in sent and sent[STATEMENTS["touch"]] == (1, 1)
    assert gateway.counts()["auth_cache"]["key"]["hit"] == 1
    assert gateway.counts()["verifications"]["matched"] == 2


def test_deleted_key_in_a_working_cache(start, planted, database):
    gateway = start("fallback")
    key = modern(planted)
    use(gateway, key)
    database.execute("DELETE FROM virtual_keys WHERE id = %s", (key.id,))
    assert use(gateway, key).failure == (401, b"Key not found", 13)


def test_blocked_key_in_a_working_cache_is_compared_again(start, planted):
    gateway = start("fallback")
    key = only(planted.with_role("blocked", legacy=False))
    assert [use(gateway, key).body for _ in range(2)] == [b"API key is blocked"] * 2
    assert gateway.counts()["auth_cache"]["verified"]["stale"] == 1
    assert gateway.counts()["verifications"]["matched"] == 2


def test_without_redis(database, planted):
    with Gateway(database.dsn(), behaviour="fallback", require_auth=True) as gateway:
        assert use(gateway, modern(planted)).status == use(gateway, only(planted.with_role("limited"))).status == 200
        assert "Redis URL not provided, auth caching disabled" in gateway.log_text()
        assert not any(gateway.counts()["auth_cache"]["verified"].values())


# --- fallback


@pytest.mark.parametrize("scope", ["all", "legacy"])
def test_fallback_compares_every_row(start, planted, database, scope):
    gateway = start("fallback", fallback_scope=scope)
    reset_statistics(database)
    key = legacy(planted)
    before = last_used(database, key)
    assert use(gateway, key).status == 200
    assert use(gateway, "sk-unknown").failure == (401, b"Invalid API key", 15)
    assert use(gateway, only(planted.with_role("blocked", legacy=True))).failure == (401, b"API key is blocked", 18)
    assert last_used(database, key) > before
    scanned = sum(scope == "all" or each.legacy for each in planted.keys)
    assert sent_statements(database)[SCANS[scope]] == (3, 3 * scanned)
    counts = gateway.counts()
    assert counts["fallback"] == {"attempts": 3, "hits": 2, "misses": 1, "compared": 3 * scanned}
    assert counts["authenticated"]["legacy"] == 1 and counts["authenticated"]["by_key"] == {key.id: 1}
    assert SCANS["legacy" if scope == "all" else "all"] not in sent_statements(database)


def test_fallback_can_be_switched_off(start, planted):
    gateway = start("fallback")
    assert use(gateway, legacy(planted)).status == 200
    gateway.set_fallback(False)
    assert use(gateway, legacy(planted)).failure == (401, b"Invalid API key", 15)
    assert use(gateway, modern(planted)).status == 200
    gateway.set_fallback(True)
    assert use(gateway, legacy(planted)).status == 200
    assert gateway.counts()["fallback"]["attempts"] == 2


def test_faithful_has_no_fallback_to_switch(start):
    with pytest.raises(urllib.error.HTTPError, match="409"):
        start().set_fallback(True)


# --- logs and metrics

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def test_coloured_lines(start, planted):
    gateway = start("fallback")
    use(gateway, modern(planted))
    use(gateway, modern(planted))
    use(gateway, legacy(planted))
    lines = gateway.log_text().splitlines()
    level = r"\x1b\[3[1-4]m( INFO| WARN|ERROR|DEBUG)\x1b\[0m"
    shape = rf"\x1b\[2m{MOMENT}\x1b\[0m {level} \x1b\[2m[a-z:_]+\x1b\[0m\x1b\[2m:\x1b\[0m .+"
    assert all(re.fullmatch(shape, line) for line in lines)
    messages = [re.sub(r"\x1b\[[0-9;]*m", "", line).split(" ", 1)[1].strip() for line in lines]
    auth = [line for line in messages if "inferxgate::auth" in line]
    assert auth == [
        "DEBUG inferxgate::auth::middleware: Cached verified token for future requests",
        "DEBUG inferxgate::auth::middleware: Using verified token cache (skipping bcrypt)",
        "DEBUG inferxgate::auth::middleware: Lookup hash not found, trying fallback authentication",
        f"WARN inferxgate::auth::middleware: Fallback authentication succeeded for key {legacy(planted).id}",
    ]
    assert "INFO inferxgate: Database initialized: true" in messages
    assert sum(gateway.counts()["log_lines"].values()) == len(lines)


def test_plain_and_json_lines(start, planted):
    plain, structured = start(colour=False), start(log_format="json")
    for gateway in (plain, structured):
        use(gateway, only(planted.with_role("limited")))
    message = f"Rate limit check passed for key {only(planted.with_role('limited')).id}: "
    line = next(line for line in plain.log_text().splitlines() if message in line)
    assert re.fullmatch(
        rf"{MOMENT} DEBUG inferxgate::rate_limiter: {message}requests_remaining=Some\(2\), tokens_remaining=None", line
    )
    entry = next(json.loads(line) for line in structured.log_text().splitlines() if message in line)
    assert list(entry) == ["timestamp", "level", "fields", "target"]
    assert entry["level"] == "DEBUG" and entry["target"] == "inferxgate::rate_limiter"
    assert re.fullmatch(MOMENT, entry["timestamp"]) and entry["fields"]["message"].startswith(message)


LOOKUP_LINE = (
    r'summary="SELECT id, key_hash, key_lookup_hash, …" db.statement="\n\nSELECT\n  id,\n  key_hash,\n  key_lookup_hash,\n'
    r"  key_prefix,\n  user_id,\n  name,\n  max_budget,\n  current_spend,\n  rate_limit_rpm,\n  rate_limit_tpm,\n"
    r"  allowed_models,\n  expires_at,\n  blocked,\n  created_at,\n  last_used_at\nFROM\n  virtual_keys\nWHERE\n"
    r'  key_lookup_hash = $1\n" rows_affected={rows} rows_returned={rows} elapsed='
)
TOUCH_LINE = (
    r'summary="UPDATE virtual_keys SET last_used_at …" db.statement="\n\nUPDATE\n  virtual_keys\nSET\n'
    r'  last_used_at = NOW()\nWHERE\n  id = $1\n" rows_affected=1 rows_returned=0 elapsed='
)


def test_statements_are_logged_where_rust_log_names_sqlx(start, planted):
    level = "info,sqlx::query=debug,inferxgate::auth=error"
    plain, structured = start(log_level=level, colour=False), start(log_level=level, log_format="json")
    for gateway in (plain, structured):
        use(gateway, modern(planted))
        use(gateway, "sk-unknown")
    lines = [line for line in plain.log_text().splitlines() if " DEBUG sqlx::query: " in line]
    said = [line.split(" DEBUG sqlx::query: ")[1] for line in lines]
    assert sum(line.startswith(LOOKUP_LINE.format(rows=1)) for line in said) == 1
    assert sum(line.startswith(LOOKUP_LINE.format(rows=0)) for line in said) == 1
    assert sum(line.startswith(TOUCH_LINE) for line in said) == 1
    assert all(re.search(r" elapsed=[\d.]+(s|ms|µs|ns) elapsed_secs=[\d.e-]+$", line) for line in said)
    assert len(lines) == sum(each["calls"] for each in plain.counts()["statements"].values())
    assert "inferxgate::auth" not in plain.log_text() and " INFO inferxgate: " in plain.log_text()
    entry = next(entry for entry in map(json.loads, structured.log_text().splitlines()) if entry["target"] == "sqlx::query")
    assert list(entry["fields"]) == ["summary", "db.statement", "rows_affected", "rows_returned", "elapsed", "elapsed_secs"]
    assert "sqlx" not in start(log_level="debug").log_text()


def test_unset_rust_log_means_errors_only_and_no_level_logs_a_failure(start, planted):
    silent, talkative = start(log_level=None), start(log_level="debug")
    said_at_start = talkative.log_text()
    for gateway in (silent, talkative):
        use(gateway, "sk-unknown")
        use(gateway, legacy(planted))
        call(gateway, "POST", "/v1/models")
    assert silent.log_text() == ""
    assert talkative.log_text() == said_at_start


def test_durations_look_like_rusts():
    samples = {0: "0ns", 8.45e-7: "845ns", 1.2e-6: "1.2µs", 0.001234567: "1.234567ms", 2.5: "2.5s", 61: "61s"}
    assert {seconds: rust_duration(seconds) for seconds in samples} == samples


def test_completions_cache_usage_and_metrics(start, planted, database, cache):
    gateway = start()
    authorization = f"Bearer {modern(planted).text}"
    assert call(gateway, "GET", "/metrics").body == b""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "one two three"}]}
    first = call(gateway, "POST", "/v1/chat/completions", authorization, body)
    assert call(gateway, "POST", "/v1/chat/completions", authorization, body).body == first.body
    call(gateway, "POST", "/v1/chat/completions", authorization, {**body, "stream": True})
    failing = call(gateway, "POST", "/v1/chat/completions", authorization, {**body, "model": "sim-failing-model"})
    missing = call(gateway, "POST", "/v1/chat/completions", authorization, {**body, "model": "none"})
    assert (failing.status, failing.json()["error"]["type"]) == (502, "ProviderError")
    assert (missing.status, missing.json()["error"]["type"]) == (404, "ModelNotFound")
    name = only(cache.keys("llm:cache:*"))
    assert re.fullmatch("llm:cache:[0-9a-f]{1,16}", name) and 3590 < cache.ttl(name) <= 3600
    assert gateway.counts()["llm_cache"] == {"hit": 1, "miss": 2, "stored": 1}
    assert database.execute("SELECT cached, virtual_key_id, count(*) FROM usage_records GROUP BY 1, 2 ORDER BY 1") == [
        (False, None, 2),
        (True, None, 1),
    ]
    metrics = call(gateway, "GET", "/metrics")
    assert metrics.headers["Content-Type"] == "text/plain; charset=utf-8"
    for line in (
        'llm_gateway_requests_total{model="gpt-4o",provider="openai",status="success"} 3',
        'llm_gateway_requests_total{model="sim-failing-model",provider="openai",status="error"} 1',
        'llm_gateway_tokens_total{model="gpt-4o",provider="openai",token_type="prompt"} 3',
        'llm_gateway_cache_total{status="hit"} 1',
        'llm_gateway_cache_total{status="miss"} 2',
        'llm_gateway_active_requests{provider="openai"} 0',
        'llm_gateway_request_duration_seconds_bucket{model="gpt-4o",provider="openai",le="+Inf"} 1',
        "# TYPE llm_gateway_request_duration_seconds histogram",
    ):
        assert f"{line}\n" in metrics.body.decode()
    assert f"Cache hit for key: {name}" in gateway.log_text()
    assert f"Cached value for key: {name} with TTL: 3600s" in gateway.log_text()


# --- seeds and traffic


def test_seed_is_repeatable_and_complete(database, postgres, tmp_path):
    planted = Seed(seed=5).plant(database.dsn())
    other = postgres.create_database()
    assert Seed(seed=5).plant(other.dsn()) == planted
    other.drop()
    planted.save(str(tmp_path / "keys.json"))
    assert Planted.load(str(tmp_path / "keys.json")) == planted
    assert stat.S_IMODE(os.stat(tmp_path / "keys.json").st_mode) == 0o600
    for count, predicate in [
        (12 + 2 + 2 + 1 + 2, "key_lookup_hash IS NULL"),
        (2, "user_id IS NULL"),
        (1, "name IS NULL"),
        (2, "blocked"),
        (2, "expires_at < now()"),
        (1, "last_used_at IS NULL AND key_lookup_hash IS NULL"),
        (2, "last_used_at < now() - interval '30 days'"),
        (0, "last_used_at < created_at"),
        (0, "key_prefix !~ '^sk-.{9}$'"),
    ]:
        assert database.execute(f"SELECT count(*) FROM virtual_keys WHERE {predicate}") == [(count,)], predicate
    assert all(row[0].startswith("$2b$04$") for row in database.execute("SELECT key_hash FROM virtual_keys"))


def test_plan_depends_on_its_seed_alone(database):
    planted = Seed(seed=5).plant(database.dsn())

    def decisions(seed: int) -> list[str]:
        return [step.describe() for step in Plan(planted, seed).steps(400)]

    assert decisions(1) == decisions(1) != decisions(2)
    kinds = " ".join(decisions(1))
    assert all(kind in kinds for kind in ("issue", "block", "delete", "unknown", "limited", "missing_header"))


@pytest.mark.parametrize("behaviour", ["faithful", "fallback"])
def test_steps_repeat_exactly_and_end_the_migration(postgres, redis, cache, behaviour):
    seed = Seed(seed=4, owners=2, keys_per_owner=2, system_keys=1, dormant_keys=1)
    options = {"behaviour": behaviour, "require_auth": True, "fallback_scope": "legacy"}
    runs = []
    for _ in range(2):
        cache.flushall()
        database = postgres.create_database()
        planted = seed.plant(database.dsn())
        with Gateway(database.dsn(), redis.url(), **options) as gateway:
            reset_statistics(database)
            totals = Traffic(gateway.url, planted, seed=9, dsn=database.dsn()).run_steps(120)
            counts = gateway.counts()
            sent = sent_statements(database)
            assert counted_statements(gateway, "legacy").items() <= sent.items()
        assert database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL") == [(0,)]
        database.drop()
        del counts["authenticated"]["by_key"], counts["log_lines"]
        runs.append((totals, counts))
    assert runs[0] == runs[1]
    totals, counts = runs[0]
    assert sum(totals["answers"].values()) == 120
    assert totals["answers"]["client 401"] > 0 < totals["answers"]["client 200"]
    on_v1 = {route: count for route, count in counts["requests"]["by_route"].items() if "/v1/" in route}
    assert sum(on_v1.values()) == 120
    assert counts["keys"]["created"]["modern"] == totals["changes"]["issue 200"] == 4
    assert totals["changes"]["delete by SQL 200"] == 1


def test_timed_traffic_counts_what_overlaps(start, planted, database):
    gateway = start("fallback", fallback_scope="legacy")
    reset_statistics(database)
    traffic = Traffic(gateway.url, planted, seed=2, leave=0.5)
    asyncio.run(traffic.run_timed(duration=1, rate=120))
    counts = gateway.counts()
    assert sum(traffic.answers.values()) == 120
    answered = sum(traffic.answers.values()) + sum(traffic.changes.values()) + counts["users"]["logged_in"]
    assert counts["requests"]["total"] == sum(counts["requests"]["by_status"].values()) == answered
    assert counted_statements(gateway, "legacy").items() <= sent_statements(database).items()
    remaining = database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")
    assert remaining[0][0] > 0


# --- processes


def test_survives_a_restart_of_postgres(own_postgres):
    database = own_postgres.create_database()
    planted = Seed(owners=1, keys_per_owner=0, system_keys=0, dormant_keys=0).plant(database.dsn())
    with Gateway(database.dsn(), require_auth=True) as gateway:
        assert use(gateway, modern(planted)).status == 200
        own_postgres.stop()
        assert use(gateway, modern(planted)).failure == (500, b"Failed to verify key", 20)
        own_postgres.start()
        assert use(gateway, modern(planted)).status == 200
        own_postgres.stop()
        own_postgres.start()
        assert use(gateway, modern(planted)).status == 200, "a pooled connection that died unnoticed is not used"


def test_stops_within_a_second_in_the_middle_of_a_scan(start, planted, database):
    gateway = start("fallback")
    database.execute("UPDATE virtual_keys SET key_hash = replace(key_hash, '$2b$04$', '$2b$14$')")

    def ask() -> None:
        with contextlib.suppress(OSError):
            use(gateway, "sk-unknown")

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: gateway.counts()["fallback"]["compared"] > 0, 5, "a scan under way")
    begin = time.monotonic()
    gateway.stop()
    assert time.monotonic() - begin < 1
    asking.join(5)


def run_cli(arguments: list[str], database, redis) -> subprocess.Popen:
    settings = {"DATABASE_URL": database.dsn(), "REDIS_URL": redis.url(), "JWT_SECRET": "x", "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "gateway_sim", *arguments]
    return subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True)


def test_command_line_seed_and_traffic(start, database, redis, tmp_path):
    keys = str(tmp_path / "keys.json")
    seeding = run_cli(["seed", "--bcrypt-cost", "4", "--owners", "1", "--output", keys], database, redis)
    assert json.loads(seeding.communicate(timeout=20)[0]) == {"users": 1, "legacy": 9, "modern": 6}
    sending = run_cli(["traffic", "--gateway", start().url, "--keys", keys, "--steps", "20"], database, redis)
    assert sum(json.loads(sending.communicate(timeout=20)[0])["answers"].values()) == 20


def test_command_line_demo(database, redis, cache, tmp_path):
    log = tmp_path / "gateway.log"
    options = ["--port", "0", "--owners", "2", "--duration", "1", "--rate", "50"]
    options += ["--log-file", str(log), "--log-level", "info"]
    with run_cli(["demo", *options], database, redis) as demo:
        ready = json.loads(demo.stdout.readline())
        assert ready["pid"] == demo.pid

        def counts() -> dict:
            with urllib.request.urlopen(ready["url"] + "/_sim/counts", timeout=5) as reply:
                return json.load(reply)

        def migrated() -> bool:
            return database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL") == [(0,)]

        eventually(migrated, 20, "every legacy key is gone")
        requests = counts()["requests"]["total"]
        eventually(lambda: counts()["requests"]["total"] > requests, 5, "traffic goes on")
        assert counts()["fallback"]["hits"] > 0 < counts()["auth_cache"]["verified"]["hit"]
        assert "Fallback authentication succeeded" in log.read_text()
        begin = time.monotonic()
        demo.terminate()
        assert demo.wait(5) == 0 and time.monotonic() - begin < 1
