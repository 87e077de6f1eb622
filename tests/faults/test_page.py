# SPDX-License-Identifier: Apache-2.0
"""docs/reliability.md has the rows and columns of the matrix, each cell filled or with its reason, and every reason is of a cell that is."""

import re

from faults import page
from faults.sources_and_faults import FAULTS, NO_SENSE, PROCESS, SOURCES


def rows(name: str) -> list[list[str]]:
    text = re.search(f"<!-- faults: {name} -->\n(.*?)<!-- end -->", page.PAGE.read_text(), re.DOTALL)[1]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_the_table_of_sources_is_the_matrix() -> None:
    head, _, *body = rows("sources")
    assert head == ["fault", *(f"`{source}`" for source in SOURCES)]
    assert [row[0] for row in body] == list(FAULTS.values())
    for fault, row in zip(FAULTS, body, strict=True):
        for source, cell in zip(SOURCES, row[1:], strict=True):
            assert cell.startswith(page.NOT_TRIED) == ((source, fault) in NO_SENSE), f"{source}, {fault}: {cell}"


def test_the_table_of_the_process_is_the_matrix() -> None:
    head, _, *body = rows("process")
    assert head == page.HEAD_OF_PROCESS
    assert [row[0] for row in body] == list(PROCESS.values())
    assert all(cell for row in body for cell in row)


def test_each_cell_that_is_not_tried_has_its_reason() -> None:
    assert "\n".join(row[0] for row in rows("not tried")) + "\n" == page.not_tried()
    assert {cell for cell in NO_SENSE if cell[0] not in SOURCES or cell[1] not in FAULTS} == set()


def test_no_verdict_was_wrong() -> None:
    """A source on which SAFE rests, shown as failing, and SAFE beside it: the run would have failed before this was written."""
    cells = [cell for row in rows("sources")[2:] for cell in row[1:]]
    told = [cell for cell in cells if "down," in cell or "unread" in cell]
    assert told and not [cell for cell in told if re.search(r"; SAFE(;|$)", cell)]
