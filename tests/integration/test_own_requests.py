# SPDX-License-Identifier: Apache-2.0
"""keyshift's own requests in logs: left out where they stand, and nowhere else."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.product.keyshift import Serve
from harness.product.watching_logs import following, lines, outcomes, reasons
from harness.servers.haproxy import Haproxy
from harness.servers.nginx import Nginx
from harness.servers.reverse_proxy import ReverseProxy
from harness.tools.http_faults import HttpFaults, status
from harness.tools.ports import free_port
from harness.tools.wait import eventually

# Lines of nginx before the public reference gateway, 17 of them keyshift's own; what the others are was known before.
REAL = Path(__file__).parents[1] / "fixtures" / "reference_gateway"
MISSING = status(401, "Missing authorization header")
AGENTLESS = '$remote_addr [$time_local] "$request" $status $body_bytes_sent'


@pytest.mark.parametrize("own", ["with", "without"])
def test_lines_of_the_real_gateway(tmp_path: Path, own: str):
    """Where the probe goes to the gateway directly, the log has none of its requests, and nothing is taken off."""
    text = (REAL / "access.log").read_text()
    assert text.count('"keyshift/') == 17
    if own == "without":
        text = "".join(line for line in text.splitlines(True) if '"keyshift/' not in line)
    (tmp_path / "access.log").write_text(text)
    expected = {name: value for name, value in json.loads((REAL / "expected.json").read_text()).items() if value}
    with Serve(following(tmp_path / "access.log")) as serve:
        eventually(lambda: sum(lines(serve).values()) == text.count("\n"), 10, "all is read")
        shown = {f'keyshift_auth_failures_total{{reason="{name}"}}': count for name, count in reasons(serve).items()}
        shown |= {f'keyshift_http_requests_total{{outcome="{name}"}}': n for name, n in outcomes(serve).items()}
        assert shown == expected


def probing(log: Path, url: str, **options) -> dict:
    tree = following(log, **options)
    tree["collectors"].append({"type": "probe", "url": url + "/v1/models", "interval": "100ms", "timeout": "2s"})
    return tree


def probes(serve: Serve) -> float:
    return serve.metric("keyshift_source_poll_duration_seconds_count", source="probe") or 0


def own_lines(proxy: ReverseProxy) -> int:
    return sum("keyshift" in line for line in proxy.lines())


PROXIES: dict[str, tuple[Callable[[str], ReverseProxy], dict]] = {
    "nginx": (lambda url: Nginx(url), {}),
    "nginx-without-agents": (lambda url: Nginx(url, log_format=AGENTLESS), {"format": "nginx", "log_format": AGENTLESS}),
    "haproxy": (lambda url: Haproxy(url), {"format": "haproxy_http"}),
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_probe_that_passes_the_proxy(proxy: str):
    make, options = PROXIES[proxy]
    with HttpFaults() as gateway:
        gateway.answer(MISSING)
        with make(gateway.url) as passed, Serve(probing(passed.access_log, passed.url, **options)) as serve:
            eventually(lambda: own_lines(passed) >= 5, 15, "the log has some of its requests")
            eventually(lambda: lines(serve).get("skipped", 0) >= 5, 15, "they were read")
            assert "matched" not in lines(serve)
            assert (reasons(serve), outcomes(serve)) == ({}, {})


def test_own_requests_that_the_proxy_answers_itself():
    with Nginx(f"http://127.0.0.1:{free_port()}") as proxy, Serve(probing(proxy.access_log, proxy.url)) as serve:
        eventually(lambda: sum(" 502 " in line for line in proxy.lines()) >= 5, 15, "nobody is behind it")
        eventually(lambda: lines(serve).get("skipped", 0) >= 5, 15, "they were read")
        assert outcomes(serve) == {}


def test_a_probe_beside_the_log_takes_nothing_off(tmp_path: Path):
    log = tmp_path / "access.log"
    log.touch()
    with HttpFaults() as gateway, log.open("a") as file:
        gateway.answer(MISSING)
        with Serve(probing(log, gateway.url)) as serve:
            eventually(lambda: probes(serve) >= 3, 10, "the probe works")
            for _ in range(20):
                for size in (28, 15):
                    file.write(f'10.0.0.7 - - [25/Nov/2026:13:30:12 +0000] "POST /v1/models HTTP/1.1" 401 {size} "-" "-"\n')
                file.flush()
                time.sleep(0.05)
            expected = {"missing_header": 20, "unknown_key": 20}
            eventually(lambda: reasons(serve) == expected, 10, f"{expected}")
            before = probes(serve)
            eventually(lambda: probes(serve) >= before + 3, 10, "more probes")
            assert reasons(serve) == expected


def test_a_probe_without_the_mark_in_its_query(tmp_path: Path):
    with HttpFaults() as gateway:
        gateway.answer(MISSING)
        for mark, target in (("true", "/v1/models?keyshift=probe"), ("false", "/v1/models")):
            tree = probing(tmp_path / "none.log", gateway.url)
            tree["collectors"][1]["query_mark"] = mark
            gateway.requests.clear()
            with Serve(tree) as serve:
                eventually(lambda: probes(serve) >= 1, 10, "it was asked")
                assert gateway.requests[0].path == target
