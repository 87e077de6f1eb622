# SPDX-License-Identifier: Apache-2.0
"""The gateway's own /metrics: its families and label orders, absent until first use."""

import threading
from collections import defaultdict


class Family:
    """A counter or gauge. Thread-safe."""

    def __init__(self, name: str, kind: str, text: str, *labels: str):
        self.name, self.kind, self.text, self.labels = name, kind, text, labels
        self._lock = threading.Lock()
        self._values: dict[tuple[str, ...], float] = defaultdict(float)

    def add(self, amount: float, *labels: str) -> None:
        with self._lock:
            self._values[labels] += amount

    def set(self, value: float, *labels: str) -> None:
        with self._lock:
            self._values[labels] = value

    def samples(self) -> list[str]:
        with self._lock:
            values = sorted(self._values.items())
        return [f"{self.name}{_labels(self.labels, labels)} {_number(value)}" for labels, value in values]


class Histogram:
    kind = "histogram"

    def __init__(self, name: str, text: str, bounds: tuple[float, ...], *labels: str):
        self.name, self.text, self.bounds, self.labels = name, text, bounds, labels
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0] * (len(bounds) + 2))

    def observe(self, value: float, *labels: str) -> None:
        with self._lock:
            *buckets, _, _ = cells = self._seen[labels]
            for index, _ in enumerate(buckets):
                cells[index] += value <= self.bounds[index]
            cells[-2] += value
            cells[-1] += 1

    def samples(self) -> list[str]:
        with self._lock:
            seen = sorted((labels, list(cells)) for labels, cells in self._seen.items())
        lines = []
        for labels, (*buckets, total, count) in seen:
            for bound, value in [*zip(self.bounds, buckets), ("+Inf", count)]:
                bucket = _labels((*self.labels, "le"), (*labels, _number(bound)))
                lines.append(f"{self.name}_bucket{bucket} {_number(value)}")
            lines.append(f"{self.name}_sum{_labels(self.labels, labels)} {_number(total)}")
            lines.append(f"{self.name}_count{_labels(self.labels, labels)} {_number(count)}")
        return lines


def _labels(names, values) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in zip(names, values)) + "}"


def _number(value) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(f"llm_gateway_{name}", "counter", text, *labels)


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(f"llm_gateway_{name}", "gauge", text, *labels)


class Metrics:
    def __init__(self):
        model = ("model", "provider")
        token, limit = "token_type", ("key_id", "limit_type")
        self.requests = _counter("requests_total", "Total number of requests by model and provider", *model, "status")
        self.tokens = _counter("tokens_total", "Total number of tokens processed by model and type", *model, token)
        self.cost = _counter("cost_usd_total", "Total cost in USD by model and provider", *model)
        self.cache = _counter("cache_total", "Cache hits and misses", "status")
        self.duration = Histogram(
            "llm_gateway_request_duration_seconds", "Request latency in seconds by model and provider", BOUNDS, *model
        )
        self.active = _gauge("active_requests", "Number of active requests by provider", "provider")
        self.rate_limit_exceeded = _counter(
            "rate_limit_exceeded_total", "Total number of requests that exceeded rate limits", *limit
        )
        self.rate_limit_remaining = _gauge("rate_limit_remaining", "Remaining capacity for rate limits", *limit)

    def render(self) -> str:
        lines = []
        for family in sorted(vars(self).values(), key=lambda family: family.name):
            if samples := family.samples():
                lines += [f"# HELP {family.name} {family.text}", f"# TYPE {family.name} {family.kind}", *samples]
        return "".join(line + "\n" for line in lines)
