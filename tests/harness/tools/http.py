# SPDX-License-Identifier: Apache-2.0
"""HTTP to servers on loopback: bounded, and blind to the proxy and .netrc settings of whoever runs the tests."""

from typing import Any

import requests

_TIMEOUT_SECONDS = 10.0


def get(url: str, *, method: str = "GET", **options: Any) -> requests.Response:
    """One request on a connection of its own, so that a restarted server is never met through a stale one."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **{"timeout": _TIMEOUT_SECONDS, **options})


def answers(url: str) -> bool:
    """Does it answer with success?"""
    try:
        return get(url).ok
    except requests.RequestException:
        return False
