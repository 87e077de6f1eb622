# SPDX-License-Identifier: Apache-2.0
"""Every field of the web configuration, right and wrong, as `keyshift check` and the toolkit in Prometheus' promtool judge it."""

import json
import re
from pathlib import Path

import pytest

from harness.product.keyshift import Keyshift
from harness.product.web_files import Case, Place, cases, promtool_accepts

CONFIGURATION = "collectors: [{type: keys, database_url: 'postgres://h/d'}]\nweb: {config_file: %s}\n"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Case, Path, list[dict]]]:
    """Each case, its file, and the problems that keyshift has with it."""
    place = Place(tmp_path_factory.mktemp("web"))
    files = [place.write(f"{i}.yml", case.text) for i, case in enumerate(cases())]
    whole = []
    for file in files:
        whole.append(file.with_suffix(".yaml"))
        whole[-1].write_text(CONFIGURATION % file)
    ran = Keyshift().run("check", "--format", "json", *whole)
    found = json.loads(ran.stdout)["files"]
    return [(case, file, said["problems"]) for case, file, said in zip(cases(), files, found, strict=True)]


def test_each_is_taken_or_refused_with_what_to_do(judged: list[tuple[Case, Path, list[dict]]]):
    assert len(judged) > 300
    for case, file, problems in judged:
        errors = [problem for problem in problems if problem["severity"] == "error"]
        assert (errors == []) == case.usable, (case, errors)
        assert all(problem["mend"] and problem["file"] == str(file) for problem in problems), (case, problems)
        assert "LDeSi" not in json.dumps(problems), "a hash is repeated"


def test_the_toolkit_says_the_same(judged: list[tuple[Case, Path, list[dict]]]):
    """Of what the release in Debian knows."""
    alike = [(case, file) for case, file, _ in judged if case.toolkit_of_debian_checks_it_alike]
    assert len(alike) > 200
    accepted = promtool_accepts([file for _, file in alike])
    assert [(case, accepted[file]) for case, file in alike if accepted[file] != case.usable] == []


def test_where_the_toolkit_says_otherwise(judged: list[tuple[Case, Path, list[dict]]]):
    """These are the differences: docs/web.md has them."""
    differ = [(case, file) for case, file, _ in judged if case.flags & {"go1.22", "serve", "ours"}]
    accepted = promtool_accepts([file for _, file in differ])
    assert len(differ) == 7 and all(not case.accepted for case, _ in differ)
    assert [case for case, file in differ if not accepted[file]] == []


def test_the_examples_of_the_document_are_valid(tmp_path: Path):
    text = (Path(__file__).parents[2] / "docs" / "web.md").read_text()
    blocks = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    examples = [block for block in blocks if block.startswith(("tls_server_config:", "basic_auth_users:", "http_server_config:"))]
    assert len(examples) == 4
    place = Place(tmp_path)
    (tmp_path / "clients-ca.crt").write_bytes((tmp_path / "ca.crt").read_bytes())
    for i, example in enumerate(examples):
        whole = tmp_path / f"{i}.yaml"
        whole.write_text(CONFIGURATION % place.write(f"{i}.yml", example))
        ran = Keyshift().run("check", whole)
        assert ran.returncode == 0, (example, ran.stderr)
