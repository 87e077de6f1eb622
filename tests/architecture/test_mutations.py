# SPDX-License-Identifier: Apache-2.0
"""Each mutation changes a text that stands in its file, once: what is found nowhere would break nothing."""

import tomllib

from architecture import house


def test_each_mutation_finds_its_text() -> None:
    wrong, count = [], 0
    for path in sorted((house.ROOT / "tests" / "mutation").glob("*.toml")):
        for file, mutations in tomllib.loads(path.read_text()).items():
            source = (house.ROOT / file).read_text()
            count += len(mutations)
            wrong += [f"{path.name}: {file}: {name}" for name, (text, _) in mutations.items() if source.count(text) != 1]
    assert count > 1000
    assert wrong == []
