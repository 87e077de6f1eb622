# SPDX-License-Identifier: Apache-2.0
"""Where lines come from beside plain files: Docker, the journal, standard input; each line counts once, also over a
restart in the middle of a split message, and `keyshift check --log` reads the same."""

import contextlib
import json
import os
import sqlite3
import time
from pathlib import Path

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching_logs import following, lines, reasons
from harness.servers.journal import Journald
from harness.tools.log_writer import line
from harness.tools.wait import eventually

SPLITS_AT = 16 * 1024


def docker(text: bytes, stream: str = "stdout") -> bytes:
    entry = {"log": text.decode("latin-1"), "stream": stream, "time": "2026-01-10T00:00:00.000000000Z"}
    return json.dumps(entry).encode() + b"\n"


def await_reasons(serve: Serve, **expected: int) -> None:
    eventually(lambda: reasons(serve) == expected, 15, f"{expected}, not {reasons(serve)}")


def test_dockers_log_is_unwrapped_and_split_messages_are_one(tmp_path: Path):
    log = tmp_path / "c0ffee-json.log"
    long = line(1, 401, 18)[:-2] + b"x" * (SPLITS_AT + 100) + b'"\n'
    log.write_bytes(docker(line(0, 401, 15)) + docker(long[:SPLITS_AT]))
    config = following(log)
    config["collectors"][0]["input"] = {"docker": [str(tmp_path / "*-json.log")]}
    with Serve(config) as serve:
        await_reasons(serve, unknown_key=1)
        serve.kill9()
        with log.open("ab") as file:
            file.write(docker(line(2, 401, 19), "stderr"))
        serve.start()
        await_reasons(serve, unknown_key=1)
        with log.open("ab") as file:
            file.write(docker(long[SPLITS_AT:]))
        await_reasons(serve, unknown_key=1, blocked=1, expired=1)
        assert lines(serve) == {"matched": 3}


def cri(text: bytes, tag: bytes = b"F", stream: bytes = b"stdout") -> bytes:
    return b"2026-01-10T00:00:00.123456789Z " + stream + b" " + tag + b" " + text.rstrip(b"\n") + b"\n"


def test_containerds_log_is_read_as_any_file_and_split_messages_are_one(tmp_path: Path):
    log = tmp_path / "access.log"
    long = line(1, 401, 18)[:-2] + b"x" * (SPLITS_AT + 100) + b'"\n'
    log.write_bytes(cri(line(0, 401, 15)) + cri(long[:SPLITS_AT], b"P"))
    with Serve(following(log)) as serve:
        await_reasons(serve, unknown_key=1)
        serve.kill9()
        with log.open("ab") as file:
            file.write(cri(line(2, 401, 19), b"F", b"stderr") + cri(b"", b"P"))
        serve.start()
        await_reasons(serve, unknown_key=1)
        with log.open("ab") as file:
            file.write(cri(long[SPLITS_AT:]))
        await_reasons(serve, unknown_key=1, blocked=1, expired=1)
        assert lines(serve) == {"matched": 3}


def test_the_journal_is_followed_over_restarts_of_both(tmp_path: Path):
    with Journald() as journal:
        match = {"directory": str(journal.journal_directory), "match": "SYSLOG_IDENTIFIER=proxy"}
        config = following()
        config["collectors"][0]["input"] = {"journald": match}

        def says(number: int, size: int) -> None:
            journal.send(line(number, 401, size).rstrip(b"\n"), {"SYSLOG_IDENTIFIER": "proxy"})

        says(0, 15)
        journal.send(line(1, 401, 18).rstrip(b"\n"), {"SYSLOG_IDENTIFIER": "somebody else"})
        journal.sync()
        with Serve(config) as serve:
            await_reasons(serve, unknown_key=1)
            says(2, 18)
            await_reasons(serve, unknown_key=1, blocked=1)
            eventually(lambda: saved_cursor(serve), 10, "the place is saved")
            serve.kill9()
            says(3, 19)
            journal.sync()
            journal.rotate()
            says(4, 19)
            journal.sync()
            serve.start()
            await_reasons(serve, unknown_key=1, blocked=1, expired=2)
            journal.kill9()
            journal.start()
            says(5, 15)
            await_reasons(serve, unknown_key=2, blocked=1, expired=2)
            journal.vacuum()
            says(6, 15)
            await_reasons(serve, unknown_key=3, blocked=1, expired=2)
            assert serve.metric("keyshift_source_up", source="access_log") == 1


def saved_cursor(serve: Serve) -> bool:
    with contextlib.closing(sqlite3.connect(f"file:{serve.state_directory / 'keyshift.db'}?mode=ro", uri=True)) as state:
        return state.execute("SELECT count(*) FROM cursor WHERE name LIKE 'input:%'").fetchone()[0] > 0


def test_standard_input_is_a_log_too(tmp_path: Path):
    config = following()
    config["collectors"][0]["input"] = {"stdin": True}
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    try:
        with Serve(config, wrapper=["sh", "-c", f'exec "$@" < {pipe}', "sh"]) as serve:
            os.write(writer, line(0, 401, 15) + line(1, 401, 18)[:20])
            await_reasons(serve, unknown_key=1)
            os.write(writer, line(1, 401, 18)[20:])
            await_reasons(serve, unknown_key=1, blocked=1)
            os.write(writer, line(2, 401, 19).rstrip(b"\n"))
            os.close(writer)
            writer = -1
            await_reasons(serve, unknown_key=1, blocked=1, expired=1)
            before = serve.metric("process_cpu_seconds_total")
            time.sleep(1)
            assert serve.metric("process_cpu_seconds_total") - before < 0.3, "the end of a pipe keeps nobody busy"
            assert serve.metric("keyshift_source_up", source="access_log") == 1
    finally:
        if writer >= 0:
            os.close(writer)


def test_check_log_reads_what_docker_wrote(tmp_path: Path):
    sample = tmp_path / "sample"
    sample.write_bytes(docker(line(0, 401, 15)) + line(1, 200, 900) + b"nonsense\n")
    config = tmp_path / "keyshift.yaml"
    config.write_text(f'collectors: [{{type: access_log, input: {{files: ["{sample}"]}}}}]\n')
    result = Keyshift().run("check", "--log", sample, "--config", config, "--max-unparsed", "40")
    assert result.returncode == 0, result.stderr
    shown = result.stdout.decode().splitlines()
    assert shown[0].startswith("1      matched  request_auth_failure failure_unknown_key client=")
    assert shown[1].startswith("2      matched  request_success")
    assert shown[2].startswith("3      unparsed ") and "nonsense" in shown[2]
    assert "3 lines: 2 matched, 0 skipped, 1 not understood, 0 too long" in shown
    result = Keyshift().run("check", "--log", "-", "--config", config, "--summary", input=sample.read_bytes())
    assert result.returncode == 78 and b"too many lines are not understood" in result.stderr
    assert b"nonsense" not in result.stdout
