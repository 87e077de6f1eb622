# SPDX-License-Identifier: Apache-2.0
"""The status page as a person uses it, in headless Chromium (playwright-core, npm), held against axe-core's rules (npm).
`make test-page` installs what this needs; PICTURES says where pictures are to go. tests/e2e/test_page_in_browser.py is the short form, which
needs no npm and is part of make test."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scene import Scene

from harness.documents.dashboards import COUNTERS
from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.product.web_serving import ALICE, LoggedIn
from harness.servers.nginx import Nginx
from harness.servers.postgres import Postgres
from harness.servers.redis import Redis
from harness.servers.time_travel import Clock, TravellingPostgres
from harness.tools.process import CLEAN_ENVIRONMENT, Process, program
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

HERE = Path(__file__).parent
DAYS = 13

pytestmark = pytest.mark.time_limit(400)


def names(group: str) -> list[str]:
    """Of the cases that a file exports."""
    exported = (HERE / "cases" / f"{group}.mjs").read_text().split("export const cases = {")[1]
    return re.findall(r"'([^']+)': ", exported)


def run(group: str, url: str, given: dict[str, Any]) -> dict[str, str | None]:
    argv = [program("node"), "run.mjs", f"{group}.mjs", url, json.dumps(given)]
    result = subprocess.run(argv, cwd=HERE, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert sorted(found) == sorted(names(group))
    return found


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    clock = Clock()
    with TravellingPostgres(clock) as postgres, Scene(postgres.create_database(), clock, days=DAYS) as made:
        yield made


class Groups:
    """Runs a file of cases once, for all of its tests."""

    def __init__(self, scene: Scene):
        self._scene = scene
        self._found: dict[str, dict[str, str | None]] = {}

    def fault(self, group: str, case: str, url: str | None = None) -> str | None:
        if group not in self._found:
            self._found[group] = run(group, url or f"{self._scene.serve.url}/", {"hostile": self._scene.hostile})
        return self._found[group][case]


@pytest.fixture(scope="module")
def groups(scene: Scene) -> Groups:
    return Groups(scene)


@pytest.mark.parametrize(("group", "case"), [(group, case) for group in ("overview", "keys", "states", "acting") for case in names(group)])
def test_of_the_scene(groups: Groups, group: str, case: str):
    assert groups.fault(group, case) is None


@pytest.fixture(scope="module")
def down() -> Iterator[dict[str, str | None]]:
    """The database has gone; what was read before is there."""
    with Postgres() as postgres:
        table = KeyTable(postgres.create_database())
        for number in range(5):
            table.add(name=f"key {number}", idle=2 * DAY)
        with Serve(watching(table.database.dsn())) as serve:
            serve.get("/api/v1/keys").raise_for_status()
            postgres.stop()
            eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 0, 20, "the source is down")
            yield run("down", f"{serve.url}/", {})


@pytest.mark.parametrize("case", names("down"))
def test_with_the_database_down(down: dict[str, str | None], case: str):
    assert down[case] is None


@pytest.fixture(scope="module")
def deciding() -> Iterator[dict[str, str | None]]:
    """Somebody has logged in, and web.actions is on."""
    with Postgres() as postgres:
        table = KeyTable(postgres.create_database())
        owner, other = (table.add_user(f"{name}@example.com") for name in "ab")
        given = {
            "pending": table.add(name="pending", owner=owner, idle=0 * DAY),
            "dormant": table.add(name="dormant", owner=owner, idle=60 * DAY),
            "others": table.add(legacy=False, name="other", owner=other, age=DAY),
            "user": ALICE[0], "password": ALICE[1],
        }  # fmt: skip
        with LoggedIn(table) as serve:
            yield run("deciding", f"{serve.url}/", given)


@pytest.mark.parametrize("case", names("deciding"))
def test_who_has_logged_in_decides(deciding: dict[str, str | None], case: str):
    assert deciding[case] is None


@pytest.fixture(scope="module")
def proxied(scene: Scene) -> Iterator[dict[str, str | None]]:
    """The daemon sees nginx' connections from this host, and no header that tells of a proxy: web.inventory lets them in."""
    with Nginx(scene.serve.url, path="/watch/keyshift/") as nginx:
        yield run("proxy", f"{nginx.url}/watch/keyshift/", {"hostile": scene.hostile})


@pytest.mark.parametrize("case", names("proxy"))
def test_behind_a_proxy_under_a_path(proxied: dict[str, str | None], case: str):
    assert proxied[case] is None


@pytest.fixture(scope="module")
def live(postgres: Postgres, redis: Redis) -> Iterator[dict[str, str | None]]:
    """The simulated gateway, whose clients move to new keys one after the other."""
    directory = scratch_directory("gateway")
    environment = {"PYTHONPATH": str(HERE.parent), "REDIS_URL": redis.url(database=8)}
    database = postgres.create_database()
    options = ["--duration", "120", "--port", "0", "--owners", "12", "--auth-metrics", "--log-file", str(directory / "gateway.log")]
    often = {"interval": "1s", "timeout": "5s"}
    with Process(
        ["/usr/bin/python3", "-m", "gateway_sim", "demo", *options],
        log_path=directory / "output",
        env={**CLEAN_ENVIRONMENT, **environment, "DATABASE_URL": database.dsn()},
        cwd=directory,
    ) as gateway:
        address = gateway.wait_until(lambda: url_in(directory / "output"), 30, "the gateway answers")
        tree = watching(database.dsn())
        tree["collectors"] += [
            {"type": "statements", "database_url": database.dsn(), **often},
            {"type": "gateway_metrics", "targets": [f"{address}/metrics"], "counters": COUNTERS, **often},
        ]
        with Serve(tree) as serve:
            yield run("live", f"{serve.url}/", {})
    database.drop()


def url_in(output: Path) -> str:
    for line in output.read_text().splitlines():
        with contextlib.suppress(json.JSONDecodeError, KeyError, TypeError):
            return json.loads(line)["url"]
    return ""


@pytest.mark.parametrize("case", names("live"))
def test_of_a_live_gateway(live: dict[str, str | None], case: str):
    assert live[case] is None


def test_pictures(scene: Scene):
    """Drawn where PICTURES says; docs/images are those of the documentation."""
    place = os.environ.get("PICTURES")
    if not place:
        return
    directory = Path(place).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    argv = [program("node"), "pictures.mjs", f"{scene.serve.url}/", str(directory)]
    subprocess.run(argv, cwd=HERE, check=True, timeout=120)
    for picture in directory.glob("page-*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")
        if pngquant := shutil.which("pngquant"):
            subprocess.run([pngquant, "--force", "--ext", ".png", "--strip", "128", picture], check=True)
