# SPDX-License-Identifier: Apache-2.0
"""What stands in the fenced blocks of the documents works: commands run, SQL runs, configurations are valid."""

import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.documents import documents
from harness.documents.documents import ROOT, Block
from harness.documents.handbook import IDLE, Handbook
from harness.product.keyshift import Keyshift
from harness.servers.prometheus import promtool
from harness.tools.process import CLEAN_ENVIRONMENT

DOCUMENTS = documents.documents()
KEYSHIFT_KEYS = {"gateway", "migration", "collectors", "state", "web", "notify", "log"}
PROMETHEUS_KEYS = {"global", "rule_files", "scrape_configs", "alerting"}
# What a command may say besides ok: an answer, not a failure.
ANSWERS = {"verdict": {0, 1, 2, 3}}


@pytest.fixture(scope="module")
def handbook(postgres, redis) -> Iterator[Handbook]:
    with Handbook(postgres, redis) as here:
        yield here


def of_kind(kind: str) -> list[Path]:
    return [path for path in DOCUMENTS if any(block.kind == kind for block in documents.blocks(path))]


def each(kind: str):
    return pytest.mark.parametrize("path", of_kind(kind), ids=lambda path: str(path.relative_to(ROOT)))


def blocks(path: Path, kind: str) -> list[Block]:
    return [block for block in documents.blocks(path) if block.kind == kind]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_is_of_a_kind_that_is_checked(path: Path):
    found = documents.blocks(path)
    fences = re.findall(r"^\s*(?:`{3,}|~{3,})", path.read_text(), re.M)
    assert len(found) * 2 == len(fences), "one that is indented or not closed"
    assert [complaint for block in found for complaint in documents.unclassified(block)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_sql_run(path: Path, handbook: Handbook):
    """In the order in which they stand there."""
    asked = [(block, command) for block in documents.blocks(path) for command in commands(block)]
    wrong = [f"{block.where}: bash: {error}" for block, command in asked if (error := syntax_error(command))]
    wrong += [
        f"{block.where}: there is no make {target}"
        for block, command in asked
        for target in re.findall(r"^make ([a-z-]+)", command)
        if target not in make_targets()
    ]
    assert wrong == []
    handbook.renew()
    run = [(block, command) for block, command in asked if block.kind == "sql" or documents.is_run(block, command)]
    for (block, command), ran in zip(run, handbook.run([command for _, command in run])):
        if ran.code not in allowed(block, command):
            wrong.append(f"{block.where}: {command}\nexits with {ran.code}: {ran.output}")
        if block.prints and not re.fullmatch(documents.printed(block), ran.output):
            wrong.append(f"{block.where}: {command}\nprints: {ran.output}")
    assert wrong == [], "\n".join(wrong)


def commands(block: Block) -> list[str]:
    if block.kind == "sql":
        return [f"psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d gateway <<'END OF BLOCK'\n{block.text}END OF BLOCK\n"]
    return documents.commands(block) if block.kind == "" else []


def allowed(block: Block, command: str) -> set[int]:
    if block.exits is not None:
        return {block.exits}
    (*_, word) = re.findall(r"keyshift (\w+)", command) or [""]
    return ANSWERS.get(word, {0})


def syntax_error(command: str) -> str:
    result = subprocess.run(
        ["/bin/bash", "-n"], input=command, env=CLEAN_ENVIRONMENT, capture_output=True, text=True, check=False
    )
    return result.stderr


@functools.cache
def make_targets() -> set[str]:
    lines = re.findall(r"^([a-z -]+):(?!=)", (ROOT / "Makefile").read_text(), re.M)
    return {target for line in lines for target in line.split()}


def test_commands_that_sentences_alerts_and_dashboards_name_run(handbook: Handbook):
    """Between backticks, as they are pasted; a name in capitals is of something that is there."""
    places = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "alerts").glob("*.yaml"), *(ROOT / "dashboards").glob("*.json")]
    found = {code for path in places for code in documents.code_of(path.read_text())}
    named = sorted(code for code in found if documents.is_run_in_a_sentence(code))
    assert len(named) > 30
    handbook.renew()
    handbook.serve.wait_for_poll()
    ran = handbook.run([documents.with_examples(code) for code in named])
    wrong = [
        f"{code}\nexits with {one.code}: {one.output}"
        for code, one in zip(named, ran)
        if one.code not in ANSWERS.get(code.split()[1], {0})
    ]
    assert wrong == [], "\n".join(wrong)


@each("yaml")
def test_configurations_are_valid(path: Path, handbook: Handbook, tmp_path: Path):
    found = ((block, invalid(block, handbook, tmp_path)) for block in blocks(path, "yaml"))
    wrong = [f"{block.where}: {error}" for block, error in found if error]
    assert wrong == [], "\n".join(wrong)


def invalid(block: Block, handbook: Handbook, directory: Path) -> str:
    """A list is what stands below `collectors`."""
    text = handbook.translated(block.text)
    tree = yaml.safe_load(text)
    if isinstance(tree, list):
        tree, text = {"collectors": tree}, "collectors:\n" + text
    file = directory / "block.yaml"
    file.write_text(text)
    if set(tree) <= KEYSHIFT_KEYS:
        urls = {"DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://h"}
        return Keyshift().run("check", file, env=urls).stderr.decode()
    if set(tree) <= PROMETHEUS_KEYS:
        result = promtool(["check", "config", file])
        return result.stderr if result.returncode else ""
    return f"neither keyshift's nor Prometheus' configuration: {sorted(set(tree) - KEYSHIFT_KEYS)}"


@each("promql")
def test_expressions_are_promql(path: Path, tmp_path: Path):
    file = tmp_path / "rules.yaml"
    for block in blocks(path, "promql"):
        rules = {"groups": [{"name": "block", "rules": [{"record": "a:b:c", "expr": block.text}]}]}
        file.write_text(yaml.safe_dump(rules))
        result = promtool(["check", "rules", file])
        assert result.returncode == 0, f"{block.where}: {result.stderr}"


@each("redis")
def test_commands_of_redis_run(path: Path, redis):
    with redis.client() as client:
        for block in blocks(path, "redis"):
            for line in block.text.splitlines():
                client.execute_command(*line.split())
        client.execute_command("ACL", "DELUSER", "keyshift")


def block_of(kind: str, text: str) -> Block:
    return Block(ROOT / "README.md", 1, kind, text, None, False)


def test_a_state_is_restored_as_operations_says(handbook: Handbook):
    """The commands that test_commands_and_sql_run leaves out, since they want the daemon stopped."""
    operations = ROOT / "docs" / "operations.md"
    (block,) = [block for block in documents.blocks(operations) if "keyshift.db-wal" in block.text]
    needed = [command for command in documents.commands(block) if documents.RUN.issuperset(documents.programs(command))]
    backup = 'sqlite3 /var/lib/keyshift/keyshift.db ".backup /var/backups/keyshift.db"'
    assert backup in operations.read_text() and len(needed) == 3
    handbook.renew()
    handbook.serve.wait_for_poll()
    assert [ran.code for ran in handbook.run([f"keyshift ack {IDLE}", backup])] == [0, 0]
    handbook.serve.kill9()
    left = handbook.serve.state_directory / "keyshift.db-wal"
    assert left.exists(), "of another state"
    handbook.serve.state_directory.joinpath("keyshift.db").unlink()
    restored = handbook.run(needed[:-1])
    handbook.serve.start()
    (known,) = handbook.run([f"keyshift key {IDLE}"])
    assert [ran.code for ran in (*restored, known)] == [0, 0, 0] and "acknowledged by" in known.output
    assert "damaged" not in handbook.serve.log()


def test_what_is_wrong_in_a_block_is_found(handbook: Handbook, tmp_path: Path):
    for kind, text, complaint in (
        ("toml", "a = 1", "a block of kind 'toml'"),
        ("", "keyshift status\nrsync a b", "'rsync'"),
        ("", "sudo -u keyshift keyshift status | tee out", "'tee'"),
        ("", 'TOKEN=$(wget -q x | jq -r .token)', "'wget'"),
    ):
        (found,) = documents.unclassified(block_of(kind, text))
        assert complaint in found
    assert "web.lisen" in invalid(block_of("yaml", "web: {lisen: ':1'}"), handbook, tmp_path)
    assert "targetz" in invalid(block_of("yaml", "scrape_configs: [{targetz: 1}]"), handbook, tmp_path)
    assert "neither" in invalid(block_of("yaml", "services: {}"), handbook, tmp_path)
    bad_sql = commands(block_of("sql", "SELECT 1;\nSELECT 1 FROM no_such_table;\n"))
    ran = handbook.run(["keyshift statsu", "keyshift status", "false | cat", *bad_sql])
    assert [one.code for one in ran] == [64, 0, 1, 3]
