# SPDX-License-Identifier: Apache-2.0
"""A network of the tests' own, and the site of a source, which serves all of its cells until one spoils it."""

from collections.abc import Callable, Iterator

import pytest
from faults.cell import SITES, try_cell
from faults.sources_and_faults import Cell
from faults.network import Network, own_network
from faults.sites import Site


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with own_network() as network:
        yield network


@pytest.fixture(scope="module")
def tried(network: Network) -> Iterator[Callable[[Cell], None]]:
    """Tries a cell."""
    standing: list[Site] = []

    def leave() -> None:
        while standing:
            standing.pop().__exit__()

    def try_it(cell: Cell) -> None:
        if standing and standing[0].source != cell.source:
            leave()
        if not standing:
            standing.append(SITES[cell.source]().__enter__())
        clean = False
        try:
            clean = not try_cell(standing[0], cell, network).fresh
        finally:
            if not clean:
                leave()

    yield try_it
    leave()
