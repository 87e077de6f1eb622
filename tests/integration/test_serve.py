# SPDX-License-Identifier: Apache-2.0
"""The daemon as Prometheus, a service manager and an operator meet it."""

import contextlib
import gzip
import os
import pty
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from harness.product.keyshift import Keyshift, Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import WATCHERS, Database
from harness.servers.prometheus import promtool
from harness.tools import exposition, http, leaks
from harness.tools.process import Process
from harness.tools.tcp import Proxy, Silent
from harness.tools.wait import eventually


TERMINATE = f"SELECT pg_terminate_backend(pid) {WATCHERS}"


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add(idle=DAY)
    keys.add(legacy=False)
    return keys


# --- /metrics


def test_promtool_finds_nothing_to_say(table: KeyTable):
    table.add(cost=4, owner=table.add_user("o@example.com"))
    tree = watching(table.database.dsn())
    tree["migration"] = {"deadline": "2030-01-01T00:00:00Z"}
    with Serve(tree) as serve:
        text = serve.scrape_text()
    result = promtool(["check", "metrics"], text)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert len(exposition.parse(text)) > 40
    broken = promtool(["check", "metrics"], text.replace("keyshift_keys", "keyshift_keys_total"))
    assert broken.returncode != 0, "promtool notices nothing at all"


def test_promtool_finds_nothing_to_say_before_the_first_poll_either():
    with Silent() as hole, Serve(watching(f"postgres://u@127.0.0.1:{hole.port}/d"), until="healthy") as serve:
        result = promtool(["check", "metrics"], serve.scrape_text())
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_counters_exist_at_0_and_unknown_things_do_not_exist(table: KeyTable):
    with Silent() as hole, Serve(watching(f"postgres://u@127.0.0.1:{hole.port}/d"), until="healthy") as serve:
        samples = serve.metrics()
    for name in ("legacy_keys_created_total", "legacy_uses_observed_total", "state_write_errors_total"):
        assert samples["keyshift_" + name, frozenset()] == 0
    reasons = {
        dict(labels)["reason"] for (name, labels), value in samples.items()
        if name == "keyshift_source_errors_total" and value == 0
    }
    assert reasons == {"connect", "auth", "permission", "timeout", "schema", "parse", "other"}
    assert not {name for name, _ in samples} & {"keyshift_keys", "keyshift_source_up"}


@pytest.mark.parametrize(
    "accept,content_type",
    [
        (None, "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.9", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/*", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ],
)
def test_the_format_is_the_one_that_was_asked_for(table: KeyTable, accept: str | None, content_type: str):
    with Serve(watching(table.database.dsn())) as serve:
        response = serve.get("/metrics", headers={"Accept": accept})
        assert response.status_code == 200
        assert response.headers["Content-Type"] == content_type
        assert response.text.endswith("# EOF\n") == content_type.startswith("application/")
        assert 'keyshift_keys{state="legacy"} 1' in response.text


def test_accept_may_stand_in_two_lines(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve, socket.create_connection(("127.0.0.1", serve.port)) as client:
        lines = ["text/plain;q=0.2", "application/openmetrics-text;version=1.0.0"]
        asked = "".join(f"Accept: {line}\r\n" for line in lines)
        client.sendall(f"GET /metrics HTTP/1.1\r\nHost: x\r\n{asked}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert b"application/openmetrics-text; version=1.0.0" in answer.split(b"\r\n\r\n")[0]


def test_openmetrics_tells_the_same_numbers(table: KeyTable):
    with Serve(watching(table.database.dsn(), interval="1h")) as serve:
        plain = serve.metrics()
        text = serve.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text
    sample = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
    metrics = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = sample.fullmatch(line).groups()
            pairs = re.findall(r'(\w+)="([^"]*)"', labels or "")
            metrics[name, frozenset(pairs)] = float(value)
    volatile = ("process_", "keyshift_http_server_requests_total", "keyshift_state_size_bytes")
    steady = {key: value for key, value in plain.items() if not key[0].startswith(volatile)}
    assert {key: value for key, value in metrics.items() if key in steady} == steady
    assert "# TYPE keyshift_legacy_keys_created counter" in text
    assert "# TYPE keyshift_build_info gauge" in text


def test_gzip_holds_the_same_text(table: KeyTable):
    with Serve(watching(table.database.dsn(), interval="1h")) as serve:
        with socket.create_connection(("127.0.0.1", serve.port), timeout=10) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"content-encoding: gzip" in head.lower()
        unpacked = gzip.decompress(body).decode()
        plain = serve.get("/metrics", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        # The size of the state and the count of requests may change between the two requests.
        keep = re.compile(r"^(# HELP|# TYPE|keyshift_(?!http|state_size)).*$", re.M)
        assert [m[0] for m in keep.finditer(unpacked)] == [m[0] for m in keep.finditer(plain.text)]
        assert len(body) < len(unpacked) / 3


def test_a_source_is_looked_at_once_an_interval(table: KeyTable):
    tree = watching(table.database.dsn(), interval="1h")
    tree["collectors"].append({"type": "statements", "database_url": table.database.dsn(), "interval": "1h"})
    with Serve(tree) as serve:
        time.sleep(1.5)
        assert (serve.polls("keys"), serve.polls("statements")) == (1, 1)


def test_scrapes_are_counted(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        before = serve.metric("keyshift_http_server_requests_total", handler="metrics", code="200") or 0
        for _ in range(5):
            serve.scrape_text()
        assert serve.metric("keyshift_http_server_requests_total", handler="metrics", code="200") == before + 6


def test_a_scrape_is_answered_while_a_poll_hangs(table: KeyTable):
    with Silent() as hole:
        config = watching(f"postgres://u@127.0.0.1:{hole.port}/d", timeout="30s")
        with Serve(config, until="healthy") as serve:
            begin = time.monotonic()
            for _ in range(20):
                serve.scrape_text()
            assert time.monotonic() - begin < 5
            assert serve.polls() == 0


# --- health


@pytest.mark.parametrize("path,status", [("/-/healthy", 200), ("/", 200), ("/nonexistent", 404), ("/metrics/", 404)])
def test_paths(table: KeyTable, path: str, status: int):
    with Serve(watching(table.database.dsn())) as serve:
        assert serve.get(path).status_code == status


def test_a_wrong_method_is_refused(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        for method in ("POST", "PUT", "DELETE"):
            assert requests.request(method, f"{serve.url}/metrics", timeout=10).status_code == 405
        head = requests.head(f"{serve.url}/metrics", timeout=10)
        assert (head.status_code, head.content) in ((200, b""), (405, b""))


def test_it_is_ready_when_its_sources_have_been_tried(table: KeyTable):
    target = table.database.postgres
    with Proxy(target.port) as proxy:
        proxy.pause()
        dsn = table.database.dsn().replace(f":{target.port}/", f":{proxy.port}/")
        with Serve(watching(dsn, timeout="20s"), until="healthy") as serve:
            answer = serve.get("/-/ready")
            assert answer.status_code == 503
            assert "not ready" in answer.text
            proxy.resume()
            eventually(lambda: serve.get("/-/ready").status_code == 200, 10, "ready")
            assert serve.keys() == (1, 1)


def test_it_is_not_ready_while_it_shuts_down(table: KeyTable):
    """A request under way when SIGTERM comes is answered, and a connection that is kept open learns of it."""
    with Serve(watching(table.database.dsn())) as serve:
        with socket.create_connection(("127.0.0.1", serve.port), timeout=10) as client:
            client.sendall(b"GET /-/ready HTTP/1.1\r\nHost: x\r\n")
            time.sleep(0.05)
            serve.process.send_signal(signal.SIGTERM)
            eventually(lambda: "msg=stopping" in serve.log(), 5, "the signal taken")
            client.sendall(b"\r\n")
            with contextlib.suppress(ConnectionResetError):
                answer = client.recv(65536)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 503")
        assert serve.process.wait(5) == 0


# --- the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(table: KeyTable, number: int):
    with Serve(watching(table.database.dsn())) as serve:
        begin = time.monotonic()
        serve.process.send_signal(number)
        assert serve.process.wait(5) == 0
        assert time.monotonic() - begin < 2
        assert [line for line in serve.log().splitlines() if "level=error" in line] == []
        assert serve.log().splitlines()[-1].endswith("msg=stopped")
        eventually(lambda: table.database.postgres.watchers() == [], 5, "no backend left")


def test_open_connections_do_not_delay_the_end(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve, contextlib.ExitStack() as clients:
        whole = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
        for request in (b"", b"GET /metr", whole, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", serve.port), timeout=10))
            client.sendall(request)
        code, seconds = serve.terminate()
        assert (code, seconds < 2) == (0, True)


def test_the_end_in_the_middle_of_a_big_census_is_quick_and_whole(table: KeyTable):
    table.fill(legacy=150_000, modern=0)
    config = watching(table.database.dsn(), census_timeout="60s", timeout="30s")
    with Serve(config, until="healthy") as serve:
        copying = (
            "SELECT 1 FROM pg_stat_activity "
            "WHERE query LIKE 'COPY%' AND state = 'active' AND datname = current_database()"
        )
        eventually(lambda: table.database.execute(copying), 20, "a census under way")
        code, seconds = serve.terminate()
        assert (code, seconds < 2) == (0, True)
        eventually(lambda: table.database.postgres.watchers() == [], 5, "no backend left")
        serve.start()
        eventually(lambda: serve.keys() == (150_001, 1), 60, "the census of the next start")
        assert serve.metric("keyshift_legacy_keys_created_total") == 0


def test_a_supervisor_may_start_it_again_at_once(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        for _ in range(5):
            serve.restart()
            assert serve.keys() == (1, 1)
        assert serve.log().count(f"listening address=127.0.0.1:{serve.port}") == 6


def test_two_signals_at_once_are_one(table: KeyTable):
    """timeout(1) signals its child and the child's group."""
    for _ in range(5):
        with Serve(watching(table.database.dsn())) as serve:
            serve.process.send_signal(signal.SIGTERM)
            serve.process.send_signal(signal.SIGINT)
            assert serve.process.wait(5) == 0


def test_a_second_signal_ends_it_at_once(table: KeyTable):
    with Serve(watching(table.database.dsn())) as serve:
        with socket.create_connection(("127.0.0.1", serve.port)) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")  # a request that does not end holds it up
            time.sleep(0.1)
            serve.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            serve.process.send_signal(signal.SIGTERM)
            assert serve.process.wait(1) == 70
            assert "second signal" in serve.log()


# --- poor circumstances


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_it_runs_without_standard_streams(table: KeyTable, closed: str):
    """Whatever gets their numbers instead must not be written to."""
    with Serve(watching(table.database.dsn()), wrapper=["sh", "-c", f'exec "$@" {closed}', "sh"]) as serve:
        table.add()
        eventually(lambda: serve.keys() == (2, 1), 10, "the added key")
        table.database.postgres.execute(TERMINATE)
        os.kill(serve.pid, signal.SIGHUP)  # makes it write a log line
        table.add()
        eventually(lambda: serve.keys() == (3, 1), 10, "the next key")
        assert serve.errors() == {}
        assert serve.metric("keyshift_state_write_errors_total") == 0
        descriptors = serve.process.descriptors()
        for standard in range(3):
            target = descriptors[standard]
            assert not target.startswith(("socket:", "anon_inode:")) and "keyshift.db" not in target
        assert serve.terminate()[0] == 0


def test_few_descriptors_are_enough_and_too_many_clients_no_end(table: KeyTable):
    with Serve(watching(table.database.dsn()), wrapper=["prlimit", "--nofile=40"]) as serve:
        with contextlib.ExitStack() as clients:
            for _ in range(60):
                client = clients.enter_context(socket.create_connection(("127.0.0.1", serve.port), timeout=10))
                client.sendall(b"GET /metr")
            table.add()
        eventually(lambda: http.answers(f"{serve.url}/-/healthy"), 20, "an answer after the storm")
        eventually(lambda: serve.keys() == (2, 1), 20, "the added key")
        assert serve.metric("process_open_fds") < 40
        assert "this process may open few files" in serve.process.log() and "limit=40" in serve.process.log()


@pytest.mark.parametrize("limit", [6, 12, 19, 24, 31])
def test_with_hardly_any_descriptors_it_says_so_and_exits_with_78(table: KeyTable, limit: int):
    few = ["prlimit", f"--nofile={limit}:{limit}", binary_path(), "serve", "--web.listen-address=127.0.0.1:0"]
    environment = Keyshift().environment({"DATABASE_URL": table.database.dsn()})
    result = subprocess.run(few, env=environment, capture_output=True, timeout=30, check=False)
    assert result.returncode == 78
    said = result.stderr.decode()
    assert "too few file descriptors" in said and f"only {limit}" in said and "LimitNOFILE=1024" in said


def test_no_descriptor_while_it_runs_is_no_end(table: KeyTable, tmp_path: Path):
    """Neither in a source, nor in a reload, nor in a scrape, nor in the state; and it mends itself."""
    log = tmp_path / "access.log"
    log.write_bytes(b"")
    sources = [
        {"type": "gateway_metrics", "targets": ["http://127.0.0.1:1/metrics"], "interval": "200ms"},
        {"type": "access_log", "input": {"files": [f"{tmp_path}/access.log*"]}, "interval": "200ms"},
    ]

    def configured(interval: str) -> dict:
        config = watching(table.database.dsn(), interval=interval)
        return {**config, "collectors": [*config["collectors"], *sources]}

    with Serve(configured("200ms")) as serve:
        used = len(serve.process.descriptors())
        for number, limit in enumerate((*range(used + 3, used - 7, -1), 5)):
            resource.prlimit(serve.pid, resource.RLIMIT_NOFILE, (limit, 1024))
            serve.configure(configured(f"{200 + number}ms"))
            os.kill(serve.pid, signal.SIGHUP)
            log.rename(tmp_path / f"access.log.{number}")
            log.write_bytes(f'10.1.2.3 - - [30/Nov/2026:00:00:00 +0000] "POST /v1/{number} HTTP/1.1" 200 9\n'.encode())
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", serve.port), timeout=5) as client:
                client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                client.settimeout(0.3)
                client.recv(100)
            assert serve.running
        resource.prlimit(serve.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        table.add()
        eventually(lambda: http.answers(f"{serve.url}/-/healthy"), 20, "an answer")
        eventually(lambda: serve.keys() == (2, 1), 20, "the added key")
        matched = {"source": "access_log", "result": "matched"}
        eventually(lambda: serve.metric("keyshift_log_lines_total", **matched) == number + 1, 20, "every line, once")
        assert serve.terminate()[0] == 0


def test_many_scrapes_at_once(table: KeyTable):
    with Serve(watching(table.database.dsn(), interval="100ms")) as serve:
        failures: list[object] = []

        def scrape() -> None:
            try:
                for _ in range(25):
                    exposition.parse(http.get(f"{serve.url}/metrics").text)
            except Exception as failure:  # noqa: BLE001 - shown below
                failures.append(failure)

        threads = [threading.Thread(target=scrape) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []


def test_it_needs_no_more_memory_after_many_polls(table: KeyTable):
    with Serve(watching(table.database.dsn(), interval="100ms")) as serve:
        for _ in range(5):
            serve.wait_for_poll()
        before = serve.process.rss_bytes()
        for _ in range(12):
            table.add()
            serve.wait_for_poll()
        assert serve.process.rss_bytes() - before < 2 * 1024 * 1024
        assert before < 32 * 1024 * 1024


def test_a_log_line_comes_once_per_change_of_state(table: KeyTable):
    target = table.database.postgres
    with Proxy(target.port) as proxy:
        dsn = table.database.dsn().replace(f":{target.port}/", f":{proxy.port}/")
        with Serve(watching(dsn, interval="100ms")) as serve:
            for _ in range(3):
                proxy.refuse()
                proxy.cut()
                failed = sum(serve.errors().values())
                eventually(lambda: sum(serve.errors().values()) >= failed + 2, 10, "two failures")
                proxy.accept()
                eventually(lambda: serve.metric("keyshift_source_up", source="keys") == 1, 10, "up again")
            for _ in range(3):
                serve.wait_for_poll()
            messages = re.findall(r'msg="source (up|down)"', serve.log())
            assert messages == ["up", *["down", "up"] * 3]


def test_the_address_that_was_bound_is_logged(table: KeyTable, tmp_path):
    """With port 0 nothing else tells it."""
    environment = {"DATABASE_URL": table.database.dsn(), "XDG_STATE_HOME": str(tmp_path)}
    argv = [str(binary_path()), "serve", "--web.listen-address=127.0.0.1:0"]
    with Process(argv, log_path=tmp_path / "log", env=Keyshift().environment(environment)) as process:
        port = process.wait_until(lambda: re.search(r"address=127\.0\.0\.1:(\d+)", process.log()), 10)[1]
        assert http.get(f"http://127.0.0.1:{port}/-/healthy").status_code == 200
        assert process.terminate() == 0
        leaks.heard_directory(tmp_path)


@pytest.mark.parametrize("unwanted", [{}, {"NO_COLOR": "1"}], ids=["wanted", "not wanted"])
def test_on_a_terminal_the_level_has_a_colour(tmp_path, unwanted):
    master, terminal = pty.openpty()
    config = tmp_path / "keyshift.yaml"
    environment = {**Keyshift().environment({}), "TERM": "xterm", **unwanted}
    config.write_text(
        "collectors: [{type: probe, url: 'http://127.0.0.1:1/v1/models'}]\n"
        f"web: {{listen: 127.0.0.1:0}}\nstate: {{directory: {tmp_path}/state}}\n"
    )
    command = [binary_path(), "serve", "--config", config]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=environment) as serve:
        os.close(terminal)
        with os.fdopen(master, "rb", buffering=0) as lines:
            line = lines.readline().decode()
            serve.terminate()
    level = "level=info" if unwanted else "\x1b[32mlevel=info\x1b[m"
    assert re.match(rf"ts=\S+Z {re.escape(level)} msg=listening address=", line), line


def test_a_command_that_is_no_daemon_leaves_no_process_and_no_state(table: KeyTable):
    keyshift = Keyshift()
    assert keyshift.run("report", env={"DATABASE_URL": table.database.dsn()}).returncode == 0
    assert list(keyshift.home.iterdir()) == []
    assert table.database.postgres.watchers() == []
