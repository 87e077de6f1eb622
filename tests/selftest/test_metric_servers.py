# SPDX-License-Identifier: Apache-2.0
"""The harness's Prometheus and VictoriaMetrics: the same interface, and answers that agree."""

import pytest

from harness.servers.prometheus import Prometheus
from harness.servers.query_api import QueryServer
from harness.servers.victoria_metrics import VictoriaMetrics
from harness.tools import http
from harness.tools.http_faults import HttpFaults, text
from harness.tools.ports import free_port


@pytest.mark.parametrize("kind", [Prometheus, VictoriaMetrics])
def test_targets_are_scraped_queried_and_exchanged(kind: type[QueryServer]):
    with HttpFaults() as first, HttpFaults() as second:
        first.answer(text("# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 41\na_total{x=\"2\"} 1\n"))
        nobody = f"127.0.0.1:{free_port()}"
        with kind({"gateway": [first.address], "nobody": [nobody]}, interval="1s") as server:
            assert server.wait_for("sum(a_total)") == [({}, 42.0)]
            labels, value = server.wait_for('a_total{x="1"}')[0]
            assert value == 41
            assert labels.items() >= {"job": "gateway", "instance": first.address, "x": "1"}.items()
            up = dict((labels["job"], value) for labels, value in server.wait_for("up", lambda v: len(v) == 2))
            assert up == {"gateway": 1.0, "nobody": 0.0}
            assert server.query("absent_metric") == []
            with pytest.raises(AssertionError, match="parse"):
                server.query("sum(")
            answer = http.get(f"{server.url}/api/v1/query", params={"query": "vector(1)"}).json()
            assert answer["status"] == "success" and answer["data"]["resultType"] == "vector"
            second.answer(text("# HELP b B.\n# TYPE b gauge\nb 7\n"))
            server.set_targets({"other": [second.address]})
            assert server.targets() == [("other", second.address)]
            assert server.wait_for("b")[0][1] == 7.0
        assert not server.running and not server.directory.exists()
