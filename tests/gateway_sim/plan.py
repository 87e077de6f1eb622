# SPDX-License-Identifier: Apache-2.0
"""What happens during a simulated migration, and in which order: a pure function of the seed, the planted keys and the
number of steps. Nothing here knows the network or the clock, so the same arguments give the same decisions.

A slot is one legacy key in use by two clients. Over the run its owner issues a replacement, moves one client, then the
other, and removes the old key; an impatient owner removes it between the two moves, so the second client is locked out
until it moves. Owners move one after another. Each step is at most a few changes and exactly one request.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from .seed import Planted, PlantedKey

MIGRATION_START, MIGRATION_SPREAD = 0.10, 0.60
TIDY = (("issue", 0.00), ("move_first", 0.04), ("move_second", 0.08), ("delete", 0.13))
BLOCK_FIRST = (("issue", 0.00), ("move_first", 0.04), ("move_second", 0.08), ("block", 0.10), ("delete", 0.15))
TOO_EARLY = (("issue", 0.00), ("move_first", 0.04), ("delete", 0.06), ("move_second", 0.20))
STYLES = {"tidy": TIDY, "block_first": BLOCK_FIRST, "too_early": TOO_EARLY}
CLEAN_UP_BLOCK, CLEAN_UP_DELETE = 0.88, 0.94

RENAMED = ("{}", "{} v2", "{} (2)", "{}-new", "replacement for {}")

ODDITIES = {
    "unknown": 0.04,
    "blocked": 0.03,
    "expired": 0.03,
    "over_budget": 0.01,
    "limited": 0.02,
    "missing_header": 0.02,
    "malformed_header": 0.02,
    "bad_credentials": 0.02,
}
CHAT_SHARE = 0.7
MODELS = ("claude-sonnet-4-5", "gpt-4o", "gemini-2.5-flash")
PROMPTS = 12


@dataclass
class Client:
    name: str
    key: PlantedKey
    slot: "Slot | None" = None
    moved: bool = False


@dataclass
class Slot:
    key: PlantedKey
    style: str
    new_name: str | None
    clients: list[Client] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """`kind`: issue, move_first, move_second, block, delete. A slot's, or (clean-up) a single key's."""

    kind: str
    key: PlantedKey
    slot: Slot | None = None


@dataclass(frozen=True)
class Request:
    """`kind`: `client`, or a name of ODDITIES; `key` where it shows a planted key, `token` where a made-up one."""

    kind: str
    client: Client | None = None
    key: PlantedKey | None = None
    token: str | None = None
    model: str | None = None
    prompt: str | None = None


@dataclass(frozen=True)
class Step:
    changes: list[Change]
    request: Request

    def describe(self) -> str:
        """One line that is equal for equal decisions."""
        changes = [f"{change.kind} {change.key.id}" for change in self.changes]
        request = self.request
        who = request.client.name if request.client else request.key.id if request.key else request.token
        return " | ".join([*changes, f"{request.kind} {who} {request.model} {request.prompt}"])


class Plan:
    """`too_early` is the share of slots with an impatient owner, `leave` the share that never migrate.

    `systems`: keys without an owner migrate too (by an administrator with SQL; the gateway's API cannot).
    """

    def __init__(
        self, planted: Planted, seed: int, *, too_early: float = 0.25, leave: float = 0.0, systems: bool = True
    ):
        self._random = random.Random(f"plan {seed}")
        self._planted = planted
        keys = _legacy_in_use(planted)
        impatient = self._random.sample(range(len(keys)), math.ceil(len(keys) * too_early))
        self.slots = [self._slot(key, number, number in impatient) for number, key in enumerate(keys)]
        modern = planted.with_role("active", legacy=False)
        self.clients = [client for slot in self.slots for client in slot.clients]
        self.clients += [Client(f"modern-{number}", key) for number, key in enumerate(modern, 1)]
        migrating = [slot for slot in self.slots if slot.key.owner or systems]
        self._migrating = migrating[: round(len(migrating) * (1 - leave))]
        self._clean_up = leave == 0

    def steps(self, count: int) -> Iterator[Step]:
        changes = self._schedule(count)
        for number in range(count):
            yield Step(changes.get(number, []), self.request())

    def request(self) -> Request:
        """The next request, for traffic that goes on after the last step."""
        kind = self._random.choices(["client", *ODDITIES], [1 - sum(ODDITIES.values()), *ODDITIES.values()])[0]
        model, prompt = None, None
        if self._random.random() < CHAT_SHARE:
            model = self._random.choice(MODELS)
            prompt = f"Question number {self._random.randrange(PROMPTS)}: what is new?"
        if kind == "client" and self.clients:
            return Request("client", client=self._random.choice(self.clients), model=model, prompt=prompt)
        if keys := self._planted.with_role(kind):
            return Request(kind, key=self._random.choice(keys), model=model, prompt=prompt)
        kind = kind if kind in ("missing_header", "malformed_header", "bad_credentials") else "unknown"
        return Request(kind, token=self._random.randbytes(16).hex(), model=model, prompt=prompt)

    def _slot(self, key: PlantedKey, number: int, impatient: bool) -> Slot:
        patient_style = self._random.choice(("tidy", "block_first"))
        style = "too_early" if impatient else patient_style
        new_name = key.name and self._random.choice(RENAMED).format(key.name)
        slot = Slot(key, style, new_name)
        slot.clients = [Client(f"client-{number + 1}{letter}", key, slot) for letter in "ab"]
        return slot

    def _schedule(self, count: int) -> dict[int, list[Change]]:
        schedule: dict[int, list[Change]] = {}

        def at(moment: float, change: Change) -> None:
            schedule.setdefault(min(int(moment * count), count - 1), []).append(change)

        for number, slot in enumerate(self._migrating):
            start = MIGRATION_START + MIGRATION_SPREAD * number / len(self._migrating)
            for kind, offset in STYLES[slot.style]:
                at(start + offset, Change(kind, slot.key, slot))
        if self._clean_up:
            for key in _legacy_left_over(self._planted):
                if key.role != "blocked":
                    at(CLEAN_UP_BLOCK, Change("block", key))
                at(CLEAN_UP_DELETE, Change("delete", key))
        return schedule


def _legacy_in_use(planted: Planted) -> list[PlantedKey]:
    return planted.with_role("active", legacy=True) + planted.with_role("system", legacy=True)


def _legacy_left_over(planted: Planted) -> list[PlantedKey]:
    return [key for role in ("dormant", "unused", "blocked", "expired") for key in planted.with_role(role, legacy=True)]
