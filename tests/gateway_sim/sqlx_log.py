# SPDX-License-Identifier: Apache-2.0
"""What Rust's sqlx logs of each statement, to the target `sqlx::query` at DEBUG: the fields of one line."""

import re

from .rust_text import Duration

TARGET = "sqlx::query"

_SUMMARY_WORDS = 4
_CLAUSES = re.compile(r"\s*\b(SELECT|FROM|WHERE|ORDER BY|UPDATE|SET|INSERT INTO|VALUES|RETURNING|DELETE FROM)\b\s*")


def fields(text: str, *, affected: int, returned: int, seconds: float) -> dict:
    """In sqlx's order. `db.statement` is empty where the summary says all."""
    words = text.split()
    summary = " ".join(words[:_SUMMARY_WORDS])
    whole = " ".join(words)
    statement = ""
    if summary != text:
        summary += " …"
        statement = f"\n\n{_laid_out(whole)}\n"
    return {
        "summary": summary,
        "db.statement": statement,
        "rows_affected": affected,
        "rows_returned": returned,
        "elapsed": Duration(seconds),
        "elapsed_secs": round(seconds, 9),
    }


def json_value(value):
    return str(value) if isinstance(value, Duration) else value


def _laid_out(text: str) -> str:
    """Like its formatter: each clause on a line of its own, what is in it indented, a line for each item."""
    lines = _CLAUSES.sub(lambda found: f"\n{found.group(1)}\n  ", text).strip()
    depth, out = 0, []
    for character in lines:
        depth += {"(": 1, ")": -1}.get(character, 0)
        out.append(",\n " if character == "," and depth == 0 else character)
    return "".join(out)
