# SPDX-License-Identifier: Apache-2.0
"""The presets beside the reference gateway's, each on the schema it is for: Langfuse, and the gateway that
docs/presets.md makes up for `custom`."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.product.keyshift import Keyshift, Serve
from harness.product.langfuse import Langfuse
from harness.servers.postgres import Database

PAGE = Path(__file__).parents[2] / "docs" / "presets.md"
OLD = "2023-05-01 10:00:00"


def state_of(serve: Serve, metric: str, label: str) -> dict[str, float]:
    """The samples of `metric` that are not 0, by `label`."""
    return {
        dict(labels)[label]: value for (name, labels), value in serve.metrics().items() if name == metric and value
    }


def phases(serve: Serve) -> dict[str, float]:
    return state_of(serve, "keyshift_legacy_keys", "phase")


def mode(serve: Serve) -> list[str]:
    return list(state_of(serve, "keyshift_fallback_mode", "mode"))


def wait(serve: Serve, predicate, what: str) -> None:
    serve.process.wait_until(predicate, 15, what)


def run(serve: Serve, *args: str) -> subprocess.CompletedProcess:
    result = Keyshift().run(*args, "--config", serve.config_path)
    assert result.stderr == b"", result.stderr
    return result


def verdict(serve: Serve) -> tuple[str, dict[str, str]]:
    """What it is, and the outcome of each check."""
    answer = json.loads(run(serve, "verdict", "--format", "json").stdout)
    return answer["verdict"], {check["check"]: check["outcome"] for check in answer["checks"]}


def keys_collector(database: Database) -> dict[str, Any]:
    return {
        "type": "keys", "database_url": database.dsn().replace("$", "$$"),
        "interval": "200ms", "timeout": "2s", "database_duty": "100%",
    }  # fmt: skip


# --- langfuse


@pytest.fixture
def langfuse(database: Database, redis) -> Iterator[Langfuse]:
    redis.client().flushall()
    # Nothing that keyshift shows may depend on it.
    database.execute(f"ALTER DATABASE {database.name} SET timezone = 'Asia/Kolkata'")
    gateway = Langfuse(database, redis.client())
    gateway.add_project("p1", "Search")
    gateway.add_project("p2", "Billing")
    yield gateway
    gateway.close()


def watching_langfuse(database: Database, redis=None, **migration: str) -> dict[str, Any]:
    collectors = [keys_collector(database)]
    if redis:
        collectors += [
            {"type": "statements", "interval": "200ms"},
            {"type": "redis", "url": redis.url(), "interval": "200ms"},
        ]
    tree: dict[str, Any] = {"gateway": {"preset": "langfuse"}, "collectors": collectors}
    return {**tree, "migration": migration} if migration else tree


def test_langfuse_promotes_a_key_and_that_is_the_fallback_at_work(database, redis, langfuse):
    old = {id: langfuse.add_key(id, "p1", created_at=OLD, note=f"the key {id}") for id in ("k1", "k2", "k3")}
    new = langfuse.add_key("k4", "p2", legacy=False, created_at="2024-01-01 00:00:00")
    windows = {"drain_window": "4s", "dormant_after": "1h"}
    with (
        Serve(watching_langfuse(database, redis, **windows)) as serve,
        Serve(watching_langfuse(database, **windows)) as table_only,
    ):
        for id in old:
            for daemon in (serve, table_only):
                assert run(daemon, "ack", id).returncode == 0
        wait(serve, lambda: phases(serve) == {"dormant": 3}, "old keys are dormant")
        assert serve.keys() == (3, 1) and mode(serve) == ["unknown"]
        serve.wait_for_poll(source="statements")
        was, checks = verdict(serve)
        assert was == "UNSAFE" and checks["auth_enforced"] == "UNSAFE", "nothing shows that keys are checked"
        assert checks["fallback_mode"] == "UNKNOWN" and checks["no_fallback_hits"] == "UNKNOWN"

        assert langfuse.authenticate(new) and langfuse.authenticate(new)
        assert not langfuse.authenticate(("pk-lf-nobody", "sk-lf-nobody"))
        assert not langfuse.authenticate((old["k2"][0], "sk-lf-wrong"))
        langfuse.look_at_keys("p1")
        assert langfuse.authenticate(old["k1"]) and langfuse.authenticate(old["k1"])
        for daemon in (serve, table_only):
            wait(daemon, lambda d=daemon: phases(d) == {"dormant": 2, "upgraded": 1}, "one key is promoted")
            wait(daemon, lambda d=daemon: mode(d) == ["present"], "a promotion is the fallback at work")
            assert daemon.metric("keyshift_phase_transitions_total", phase="upgraded") == 1
            wait(daemon, lambda d=daemon: d.metric("keyshift_fallback_auth_total") == 1, "one use of the fallback")
            was, checks = verdict(daemon)
            assert was == "NOT_YET" and checks["no_fallback_hits"] == "NOT_YET", checks
            assert checks["auth_enforced"] == "pass" and checks["none_stranded"] == "pass"

        serve.wait_for_poll(source="statements")
        serve.wait_for_poll(source="redis")
        # The second use of k1, and the first of k4, found their keys.
        assert serve.metric("keyshift_auth_lookups_total", result="found") == 2
        assert serve.metric("keyshift_auth_lookups_total", result="not_found") == 3
        assert serve.metric("keyshift_auth_verifications_total") == 1
        assert serve.metric("keyshift_evidence_info", signal="fallback", evidence="statements") == 1
        assert serve.metric("keyshift_evidence_info", signal="auth_failures", evidence="statements") is None
        assert state_of(serve, "keyshift_cache_entries", "cache") == {"auth_key": 3}, "two keys, and one that is none"
        assert serve.metric("keyshift_cache_entries", cache="auth_verified") is None
        assert serve.metric("keyshift_legacy_keys_by_bcrypt_cost", cost="11") == 2

        for daemon in (serve, table_only):
            wait(daemon, lambda d=daemon: verdict(d)[0] == "SAFE", "four seconds have passed")
            assert mode(daemon) == ["present"], "silence is no evidence against it"
        assert b"present" in run(serve, "status").stdout
        shown = run(serve, "key", "k1").stdout.decode()
        assert "upgraded" in shown
        assert "Owner        Search (p1)" in shown
        assert "Search" not in serve.scrape_text()


def test_langfuse_is_reported_and_examined(database, redis, langfuse):
    langfuse.add_key("k1", "p1", created_at=OLD, note="worker")
    langfuse.add_key("k2", None, created_at="2023-05-02 10:00:00")
    env = {"DATABASE_URL": database.dsn(), "REDIS_URL": redis.url()}
    home = Keyshift()
    config = home.home / "langfuse.yaml"
    config.write_text("gateway: {preset: langfuse}\n")
    report = json.loads(home.run("report", "--format", "json", "--config", config, env=env).stdout)
    (k2, k1) = report["keys"]
    assert (k1["id"], k1["name"], k1["owner_id"], k1["owner_email"]) == ("k1", "worker", "p1", "Search")
    assert k1["created_at"] == "2023-05-01T10:00:00Z", "UTC, whatever the session's time zone"
    assert re.fullmatch(r"sk-lf-\.\.\.[0-9a-f]{4}", k1["key_prefix"])
    assert k2["owner_id"] is None
    text = home.run("report", "--config", config, env=env)
    assert b"Found 2 API keys without fast_hashed_secret_key" in text.stdout
    assert b"upgrades a key in place when it is used" in text.stdout and b"need regeneration" not in text.stdout
    assert "/auth/key" not in json.dumps(report), "that is another gateway's"
    langfuse.add_key("k3", "p1", created_at=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 10 * 86400)))
    pending = home.run("report", "--phase", "pending", "--format", "json", "--config", config, env=env)
    (k3,) = json.loads(pending.stdout)["keys"]
    assert k3["next_step"] == "confirm_unused", "a use upgrades the one that is there: no new one is needed"
    database.execute("DELETE FROM api_keys WHERE id = 'k3'")

    printed = home.run("sql", "--role", f"reader_{database.name}", "--config", config, env=env)
    database.psql(printed.stdout)
    database.execute(f"ALTER ROLE reader_{database.name} PASSWORD 'of-the-reader'")
    database.execute(f"ALTER DATABASE {database.name} SET enable_seqscan = off")
    port = database.postgres.port
    env["DATABASE_URL"] = f"postgresql://reader_{database.name}:of-the-reader@127.0.0.1:{port}/{database.name}"
    try:
        for table in ("api_keys", "keyshift_keys"):
            if table == "api_keys":  # the script ends with the view, and without rights on the table
                database.execute(f"GRANT SELECT ON api_keys TO reader_{database.name}")
            config.write_text(f"gateway: {{preset: langfuse, table: {table}}}\n")
            result = home.run("doctor", "--format", "json", "--config", config, env=env)
            findings = json.loads(result.stdout)
            assert result.returncode == 0, [finding for finding in findings if finding["result"] != "ok"]
            assert not [f for f in findings if f["result"] == "failure"], findings
            warned = [f["what"] for f in findings if f["result"] == "warning" and f["subject"] == "statements"]
            assert [what.partition(" has been")[0] for what in warned] == ["no lookup statement", "no promote statement"]
            assert "an index makes polls of what changed cheap" in [f["what"] for f in findings]
            database.execute(f"REVOKE ALL ON api_keys FROM reader_{database.name}")
    finally:
        database.execute(f"DROP OWNED BY reader_{database.name}; DROP ROLE reader_{database.name}")


def test_a_canary_of_a_gateway_that_promotes_is_a_mistake(tmp_path):
    probe = {"type": "probe", "url": "http://127.0.0.1/api/public/projects", "canary_key": "x", "canary_id": "k"}
    tree = {"gateway": {"preset": "langfuse"}, "collectors": [probe]}
    (tmp_path / "k.yaml").write_text(yaml.safe_dump(tree))
    result = Keyshift().run("check", tmp_path / "k.yaml")
    assert result.returncode == 78 and b"its first use makes it a modern key" in result.stdout + result.stderr


# --- docs/presets.md


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_every_configuration_of_the_page_passes_check(tmp_path):
    assert len(blocks("yaml")) >= 4
    for number, text in enumerate(blocks("yaml")):
        (tmp_path / f"{number}.yaml").write_text(text)
        result = Keyshift().run("check", tmp_path / f"{number}.yaml", env={"DATABASE_URL": "postgres://db/app"})
        assert result.returncode == 0, f"{text}\n{result.stdout.decode()}{result.stderr.decode()}"


def test_the_worked_custom_gateway(database):
    """Another schema, integer ids, a flag in place of a hash, a day for a time, no owner, no prefix."""
    (schema,) = (text for text in blocks("sql") if "CREATE TABLE" in text)
    database.execute(schema)
    database.execute(
        """INSERT INTO access.credentials (label, secret, outdated, issued, seen, revoked) VALUES
           ('batch', '$2b$12$x', true, '2025-01-01', now() at time zone 'UTC' - interval '1 minute', false),
           ('batch', '$2b$12$y', false, '2025-02-01', now() at time zone 'UTC' - interval '2 minutes', false),
           ('forgotten', '$2b$10$z', true, '2025-01-01', NULL, false),
           ('switched off', '$2b$10$w', true, '2025-01-01', NULL, true)"""
    )
    (text,) = (text for text in blocks("yaml") if "access.credentials" in text and "promote" in text)
    tree = yaml.safe_load(text)
    tree["collectors"] = [keys_collector(database), {"type": "statements", "interval": "200ms"}]
    with Serve(tree) as serve:
        wait(serve, lambda: phases(serve) == {"overlap": 1, "dormant": 1, "quarantined": 1}, "its phases")
        assert serve.keys() == (3, 1)
        serve.wait_for_poll(source="statements")
        database.execute("SELECT secret FROM access.credentials WHERE outdated")
        database.execute("UPDATE access.credentials SET outdated = false, digest = 'd' WHERE id = 1")
        wait(serve, lambda: phases(serve).get("upgraded") == 1 and mode(serve) == ["present"], "it is promoted")
        wait(serve, lambda: serve.metric("keyshift_fallback_auth_total") == 1, "one use of the fallback, not two")
        assert serve.metric("keyshift_fallback_scans_total") == 1
        assert run(serve, "key", "1").returncode == 0
        rows = json.loads(run(serve, "report", "--format", "json").stdout)["keys"]
        assert {row["id"]: row["name"] for row in rows} == {"3": "forgotten", "4": "switched off"}
        assert rows[0]["created_at"] == "2025-01-01T00:00:00Z"
