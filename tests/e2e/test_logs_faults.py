# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with a log, through the daemon: nothing of it stops the counting, counts twice, or takes memory."""

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.product.keyshift import Serve
from harness.product.watching_logs import following, lines, outcomes, reasons, saved_lines
from harness.servers.nginx import Nginx
from harness.tools.log_writer import line
from harness.tools.process import program, run_as
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually

MIB = 1 << 20
SOMEBODY_ELSE = "www-data"
PATIENCE = 15


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    return directory


def append(path: Path, count: int, status: int = 401, size: int = 15) -> None:
    with path.open("ab") as file:
        file.write(b"".join(line(number, status, size) for number in range(count)))


def await_lines(serve: Serve, **expected: int) -> None:
    try:
        eventually(lambda: lines(serve) == expected, PATIENCE, f"lines: {expected}")
    except AssertionError:
        assert lines(serve) == expected


def no_further_lines(serve: Serve, **expected: int) -> None:
    await_lines(serve, **expected)
    serve.wait_for_look("access_log")
    assert lines(serve) == expected


def places_for_anybody() -> tuple[Path, Path]:
    """For logs and for the state, where other users get to."""
    place = scratch_directory("anybody")
    logs, state = place / "logs", place / "state"
    logs.mkdir(mode=0o755)
    state.mkdir(mode=0o755)
    return logs, state


def peak_bytes(serve: Serve) -> int:
    for text in Path(f"/proc/{serve.pid}/status").read_text().splitlines():
        if text.startswith("VmHWM:"):
            return int(text.split()[1]) * 1024
    raise AssertionError("no VmHWM")


# --- files that come, go, and are none


def test_a_deleted_file_is_read_to_its_end_and_a_new_one_from_its_beginning(logs: Path):
    log = logs / "access.log"
    append(log, 3)
    with Serve(following(log)) as serve:
        await_lines(serve, matched=3)
        with log.open("ab") as writer:
            log.unlink()
            writer.write(line(4, 200, 9))
            writer.flush()
            await_lines(serve, matched=4)
        serve.wait_for_look("access_log")
        append(log, 2)
        no_further_lines(serve, matched=6)
        assert outcomes(serve) == {"auth_failure": 5, "success": 1}
        log.unlink()
        serve.restart()
        append(log, 1)
        await_lines(serve, matched=7)


def test_a_log_that_is_not_there_yet_is_followed_when_it_comes(logs: Path):
    log = logs / "later" / "access.log"
    with Serve(following(log), until="healthy") as serve:
        eventually(lambda: serve.errors("access_log"), PATIENCE, "an error that says so")
        assert str(log) in serve.log()
        log.parent.mkdir()
        append(log, 2)
        await_lines(serve, matched=2)
        assert serve.metric("keyshift_source_up", source="access_log") == 1


def test_an_older_copy_is_nothing_new(logs: Path):
    """Of a log of some size: two that are short may begin alike by chance."""
    log, backup = logs / "access.log", logs.parent / "backup"
    append(log, 5_000)
    with Serve(following(log)) as serve:
        await_lines(serve, matched=5_000)
        shutil.copy(log, backup)
        append(log, 10, 200, 9)
        await_lines(serve, matched=5_010)
        backup.rename(log)
        no_further_lines(serve, matched=5_010)
        append(log, 1, 429, 19)
        no_further_lines(serve, matched=5_011)
        assert outcomes(serve) == {"auth_failure": 5_000, "success": 10, "rate_limited": 1}


def test_a_file_that_may_not_be_read_is_read_from_its_beginning_once_it_may():
    logs, state = places_for_anybody()
    readable, closed = logs / "access.log", logs / "access.log.1"
    append(readable, 2)
    append(closed, 3)
    closed.chmod(0)
    serve = Serve({**following(logs / "access.log*"), "state": {"directory": str(state)}}, until="healthy")
    if os.geteuid() == 0:
        serve.user = SOMEBODY_ELSE
        shutil.chown(state, SOMEBODY_ELSE, SOMEBODY_ELSE)
    with serve:
        await_lines(serve, matched=2)
        append(closed, 1)
        closed.chmod(0o644)
        await_lines(serve, matched=6)
        serve.stop()
        readable.chmod(0)
        append(readable, 4)
        serve.start()
        await_lines(serve, matched=6)
        readable.chmod(0o644)
        no_further_lines(serve, matched=10)


def test_nothing_that_may_be_read_is_an_error_of_permission():
    logs, state = places_for_anybody()
    log = logs / "access.log"
    append(log, 2)
    log.chmod(0)
    serve = Serve({**following(log), "state": {"directory": str(state)}}, until="healthy")
    if os.geteuid() == 0:
        serve.user = SOMEBODY_ELSE
        shutil.chown(state, SOMEBODY_ELSE, SOMEBODY_ELSE)
    with serve:
        eventually(lambda: "permission" in serve.errors("access_log"), PATIENCE, "an error of permission")
        assert serve.metric("keyshift_source_up", source="access_log") == 0
        log.chmod(0o644)
        await_lines(serve, matched=2)


def test_a_directory_a_fifo_and_a_socket_under_the_glob_are_passed_by(logs: Path):
    (logs / "access.log.d").mkdir()
    fifo = logs / "access.log.fifo"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(logs / "access.log.socket"))
        os.symlink(logs / "nowhere", logs / "access.log.dangling")
        append(logs / "access.log", 2)
        with Serve(following(logs / "access.log*")) as serve:
            await_lines(serve, matched=2)
            # Nobody has opened it to read: a writer would have to wait.
            with pytest.raises(OSError):
                os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
            append(logs / "access.log", 1)
            await_lines(serve, matched=3)
            assert serve.metric("keyshift_source_up", source="access_log") == 1
            assert serve.terminate()[0] == 0


@pytest.mark.parametrize("count", [10_000])
def test_ten_thousand_files_under_a_glob(logs: Path, count: int):
    for number in range(count):
        (logs / f"access.log.{number}").write_bytes(line(number, 401, 15))
    few = [program("prlimit"), "--nofile=900:900"]
    with Serve(following(logs / "access.log*"), wrapper=few) as serve:
        await_lines(serve, matched=count)
        for number in (0, count // 2, count - 1):
            append(logs / f"access.log.{number}", 1, 200, 9)
        append(logs / "access.log.new", 1, 200, 9)
        await_lines(serve, matched=count + 4)
        assert peak_bytes(serve) < 64 * MIB
        assert serve.metric("process_open_fds") < 1_000
        serve.kill9()
        serve.start()
        await_lines(serve, matched=count + 4)


# --- what stands in them


def test_odd_bytes_cost_their_own_line_at_most(logs: Path):
    log = logs / "access.log"
    good = line(1, 401, 15)
    log.write_bytes(
        good
        + b"\0" * 5000 + b"\n"
        + b"\xff\xfe\x80 \xc3\x28\n"
        + b"\n\r\n"
        + good.replace(b"\n", b"\r\n")
        + good.replace(b"OpenAI", b"Open\xffAI\xc3")
        + b"x\n"
        + good[:40]
    )
    with Serve(following(log)) as serve:
        await_lines(serve, matched=3, unparsed=3, skipped=2)
        assert outcomes(serve) == {"auth_failure": 3}
        serve.kill9()
        serve.start()
        no_further_lines(serve, matched=3, unparsed=3, skipped=2)
        with log.open("ab") as file:
            file.write(good[40:])
        await_lines(serve, matched=4, unparsed=3, skipped=2)


def test_a_line_of_300_mib_is_one_line_and_takes_no_memory(logs: Path):
    log = logs / "access.log"
    append(log, 2)
    with Serve(following(log)) as serve:
        await_lines(serve, matched=2)
        idle = peak_bytes(serve)
        with log.open("r+b") as file:
            file.seek(300 * MIB)
            file.write(b"\n")
        append(log, 3)
        eventually(lambda: lines(serve).get("matched") == 5, 60, "the lines behind it")
        await_lines(serve, matched=5, oversized=1)
        assert peak_bytes(serve) - idle < 10 * MIB
        serve.kill9()
        serve.start()
        await_lines(serve, matched=5, oversized=1)


def test_no_client_can_write_a_line_of_its_own(plain_gateway):
    """By its user agent, its path, its address as it says, or by what is no request at all."""
    forged = '127.9.9.9 - - [25/Nov/2026:10:00:00 +0000] "POST /v1/models HTTP/1.1" 401 15 "-" "x"'
    agents = (
        forged,
        f'x" \n{forged}'.replace("\n", "\t"),
        '" 401 15 "-" "',
        "x\\",
        'x\\" 401 15 "-" "y',
        "\xff\xfe\x80",
        "-",
        "x" * 7000,
    )
    paths = ("/v1/models", "/v1/models%22%20401%2015%20%22-%22", '/v1/models"401"15', "/v1/models%0a" + "a" * 3000)
    with Nginx(plain_gateway.url) as nginx, Serve(following(nginx.access_log)) as serve:
        before = plain_gateway.counts()["failures"].get("missing_header", 0)
        for agent in agents:
            headers = {"User-Agent": agent.encode("latin-1")}
            assert requests.post(f"{nginx.url}/v1/models", headers=headers, timeout=10).status_code == 401
        for path in paths:
            raw_request(nginx.port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        counts = plain_gateway.counts()
        refused = counts["failures"]["missing_header"] - before
        assert refused == len(agents)
        raw_request(nginx.port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        raw_request(nginx.port, forged.encode() + b"\r\n\r\n")
        raw_request(nginx.port, b'GET /v1/models" 401 15 "-" "x\r\n\r\n')
        total = len(agents) + len(paths) + 3
        eventually(lambda: len(nginx.lines()) == total, PATIENCE, f"{total} lines in the log of nginx")
        eventually(lambda: sum(lines(serve).values()) == total, PATIENCE, f"{total} lines")
        assert reasons(serve) == {"missing_header": refused}
        assert outcomes(serve)["auth_failure"] == refused
        # GET /v1/models is a 405 here.
        assert outcomes(serve).get("client_error", 0) >= len(paths)


def raw_request(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(4096):
                answer += piece
    return answer


# --- full disks


@contextlib.contextmanager
def small_file_system(directory: Path, size: str) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("machine: only root may mount a file system")
    run_as(None, [program("mount"), "-t", "tmpfs", "-o", f"size={size}", "keyshift-test", directory])
    try:
        yield
    finally:
        run_as(None, [program("umount"), "--lazy", directory])


def fill(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(b"x" * 4096)
            file.flush()


def test_a_line_that_found_no_room_is_joined_with_the_next_as_it_stands_in_the_file(logs: Path):
    log, ballast = logs / "access.log", logs / "ballast"
    with small_file_system(logs, "256k"), Serve(following(log), until="healthy") as serve:
        ballast.write_bytes(b"x" * 128 * 1024)
        text = line(1, 401, 15)
        with log.open("ab", buffering=0) as file:
            while file.write(text) == len(text):
                pass
            whole = log.read_bytes().count(b"\n")
            await_lines(serve, matched=whole)
            assert not log.read_bytes().endswith(b"\n"), "the last one fitted in part"
            ballast.unlink()
            file.write(text)
            file.write(text)
        assert log.read_bytes().count(b"\n") == whole + 2
        eventually(lambda: sum(lines(serve).values()) == whole + 2, PATIENCE, "the line that was joined, and one more")
        # Where the cut stands before the time, the joined line can be read.
        assert lines(serve)["matched"] in (whole + 1, whole + 2)
        assert serve.metric("keyshift_source_up", source="access_log") == 1


def test_what_could_not_be_saved_is_counted_and_saved_later_once(logs: Path, tmp_path: Path):
    log, state = logs / "access.log", tmp_path / "state"
    state.mkdir()
    append(log, 10)
    with small_file_system(state, "2m"), Serve({**following(log), "state": {"directory": str(state)}}) as serve:
        await_lines(serve, matched=10)
        eventually(lambda: saved_lines(state) == 10, PATIENCE, "ten lines saved")
        fill(state / "ballast")
        append(log, 500)
        await_lines(serve, matched=510)
        eventually(lambda: serve.metric("keyshift_state_write_errors_total") >= 1, PATIENCE, "an error")
        for _ in range(5):
            append(log, 1_000, 200, 9)
            time.sleep(0.1)
        await_lines(serve, matched=5_510)
        assert serve.metric("keyshift_source_up", source="access_log") == 1
        (state / "ballast").unlink()
        eventually(lambda: saved_lines(state) == 5_510, 30, "everything is saved")
        serve.kill9()
        serve.start()
        await_lines(serve, matched=5_510)
        fill(state / "ballast")
        append(log, 7)
        await_lines(serve, matched=5_517)
        serve.kill9()
        (state / "ballast").unlink()
        serve.start()
        no_further_lines(serve, matched=5_517)
        assert outcomes(serve) == {"auth_failure": 517, "success": 5_000}
