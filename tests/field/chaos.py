# SPDX-License-Identifier: Apache-2.0
"""What scripts of chaos/ print where there is no defect. A judge returns what is wrong; the others are for reading."""

import re
from collections.abc import Callable

Judge = Callable[[str], list[str]]

SCRIPTS = (
    "pgb", "pgb2", "pgb3", "reset", "reset2", "stepback", "flip", "page", "page2", "flip2", "fullstart", "excl",
    "stater", "httpabuse", "limits", "term",
)
# How many bytes are flipped, one a start, and where the random numbers begin.
ARGUMENTS = {"flip": ("150", "1"), "flip2": ("150", "2")}
# They damage copies of the state that chaos_rig.py makes; flip comes first, the others copy what it made of it.
ON_THE_RIG = ("flip", "page", "page2", "flip2", "fullstart", "excl")
DRAIN_SECONDS = 8


def _wanted(text: str, *patterns: str) -> list[str]:
    return [pattern for pattern in patterns if not re.search(pattern, text, re.MULTILINE)]


def pooling_modes(text: str) -> list[str]:
    """Session and transaction pooling lead to SAFE and leave nothing behind; statement pooling is refused."""
    wrong = []
    for section in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        mode = section.split()[1]
        if mode == "statement":
            wrong += _wanted(section, r"SAFE reached False", r"statement pooling")
            continue
        wrong += _wanted(section, r"SAFE reached True", r"'doctor'\] rc 0", r"'report'\] rc 0")
        # What another client of the pool finds: its own defaults.
        for settings in re.findall(r"\((?:\d+), ('[^)]*')\)", section):
            if settings != "'off', '0', 'on', '\"$user\", public', '0'":
                wrong.append(f"{mode}: left behind {settings}")
        wrong += [f"{mode}: {line}" for line in re.findall(r"errors (\{[^}]+\})", section)]
    return wrong or ([] if "== " in text else ["nothing was tried"])


def gateway_beside(text: str) -> list[str]:
    """No write of the gateway fails, with keyshift and after it."""
    return _wanted(
        text,
        r"gateway alone, 3 s: ok [1-9]\d* errors \{\}",
        r"with keyshift beside it, 8 s: ok [1-9]\d* failed 0 ",
        r"after keyshift was stopped: ok [1-9]\d* failed 0$",
    )


def restarts(text: str) -> list[str]:
    up = re.findall(r"PgBouncer kept: up (\{.*\})", text)
    wrong = [sources for sources in up if "0.0" in sources]
    return wrong + _wanted(text, r"first start: SAFE True") + ([] if len(up) == 3 else ["three restarts"])


def resets(text: str) -> list[str]:
    """SAFE falls by the poll after the statistics are gone, and is not back before a drain window has passed."""
    wrong = []
    sections = re.split(r"^== ", text, flags=re.MULTILINE)[1:]
    for section in sections:
        name = section.split()[0]
        seen = [(float(at), safe == "1.0") for at, safe in re.findall(r"^ +\+ *([\d.]+)s safe=([\d.]+)", section, re.MULTILINE)]
        falls = [at for at, safe in seen if not safe]
        returns = [at for at, safe in seen if safe and falls and at > falls[0]]
        if "was SAFE True" not in section or not falls:
            wrong.append(f"{name}: was not SAFE before, or stayed so")
        elif returns and returns[0] - falls[0] < DRAIN_SECONDS - 1:
            wrong.append(f"{name}: SAFE again {returns[0] - falls[0]:.1f} s after the reset was seen")
    return wrong or ([] if len(sections) == 4 else ["four resets"])


def flipped_bytes(text: str) -> list[str]:
    """Every start comes up: the byte does no harm, or the file is set aside and begun anew."""
    ends = re.findall(r"^(\{.*\})$", text, re.MULTILINE)
    wrong = re.findall(r"^\d+ pos .*$", text, re.MULTILINE)
    return wrong or ([] if len(ends) == 1 and "'ok'" in ends[0] and "'anew'" in ends[0] else ["nothing was tried"])


JUDGES: dict[str, Judge] = {
    "pgb": pooling_modes,
    "pgb2": gateway_beside,
    "pgb3": restarts,
    "reset2": resets,
    "flip": flipped_bytes,
    "flip2": flipped_bytes,
}
