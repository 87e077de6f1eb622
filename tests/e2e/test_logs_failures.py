# SPDX-License-Identifier: Apache-2.0
"""keyshift failures: who fails, as the running daemon has read it in the proxy's log."""

import csv
import io
import json
import time
from pathlib import Path

from harness.product import openapi
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching_logs import following, reasons, saved_lines
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually


def request(client: str, path: str, status: int, size: int, agent: str, ago: float = 0) -> str:
    moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(time.time() - ago))
    return f'{client} - - [{moment}] "POST {path} HTTP/1.1" {status} {size} "-" "{agent}"\n'


LINES = [
    request("203.0.113.7", "/v1/chat/completions?api_key=sk-AbC123xyzsecret", 401, 15, "python-requests/2.31"),
    request("203.0.113.7", "/v1/chat/completions", 401, 15, "python-requests/2.31"),
    request("2001:db8::1", "/v1/models", 401, 28, "=cmd|' /C calc'!A0\\x1B[31m"),
    request("203.0.113.8", "/v1/models", 200, 900, "curl/8"),
    request("203.0.113.9", "/v1/models", 401, 18, "curl/8", ago=3 * 3600),
    request("203.0.113.10", "/v1/models", 429, 19, "curl/8"),
]


def failures(serve: Serve, *args: str):
    return Keyshift().run("failures", "--config", serve.config_path, *args)


def test_reasons_clients_agents_and_paths_in_every_format(tmp_path: Path):
    log = tmp_path / "access.log"
    log.write_text("".join(LINES))
    with Serve(following(log)) as serve:
        eventually(lambda: saved_lines(serve.state_directory) == len(LINES), 10, "all is saved")
        expected = {"unknown_key": 2, "missing_header": 1, "blocked": 1, "rate_limited": 1}
        eventually(lambda: reasons(serve) == expected, 5, "what was saved is shown")
        text = failures(serve)
        assert (text.returncode, text.stderr) == (0, b"")
        shown = text.stdout.decode()
        assert "         2  unknown_key       from 1 client\n" in shown
        assert "/v1/chat/completions" in shown and "203.0.113.9" not in shown, "three hours ago is not the last hour"
        for result in (text, failures(serve, "--format", "json"), failures(serve, "--format", "csv")):
            assert b"secret" not in result.stdout and b"\x1b" not in result.stdout
        answer = json.loads(failures(serve, "--since", "4h", "--format", "json").stdout)
        assert [source["source"] for source in answer["sources"]] == ["access_log"]
        by_reason = {entry["reason"]: (entry["failures"], entry["clients"]) for entry in answer["reasons"]}
        assert by_reason == {"unknown_key": (2, 1), "missing_header": (1, 1), "blocked": (1, 1), "rate_limited": (1, 1)}
        first = next(entry for entry in answer["failures"] if entry["reason"] == "unknown_key")
        assert (first["client"], first["path"], first["failures"]) == ("203.0.113.7", "/v1/chat/completions", 2)
        by_api = openapi.get(serve, "/api/v1/failures?since=4h&limit=1").json()
        assert by_api["failures"] == answer["failures"][:1] and by_api["total"] == len(answer["failures"]) == 4
        assert by_api["reasons"] == answer["reasons"], "of all, not only of those that are listed"
        elsewhere = scratch_directory("elsewhere") / "keyshift.yaml"
        elsewhere.write_text(f"state: {{directory: {serve.state_directory}}}\n")
        known = Keyshift().run("failures", "--config", elsewhere)
        rows = text.stdout.partition(b"\n")[2]
        assert known.stdout.partition(b"\n")[2] == rows, "the daemon's answer needs no configuration of logs"
        rows = list(csv.DictReader(io.StringIO(failures(serve, "--format", "csv").stdout.decode())))
        assert {row["client"] for row in rows} == {"203.0.113.7", "2001:db8::1", "203.0.113.10"}
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
        assert serve.metric("keyshift_auth_failure_clients", reason="unknown_key") == 1
        assert serve.metric("keyshift_auth_failure_clients", reason="blocked") == 0, "three hours ago"
    after = failures(serve)
    assert after.returncode == 78, "its configuration went with it"


def test_they_are_there_when_the_daemon_is_not(tmp_path: Path):
    log = tmp_path / "access.log"
    log.write_text(LINES[0])
    with Serve(following(log)) as serve:
        eventually(lambda: saved_lines(serve.state_directory) == 1, 10, "it is saved")
        serve.stop()
        result = failures(serve)
        assert result.returncode == 0 and b"203.0.113.7" in result.stdout
        assert b"no daemon runs; the log was last read" in result.stderr


def test_addresses_are_kept_as_configured(tmp_path: Path):
    log = tmp_path / "access.log"
    log.write_text("".join(LINES))
    for form, kept in (("truncated", {"203.0.113.0/24", "2001:db8::/48"}), ("hashed", None)):
        with Serve(following(log, addresses=form)) as serve:
            eventually(lambda: saved_lines(serve.state_directory) == len(LINES), 10, "all is saved")
            answer = json.loads(failures(serve, "--format", "json").stdout)
            clients = {entry["client"] for entry in answer["failures"]}
            assert clients == kept if kept else len(clients) == 3 and not any("." in client for client in clients)
            assert "203.0.113.7" not in serve.log()


def test_what_cannot_be_told_is_said(tmp_path: Path):
    empty = tmp_path / "keyshift.yaml"
    log = f'{{type: access_log, input: {{files: ["{tmp_path}/log"]}}}}'
    empty.write_text(f"collectors: [{log}]\nstate: {{directory: state}}\n")
    result = Keyshift().run("failures", "--config", empty)
    assert result.returncode == 69 and b"there is no state" in result.stderr
    without = tmp_path / "without.yaml"
    without.write_text("collectors: [{type: keys, database_url: 'postgresql://u@h/d'}]\n")
    result = Keyshift().run("failures", "--config", without)
    assert result.returncode == 78 and b"no log is read that tells of failures" in result.stderr
    for wrong in (["--since", "25h"], ["--since", "0s"], ["--since", "soon"], ["--format", "html"]):
        assert Keyshift().run("failures", "--config", empty, *wrong).returncode == 64
