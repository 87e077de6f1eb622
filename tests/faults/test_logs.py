# SPDX-License-Identifier: Apache-2.0
"""Each source that reads logs with each fault: tests/faults/sources_and_faults.py has the cells."""

from collections.abc import Callable

import pytest
from faults.sources_and_faults import LOGS, Cell, cells

pytestmark = pytest.mark.time_limit(300)


@pytest.mark.parametrize("cell", cells(LOGS), ids=str)
def test_a_fault_is_told_and_over_within_two_intervals(tried: Callable[[Cell], None], cell: Cell) -> None:
    tried(cell)
