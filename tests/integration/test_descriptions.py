# SPDX-License-Identifier: Apache-2.0
"""The man page and the completions of bash, zsh and fish know what --help knows, and nothing else."""

import re
import subprocess
from pathlib import Path

import pytest

from harness.documents.shells import Bash, Fish, Shell, Zsh
from harness.product.keyshift import Keyshift, binary_path
from harness.tools.process import CLEAN_ENVIRONMENT, program
from harness.tools.scratch import scratch_directory

DIRECTORY = binary_path().parents[1] / "packaging"
MAN_PAGE = DIRECTORY / "keyshift.1"
A_FILE = "keyshift-here.yaml"


def help_of(*command: str) -> str:
    return Keyshift().run(*command, "--help").stdout.decode()


def options_of(text: str) -> dict[str, str]:
    """By its names, as in "-h,--help": the name of its value, or nothing."""
    return dict(re.findall(r"^  (-[^\s]+)(?: ((?!Needs|Excludes)\S+))?", re.sub(r"  {3,}.*", "", text), re.MULTILINE))


HELP = help_of()
COMMANDS = re.findall(r"^  ([a-z-]+) ", HELP.split("Subcommands:")[1].split("Environment:")[0], re.MULTILINE)
OPTIONS = {command: options_of(help_of(command)) for command in COMMANDS}
LISTED = "[,...]"
CHOICES = {
    (command, name): set(value.removesuffix(LISTED).split("|"))
    for command, options in OPTIONS.items()
    for name, value in options.items()
    if value[:1].islower()
}
FILES = [(command, name) for command in COMMANDS for name, value in OPTIONS[command].items() if value == "FILE"]


def test_help_was_understood():
    assert {"serve", "verdict", "check"} < set(COMMANDS) and len(COMMANDS) == len(set(COMMANDS)) > 10
    assert OPTIONS["serve"]["-h,--help"] == "" and OPTIONS["serve"]["--web.listen-address"] == "HOST:PORT"
    assert CHOICES["verdict", "--format"] == {"text", "json"}
    assert ("check", "--log") in FILES and ("report", "--config") in FILES and OPTIONS["check"]["--summary"] == ""


class Offered:
    """What one shell offers, asked once."""

    def __init__(self, shell: Shell, lines: list[str]):
        self._answers = dict(zip(lines, shell.complete(lines), strict=True))

    def __call__(self, line: str) -> set[str]:
        return self._answers[line]


@pytest.fixture(scope="module", params=[Bash, Zsh, Fish], ids=lambda shell: shell.__name__.lower())
def offered(request: pytest.FixtureRequest) -> Offered:
    cwd = scratch_directory("completion")
    (cwd / A_FILE).touch()
    lines = ["keyshift ", "keyshift rep", "keyshift -", "keyshift sql ", "keyshift check keyshift-h", "keyshift key "]
    lines += [f"keyshift {command} -" for command in COMMANDS]
    lines += [f"keyshift {command} --" for command in COMMANDS]
    lines += [f"keyshift {command} {name} " for command, name in CHOICES]
    lines += [f"keyshift {command} {name} keyshift-h" for command, name in FILES]
    lines += ["keyshift report --phase pending,", "keyshift report --phase pending,dr", "keyshift help ", "keyshift help ver"]
    lines += ["keyshift report --format=m", "keyshift serve --web.listen-address "]
    return Offered(request.param(DIRECTORY, cwd), lines)


def test_commands(offered: Offered):
    assert offered("keyshift ") - {"-h", "--help", "--version"} == set(COMMANDS)
    assert offered("keyshift rep") == {"report"}


def test_options(offered: Offered):
    for command in COMMANDS:
        names = {name for names in OPTIONS[command] for name in names.split(",")}
        assert offered(f"keyshift {command} -") | offered(f"keyshift {command} --") == names, command


def test_closed_values(offered: Offered):
    for (command, name), choices in CHOICES.items():
        assert offered(f"keyshift {command} {name} ") == choices, (command, name)
    begun = {word.removeprefix("--format=") for word in offered("keyshift report --format=m")}
    assert begun & CHOICES["report", "--format"] == {"markdown"}
    assert offered("keyshift sql ") - {"-h", "--help", "--config", "--role"} == {"role", "view", "index", "statements"}


def test_a_list_with_commas_goes_on(offered: Offered):
    assert OPTIONS["report"]["--phase"].endswith(LISTED)
    rest = {word.split(",")[-1] for word in offered("keyshift report --phase pending,")}
    assert rest - {"pending"} == CHOICES["report", "--phase"] - {"pending"}
    assert {word.split(",")[-1] for word in offered("keyshift report --phase pending,dr")} == {"drained"}


def test_help_of_a_command(offered: Offered):
    assert offered("keyshift help ") - {"-h", "--help"} == set(COMMANDS)
    assert offered("keyshift help ver") == {"verdict", "version"}


def test_files_and_what_cannot_be_known(offered: Offered):
    for command, name in FILES:
        assert offered(f"keyshift {command} {name} keyshift-h") == {A_FILE}, (command, name)
    assert offered("keyshift check keyshift-h") == {A_FILE}
    assert offered("keyshift serve --web.listen-address ") == set()
    assert A_FILE not in offered("keyshift key ")


def man_page_as_text() -> str:
    environment = {**CLEAN_ENVIRONMENT, "MANWIDTH": "200", "MAN_KEEP_FORMATTING": ""}
    command = [program("man"), "--warnings", "-E", "ascii", "--no-hyphenation", "-l", str(MAN_PAGE)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert result.stderr == ""
    return result.stdout


def test_man_page():
    text = man_page_as_text()
    sections = re.split(r"^(?=[A-Z])", text, flags=re.MULTILINE)
    of_commands = next(section for section in sections if section.startswith("COMMANDS"))
    blocks = dict(re.findall(r"^   ([a-z-]+)\n(.*?)(?=^   [a-z]|\Z)", of_commands, re.MULTILINE | re.DOTALL))
    assert list(blocks) == COMMANDS
    for command in COMMANDS:
        documented = dict(re.findall(r"^       (--?\S+)(?: (\S+))?", blocks[command], re.MULTILINE))
        assert documented == {name: value for name, value in OPTIONS[command].items() if name != "-h,--help"}, command
    for variable in ("DATABASE_URL", "REDIS_URL"):
        assert variable in HELP and variable in text
    for code in re.findall(r"(\d+) \w+", HELP.split("Exit codes:")[1].split(";")[0]):
        assert re.search(rf"^       {code} ", text, re.MULTILINE), code


@pytest.mark.parametrize("command", [("mandoc", "-T", "lint"), ("groff", "-man", "-ww", "-z")], ids=lambda c: c[0])
def test_man_page_is_clean(command: tuple[str, ...]):
    result = subprocess.run([program(command[0]), *command[1:], MAN_PAGE], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
