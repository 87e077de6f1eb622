# SPDX-License-Identifier: Apache-2.0
"""Values as Rust's Debug writes them."""


def rust_duration(seconds: float) -> str:
    """A duration as Rust's `{:?}` prints it."""
    nanoseconds = max(0, round(seconds * 1e9))
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.9f}".rstrip("0").rstrip(".") + unit
    return f"{nanoseconds}ns"


class Duration(float):
    """Seconds, whose text is that."""

    def __str__(self) -> str:
        return rust_duration(float(self))


def debug_text(value) -> str:
    """As Rust's Debug writes it."""
    if not isinstance(value, str):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
