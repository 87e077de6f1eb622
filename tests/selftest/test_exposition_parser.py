# SPDX-License-Identifier: Apache-2.0
"""The parser of the text format accepts what a scraper must, and nothing else."""

import textwrap

import pytest

from harness.tools import exposition


@pytest.mark.parametrize("wrong, reason", [
    ("# HELP a A.\n# TYPE a gauge\na 1", "newline"),
    ("a 1\n", "outside"),
    ("# TYPE a gauge\na 1\n", "outside"),
    ("# HELP a A.\n# TYPE a gauge\na 1\na 2\n", "this sample came before"),
    ("# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b gauge\nb 1\n# HELP a A.\n", "this family came before"),
    ("# HELP a A.\n# TYPE a gauge\n# TYPE a gauge\n", "has a TYPE already"),
    ("# HELP a A.\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n", "the same label twice"),
    ("# HELP a A.\n# TYPE a gauge\na{x=\"\\t\"} 1\n", "malformed labels"),
    ("# HELP a A.\n# TYPE a gauge\na one\n", "could not convert"),
    ("# HELP a A.\n# TYPE a gauge\na  1\n", "malformed sample"),
    ("# HELP a A.\n# TYPE a odd\na 1\n", "unknown type"),
    ("# HELP a A.\n# TYPE a counter\na_bucket 1\n", "outside"),
])
def test_the_parser_refuses(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        exposition.parse(wrong)


def test_the_parser_accepts():
    text = textwrap.dedent("""\
        # HELP a_total A.
        # TYPE a_total counter
        a_total{x="q\\"\\\\\\n} 1",y=""} 12 1700000000000
        a_total 1e3
        # HELP h Histogram.
        # TYPE h histogram
        h_bucket{le="+Inf"} 2
        h_sum -Inf
        h_count 2
        """)
    assert exposition.parse(text) == {
        ("a_total", frozenset({("x", 'q"\\\n} 1'), ("y", "")})): 12.0,
        ("a_total", frozenset()): 1000.0,
        ("h_bucket", frozenset({("le", "+Inf")})): 2.0,
        ("h_sum", frozenset()): float("-inf"),
        ("h_count", frozenset()): 2.0,
    }
