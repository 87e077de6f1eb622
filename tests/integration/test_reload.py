# SPDX-License-Identifier: Apache-2.0
"""A changed configuration while the daemon runs: by SIGHUP and by HTTP, good and bad, with nothing lost."""

import os
import signal
import socket
import time
from typing import Any

import pytest

from harness.product.keyshift import Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.product.watching_logs import lines
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools import exposition, log_writer
from harness.tools.ports import free_port
from harness.tools.tcp import Silent
from harness.tools.wait import eventually

LOADED = "keyshift_config_last_reload_success_timestamp_seconds"
VALID = "keyshift_config_last_reload_successful"


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add(idle=3 * DAY)
    keys.add(legacy=False)
    return keys


def hang_up(serve: Serve, config: dict[str, Any], until: str = "configuration reloaded") -> None:
    """Write `config`, send SIGHUP and wait for the line of the log that says how it went."""
    before = serve.log().count(until)
    serve.configure(config)
    serve.process.send_signal(signal.SIGHUP)
    eventually(lambda: serve.log().count(until) > before, 5, until)


def backends(database: Database) -> list[int]:
    return database.postgres.watchers()


def sources(serve: Serve) -> set[str]:
    return {dict(labels)["source"] for name, labels in serve.metrics() if name == "keyshift_source_errors_total"}


def answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(2)
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_what_is_configured_as_before_is_not_touched_and_the_rest_follows(table: KeyTable, redis: Redis):
    tree = watching(table.database.dsn())
    with Serve(tree) as serve:
        serve.wait_for_poll()
        before, loaded = backends(table.database), serve.metric(LOADED)
        errors = [line for line in serve.log().splitlines() if "level=warn" in line or "level=error" in line]
        tree["collectors"].append({"type": "redis", "url": redis.url(), "interval": "200ms"})
        tree["migration"] = {"deadline": "2031-01-01T00:00:00Z"}
        tree["log"] = {"format": "json"}
        hang_up(serve, tree)
        serve.wait_for_poll(source="redis")
        assert serve.metric("keyshift_source_up", source="redis") == 1
        assert backends(table.database) == before
        assert serve.metric(VALID) == 1
        assert serve.metric(LOADED) > loaded
        assert serve.metric("keyshift_migration_deadline_timestamp_seconds") == 1924992000
        assert '"msg":"configuration reloaded","changed":"","added":"redis","removed":""}' in serve.log()
        serve.wait_for_poll()
        assert errors == [line for line in serve.log().splitlines() if "level=warn" in line or "level=error" in line]


def test_the_new_windows_decide(table: KeyTable):
    tree = watching(table.database.dsn())
    with Serve(tree) as serve:
        check = {"name": "keyshift_fallback_removal_check", "check": "no_live_use"}
        assert serve.metric(**check) == 0
        tree["migration"] = {"drain_window": "1d", "dormant_after": "2d"}
        hang_up(serve, tree)
        eventually(lambda: serve.metric("keyshift_legacy_keys", phase="dormant") == 1, 5, "the shorter windows")
        eventually(lambda: serve.metric(**check) == 1, 5, "the shorter window of the check")


def test_a_file_with_mistakes_changes_nothing_and_says_all_of_them(table: KeyTable):
    tree = watching(table.database.dsn())
    with Serve(tree, args=["--web.enable-lifecycle"]) as serve:
        loaded = serve.metric(LOADED)
        bad = watching(table.database.dsn(), interval="soon") | {"migration": {"drain": "7d"}}
        hang_up(serve, bad, "configuration not reloaded")
        assert serve.log().count("problem of the configuration") == 2
        assert "collectors[keys].interval" in serve.log() and "migration.drain" in serve.log()
        assert (serve.metric(VALID), serve.metric(LOADED)) == (0, loaded)
        table.add(idle=DAY)
        eventually(lambda: serve.keys() == (2, 1), 5, "it goes on as before")
        answer = serve.post("/-/reload")
        assert answer.status_code == 500
        assert "collectors[keys].interval" in answer.text and "migration.drain" in answer.text
        serve.config_path.unlink()
        assert serve.post("/-/reload").status_code == 500
        serve.configure(tree)
        assert serve.post("/-/reload").text == "configuration reloaded\n"
        assert serve.metric(VALID) == 1
        assert serve.metric(LOADED) > loaded
        assert serve.metric("keyshift_http_server_requests_total", handler="reload", code="500") == 2
        assert serve.metric("keyshift_http_server_requests_total", handler="reload", code="200") == 1


def test_http_may_ask_for_it_only_where_that_was_allowed(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        loaded = serve.metric(LOADED)
        refused = serve.post("/-/reload")
        assert refused.status_code == 403
        assert "--web.enable-lifecycle" in refused.text
        assert serve.get("/-/reload").status_code == 405
        assert serve.metric(LOADED) == loaded


def test_the_state_stays_where_it_is(table: KeyTable):
    tree = watching(table.database.dsn())
    with Serve(tree) as serve:
        moved = tree | {"state": {"directory": str(serve.directory / "elsewhere")}}
        hang_up(serve, moved, "configuration not reloaded")
        assert "state.directory cannot change" in serve.log()
        assert serve.metric(VALID) == 0
        assert not (serve.directory / "elsewhere").exists()
        serve.configure(tree)


def test_another_address_is_listened_on_and_open_connections_stay(table: KeyTable):
    tree = watching(table.database.dsn())
    with Serve(tree, until="ready") as serve, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        everywhere = tree | {"web": {"listen": [f":{serve.port}"]}}
        hang_up(serve, everywhere)
        assert serve.keys() == (1, 1)
        other = free_port()
        hang_up(serve, tree | {"web": {"listen": [f"127.0.0.1:{serve.port}", f"127.0.0.1:{other}"]}})
        assert answers(other) and serve.keys() == (1, 1)
        in_use = tree | {"web": {"listen": [f"127.0.0.1:{taken.getsockname()[1]}"]}}
        hang_up(serve, in_use, "configuration not reloaded")
        assert "another program has this port" in serve.log()
        assert answers(other) and serve.keys() == (1, 1)
        with socket.create_connection(("127.0.0.1", other)) as client:
            client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            hang_up(serve, tree)
            client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
            assert not answers(other)


def test_no_line_of_a_log_is_lost_or_counted_twice(tmp_path):
    log = tmp_path / "access.log"
    log.touch()
    collector: dict[str, Any] = {"type": "access_log", "input": {"files": [str(log)]}}
    with Serve({"collectors": [collector]}, args=["--web.enable-lifecycle"]) as serve, log.open("ab", buffering=0) as to:
        last = 0.0
        for round in range(20):
            to.write(log_writer.line(round, 401, 15) * 500)
            collector["interval"] = f"{200 + round}ms"  # another one each time: the collector is exchanged
            serve.configure({"collectors": [collector]})
            assert serve.post("/-/reload").status_code == 200
            now = serve.metric("keyshift_log_lines_total", source="access_log", result="matched") or 0
            assert now >= last
            last = now
        eventually(lambda: lines(serve) == {"matched": 10_000}, 5, "all lines, each once")
        assert serve.metric("keyshift_auth_failures_total", reason="unknown_key") == 10_000


def test_a_source_that_goes_shows_nothing_and_goes_on_when_it_returns(table: KeyTable, own_redis: Redis):
    tree = watching(table.database.dsn())
    both = {"collectors": [*tree["collectors"], {"type": "redis", "url": own_redis.url(), "interval": "200ms"}]}
    with Serve(both) as serve:
        serve.wait_for_poll(source="redis")
        own_redis.stop()
        eventually(lambda: serve.errors("redis"), 5, "failures of it")
        failures = sum(serve.errors("redis").values())
        hang_up(serve, tree)
        assert sources(serve) == {"keys"}
        assert not [name for name, _ in serve.metrics() if name == "keyshift_cache_entries"]
        own_redis.start()
        hang_up(serve, both)
        assert sources(serve) == {"keys", "redis"}
        eventually(lambda: serve.metric("keyshift_source_up", source="redis") == 1, 10, "redis again")
        assert sum(serve.errors("redis").values()) >= failures
        hang_up(serve, {"collectors": both["collectors"][1:]})
        samples = serve.metrics()
        assert not {name for name, _ in samples} & {"keyshift_keys", "keyshift_legacy_keys"}
        hang_up(serve, both)
        eventually(lambda: serve.keys() == (1, 1), 10, "the keys again")
        assert serve.metric("keyshift_legacy_keys_baseline") == 1


def test_a_look_that_hangs_does_not_delay_it_and_is_no_failure(table: KeyTable):
    with Silent() as hole:
        hanging = watching(f"postgres://u@127.0.0.1:{hole.port}/d", timeout="30s", census_timeout="30s")
        with Serve(hanging, until="healthy") as serve:
            eventually(lambda: hole.accepted > 0, 5, "a look that hangs")
            begin = time.monotonic()
            hang_up(serve, watching(table.database.dsn()))
            assert time.monotonic() - begin < 2
            eventually(lambda: serve.keys() == (1, 1), 10, "the database that answers")
            assert serve.errors() == {}


def test_a_storm_of_hang_ups_and_an_end_within_it(table: KeyTable):
    tree = watching(table.database.dsn())
    with Serve(tree) as serve:
        for round in range(60):
            serve.configure(watching(table.database.dsn(), timeout=f"{2000 + round}ms"))
            serve.process.send_signal(signal.SIGHUP)
            time.sleep(0.01)
        assert exposition.parse(serve.scrape_text())
        code, seconds = serve.terminate()
        assert (code, seconds < 2.5) == (0, True)
        assert os.path.getsize(serve.state_directory / "keyshift.db") > 0


def test_without_a_file_there_is_nothing_to_change(table: KeyTable):
    with Serve(env={"DATABASE_URL": table.database.dsn()}) as serve:
        before = serve.log().count("configuration reloaded")
        serve.process.send_signal(signal.SIGHUP)
        eventually(lambda: serve.log().count("configuration reloaded") > before, 5, "a note")
        assert serve.metric(VALID) == 1
        assert serve.keys() == (1, 1)
