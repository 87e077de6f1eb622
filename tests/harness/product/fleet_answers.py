# SPDX-License-Identifier: Apache-2.0
"""What a Prometheus that scrapes keyshift on some hosts answers, without one: each query by what it is about."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.tools.http_answers import Answer, Exchange, text

JSON = "application/json"
PATH = "/api/v1/query"
Series = Sequence[tuple[Mapping[str, str], float | str]]

_ABOUT = {
    "keyshift_fallback_auth_total{": "fallback",
    "keyshift_auth_cache_hits_total{": "hits",
    "keyshift_auth_cache_misses_total{": "misses",
    "keyshift_auth_failures_total{": "failures",
    "keyshift_http_requests_total{": "requests",
    "up{": "up",
    "time() - timestamp(up{": "fresh",
    "keyshift_source_up{": "sources",
    "keyshift_gateway_up{": "gateways",
    "0 * keyshift_fallback_auth_total{": "no fallback evidence",
    "0 * keyshift_auth_failures_total{": "no failures evidence",
    "min by (job, instance) (keyshift_observation_start_timestamp_seconds{": "start",
    "time()": "time",
}


def vector(series: Series = (), **more: Any) -> str:
    result = [{"metric": dict(labels), "value": [time.time(), str(value)]} for labels, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}, **more})


def scalar(value: float | str, kind: str = "scalar") -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": [time.time(), str(value)]}})


def failed(kind: str, words: str) -> str:
    return json.dumps({"status": "error", "errorType": kind, "error": words})


class FleetAnswers:
    """An answer for `HttpFaults`. `hosts` maps each one's name to its count of fallbacks, 0 for all else; `instead`
    answers the queries about what it names, or those whose whole text it names, with another body or answer."""

    def __init__(self, hosts: Mapping[str, int]):
        self.hosts = dict(hosts)
        self.instead: dict[str, str | Answer] = {}
        self.asked: list[dict[str, str]] = []
        """The parameters of each request."""

    def __call__(self, exchange: Exchange) -> bool:
        parameters = {name: values[0] for name, values in parse_qs(urlsplit(exchange.request.path).query).items()}
        self.asked.append(parameters)
        query = parameters["query"]
        about = query if query in self.instead else _about(query)
        answer = self.instead[about] if about in self.instead else self._usual(about)
        return (text(answer, JSON) if isinstance(answer, str) else answer)(exchange)

    def _usual(self, about: str) -> str:
        if about == "time":
            return scalar(time.time())
        kinds: dict[str, Callable[[int], Series]] = {
            "fallback": lambda count: [({}, count)],
            "failures": lambda _: [({"reason": "unknown_key"}, 0), ({"reason": "other"}, 0)],
            "requests": lambda _: [({"outcome": "success"}, 0)],
            "sources": lambda _: [({"source": "gateway_metrics"}, 1)],
            "gateways": lambda _: [({"gateway": "127.0.0.1:1"}, 1)],
            "start": lambda _: [({}, 1000.0)],
            "no fallback evidence": lambda _: [],
            "no failures evidence": lambda _: [],
            **dict.fromkeys(("hits", "misses"), lambda _: [({}, 0)]),
            **dict.fromkeys(("up", "fresh"), lambda _: [({}, 1)]),
        }
        return vector(
            [
                ({"job": "keyshift", "instance": host, **labels}, value)
                for host, count in self.hosts.items()
                for labels, value in kinds[about](count)
            ]
        )


def _about(query: str) -> str:
    return next(about for begin, about in _ABOUT.items() if query.startswith(begin))
