# SPDX-License-Identifier: Apache-2.0
"""What is written is true: metrics, alerts and links against the running program and the files."""

import re
from pathlib import Path

import pytest

from harness.http_faults import HttpFaults, text
from harness.keyshift import Keyshift, Serve
from harness.postgres import Database
from harness.prometheus import promtool
from gateway_sim import Seed, create_schema

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"\b(?:keyshift|process)_[a-z0-9_]+")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
# In a fresh demonstration table nothing has a deadline, and nothing was removed from which to estimate an end.
NOT_IN_EVERY_SCRAPE = {
    "keyshift_migration_deadline_timestamp_seconds",
    "keyshift_migration_eta_timestamp_seconds",
    "keyshift_migration_last_progress_timestamp_seconds",
}
NOT_METRICS = {"keyshift_legacy_activity"}


@pytest.fixture(scope="module")
def emitted(postgres, redis, tmp_path_factory) -> set[str]:
    """The names of all families that a running daemon serves."""
    logs = tmp_path_factory.mktemp("logs")
    for name in ("access", "gateway"):
        (logs / name).touch()
    database: Database = postgres.create_database()
    create_schema(database.dsn())
    Seed().plant(database.dsn())
    env = {"DATABASE_URL": database.dsn(), "REDIS_URL": redis.url()}
    counters = [
        {"event": event, "metric": f"gateway_{event}_total"}
        for event in ("response_cache_hit", "response_cache_miss", "request_success")
    ]
    with HttpFaults() as replica:
        replica.answer(text("".join(f"{counter['metric']} 1\n" for counter in counters)))
        metrics = {"type": "gateway_metrics", "targets": [f"{replica.url}/metrics"], "counters": counters}
        collectors = [{"type": "keys"}, {"type": "statements"}, {"type": "redis"}, metrics]
        collectors += [{"type": f"{name}_log", "input": {"files": [str(logs / name)]}} for name in ("access", "gateway")]
        with Serve({"collectors": collectors}, env=env) as serve:
            names = set(re.findall(r"^# TYPE (\S+)", serve.scrape_text(), re.MULTILINE))
    database.drop()
    return names


def test_every_metric_is_documented(emitted: set[str]):
    documented = set(NAME.findall((ROOT / "docs" / "metrics.md").read_text()))
    assert emitted - documented == set()
    assert documented - emitted - NOT_IN_EVERY_SCRAPE == set()


@pytest.mark.parametrize("path", ["README.md", "docs/operations.md", "alerts/keyshift.rules.yaml"])
def test_every_metric_that_is_named_exists(path: str, emitted: set[str]):
    named = {name for name in NAME.findall((ROOT / path).read_text()) if name not in NOT_METRICS}
    assert named
    assert named - emitted - NOT_IN_EVERY_SCRAPE == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path):
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
    for make in re.findall(r"^(?:    )?make ([a-z-]+)", text, re.MULTILINE):
        assert re.search(rf"^[a-z ]*\b{make}\b[a-z ]*:", (ROOT / "Makefile").read_text(), re.MULTILINE), make


def test_the_sample_configuration_passes_check():
    urls = {"DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://h"}
    result = Keyshift().run("check", ROOT / "config" / "keyshift.yaml", env=urls)
    assert (result.returncode, result.stderr) == (0, b"")


def test_alerts_and_prometheus_configuration():
    for args in (
        ["check", "config", ROOT / "config" / "prometheus.yaml"],
        ["check", "rules", ROOT / "alerts" / "keyshift.rules.yaml"],
        ["test", "rules", ROOT / "alerts" / "keyshift.test.yaml"],
    ):
        result = promtool([str(arg) for arg in args])
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("grants", ["a view without hashes", "the table itself"])
def test_the_sql_for_a_database_user_is_enough(database: Database, grants: str):
    create_schema(database.dsn())
    Seed().plant(database.dsn())
    view, columns, index = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    role = f"reader_{database.name}"
    create, *rest = (view.replace("change me", "of-the-reader")).split(";", 1)
    statements = rest[0] if grants == "a view without hashes" else columns
    database.execute(re.sub(r"\bkeyshift\b", role, create))
    database.execute(re.sub(r"TO keyshift\b", f"TO {role}", statements))
    database.execute(index.replace("CONCURRENTLY", ""))
    dsn = f"postgresql://{role}:of-the-reader@127.0.0.1:{database.postgres.port}/{database.name}"
    gateway = {"gateway": {"table": "keyshift_keys"}} if grants == "a view without hashes" else {}
    try:
        with Serve({**gateway, "collectors": [{"type": "keys"}]}, env={"DATABASE_URL": dsn}) as serve:
            shown = serve.metrics()
            legacy = database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")[0][0]
            assert shown["keyshift_keys", frozenset({("state", "legacy")})] == legacy > 0
            by_cost = [name for name, _ in shown if name == "keyshift_legacy_keys_by_bcrypt_cost"]
            assert bool(by_cost) == (grants == "a view without hashes")
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
