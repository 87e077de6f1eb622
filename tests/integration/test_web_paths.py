# SPDX-License-Identifier: Apache-2.0
"""Where the daemon serves: prefixes, the path of the metrics, and what a scrape may ask for."""

import pytest
import requests

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import KeyTable, watching
from harness.servers.postgres import Database
from harness.tools import exposition, http


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add()
    return keys


PREFIXED = "--web.external-url=https://ops.example.com/keyshift/"


class Prefixed(Serve):
    """All of it is below a path."""

    def answers(self) -> bool:
        return http.answers(f"{self.url}/keyshift/-/{self._until}")


def test_all_is_below_the_path_of_the_external_url(table: KeyTable):
    with Prefixed(watching(table.database.dsn()), args=[PREFIXED]) as serve:

        def ask(path: str) -> requests.Response:
            return serve.get(path, allow_redirects=False)

        for path in ("/metrics", "/-/healthy", "/api/v1/status"):
            assert ask("/keyshift" + path).status_code == 200, path
            assert ask(path).status_code == 404, path
        for path in ("/", "/keyshift"):
            assert (ask(path).status_code, ask(path).headers["Location"]) == (302, "/keyshift/")
        assert ask("/keyshift/api/v1/openapi.json").json()["servers"] == [{"url": "https://ops.example.com/keyshift"}]
        # Commands ask the Unix socket, and know nothing of it.
        for command in (["status"], ["healthcheck"], ["events"]):
            result = Keyshift().run(*command, f"--config={serve.config_path}")
            assert result.returncode in (0, 1, 2, 3), (command, result.stderr)
            assert b"no daemon" not in result.stderr + result.stdout


def test_a_proxy_that_takes_the_path_off(table: KeyTable):
    with Serve(watching(table.database.dsn()), args=[PREFIXED, "--web.route-prefix=/"]) as serve:
        assert serve.get("/metrics").status_code == 200
        assert serve.get("/keyshift/metrics").status_code == 404


def test_the_same_by_the_configuration_and_a_reload_cannot_change_it(table: KeyTable):
    tree = watching(table.database.dsn())
    tree["web"] = {"route_prefix": "keyshift/", "telemetry_path": "/probe"}
    with Prefixed(tree, args=["--web.enable-lifecycle"]) as serve:
        assert serve.get("/keyshift/probe").status_code == 200
        assert serve.get("/keyshift/metrics").status_code == 404
        listen = [f"127.0.0.1:{serve.port}"]
        serve.configure(tree | {"web": {"route_prefix": "/other", "listen": listen}})
        refused = serve.post("/keyshift/-/reload")
        assert refused.status_code == 500
        assert "web.route_prefix" in refused.text and "restart" in refused.text
        assert serve.get("/keyshift/probe").status_code == 200


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--web.route-prefix=/a b", "is no path"),
        ("--web.external-url=ops.example.com", "is no URL of http or https"),
        ("--web.telemetry-path=/api/v1/metrics", "something else"),
        ("--web.listen-address=unix:/run/k.sock", "keyshift.sock in state.directory"),
    ],
)
def test_a_flag_that_cannot_be_is_named(table: KeyTable, flag: str, said: str):
    environment = {"DATABASE_URL": table.database.dsn()}
    result = Keyshift().run("serve", flag, env=environment)
    assert result.returncode == 64
    assert flag.split("=")[0] in result.stderr.decode() and said in result.stderr.decode()


def test_systemd_socket_wants_one(table: KeyTable):
    result = Keyshift().run("serve", "--web.systemd-socket", env={"DATABASE_URL": table.database.dsn()})
    assert result.returncode == 78
    assert "systemd has handed over no socket" in result.stderr.decode()


def test_a_scrape_of_some_collectors(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        names = {name for name, _ in exposition.parse(serve.get("/metrics?collect[]=keys").text)}
        assert {"keyshift_keys", "keyshift_source_up", "keyshift_build_info", "process_open_fds"} <= names
        assert "keyshift_fallback_removal_safe" not in names
        both = serve.get("/metrics", params={"collect[]": ["keys", "migration"]})
        assert {name for name, _ in exposition.parse(both.text)} == {name for name, _ in serve.metrics()}
        refused = serve.get("/metrics?collect[]=redis")
        assert (refused.status_code, "keys, migration" in refused.text) == (400, True)
        assert serve.get("/metrics?collect[]=keys", method="HEAD").content == b""
