# SPDX-License-Identifier: Apache-2.0
"""The harness's reverse proxies: each passes a request on to the simulated gateway and logs what it answered."""

import json
import re

import pytest
import requests

from harness.servers.caddy import Caddy
from harness.servers.haproxy import Haproxy
from harness.servers.nginx import Nginx
from harness.tools.wait import eventually

UNAVAILABLE = "Database not available"  # what a gateway without a database says to whoever shows a credential
AGENT = "acceptance/1.0 (a test)"


def ask(url: str, path: str = "/v1/models", **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url + path, headers={"User-Agent": AGENT, **headers}, timeout=10)


def logged(proxy, count: int = 1) -> list[str]:
    eventually(lambda: len(proxy.lines()) >= count, 10, f"{count} lines in the log")
    lines = proxy.lines()
    assert len(lines) == count
    return lines


def test_nginx_logs_in_combined_and_goes_on_in_a_new_file(plain_gateway):
    with Nginx(plain_gateway.url) as nginx:
        answer = ask(nginx.url, "/v1/models?page=2")
        assert (answer.status_code, answer.text) == (401, "Missing authorization header")
        (line,) = logged(nginx)
        moment = r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]"
        assert re.fullmatch(
            rf'127\.0\.0\.1 - - {moment} "POST /v1/models\?page=2 HTTP/1\.1" 401 28 "-" "{re.escape(AGENT)}"', line
        )
        rotated = nginx.access_log.with_name("access.log.1")
        nginx.access_log.rename(rotated)
        ask(nginx.url)
        nginx.reopen()
        ask(nginx.url, "/health")
        (line,) = logged(nginx)
        assert '"POST /health HTTP/1.1" 200 ' in line
        assert len(rotated.read_text().splitlines()) == 2
        pid = nginx.pid
    assert not nginx.directory.exists() and not nginx.process.running and pid > 0


def test_nginx_logs_in_a_custom_format(plain_gateway):
    with Nginx(plain_gateway.url, log_format="$status|$body_bytes_sent|$request_uri|$http_x_forwarded_for") as nginx:
        ask(nginx.url, "/v1/models", **{"Authorization": "bearer x", "X-Forwarded-For": "10.1.2.3"})
        assert logged(nginx) == ["401|35|/v1/models|10.1.2.3"]


def test_haproxy_logs_with_the_bytes_of_headers(plain_gateway):
    with Haproxy(plain_gateway.url) as haproxy:
        assert ask(haproxy.url).text == "Missing authorization header"
        (line,) = logged(haproxy)
        match = re.fullmatch(
            r"127\.0\.0\.1:\d+ \[[^]]+\] front gateway/gateway1 [-\d/+]+ 401 (\d+) - - ---- "
            r'\d+/\d+/\d+/\d+/\d+ \d+/\d+ "POST /v1/models HTTP/1\.1"',
            line,
        )
        assert match, line
        assert int(match[1]) > 28


def test_haproxy_logs_in_a_custom_format(plain_gateway):
    with Haproxy(plain_gateway.url, log_format="%ci %ST %[var(txn.body_bytes)] %{+Q}r") as haproxy:
        ask(haproxy.url)
        assert logged(haproxy) == ['127.0.0.1 401 28 "POST /v1/models HTTP/1.1"']


def test_caddy_logs_json(plain_gateway):
    with Caddy(plain_gateway.url) as caddy:
        assert ask(caddy.url, Authorization="Bearer sk-nothing").text == UNAVAILABLE
        (line,) = logged(caddy)
        entry = json.loads(line)
        assert (entry["status"], entry["size"], entry["logger"]) == (500, len(UNAVAILABLE), "http.log.access.log0")
        assert (entry["request"]["uri"], entry["request"]["remote_ip"]) == ("/v1/models", "127.0.0.1")
        assert entry["request"]["headers"]["User-Agent"] == [AGENT]


@pytest.mark.parametrize("proxy", [Nginx, Haproxy, Caddy])
def test_a_proxy_keeps_its_log_over_a_restart_and_ends_by_itself(plain_gateway, proxy):
    with proxy(plain_gateway.url) as server:
        ask(server.url)
        logged(server)
        server.restart()
        ask(server.url)
        logged(server, 2)
        process = server.process
    assert not process.running
