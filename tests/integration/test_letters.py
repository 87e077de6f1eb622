# SPDX-License-Identifier: Apache-2.0
"""keyshift report --format letter: one message for each owner who has something to do, opened as a mail program does."""

import csv
import email
import email.policy
import re
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.product.keyshift import Keyshift
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.scratch import scratch_directory

PHASES = re.compile(r"\b(pending|dormant|issued|overlap|drained|quarantined|stranded|retired|bcrypt|fallback|legacy)\b")


@pytest.fixture
def table(database: Database) -> KeyTable:
    return KeyTable(database)


def config(table: KeyTable, gateway: Mapping[str, Any] | None = None, **migration: str) -> Path:
    place = scratch_directory("letters")
    tree = watching(table.database.dsn(), gateway=gateway)
    tree["state"] = {"directory": str(place / "state")}
    tree["migration"] = dict(migration)
    path = place / "keyshift.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def letters(table: KeyTable, *args: str, path: Path | None = None, code: int = 0) -> Path:
    path = path or config(table)
    directory = path.parent / f"letters{len(list(path.parent.iterdir()))}"
    result = Keyshift().run("report", "--format=letter", f"--output-dir={directory}", f"--config={path}", *args)
    assert result.returncode == code, result.stderr
    return directory


def index(directory: Path) -> list[dict[str, str]]:
    with (directory / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def opened(directory: Path) -> list[EmailMessage]:
    """As a mail program: strictly, and without a defect."""
    found = []
    for path in sorted(directory.glob("*.eml")):
        raw = path.read_bytes()
        assert all(len(line) <= 78 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage) and not message.defects
        assert not any(part.defects for part in message.walk())
        found.append(message)
    return found


def texts(message: EmailMessage) -> tuple[str, str]:
    """Plain text and HTML, both of which say the same words."""
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None and html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content()


class Words(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_each_owner_who_has_something_to_do_gets_one_letter(table: KeyTable):
    alice, bob, carol = (table.add_user(f"{name}@example.com") for name in ("alice", "bob", "carol"))
    table.add(owner=alice, name="shop", prefix="sk-shop", age=90 * DAY, idle=1 * DAY)
    table.add(owner=alice, name="night job", age=200 * DAY, idle=None)
    table.add(owner=bob, name="old tool", age=300 * DAY, idle=100 * DAY)
    table.add(owner=carol, name="blocked", idle=100 * DAY, blocked=True)
    table.add(name="of nobody", idle=1 * DAY)
    directory = letters(table, "--from=gateway@example.com", path=config(table, deadline="2030-03-31T00:00:00Z"))
    names = sorted(path.name for path in directory.iterdir())
    assert [name[4:] for name in names[:2]] in (
        ["-alice_example.com.eml", "-bob_example.com.eml"], ["-bob_example.com.eml", "-alice_example.com.eml"]
    ) and names[2:] == ["index.csv"]  # fmt: skip
    found = {message["To"]: message for message in opened(directory)}
    assert set(found) == {"alice@example.com", "bob@example.com"}
    message = found["alice@example.com"]
    assert (message["From"], message["X-Unsent"]) == ("gateway@example.com", "1")
    assert message["Subject"] == "Your API keys: 2 to look after"
    plain, html = texts(message)
    assert "Hello alice@example.com," in plain and "by 31 Mar 2030" in plain
    assert re.search(r"^- shop \(begins with sk-shop\), created .*, last used .*: replace it$", plain, re.M)
    assert re.search(r"^- night job .*, never used: it seems unused: tell us whether you need it$", plain, re.M)
    assert re.search(r"^1\. Keys to replace: .*\n2\. Keys that seem unused: ", plain, re.M)
    assert "replace it" not in texts(found["bob@example.com"])[0]
    for text in (plain, html):
        assert not PHASES.search(text), "holders do not know phases"
    read = Words(html)
    assert {"ul", "ol", "li", "p"} <= set(read.tags) and not {"script", "img", "a", "link"} & set(read.tags)
    said = re.sub(r"^(- |\d\. )", "", plain, flags=re.M)
    assert re.sub(r"\s+", " ", said).strip() in re.sub(r"\s+", " ", read.words), "both say the same"


def test_the_index_names_every_owner(table: KeyTable):
    alice, carol = (table.add_user(f"{name}@example.com") for name in ("alice", "carol"))
    table.add(owner=alice, idle=1 * DAY)
    table.add(owner=carol, idle=100 * DAY, blocked=True)
    table.add(name="of nobody", idle=1 * DAY)
    rows = {row["owner"]: row for row in index(letters(table))}
    assert set(rows) == {alice, carol, ""}
    assert (rows[alice]["address"], rows[alice]["state"], rows[alice]["keys"]) == ("alice@example.com", "to do", "1")
    assert rows[alice]["file"].endswith(".eml") and re.fullmatch(r"\d{4}-\d\d-\d\d", rows[alice]["asked_on"])
    assert (rows[carol]["state"], rows[carol]["file"], rows[carol]["asked_on"]) == ("nothing to do", "", "")
    assert (rows[""]["state"], rows[""]["file"]) == ("no owner", "")


def test_addresses_and_teams_of_a_file_win(table: KeyTable):
    alice, bob = (table.add_user(f"{name}@example.com") for name in ("alice", "bob"))
    table.add(owner=alice, idle=1 * DAY)
    table.add(owner=bob, idle=1 * DAY)
    path = config(table)
    owners = path.parent / "owners.csv"
    owners.write_text(f'owner,team,address\r\n{alice},"Shop, web",shop@example.org\r\n')
    tree = yaml.safe_load(path.read_text())
    tree["gateway"] = {"owners_file": str(owners)}
    path.write_text(yaml.safe_dump(tree))
    directory = letters(table, path=path)
    assert {message["To"] for message in opened(directory)} == {"shop@example.org", "bob@example.com"}
    rows = {row["owner"]: row for row in index(directory)}
    assert (rows[alice]["team"], rows[bob]["team"]) == ("Shop, web", "")
    owners.write_text(f"owner,address\n{alice},a@b\n{alice},c@d\n")
    result = Keyshift().run("report", "--format=csv", f"--config={path}")
    assert result.returncode == 78 and "owners.csv, line 3: the owner" in result.stderr.decode()


HOSTILE = ["<script>alert(1)</script>", "two\nlines\r\nBcc: eve@example.com", "‮txt.exe", "ключ " * 30, "{{steps}}", "= .\n."]


def test_names_stay_names(table: KeyTable):
    alice = table.add_user("alice@example.com")
    for name in HOSTILE:
        table.add(owner=alice, name=name, idle=1 * DAY)
    (message,) = opened(letters(table))
    plain, html = texts(message)
    assert "Bcc" not in message and "‮" not in plain + html and "<script>" not in html
    assert "ключ ключ" in plain and "ключ ключ" in html and plain.count("\n- ") == len(HOSTILE)
    assert "{{steps}}" in plain
    (chat,) = letters(table, "--letter-as=markdown").glob("*.md")
    assert "`<script>alert(1)</script>`" in chat.read_text()


def test_an_address_that_could_say_more_is_left_out(table: KeyTable):
    eve = table.add_user("eve@example.com, victim@example.com")
    table.add(owner=eve, idle=1 * DAY)
    directory = letters(table)
    (message,) = opened(directory)
    assert message["To"] is None and index(directory)[0]["address"] == ""


def test_a_team_writes_its_own_words(table: KeyTable):
    alice = table.add_user("alice@example.com")
    table.add(owner=alice, name="shop", idle=1 * DAY)
    path = config(table)
    wording = path.parent / "letter.txt"
    wording.write_text("Subject: Schlüssel: {{count}}\n\nHallo {{owner}},\n\n{{keys}}\n\nBis {{deadline}}!\n\nGruß\n")
    (message,) = opened(letters(table, f"--template={wording}", path=path))
    assert message["Subject"] == "Schlüssel: 1"
    plain, html = texts(message)
    assert plain.startswith("Hallo alice@example.com,\n\n- shop") and plain.rstrip().endswith("Gruß")
    assert "Bis" not in plain + html, "nobody has set a deadline"


def test_reminders_go_to_those_of_whom_something_is_new(table: KeyTable):
    alice, bob = (table.add_user(f"{name}@example.com") for name in ("alice", "bob"))
    used = table.add(owner=alice, idle=3 * DAY)
    table.add(owner=bob, idle=3 * DAY)
    path = config(table)
    assert len(opened(letters(table, "--changed-since=1d", path=path))) == 0
    table.use(used)
    directory = letters(table, "--changed-since=1d", path=path)
    assert [message["To"] for message in opened(directory)] == ["alice@example.com"]
    assert {row["owner"]: row["state"] for row in index(directory)} == {alice: "to do", bob: "nothing new"}


@pytest.mark.parametrize(
    "args,what",
    [
        (["--format=letter"], "add --output-dir"),
        (["--output-dir=x"], "add --format letter"),
        (["--from=a@b"], "add --format letter"),
        (["--format=letter", "--output-dir=x", "--owner=alice"], "do not go with letters"),
        (["--format=letter", "--output-dir=x", "--output=y"], "do not go with letters"),
        (["--format=letter", "--output-dir=x", "--from=a@b, c@d"], "no address"),
        (["--format=letter", "--output-dir=x", "--letter-as=pdf"], "eml"),
    ],
)
def test_what_does_not_go_together_is_said(table: KeyTable, args: list[str], what: str):
    result = Keyshift().run("report", *args, env={"DATABASE_URL": table.database.dsn()})
    assert result.returncode == 64 and what in result.stderr.decode()


def test_letters_of_another_day_are_not_mixed_with_these(table: KeyTable):
    table.add(owner=table.add_user("alice@example.com"), idle=1 * DAY)
    path = config(table)
    directory = letters(table, path=path)
    result = Keyshift().run("report", "--format=letter", f"--output-dir={directory}", f"--config={path}")
    assert result.returncode == 73 and "is not empty" in result.stderr.decode()
    assert (directory.stat().st_mode & 0o777, (directory / "index.csv").stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize(
    "text,what",
    [
        ("Hello\n\n{{keys}}\n", "line 1: it does not begin with"),
        ("Subject: x\n\nHello {{name}}\n\n{{keys}}\n", "line 3: there is no {{name}}"),
        ("Subject: x\n\nHello {{owner\n\n{{keys}}\n", "line 3: {{ is not closed"),
        ("Subject: x\n\nYour keys: {{keys}}\n", "line 3: {{keys}} and {{steps}} are lists"),
        ("Subject: x\n\n{{steps}}\n", "{{keys}} is missing"),
        ("Subject:\n\n{{keys}}\n", "line 1: the subject is empty"),
    ],
)
def test_a_template_that_cannot_be_used_is_said_with_its_line(table: KeyTable, text: str, what: str):
    path = config(table)
    wording = path.parent / "letter.txt"
    wording.write_text(text)
    result = Keyshift().run(
        "report", "--format=letter", "--output-dir", str(path.parent / "x"), f"--template={wording}", f"--config={path}"
    )
    assert result.returncode == 78 and what in result.stderr.decode()
    assert not (path.parent / "x").exists()
