# SPDX-License-Identifier: Apache-2.0
"""What scripts of chaos/ print where there is no defect. A judge returns what is wrong; the others are for reading."""

import re
from collections.abc import Callable

Judge = Callable[[str], list[str]]

SCRIPTS = (
    "pgb", "pgb2", "pgb3", "reset", "reset2", "stepback", "flip", "page", "page2", "flip2", "fullstart", "excl",
    "stater", "httpabuse", "limits", "term",
)


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


JUDGES: dict[str, Judge] = {"pgb": pooling_modes, "pgb2": gateway_beside, "pgb3": restarts}
