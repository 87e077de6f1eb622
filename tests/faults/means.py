# SPDX-License-Identifier: Apache-2.0
"""How each fault is brought about and ended, and what must then be shown."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from faults.databases import OfDatabase
from faults.logs import LogSite
from faults.network import Network
from faults.sites import Site, send
from harness.product.watching_logs import lines
from harness.tools.wait import eventually

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Means:
    """`shows` is whether the source must be shown as down while the fault stands; None where that is for the moment to decide, as
    in a restart that may fall between two polls. `counts`: what happens meanwhile at the server itself is counted afterwards."""

    apply: Callable[[Site], None]
    end: Callable[[Site], None]
    prepare: Callable[[Site], None] = lambda _: None
    """Before the end, which is at once then."""
    shows: bool | None = True
    counts: bool = False
    unread: bool = False
    """A part of a log is shown as unread, while the source is up."""
    words: str = ""
    """How it is shown, where it is neither."""
    doubts: bool = False
    """The time of the keys is not what it was: not SAFE until it has been watched anew."""
    fresh: bool = False
    """The site is of no use afterwards."""


def means(fault: str, site: Site, network: Network) -> Means:
    kind = _of_logs if isinstance(site, LogSite) else _of_connections
    return kind(site, network)[fault]


def _of_connections(site: Site, network: Network) -> dict[str, Means]:
    def spoil(mode: str) -> Means:
        return Means(lambda site: setattr(site.proxy, "mode", mode), lambda site: site.proxy.mend(), counts=True)

    def refuse(site: Site) -> None:
        site.proxy.refuse()
        site.proxy.cut()

    stopped: list[int] = []

    def freeze(site: Site) -> None:
        stopped[:] = site.processes()
        send(stopped, signal.SIGSTOP)

    day_off = {"shows": None, "counts": True, "fresh": True, "doubts": isinstance(site, OfDatabase)}
    return {
        "down_at_start": Means(_stop_both, lambda site: site.start(), lambda site: site.prepare()),
        "down_later": Means(lambda site: site.stop(), lambda site: site.start(), lambda site: site.prepare()),
        "slow": spoil("slow"),
        "refuses": Means(refuse, lambda site: site.proxy.accept(), counts=True),
        "resets": spoil("cut"),
        "half_open": Means(lambda site: network.drop(site.proxy.port), lambda _: network.pass_all(), counts=True),
        "wrong_data": spoil("wrong"),
        "restarted": Means(_restart, _nothing, shows=None),
        "clock_ahead": Means(lambda site: site.jump(DAY), _nothing, **day_off),
        "clock_back": Means(lambda site: site.jump(-DAY), _nothing, **day_off),
        "frozen": Means(freeze, lambda _: send(stopped, signal.SIGCONT)),
    }


def _of_logs(site: Site, network: Network) -> dict[str, Means]:
    def half_a_line(site: Site) -> None:
        """Whoever writes it dies, and the next one begins a file of its own."""
        site.write(site.line()[:30])
        site.look()
        site.rotate()

    def other_lines(site: Site) -> None:
        before = lines(site.serve, site.source).get("unparsed", 0)
        site.write("\x00\xff is no line of this format\n" * 20)
        unparsed = lambda: lines(site.serve, site.source).get("unparsed", 0) == before + 20  # noqa: E731
        eventually(unparsed, site.patience, "20 lines are unparsed")

    return {
        "down_at_start": Means(_stop_both, lambda site: site.start(), lambda site: site.prepare()),
        "down_later": Means(lambda site: site.stop(), lambda site: site.start(), shows=False, unread=True),
        "refuses": Means(lambda site: site.refuse(), lambda site: site.permit(), shows=False, unread=True, counts=True),
        "resets": Means(half_a_line, _nothing, shows=False, counts=True),
        "wrong_data": Means(other_lines, _nothing, shows=False, counts=True, words="up; `unparsed` lines"),
        "restarted": Means(lambda site: site.rotate(), _nothing, shows=False, counts=True),
        "clock_ahead": Means(lambda site: site.jump(DAY), _nothing, shows=None, counts=True, fresh=True),
        "clock_back": Means(lambda site: site.jump(-DAY), _nothing, shows=None, counts=True, fresh=True),
    }


def _stop_both(site: Site) -> None:
    """keyshift comes back to a source that is not there."""
    site.serve.stop()
    site.stop()
    site.serve._until = "healthy"
    site.serve.start()


def _restart(site: Site) -> None:
    site.stop()
    site.prepare()
    site.start()


def _nothing(_: Site) -> None:
    """The fault is over by itself, or stays."""
