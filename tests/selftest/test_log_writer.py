# SPDX-License-Identifier: Apache-2.0
"""The harness's writer of logs loses no line by itself, and knows what it has written."""

import re
from collections import Counter
from pathlib import Path

import pytest

from harness.tools.log_writer import ANSWERS, LogWriter

LINE = re.compile(
    rb'10\.0\.0\.\d+ - - \[[^]]+\] "POST /v1/chat/completions\?n=(\d+) HTTP/1\.1" (\d+) (\d+) "-" '
    rb'"OpenAI/Python 1\.54\.3"'
)


def everything(directory: Path) -> dict[int, tuple[int, int]]:
    """Status and bytes by number, of every line in any file; a copy holds lines again."""
    found = {}
    for path in directory.iterdir():
        text = path.read_bytes()
        assert not text or text.endswith(b"\n")
        for line in text.splitlines():
            match = LINE.fullmatch(line)
            assert match, line
            found[int(match[1])] = (int(match[2]), int(match[3]))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_every_line_stays_somewhere_until_it_is_saved(tmp_path: Path, seed: int):
    seen: dict[int, tuple[int, int]] = {}

    def saved() -> int:
        """All there is, at the moment when lines may be destroyed."""
        seen.update(everything(tmp_path))
        return len(seen)

    writer = LogWriter(tmp_path, seed, saved)
    while len(writer.actions) < 11 or sum(writer.actions.values()) < 60:
        writer.act()
    writer.close()
    assert saved() == writer.lines
    assert sorted(seen) == list(range(1, writer.lines + 1))
    kinds = {(status, size): (outcome, reason) for status, size, outcome, reason in ANSWERS}
    outcomes = Counter(kinds[answer][0] for answer in seen.values())
    reasons = Counter(kinds[answer][1] for answer in seen.values() if kinds[answer][1])
    assert (outcomes, reasons) == (writer.outcomes, writer.reasons)
