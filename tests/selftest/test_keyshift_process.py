# SPDX-License-Identifier: Apache-2.0
"""The product's process, with a stand-in for the binary."""

import sys

import pytest

from harness.product.keyshift import Keyshift, Serve
from harness.tools.scratch import scratch_directory
from selftest.running import alive

STAND_IN = """\
#!{python}
import http.server, os, sys, yaml
if sys.argv[1] != "serve":
    print(sys.argv[1:], sorted(os.environ))
    sys.exit(3)
print("listening", file=sys.stderr, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = {{"/-/ready": "", "/metrics": "# HELP a A.\\n# TYPE a gauge\\na 1\\n"}}
        self.send_response(200 if self.path in known else 404)
        self.end_headers()
        self.wfile.write(known.get(self.path, "").encode())
tree = yaml.safe_load(open(sys.argv[2].removeprefix("--config=")))
assert tree["state"]["directory"].endswith("/state")
host, port = tree["web"]["listen"][0].split(":")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""


@pytest.fixture
def stand_in(monkeypatch):
    path = scratch_directory("stand-in") / "keyshift"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    monkeypatch.setenv("KEYSHIFT_BINARY", str(path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://must.not.be.passed.on/")


def test_commands_run_with_a_clean_environment(stand_in):
    result = Keyshift().run("report", "--format=json", env={"REDIS_URL": "redis://x"})
    assert result.returncode == 3
    assert result.stdout.decode() == (
        "['report', '--format=json'] ['COLUMNS', 'HOME', 'LANG', 'PATH', 'REDIS_URL', 'TZ']\n"
    )


def test_the_daemon_is_awaited_scraped_restarted_and_stopped(stand_in):
    with Serve({"log": {"level": "debug"}}) as serve:
        assert serve.metrics() == {("a", frozenset()): 1.0}
        serve.restart()
        assert serve.get("/nowhere").status_code == 404
        assert serve.log().count("listening") == 2
        code, seconds = serve.terminate()
        assert code == -15
        assert 0 <= seconds < 10
    assert not alive(serve.pid)


def test_a_missing_binary_is_a_failure_with_a_remedy(monkeypatch):
    monkeypatch.setenv("KEYSHIFT_BINARY", "/nonexistent/keyshift")
    with pytest.raises(FileNotFoundError, match="build it, or name another in KEYSHIFT_BINARY"):
        Keyshift().run("report")
