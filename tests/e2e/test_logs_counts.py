# SPDX-License-Identifier: Apache-2.0
"""What keyshift counts from logs, against what the simulated gateway says it did: from the access log of a proxy in
front of it, and from its own log."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from gateway_sim import Gateway, Planted, Seed, Traffic
from gateway_sim import jwt
from gateway_sim.gateway import JWT_SECRET
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching_logs import events, following, lines, outcomes, reasons
from harness.servers.caddy import Caddy
from harness.servers.haproxy import Haproxy
from harness.servers.nginx import Nginx
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.servers.reverse_proxy import ReverseProxy
from harness.tools.wait import eventually

STEPS = 120
NO_ANSWER_OF_AUTHENTICATION = {"login_failed", "backend_error"}

# nginx' directive, with and without what `combined` has; keyshift is given the same text.
CUSTOM = '$remote_addr [$time_iso8601] $status $body_bytes_sent "$request" "$http_user_agent" $request_time'


def send(url: str, path: str, token: str | None, body: dict | None = None, method: str = "POST") -> int:
    headers = {"User-Agent": "odd/1.0", **({"Authorization": f"Bearer {token}"} if token is not None else {})}
    return requests.request(method, url + path, json=body, headers=headers, timeout=20).status_code


def odd_requests(url: str, planted: Planted) -> None:
    """What Traffic leaves out: the reasons that no client of it meets."""
    owner, other = planted.users[:2]
    login = requests.post(f"{url}/auth/login", json={"email": owner.email, "password": owner.password}, timeout=20)
    token = login.json()["token"]
    foreign = next(key for key in planted.keys if key.owner == other)
    assert send(url, "/auth/key/update", token, {"key_id": foreign.id, "blocked": True}) == 403
    assert send(url, "/auth/me", "no.such.token", method="GET") == 401
    assert send(url, "/nowhere", None, method="GET") == 404
    assert send(url, "/v1/chat/completions", planted.with_role("active", legacy=False)[0].text, {}) == 422
    claims = {"id": "00000000-0000-4000-8000-000000000001", "email": "gone@example.com", "role": "user"}
    assert send(url, "/v1/models", jwt.issue(claims, JWT_SECRET, 1)) == 401
    assert send(url, "/v1/models", "no-key-at-all") == 401
    for role in ("over_budget", "blocked", "expired"):
        assert send(url, "/v1/models", planted.with_role(role, legacy=False)[0].text) == 401


def expected_outcomes(counts: dict) -> dict[str, int]:
    """By the gateway's account of statuses, and of the 401 that say nothing of keys."""
    expected: Counter[str] = Counter()
    for text, count in counts["requests"]["by_status"].items():
        status = int(text)
        failed = status in (401, 403)
        expected[
            "success" if status < 400
            else "auth_failure" if failed
            else "rate_limited" if status == 429
            else "client_error" if status < 500
            else "server_error"
        ] += count
    return dict(expected)


def expected_reasons(counts: dict) -> dict[str, int]:
    return {reason: count for reason, count in counts["failures"].items() if reason not in NO_ANSWER_OF_AUTHENTICATION}


@pytest.fixture
def planted(database: Database) -> Planted:
    return Seed(seed=5, owners=3, keys_per_owner=1).plant(database.dsn())


def make_nginx(url: str) -> tuple[ReverseProxy, dict]:
    return Nginx(url), {"format": "nginx_combined"}


def make_nginx_custom(url: str) -> tuple[ReverseProxy, dict]:
    return Nginx(url, log_format=CUSTOM), {"format": "nginx", "log_format": CUSTOM}


def make_caddy(url: str) -> tuple[ReverseProxy, dict]:
    return Caddy(url), {"format": "caddy_json"}


@pytest.mark.parametrize("make", [make_nginx, make_nginx_custom, make_caddy])
def test_an_access_log_tells_what_the_gateway_did(database: Database, own_redis: Redis, planted: Planted, make):
    with Gateway(database.dsn(), own_redis.url(), require_auth=True) as gateway:
        proxy, options = make(gateway.url)
        tree = following(proxy.access_log, paths=["/"], **options)
        with proxy, Serve(tree) as serve:
            odd_requests(proxy.url, planted)
            Traffic(proxy.url, planted, seed=3, dsn=database.dsn()).run_steps(STEPS)
            counts = gateway.counts()
            expected = (expected_outcomes(counts), expected_reasons(counts))
            eventually(lambda: sum(lines(serve).values()) == counts["requests"]["total"], 15, "every request is logged")
            assert (outcomes(serve), reasons(serve)) == expected
            assert lines(serve) == {"matched": counts["requests"]["total"]}
            assert serve.metric("keyshift_evidence_info", signal="auth_failures", evidence="access_log") == 1
            # Traffic's clients have an address each; those of odd requests share one.
            clients = serve.metric("keyshift_auth_failure_clients", reason="unknown_key")
            assert clients >= 1
            serve.kill9()
            serve.start()
            assert (outcomes(serve), reasons(serve)) == expected
            shown = Keyshift().run("failures", "--since=1h", f"--config={serve.config_path}", "--format=json")
            assert shown.returncode == 0, shown.stderr
            by_reason: Counter[str] = Counter()
            for row in json.loads(shown.stdout)["failures"]:
                by_reason[row["reason"]] += row["failures"]
            assert dict(by_reason) == expected[1]
    reached = set(expected[1])
    assert {"unknown_key", "missing_header", "malformed_header", "bad_credentials", "blocked", "expired"} <= reached
    assert {"over_budget", "user_missing", "invalid_jwt", "forbidden", "rate_limited"} <= reached


def test_haproxy_tells_outcomes_but_no_reasons(database: Database, planted: Planted):
    with Gateway(database.dsn(), require_auth=True) as gateway, Haproxy(gateway.url) as haproxy:
        with Serve(following(haproxy.access_log, format="haproxy_http", paths=["/"])) as serve:
            Traffic(haproxy.url, planted, seed=3).run_steps(40)
            counts = gateway.counts()
            eventually(lambda: sum(lines(serve).values()) == counts["requests"]["total"], 15, "every request is logged")
            assert outcomes(serve) == expected_outcomes(counts)
            assert reasons(serve) == {}


# --- the gateway's own log


@pytest.fixture(params=["text", "text without colours", "json"])
def own_log(request) -> Iterator[dict]:
    """How the gateway logs, and what keyshift is told of it."""
    yield {
        "log_format": "json" if request.param == "json" else "text",
        "colour": request.param == "text",
        "read_as": "tracing_json" if request.param == "json" else "tracing_text",
    }


def expected_events(counts: dict) -> dict[str, int]:
    cache, llm = counts["auth_cache"]["verified"], counts["llm_cache"]
    expected = {
        "fallback": counts.get("fallback", {}).get("hits", 0),
        "auth_cache_hit": cache["hit"] + cache["stale"],
        "verification": counts["verifications"]["matched"],
        "response_cache_hit": llm["hit"],
        "response_cache_miss": llm["miss"],
        "key_used": counts["rate_limit"]["passed"] + counts["rate_limit"]["exceeded"],
        "failure_rate_limited": counts["rate_limit"]["exceeded"],
    }
    return {name: count for name, count in expected.items() if count}


@pytest.mark.parametrize("behaviour", ["faithful", "fallback"])
def test_the_gateways_own_log_tells_what_it_did(
    database: Database, own_redis: Redis, planted: Planted, own_log: dict, behaviour: str
):
    logging = {name: own_log[name] for name in ("log_format", "colour")}
    with Gateway(database.dsn(), own_redis.url(), behaviour=behaviour, require_auth=True, **logging) as gateway:
        tree = following(gateway.log_path, type="gateway_log", format=own_log["read_as"])
        with Serve(tree) as serve:
            Traffic(gateway.url, planted, seed=3, dsn=database.dsn()).run_steps(STEPS)
            for _ in range(5):
                send(gateway.url, "/v1/models", planted.with_role("limited")[0].text)
            counts = gateway.counts()
            written = sum(counts["log_lines"].values())
            eventually(lambda: sum(lines(serve, "gateway_log").values()) >= written, 15, "every line is read")
            expected = expected_events(counts)

            def counted() -> dict[str, int]:
                seen = events(serve)
                return {name: seen.get(name, 0) for name in expected}

            # Cache hits are believed a few looks later.
            with contextlib.suppress(AssertionError):
                eventually(lambda: counted() == expected, 10, "all events are counted")
            assert counted() == expected
            hits = expected.get("auth_cache_hit", 0)
            assert serve.metric("keyshift_auth_cache_hits_total") == hits
            assert serve.metric("keyshift_evidence_info", signal="auth_cache", evidence="gateway_log") == 1
            assert "unparsed" not in lines(serve, "gateway_log")
            before = events(serve)
            serve.kill9()
            serve.start()
            assert events(serve) == before
    assert expected["response_cache_hit"] > 3 and expected["key_used"] >= 1
    assert (behaviour == "fallback") == ("auth_cache_hit" in expected)


OWN_RULES = [{"event": "fallback", "message": "Fallback authentication succeeded for key "}]


@pytest.mark.parametrize(
    "options",
    [
        {"rules": OWN_RULES},
        {},
    ],
    ids=["by a rule of one's own", "by the preset"],
)
def test_fallbacks_are_counted_from_the_gateways_own_log(
    database: Database, own_redis: Redis, planted: Planted, options: dict
):
    with Gateway(database.dsn(), own_redis.url(), behaviour="fallback", require_auth=True) as gateway:
        with Serve(following(gateway.log_path, type="gateway_log", format="tracing_text", **options)) as serve:
            Traffic(gateway.url, planted, seed=3, dsn=database.dsn()).run_steps(60)
            hits = gateway.counts()["fallback"]["hits"]
            assert hits > 10
            eventually(lambda: serve.metric("keyshift_fallback_auth_total") == hits, 5, f"{hits} fallbacks")
            assert events(serve)["fallback"] == hits
            assert serve.metric("keyshift_evidence_info", signal="fallback", evidence="gateway_log") == 1
