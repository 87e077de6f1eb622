# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/compatibility.md, one for each kind of server, between comments that name it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from matrix.columns import COLUMNS
from matrix.servers import SERVERS, Kind

NEVER_RUN = "not run yet"


@dataclass(frozen=True)
class Row:
    """`title` and exact `version` of a server, and a cell for each column of its kind."""

    title: str
    version: str
    cells: tuple[str, ...]


def update(page: str, rows: Iterable[Row]) -> str:
    """The page with these rows; those of other servers stay, while the table has the same columns."""
    new = {row.title: row for row in rows}
    for kind in COLUMNS:
        table = re.compile(f"(<!-- matrix: {kind} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert table.search(page), f"the page has no place for {kind}"
        page = table.sub(lambda found: found[1] + _table(kind, new, _rows(kind, found[0])) + found[2], page)
    return page


def _rows(kind: Kind, table: str) -> dict[str, Row]:
    """Those of a table that has the columns of now."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")]
    if not lines or lines[0] != _head(kind):
        return {}
    return {title: Row(title, version, tuple(cells)) for title, version, *cells in lines[2:]}


def _table(kind: Kind, new: dict[str, Row], old: dict[str, Row]) -> str:
    head = _head(kind)
    lines = [head, ["---"] * len(head)]
    for server in SERVERS:
        if server.kind == kind:
            never = Row(server.title, "", (NEVER_RUN,) * len(COLUMNS[kind]))
            row = new.get(server.title) or old.get(server.title) or never
            lines.append([row.title, row.version, *row.cells])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _head(kind: Kind) -> list[str]:
    return ["server", "version", *(column.title for column in COLUMNS[kind])]
