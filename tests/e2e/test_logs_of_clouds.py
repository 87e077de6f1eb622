# SPDX-License-Identifier: Apache-2.0
"""The configurations that docs/operations.md gives for exported logs of load balancers, on lines as their makers document them."""

import re
from pathlib import Path

import pytest

from harness.documents.documents import ROOT, blocks
from harness.product.keyshift import Keyshift

ALB = (
    'https 2026-01-10T00:00:02.123456Z app/gw/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.1:80 0.000 0.001 0.000 {} {} 34 366 '
    '"GET https://gw.example.com:443/v1/models HTTP/1.1" "curl/7.46.0 401 " ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
    'arn:aws:elasticloadbalancing:eu-1:123:targetgroup/gw/73e2 "Root=1-58337262-36d2" "gw.example.com" "session-reused" 0 '
    '2026-01-10T00:00:02.100000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"\n'
)
CLOUDFRONT = (
    "2026-01-10\t00:00:02\tFRA2\t1000\t203.0.113.9\tGET\td111.cloudfront.net\t/v1/models\t{}\t-\tcurl/8%09401%09\t-\t-\tMiss\tid==\t"
    "gw.example.com\thttps\t100\t0.002\n"
)
GOOGLE = (
    '{{"httpRequest":{{"requestMethod":"GET","requestUrl":"https://gw.example.com/v1/models","status":{},"responseSize":"134",'
    '"userAgent":"curl/8 401","remoteIp":"203.0.113.9","latency":"0.004s"}},"insertId":"x","timestamp":"2026-01-10T00:00:02.1Z"}}\n'
)


@pytest.mark.parametrize("maker,form", [("alb", ALB), ("cloudfront", CLOUDFRONT), ("gclb", GOOGLE)])
def test_exported_lines_count_as_the_documents_say(tmp_path: Path, maker: str, form: str):
    (block,) = (each for each in blocks(ROOT / "docs" / "operations.md") if f"/exported/{maker}/" in each.text)
    (tmp_path / "keyshift.yaml").write_text(block.text)
    (tmp_path / "sample.log").write_text("".join(form.format(status, status) for status in (200, 401, 200, 401, 500)))
    result = Keyshift().run("check", "--log", tmp_path / "sample.log", "--config", tmp_path / "keyshift.yaml")
    text = result.stdout.decode()
    assert result.returncode == 0, text + result.stderr.decode()
    counts = {event: int(count) for count, event in re.findall(r"^ +(\d+)  (\w+)$", text, re.M)}
    assert counts == {"request_success": 2, "request_auth_failure": 2, "failure_other": 2}
    assert text.count("client=203.0.113.9") == 2
