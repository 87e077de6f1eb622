# SPDX-License-Identifier: Apache-2.0
"""Presets that say tables, columns and statements, each on the tables of its product, with the statements that its
database library sends."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.product.counting import counted, looking
from harness.product.keyshift import Keyshift, Serve
from harness.servers.postgres import Database
from harness.tools.wait import eventually

FIXTURES = Path(__file__).parents[1] / "fixtures" / "products"


@dataclass(frozen=True)
class Product:
    table: str
    phases: dict[str, float]  # of legacy keys, before anything is sent
    counts: dict[str, float]  # as harness.product.counting names them, of the requests in its fixture
    promotes: bool = True


PRODUCTS = {
    "langflow": Product(
        "apikey",
        {"dormant": 2},
        {"lookups found": 1, "lookups not found": 1, "scans": 1, "keys compared": 2, "verifications": 1},
    ),
    "posthog": Product("posthog_personalapikey", {"dormant": 2}, {"verifications": 1}),
    "formbricks": Product('"ApiKey"', {"dormant": 2}, {"lookups not found": 1, "lookups found": 0}, promotes=False),
    "drf": Product("rest_framework_api_key_apikey", {"dormant": 2}, {}),
    "akash": Product(
        "api_keys",
        {"dormant": 2, "expired": 1},
        {"lookups found": 1, "lookups not found": 2, "scans": 2, "keys compared": 1, "verifications": 1},
    ),
    "rallly": Product("space_api_keys", {"dormant": 2, "expired": 1, "quarantined": 1}, {"verifications": 1}),
    "typebot": Product('"ApiToken"', {"dormant": 2}, {"verifications": 1}),
    # Most of its routes let in what is revoked or has expired.
    "passport_scorer": Product("account_accountapikey", {"dormant": 4}, {"verifications": 1}),
    "llm_memory_api": Product(
        "agent_api_keys",
        {"dormant": 2, "quarantined": 1},
        {"lookups found": 1, "lookups not found": 3, "scans": 3, "keys compared": 5, "verifications": 2},
    ),
}


def planted(database: Database, preset: str) -> str:
    """Makes the product's tables and keys; what its library sends for some requests."""
    tables, _, requests = (FIXTURES / f"{preset}.sql").read_text().partition("\n-- Requests")
    database.execute(tables)
    return requests.partition("\n")[2]


def sampled(serve: Serve, metric: str, label: str) -> dict[str, float]:
    """The samples of `metric` that are not 0, by `label`."""
    return {dict(labels)[label]: value for (name, labels), value in serve.metrics().items() if name == metric and value}


def verdict(serve: Serve) -> str:
    return json.loads(Keyshift().run("verdict", "--format", "json", "--config", serve.config_path).stdout)["verdict"]


def becomes(what: str, expected, read) -> None:
    eventually(lambda: read() == expected, 15, f"{what}: {expected}, not {read()}")


@pytest.mark.parametrize("preset", PRODUCTS)
def test_a_preset_fits_its_product(database: Database, preset: str):
    product = PRODUCTS[preset]
    requests = planted(database, preset)
    with Serve({"gateway": {"preset": preset}, **looking(database.dsn())}) as serve:
        assert sampled(serve, "keyshift_keys", "state") == {"legacy": sum(product.phases.values()), "modern": 1}
        assert sampled(serve, "keyshift_legacy_keys", "phase") == product.phases
        assert verdict(serve) != "SAFE"
        database.execute(requests)
        for name, value in product.counts.items():
            becomes(name, value, lambda name=name: counted(serve)[name])
        assert not {name: value for name, value in counted(serve).items() if value and name not in product.counts}
        if product.promotes:
            after = {**product.phases, "dormant": product.phases["dormant"] - 1, "upgraded": 1}
            becomes("phases", after, lambda: sampled(serve, "keyshift_legacy_keys", "phase"))
        # A scan beside a use may be of either key, and counts as a use.
        most = product.counts.get("scans", 1)
        eventually(lambda: 1 <= (serve.metric("keyshift_fallback_auth_total") or 0) <= most, 15, "uses of the fallback")
        becomes("mode", {"present": 1}, lambda: sampled(serve, "keyshift_fallback_mode", "mode"))
        assert verdict(serve) in ("NOT_YET", "UNSAFE")
        report = Keyshift().run("report", "--config", serve.config_path).stdout.decode()
        doctor = Keyshift().run("doctor", "--config", serve.config_path).stdout.decode()
        assert "secret" not in report + doctor
        assert "failure" not in [line.split()[1] for line in doctor.splitlines() if line[:1].isalpha()]


def test_the_last_use_of_an_upgraded_key_is_said_to_be_followed_no_further(database: Database):
    """Its uses as a modern key are not: a time without a word would look like that of its last use."""
    requests = planted(database, "rallly")
    with Serve({"gateway": {"preset": "rallly"}, **looking(database.dsn())}) as serve:
        database.execute(requests)
        becomes("upgraded", 1, lambda: sampled(serve, "keyshift_legacy_keys", "phase").get("upgraded"))
        for id, said in (("a", True), ("b", False)):
            key = Keyshift().run("key", id, "--config", serve.config_path).stdout.decode()
            (line,) = (line for line in key.splitlines() if line.startswith("Last used"))
            assert ("as far as it is followed: it is a modern key now" in line) == said, key


@pytest.mark.parametrize("preset", PRODUCTS)
def test_the_two_commands_of_the_page(database: Database, preset: str):
    """As a user follows it before the first request: the role that `keyshift sql` makes is enough for all that a preset
    asks for, and `doctor` tells a gateway without requests from one whose statements look otherwise."""
    planted(database, preset)
    reader = f"reader_{database.name}"
    home = Keyshift()
    config = home.home / "keyshift.yaml"
    server = f"127.0.0.1:{database.postgres.port}/{database.name}"
    url = f"postgresql://{reader}:of-the-reader@{server}"
    config.write_text(f"gateway: {{preset: {preset}}}\ncollectors: [{{type: keys, database_url: '{url}'}}, {{type: statements}}]\n")
    database.psql(home.run("sql", "--role", reader, "--config", config).stdout)
    database.execute(f"ALTER ROLE {reader} PASSWORD 'of-the-reader'")
    try:
        found = examined(home, config)
        assert not [line for line in found if line["result"] == "failure"], found
        assert not [what for what in missing(found) if "nor any other on the key table" not in what], found
        database.execute(f"SELECT count(*) FROM {PRODUCTS[preset].table}")
        assert not [what for what in missing(examined(home, config)) if "beside 1 others on the key table" not in what]
        assert "secret" not in json.dumps(found)
    finally:
        database.execute(f"DROP OWNED BY {reader}; DROP ROLE {reader}")


def examined(home: Keyshift, config) -> list[dict[str, str]]:
    result = home.run("doctor", "--format", "json", "--config", config)
    assert result.returncode == 0, result.stdout.decode()
    return json.loads(result.stdout)


def missing(found: list[dict[str, str]]) -> list[str]:
    return [line["what"] for line in found if line["result"] == "warning" and line["what"].startswith("no ")]


REFUSALS = {
    "langflow": {
        "/api/v1/run 403 28": "other",
        "/api/v1/run 403 39": "other",
        "/api/v1/run 403 51": "missing_header",
        "/api/v1/run 403 57": "missing_header",
        "/api/v1/run 403 68": "missing_header",
        "/api/v1/run 401 26": "malformed_header",
    },
    "drf": {"/things 403 63": "other"},
    # An unknown key, a revoked one and an ended session look alike, with 403 at one door and 401 at the other.
    "llm_memory_api": {
        "/v1/mail 401 74": "missing_header",
        "/mcp 401 86": "missing_header",
        "/v1/mail 403 75": "other",
        "/mcp 401 72": "other",
    },
}


@pytest.mark.parametrize("preset", REFUSALS)
def test_refusals_of_keys_are_told_from_403_as_such(tmp_path, preset: str):
    """A 403 is no failed authentication by itself: keys that are refused so would fail unseen."""
    answers = REFUSALS[preset]
    line = '10.0.0.1 - - [10/Jan/2026:00:00:01 +0000] "POST {} HTTP/1.1" {} {} "-" "x"'
    (tmp_path / "log").write_text("\n".join(line.format(*answer.split()) for answer in answers) + "\n")
    config = tmp_path / "k.yaml"
    config.write_text(f"gateway: {{preset: {preset}}}\ncollectors: [{{type: keys}}, {{type: access_log, input: {{files: /none}}}}]\n")
    env = {"DATABASE_URL": "postgres://db/app"}
    told = Keyshift().run("check", "--log", tmp_path / "log", "--config", config, env=env).stdout.decode()
    for number, reason in enumerate(answers.values()):
        assert f"failure_{reason} client" in told.splitlines()[number], told
    assert "no reason is known" not in told
