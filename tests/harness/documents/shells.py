# SPDX-License-Identifier: Apache-2.0
"""What shells offer to complete a command line with, asked of the shells themselves."""

import contextlib
import os
import pty
import shlex
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from harness.tools.process import CLEAN_ENVIRONMENT, program
from harness.tools.wait import eventually

_END = "-- end --"


class Shell(ABC):
    """One shell with the completions of `directory`, in `cwd`."""

    def __init__(self, directory: Path, cwd: Path):
        self.directory = directory
        self.cwd = cwd

    @abstractmethod
    def complete(self, lines: list[str]) -> list[set[str]]:
        """The words offered at the end of each line."""

    def run(self, *command: str) -> str:
        environment = {**CLEAN_ENVIRONMENT, "HOME": str(self.cwd)}
        result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=self.cwd, env=environment)
        assert result.stderr == ""
        return result.stdout

    def answers(self, output: str, lines: list[str]) -> list[set[str]]:
        blocks = output.split(f"{_END}\n")
        assert len(blocks) == len(lines) + 1 and blocks[-1] == ""
        return [set(block.splitlines()) for block in blocks[:-1]]


class Bash(Shell):
    """Without bash-completion."""

    def complete(self, lines: list[str]) -> list[set[str]]:
        script = f"source {self.directory}/keyshift.bash\n"
        for line in lines:
            # As readline does, which takes the equals sign for a word of its own.
            words = shlex.split(line.replace("=", " = ")) + ([""] if line.endswith((" ", "=")) else [])
            script += f"COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1} COMPREPLY=()\n"
            script += f'_keyshift keyshift; printf "%s\\n" "${{COMPREPLY[@]}}" {shlex.quote(_END)}\n'
        return [{word for word in answer if word} for answer in self.answers(self.run("bash", "-c", script), lines)]


class Fish(Shell):
    def complete(self, lines: list[str]) -> list[set[str]]:
        script = f"source {self.directory}/keyshift.fish\n"
        for line in lines:
            script += f"complete -C {shlex.quote(line)}; echo -- {shlex.quote(_END)}\n"
        answers = self.answers(self.run(str(program("fish")), "--no-config", "-c", script), lines)
        return [{word.split("\t")[0] for word in answer} for answer in answers]


class Zsh(Shell):
    """Completion runs only in its line editor, and so on a terminal; what it would list goes to a file."""

    _SETUP = """
        PS1=; unset zle_bracketed_paste
        fpath=({directory} $fpath); autoload -Uz compinit; compinit -u -D
        compadd() {{ local -a offered; builtin compadd -O offered "$@"; print -rl -- $offered >> answers; return 1 }}
        zle -C listed list-choices _main_complete
        answer() {{ zle listed; BUFFER=; print -r -- {end} >> answers }}
        zle -N answer; bindkey '^G' answer
        : > answers
    """

    def complete(self, lines: list[str]) -> list[set[str]]:
        with self._terminal() as terminal:
            answers = self.cwd / "answers"
            for count, line in enumerate(lines, 1):
                os.write(terminal, f"{line}\a".encode())
                eventually(lambda: answers.read_text().count(f"{_END}\n") == count, 10.0, f"an answer to {line!r}")
            return [{w for w in answer if w} for answer in self.answers(answers.read_text(), lines)]

    @contextlib.contextmanager
    def _terminal(self) -> Iterator[int]:
        master, slave = pty.openpty()
        environment = {**CLEAN_ENVIRONMENT, "HOME": str(self.cwd), "TERM": "dumb"}
        command = [str(program("zsh")), "-f", "-i"]
        with subprocess.Popen(
            command,
            stdin=slave,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.cwd,
            env=environment,
            start_new_session=True,
        ) as shell:
            try:
                setup = self.cwd / "setup.zsh"
                setup.write_text(self._SETUP.format(directory=self.directory, end=shlex.quote(_END)))
                os.write(master, b"source ./setup.zsh\n")
                eventually((self.cwd / "answers").exists, 10.0, "a prompt")
                yield master
            finally:
                shell.kill()
                os.close(slave)
                os.close(master)
