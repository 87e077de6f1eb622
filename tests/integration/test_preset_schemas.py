# SPDX-License-Identifier: Apache-2.0
"""Presets that say tables, columns and statements, each on the tables of its product, with the statements that its
database library sends."""

import json

import pytest

from harness.product.counting import counted, looking
from harness.product.keyshift import Keyshift, Serve
from harness.product.products import PRODUCTS, Product
from harness.servers.postgres import Database
from harness.tools.wait import eventually


def sampled(serve: Serve, metric: str, label: str) -> dict[str, float]:
    """The samples of `metric` that are not 0, by `label`."""
    return {dict(labels)[label]: value for (name, labels), value in serve.metrics().items() if name == metric and value}


def verdict(serve: Serve) -> str:
    return json.loads(Keyshift().run("verdict", "--format", "json", "--config", serve.config_path).stdout)["verdict"]


def becomes(what: str, expected, read) -> None:
    eventually(lambda: read() == expected, 15, f"{what}: {expected}, not {read()}")


@pytest.mark.parametrize("preset", PRODUCTS)
def test_a_preset_fits_its_product(database: Database, preset: str):
    product: Product = PRODUCTS[preset]
    database.execute(product.schema)
    database.execute(product.rows)
    with Serve({"gateway": {"preset": preset}, **looking(database.dsn())}) as serve:
        assert sampled(serve, "keyshift_keys", "state") == {"legacy": sum(product.phases.values()), "modern": 1}
        assert sampled(serve, "keyshift_legacy_keys", "phase") == product.phases
        assert verdict(serve) != "SAFE"
        database.execute(product.sent)
        for name, value in product.counts.items():
            becomes(name, value, lambda name=name: counted(serve)[name])
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
