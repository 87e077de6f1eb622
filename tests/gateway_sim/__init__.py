# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the gateways keyshift watches, for tests and the demo.

Real HTTP, PostgreSQL, Redis and bcrypt; nothing in here shares code with keyshift. Two behaviours: `faithful` (as
InferXgate's public source: no fallback, an auth cache that never hits) and `fallback` (legacy keys accepted by an
O(n) comparison, a cache that works). The gateway keeps exact counts of what it did (counts.py).

Tests use `Gateway`, `Seed` and `Traffic`; `python3 -m gateway_sim --help` does the same from a shell.
"""

from .counts import summed
from .gateway import Gateway
from .schema import create_schema
from .seed import Planted, PlantedKey, Seed
from .traffic import Traffic

__all__ = ["Gateway", "Planted", "PlantedKey", "Seed", "Traffic", "create_schema", "summed"]
