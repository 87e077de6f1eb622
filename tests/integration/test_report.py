# SPDX-License-Identifier: Apache-2.0
"""keyshift report: the real binary on a real PostgreSQL, in every format and into every kind of output."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import signal
import stat
import subprocess
import threading
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.product.keyshift import Keyshift, binary_path
from harness.product.watching import DAY, KeyTable
from harness.servers.postgres import Database
from harness.tools import leaks
from harness.tools.tcp import Proxy
from harness.tools.wait import eventually

GOLDEN = Path(__file__).parents[1] / "golden" / "e2e"
OWNER = "11111111-1111-4111-8111-111111111111"
HOSTILE_NAMES = [
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    'a;=1+1,"quoted"',
    "two\nlines",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "a | b | c",
    "`code` | *bold* @mention https://evil.example",
    "\x1b]0;owned\x07\x1b[31mred",
    "‮txt.exe",
    "zero​width",
    "&amp;lt;",
    "{{template}} ${variable} %s %n",
    "'; DROP TABLE virtual_keys; --",
]


@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


def report(table: KeyTable, *args: str, dsn: str | None = None) -> bytes:
    result = Keyshift().run("report", *args, env={"DATABASE_URL": dsn or table.database.dsn()})
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    return result.stdout


def start(table: KeyTable, args: Sequence[str] = (), **options) -> subprocess.Popen:
    """A report in the background, its output in the test's hands."""
    environment = Keyshift().environment({"DATABASE_URL": table.database.dsn()})
    return subprocess.Popen([binary_path(), "report", *args], env=environment, **options)


# --- the handbook's text


def expected(keys: int) -> bytes:
    return (GOLDEN / f"report_{keys}.txt").read_bytes()


def test_the_text_of_no_keys(table: KeyTable):
    table.add(legacy=False)
    assert report(table) == expected(0)


def test_the_text_of_one_key(table: KeyTable):
    table.database.execute("INSERT INTO users (id, email) VALUES (%s, 'o@example.com')", (OWNER,))
    table.add(id="00000000-0000-4000-8000-000000000001", name="Production API", owner=OWNER)
    table.add(legacy=False)
    assert report(table) == expected(1)


def test_the_text_of_three_keys_newest_first(table: KeyTable):
    table.database.execute("INSERT INTO users (id, email) VALUES (%s, 'o@example.com')", (OWNER,))
    ids = [f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)]
    table.add(id=ids[1], name=None, prefix="sk-DeF456+/x", age=30 * DAY)
    table.add(id=ids[2], name="翻訳サービス", prefix="sk-GhI", owner=OWNER, age=10 * DAY)
    table.add(id=ids[0], name="a name that is longer than its column", owner=OWNER, age=90 * DAY)
    assert report(table) == expected(3)
    assert report(table, "--format=text") == expected(3)


def test_a_script_that_reads_the_text_meets_no_control_characters(table: KeyTable):
    for name in HOSTILE_NAMES:
        table.add(name=name)
    text = report(table).decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)
    ids = {row[0] for row in table.database.execute("SELECT id::text FROM virtual_keys")}
    lines = [line for line in text.splitlines() if re.match(r"   [0-9a-f-]{36} \| ", line)]
    assert {line[3:39] for line in lines} == ids
    assert len(lines) == len(ids)


# --- formats


def test_json_lists_what_sql_lists(table: KeyTable):
    owner = table.add_user("o@example.com")
    table.add(name=None, owner=None, cost=4)
    table.add(owner=owner, idle=DAY, blocked=True, max_budget=1.0, current_spend=2.0, age=3 * DAY)
    for name in HOSTILE_NAMES:
        table.add(name=name, owner=owner)
    table.add(legacy=False)
    document = json.loads(report(table, "--format=json").decode())
    rows = table.database.execute(
        """SELECT k.id::text, name, key_prefix, user_id::text, email, blocked, current_spend >= max_budget,
                  split_part(key_hash, '$', 3)::int,
                  to_char(k.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                  to_char(last_used_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           FROM virtual_keys k LEFT JOIN users u ON u.id = user_id WHERE key_lookup_hash IS NULL
           ORDER BY k.created_at DESC, k.id"""
    )
    assert [key["id"] for key in document["keys"]] == [row[0] for row in rows]
    assert document["legacy_keys"] == len(rows)
    assert document["legacy_owners"] == 1
    for key, row in zip(document["keys"], rows, strict=True):
        assert key["key_prefix"] == row[2]
        assert (key["owner_id"], key["owner_email"]) == row[3:5]
        assert (key["blocked"], key["over_budget"], key["bcrypt_cost"]) == (row[5], bool(row[6]), row[7])
        assert key["created_at"].rstrip("Z0").rstrip(".") == row[8].rstrip("Z0").rstrip(".")
        assert (key["last_used_at"] or "").rstrip("Z0") == (row[9] or "").rstrip("Z0")
    assert (document["keys"][0]["name"], rows[0][1]) == ("a key", "a key")
    assert {key["name"] for key in document["keys"]} >= {None, "+1+1", "<script>alert(1)</script>"}


def test_csv_is_read_back_and_starts_no_formula(table: KeyTable):
    for name in HOSTILE_NAMES:
        table.add(name=name, prefix="=cmd|x")
    text = report(table, "--format=csv").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert {row["id"] for row in rows} == {
        row[0] for row in table.database.execute("SELECT id::text FROM virtual_keys")
    }
    for row in rows:
        for cell in row.values():
            assert not re.match(r"\s*[=+\-@\t\r]", cell)
        assert row.keys() == rows[0].keys()
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f]", text)
    # A reader that takes the semicolon for the separator finds no formula either.
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=";"):
        assert not [cell for cell in row if re.match(r'[" ]*[=+@]', cell)]


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen: list[tuple[str, list]] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, attributes))

    def handle_data(self, data):
        self.text += data


def test_html_holds_names_as_text_only(table: KeyTable):
    for name in HOSTILE_NAMES:
        table.add(name=name)
    plain, hostile = Elements(), Elements()
    hostile.feed(report(table, "--format=html").decode())
    table.database.execute("UPDATE virtual_keys SET name = 'plain'")
    plain.feed(report(table, "--format=html").decode())
    assert hostile.seen == plain.seen
    assert "<script>alert(1)</script>" in hostile.text
    assert "&amp;lt;" in hostile.text
    assert {tag for tag, _ in hostile.seen}.isdisjoint({"script", "img", "a", "link", "iframe"})


def test_markdown_holds_names_in_their_cells(table: KeyTable):
    for name in HOSTILE_NAMES:
        table.add(name=name)
    text = report(table, "--format=markdown").decode()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(HOSTILE_NAMES)
    assert {row.count("|") for row in rows} == {9}
    outside_code = re.sub(r"`[^`]*`", "", text)
    assert "<script" not in outside_code and "javascript:" not in outside_code and "evil.example" not in outside_code


@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown", "html"])
def test_owners_come_together_with_their_addresses(table: KeyTable, form: str):
    first, second = table.add_user("first@example.com"), table.add_user("second@example.com")
    for age, owner in enumerate([first, second, None, first, second, None], 1):
        table.add(owner=owner, age=age * DAY)
    text = report(table, f"--format={form}", "--group-by=owner").decode()
    ids = re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text)
    owner_of = dict(table.database.execute("SELECT id::text, user_id::text FROM virtual_keys"))
    groups = [owner_of[i] for i in ids if i in owner_of]
    assert len(groups) == 6
    assert sum(a != b for a, b in zip(groups, groups[1:], strict=False)) == 2, "an owner's keys are apart"
    assert groups[-1] is None
    assert "first@example.com" in text and "second@example.com" in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_owners_without_the_right_to_read_their_addresses(table: KeyTable, form: str):
    owner = table.add_user("hidden@example.com")
    table.add(owner=owner)
    role = f"reader_{table.database.name}"
    table.database.create_role(role, "a-reader's-password", ["SELECT ON virtual_keys"])
    text = report(table, f"--format={form}", "--group-by=owner", dsn=table.database.dsn(role)).decode()
    assert owner in text
    assert "hidden@example.com" not in text


def test_owners_in_a_database_without_a_table_of_users(table: KeyTable):
    table.add(owner=(owner := table.add_user("x@example.com")))
    table.database.execute("ALTER TABLE users RENAME TO people")
    keys = json.loads(report(table, "--format=json"))["keys"]
    assert [(key["owner_id"], key["owner_email"]) for key in keys] == [(owner, None)]


def test_the_password_is_not_in_what_a_report_says_of_its_database(table: KeyTable):
    for form in ("json", "markdown", "html"):
        assert f"127.0.0.1:{table.database.postgres.port}/{table.database.name}" in report(
            table, f"--format={form}"
        ).decode()


# --- output


def test_a_file_appears_whole_and_private(table: KeyTable, tmp_path):
    table.add()
    target = tmp_path / "report.json"
    assert report(table, "--format=json", f"--output={target}") == b""
    assert len(json.loads(target.read_text())["keys"]) == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["report.json"]


@pytest.mark.parametrize("when", ["connecting", "copying"])
def test_a_failing_run_leaves_no_file_and_an_old_file_untouched(table: KeyTable, tmp_path, when: str):
    target = tmp_path / "report.txt"
    dsn = table.database.dsn().replace(f"/{table.database.name}", "/no_such_database")
    if when == "copying":
        # The 900th row cannot be read: by then the report has begun.
        table.fill(legacy=1000, modern=0)
        table.database.execute(
            """CREATE VIEW broken AS SELECT id, key_lookup_hash, key_hash, key_prefix, user_id, expires_at, blocked,
                  max_budget, current_spend, last_used_at, created_at,
                  CASE WHEN name = 'key 900' THEN (1 / (length(name) - 7))::text ELSE name END AS name
               FROM virtual_keys"""
        )
        dsn = table.database.dsn()
    config = tmp_path / "keyshift.yaml"
    config.write_text("gateway: {table: broken}\n")
    arguments = ["report", "--format=csv", f"--config={config}", f"--output={target}"]
    result = Keyshift().run(*arguments, env={"DATABASE_URL": dsn})
    assert result.returncode == 69
    assert result.stderr
    assert os.listdir(tmp_path) == ["keyshift.yaml"]
    target.write_text("yesterday's")
    assert Keyshift().run(*arguments, env={"DATABASE_URL": dsn}).returncode == 69
    assert target.read_text() == "yesterday's"
    assert sorted(os.listdir(tmp_path)) == ["keyshift.yaml", "report.txt"]


def test_an_output_that_is_no_regular_file_is_not_replaced(table: KeyTable, tmp_path):
    """As root, --output /dev/null must not put a report in the place of /dev/null."""
    table.add()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader_end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        environment = {"DATABASE_URL": table.database.dsn()}
        result = Keyshift().run("report", "--format=csv", f"--output={pipe}", env=environment)
        received.append(os.read(reader_end, 100_000))
    finally:
        os.close(reader_end)
    assert stat.S_ISFIFO(pipe.lstat().st_mode), "the named pipe was replaced by a file"
    assert received[0].startswith(b"id,name") or result.returncode != 0


def test_an_output_in_no_directory_is_an_error(table: KeyTable, tmp_path):
    result = Keyshift().run("report", f"--output={tmp_path}/none/x", env={"DATABASE_URL": table.database.dsn()})
    assert result.returncode not in (0, 69)
    assert f"{tmp_path}/none/x" in result.stderr.decode()


def test_a_full_disk_is_an_error(table: KeyTable):
    table.add()
    with open("/dev/full", "wb") as full:
        process = start(table, stdout=full, stderr=subprocess.PIPE)
        _, complaint = process.communicate(timeout=30)
    leaks.heard("standard error", complaint)
    assert process.returncode not in (0, 69), "the database is not what failed"
    assert b"standard output" in complaint and b"No space left" in complaint


def test_a_closed_standard_output_is_an_error(table: KeyTable):
    """Nothing else may have taken its place, least of all the connection to the database."""
    table.add()
    process = subprocess.run(
        ["sh", "-c", 'exec "$0" report >&-', binary_path()],
        env=Keyshift().environment({"DATABASE_URL": table.database.dsn()}),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert process.returncode not in (0, 69)
    assert b"standard output" in process.stderr


def test_a_reader_that_has_seen_enough_is_no_error(table: KeyTable):
    table.fill(legacy=20_000, modern=0)
    process = start(table, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline().decode() == "🔗 Connecting to database...\n"
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_report_that_hangs_and_leaves_nothing(table: KeyTable, tmp_path, number: int):
    table.fill(legacy=60_000, modern=0)
    postgres = table.database.postgres
    with Proxy(postgres.port) as proxy:
        proxy.pause_after(500_000)
        environment = {"DATABASE_URL": table.database.dsn().replace(f":{postgres.port}/", f":{proxy.port}/")}
        process = subprocess.Popen(
            [binary_path(), "report", "--format=csv", f"--output={tmp_path}/report.csv"],
            env=Keyshift().environment(environment),
            stderr=subprocess.PIPE,
        )
        eventually(lambda: not proxy.flowing, 20, "a report half-way")
        process.send_signal(number)
        _, complaint = process.communicate(timeout=2)
        assert process.returncode == 128 + number
        assert complaint == b""
        assert os.listdir(tmp_path) == []
        proxy.resume()
        eventually(lambda: postgres.watchers() == [], 10, "no backend left")


def test_progress_is_shown_only_to_a_terminal(table: KeyTable):
    table.fill(legacy=1000, modern=0)
    ours, theirs = pty.openpty()
    process = start(table, ["--format=csv"], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = ""
    with contextlib.suppress(OSError):  # the end of a terminal is an error
        while piece := os.read(ours, 10_000):
            shown += piece.decode()
    os.close(ours)
    assert process.wait(30) == 0
    assert "100 %" in shown
    assert shown.endswith("\r\x1b[K")


def test_memory_does_not_grow_with_the_keys(table: KeyTable):
    def peak_kilobytes(rows: int) -> int:
        """When all but the last of the output has been read: by then all rows have passed through."""
        process = start(table, ["--format=csv"], stdout=subprocess.PIPE)
        for _ in range(rows - 600):
            process.stdout.readline()
        status = Path(f"/proc/{process.pid}/status").read_text()
        count = rows - 600 + len(process.stdout.readlines())
        assert process.wait(30) == 0
        assert count == rows + 1
        process.stdout.close()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])

    table.fill(legacy=5_000, modern=0)
    few = peak_kilobytes(5_000)
    table.database.execute("TRUNCATE virtual_keys CASCADE")
    table.fill(legacy=100_000, modern=1_000)
    many = peak_kilobytes(100_000)
    assert many < few + 2048
    assert many < 32 * 1024


def test_every_key_is_in_a_report_that_is_read_slowly(table: KeyTable):
    table.fill(legacy=30_000, modern=0)
    process = start(table, ["--format=csv"], stdout=subprocess.PIPE)
    ids = []

    def read() -> None:
        for line in process.stdout:
            ids.append(line.split(b",")[0].decode())

    reader = threading.Thread(target=read)
    reader.start()
    table.database.execute("DELETE FROM virtual_keys WHERE name LIKE '%%7'", ())
    reader.join(60)
    assert process.wait(10) == 0
    process.stdout.close()
    assert len(set(ids[1:])) == len(ids) - 1
    assert len(ids) - 1 in (30_000, 27_000), "one snapshot, from before or after the deletion"


def test_a_report_writes_nothing_to_the_database(table: KeyTable, tmp_path):
    table.add()
    table.database.execute(
        """CREATE TABLE touched (at timestamptz);
           CREATE FUNCTION touch() RETURNS boolean LANGUAGE sql VOLATILE AS
               'INSERT INTO public.touched VALUES (now()) RETURNING true';
           CREATE VIEW touching AS SELECT * FROM virtual_keys WHERE touch();"""
    )
    config = tmp_path / "keyshift.yaml"
    config.write_text("gateway: {table: touching}\n")
    result = Keyshift().run("report", f"--config={config}", env={"DATABASE_URL": table.database.dsn()})
    assert table.database.execute("SELECT count(*) FROM touched") == [(0,)]
    assert result.returncode == 69
    assert b"read-only" in result.stderr
