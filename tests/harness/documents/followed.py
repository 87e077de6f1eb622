# SPDX-License-Identifier: Apache-2.0
"""An operator who follows documents word by word: each block in its order, as it is printed, in one shell."""

import os
import re
from collections.abc import Mapping

import yaml

from harness.documents import documents
from harness.documents.documents import ROOT, Block
from harness.servers.machine import Shell

# For a person who wants to read along: all that was typed and seen is written there.
TRANSCRIPT = os.environ.get("KEYSHIFT_TRANSCRIPT")
_PSQL = "sudo -u postgres psql -X -v ON_ERROR_STOP=1 -d gateway"
# What only another kind of server can answer.
ONLY_ON_A_STANDBY = "SELECT pg_get_wal_replay_pause_state()"
_SQL = ("SELECT ", "SHOW ")
_IN_SENTENCES = ("keyshift ", "curl ", "systemctl ", "df", *_SQL)


class Operator:
    """`here` says what stands in the place of what the documents can only give as an example."""

    def __init__(self, shell: Shell, here: Mapping[str, str]):
        self.here = dict(here)
        self.shell = shell
        self._blocks: list[Block] = []
        self.passed_over: dict[str, str] = {}
        self.runbooks: set[str] = set()

    def opens(self, document: str) -> None:
        """The next document; the one before has come to its end."""
        self.closes()
        self._blocks = [block for block in documents.blocks(ROOT / document) if block.kind != "text"]

    def closes(self) -> None:
        assert not self._blocks, f"not followed: {self._blocks[0].where}"

    def follows(self, excerpt: str, *, exits: Mapping[str, int] | None = None, input: str = "", **examples: str) -> str:
        """Run the next block, which must hold `excerpt`; what it printed. Its commands exit with what the document says
        before it, those that begin as in `exits` with that, all others with 0. `examples` says what the examples of
        documents.EXAMPLES are in this block, by their names."""
        block = self._next(excerpt)
        said = ""
        for command in self._commands(block):
            other = [code for begin, code in (exits or {}).items() if command.startswith(begin)]
            expected = block.exits or (other[0] if other else 0)
            said += self.types(self._translated(command, examples), expected, input, block.where)
        if block.prints:
            assert re.fullmatch(documents.printed(block), said), f"{block.where} promises otherwise than:\n{said}"
        return said

    def takes_over(self, excerpt: str) -> dict:
        """The next block, which is configuration."""
        block = self._next(excerpt)
        assert block.kind == "yaml", block.where
        tree = yaml.safe_load(self._translated(block.text, {}))
        return tree if isinstance(tree, dict) else {"collectors": tree}

    def passes_over(self, excerpt: str, reason: str) -> None:
        self.passed_over[self._next(excerpt).where] = reason

    def begins(self, excerpt: str) -> str:
        """Start the next block's one command, which runs until it is interrupted; its process."""
        (command,) = documents.commands(self._next(excerpt))
        command = re.sub(r"\s+# .*", "", self._translated(command, {}))
        self.types(f"{command} >serve.log 2>&1 &")
        return self.types("echo $!").strip()

    def looks_up(self, alert: str, **examples: str) -> dict[str, str]:
        """Do all that an alert's runbook tells to run, as keyshift's user; what each printed. `keyshift doctor` exits with
        69 while it finds a failure."""
        self.runbooks.add(alert)
        return {code: self.does(code, f"runbook of {alert}", **examples) for code in runbook(alert)}

    def does(self, code: str, where: str = "by hand", **examples: str) -> str:
        """What a sentence tells to run."""
        command = documents.with_examples(code).replace("HOST:", "127.0.0.1:")
        if code.startswith(_SQL):
            command = f'{_PSQL} -c "{code}"'
        elif code.startswith("keyshift "):
            command = f"sudo -u keyshift {command}"
        codes = {"keyshift verdict": {0, 1, 2, 3}, "keyshift doctor": {0, 69}}.get(code, 0)
        return self.types(self._translated(command, examples), codes, "", where)

    def types(self, command: str, exits: int | set[int] = 0, input: str = "", where: str = "by hand") -> str:
        """One command line; what it printed."""
        done = self.shell.run(command, input)
        if TRANSCRIPT:
            with open(TRANSCRIPT, "a") as transcript:
                transcript.write(f"\n[{where}]\n$ {command}\n{done.stdout}[{done.returncode}]\n")
        allowed = exits if isinstance(exits, set) else {exits}
        assert done.returncode in allowed, f"{where}: {command}\nexits with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _next(self, excerpt: str) -> Block:
        assert self._blocks, f"the document has no more blocks, one with {excerpt!r} was expected"
        block = self._blocks.pop(0)
        assert excerpt in block.text, f"{block.where}: {excerpt!r} was expected to come next, not\n{block.text}"
        return block

    def _commands(self, block: Block) -> list[str]:
        if block.kind == "sql":
            return [f"{_PSQL} <<'END OF BLOCK'\n{block.text}END OF BLOCK"]
        assert block.kind in ("", "sh"), f"{block.where}: how is {block.kind!r} followed?"
        return documents.commands(block)

    def _translated(self, text: str, examples: Mapping[str, str]) -> str:
        theirs = {documents.EXAMPLES[name]: value for name, value in examples.items()}
        for there, here in {**self.here, **theirs}.items():
            text = text.replace(there, here)
        return text


def alerts() -> list[str]:
    """Those that have a runbook."""
    return re.findall(r"^### (\w+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.M)


def runbook(alert: str) -> list[str]:
    """What it tells to run: commands of keyshift that are whole, SQL, and what else stands between backticks."""
    text = (ROOT / "docs" / "runbooks.md").read_text()
    section = re.search(rf"^### {alert}$(.*?)(?=^##|\Z)", text, re.M | re.S)[1]
    told = dict.fromkeys(documents.code_of(section))
    return [
        code
        for code in told
        if code.startswith(_IN_SENTENCES)
        and (not code.startswith("keyshift ") or documents.is_run_in_a_sentence(code))
        and code != ONLY_ON_A_STANDBY
    ]


def merged(tree: dict, more: Mapping) -> dict:
    """As an editor puts one piece of configuration beside another: lists go on, of other values the later one counts."""
    for key, value in more.items():
        if isinstance(value, Mapping):
            tree[key] = merged(dict(tree.get(key) or {}), value)
        elif isinstance(value, list):
            tree[key] = [*tree.get(key, []), *value]
        else:
            tree[key] = value
    return tree


