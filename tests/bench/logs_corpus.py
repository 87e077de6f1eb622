"""Logs of millions of lines, the same at each run, kept below build/ so that they are written once.

The gateway's log: about eleven lines a request as it writes them at level debug, among those of its libraries; a quarter
of all lines is what one of 8 rules looks for. As text, as text with colours and as JSON: the same messages. And
nginx' access log in `combined`: most requests succeed, one in twelve fails authentication, for every reason there is.
"""

import hashlib
import itertools
import json
import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.logs_rules import FURTHER

BATCH = 100_000
POOL = 50_000
START = 1_795_000_000  # 2026-11-18
PART = 10  # a peer that is slow gets one in so many of the lines

LEVELS = {"ERROR": 31, "WARN": 33, "INFO": 32, "DEBUG": 34}


@dataclass(frozen=True)
class Corpus:
    path: Path
    lines: int
    part: Path  # its beginning
    part_lines: int


def corpora(directory: Path, lines: int) -> dict[str, Corpus]:
    """text, ansi, json and combined; those that are not there yet are written."""
    directory.mkdir(parents=True, exist_ok=True)
    writers = {"text": _text, "ansi": _ansi, "json": _json, "combined": _combined}
    return {name: _corpus(directory, name, lines, write) for name, write in writers.items()}


def _corpus(directory: Path, name: str, lines: int, write: Callable[[int], Iterator[str]]) -> Corpus:
    part_lines = max(1, lines // PART)
    path = directory / f"{name}-{lines}-{_version()}.log"
    corpus = Corpus(path, lines, path.with_suffix(".part.log"), part_lines)
    for path, count in ((corpus.path, lines), (corpus.part, part_lines)):
        if not path.exists():
            began = time.monotonic()
            unfinished = path.with_suffix(".unfinished")
            with unfinished.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(write(count))
            unfinished.rename(path)
            size = path.stat().st_size
            print(f"{path}: {count:,} lines, {size / count:.0f} bytes each, in {time.monotonic() - began:.0f} s")
    return corpus


def _version() -> str:
    """Of what is written: of this program."""
    sources = [Path(__file__), Path(__file__).with_name("logs_rules.py")]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]


# --- the gateway's own log


def _text(count: int) -> Iterator[str]:
    return _gateway_lines(count, lambda level, target, text: f" {level:>5} {target}: {text}\n")


def _ansi(count: int) -> Iterator[str]:
    def tail(level: str, target: str, text: str) -> str:
        return f"\x1b[0m \x1b[{LEVELS[level]}m{level:>5}\x1b[0m \x1b[2m{target}\x1b[0m\x1b[2m:\x1b[0m {text}\n"

    return _gateway_lines(count, tail, before="\x1b[2m")


def _json(count: int) -> Iterator[str]:
    def tail(level: str, target: str, text: str) -> str:
        fields = json.dumps({"message": text}, ensure_ascii=False, separators=(",", ":"))
        return f'","level":"{level}","fields":{fields},"target":"{target}"}}\n'

    return _gateway_lines(count, tail, before='{"timestamp":"')


def _gateway_lines(count: int, tail: Callable[[str, str, str], str], before: str = "") -> Iterator[str]:
    chance = random.Random("gateway log")
    kinds, weights = zip(*_messages(chance))
    pool = [tail(*make()) for make in chance.choices(kinds, weights, k=POOL)]
    now = 0
    for size in _batches(count):
        steps = chance.choices(range(400), k=size)
        moments = list(itertools.accumulate(steps, initial=now))
        now = moments.pop()
        seconds = {s: before + _clock("%Y-%m-%dT%H:%M:%S", s) for s in _seconds(moments, now)}
        tails = chance.choices(pool, k=size)
        yield from (f"{seconds[t // 1_000_000]}.{t % 1_000_000:06d}Z{rest}" for t, rest in zip(moments, tails))


def _clock(form: str, second: int) -> str:
    return time.strftime(form, time.gmtime(START + second))


def _seconds(moments: list[int], end: int) -> range:
    return range(moments[0] // 1_000_000, end // 1_000_000 + 1)


def _messages(chance: random.Random) -> list[tuple[Callable[[], tuple[str, str, str]], float]]:
    """What makes a line's level, target and message, and how often of a hundred lines."""
    keys = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(5_000)]
    models = {"gpt-4o": "openai", "claude-sonnet-4-5": "anthropic", "gemini-2.5-flash": "gemini"}
    n = chance.randrange

    def say(level: str, target: str, *texts: Callable[[], str] | str) -> Callable[[], tuple[str, str, str]]:
        def make() -> tuple[str, str, str]:
            text = chance.choice(texts)
            return level, target, text if isinstance(text, str) else text()

        return make

    def key() -> str:
        return chance.choice(keys)

    def model() -> str:
        return chance.choice(list(models))

    def cached() -> str:
        return f"llm:cache:{chance.getrandbits(64):x}"

    def took() -> str:
        return f"{n(1, 2_000_000) / 1000}ms"

    auth, cache, limiter = "inferxgate::auth::middleware", "inferxgate::cache", "inferxgate::rate_limiter"
    main, database, provider = "inferxgate", "inferxgate::database", "inferxgate::providers"
    query = "SELECT id, key_hash, key_lookup_hash, …"
    return [
        (say("DEBUG", auth, "Using verified token cache (skipping bcrypt)"), 5),
        (say("DEBUG", auth, "Cached verified token for future requests"), 4),
        (say("DEBUG", auth, "Lookup hash not found, trying fallback authentication"), 0.7),
        (say("WARN", auth, lambda: f"Fallback authentication succeeded for key {key()}"), 0.5),
        (
            say(
                "DEBUG",
                limiter,
                lambda: f"Rate limit check passed for key {key()}: requests_remaining=Some({n(600)}), "
                "tokens_remaining=None",
            ),
            7,
        ),
        (
            say(
                "WARN",
                limiter,
                lambda: f"Rate limit exceeded for key {key()}: requests_allowed=false, tokens_allowed=true",
            ),
            0.3,
        ),
        (say("DEBUG", cache, lambda: f"Cache hit for key: {cached()}"), 2.5),
        (say("DEBUG", cache, lambda: f"Cache miss for key: {cached()}"), 5),
        (say("DEBUG", cache, lambda: f"Cached value for key: {cached()} with TTL: 3600s"), 5),
        (say("DEBUG", database, lambda: f"Recorded usage for model: {model()}, tokens: {n(4000)}"), 7),
        (say("INFO", main, lambda: f"🚀 Request started for model: {model()}"), 7.5),
        (say("INFO", main, lambda: f"📋 Route lookup (lock-free): {n(300, 9000) / 1000}µs"), 7.5),
        (say("INFO", main, lambda: f"💾 Cache HIT: {took()}", lambda: f"❌ Cache MISS: {took()}"), 7.5),
        (say("INFO", main, lambda: f"🌐 Calling provider: {models[model()]}"), 5),
        (say("INFO", main, lambda: f"🌐 Provider call completed: {took()}"), 4),
        (say("INFO", main, lambda: f"💾 Cache store: {took()}"), 4),
        (say("INFO", main, lambda: f"✅ Total time: {took()}", lambda: f"✅ Total time (cached): {took()}"), 7.5),
        (
            say(
                "DEBUG",
                "sqlx::query",
                lambda: f'summary="{query}" db.statement="\\n\\nSELECT id, key_hash, key_lookup_hash FROM virtual_keys'
                f' WHERE key_lookup_hash = $1\\n" rows_affected=0 rows_returned=1 elapsed={n(200, 9000) / 10}µs',
            ),
            5,
        ),
        (
            say(
                "DEBUG",
                "hyper_util::client::legacy::pool",
                lambda: f'reuse idle connection for ("https", api.{chance.choice(list(models.values()))}.example)',
                lambda: f'pooling idle connection for ("https", api.{chance.choice(list(models.values()))}.example)',
            ),
            6,
        ),
        (
            say(
                "DEBUG",
                "h2::codec::framed_read",
                lambda: f"received frame=Data {{ stream_id: StreamId({n(1, 2000)}), flags: (0x0) }}",
                lambda: f"received frame=WindowUpdate {{ stream_id: StreamId({n(1, 2000)}), "
                f"size_increment: {n(99999)} }}",
            ),
            6,
        ),
        (say("DEBUG", provider, *(lambda text=text: text.format(n(1, 5000)) for text in FURTHER)), 3),
    ]


# --- nginx' access log

FAILURES = (
    # status, bytes, how often of a hundred failures, and the reason as the gateway gives it
    (401, 15, 46, "unknown_key"),
    (401, 28, 14, "missing_header"),
    (401, 35, 5, "malformed_header"),
    (401, 34, 6, "bad_credentials"),
    (401, 18, 6, "blocked"),
    (401, 27, 1, "over_budget"),
    (401, 19, 5, "expired"),
    (401, 14, 1, "user_missing"),
    (401, 13, 1, "key_deleted"),
    (401, 24, 2, "invalid_jwt"),
    (429, 19, 13, "rate_limited"),
)
AGENTS = (
    "OpenAI/Python 1.54.3",
    "python-requests/2.32.3",
    "python-httpx/0.27.2",
    "curl/8.5.0",
    "Go-http-client/1.1",
    "axios/1.7.7",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    "okhttp/4.12.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
)


def _combined(count: int) -> Iterator[str]:
    chance = random.Random("access log")
    addresses = [f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}" for _ in range(5_000)]
    pool = [_request(chance) for _ in range(POOL)]
    moment = 0.0
    for size in _batches(count):
        seconds = [int(moment + 0.0012 * number) for number in range(size)]
        moment += 0.0012 * size
        names = {s: _clock("%d/%b/%Y:%H:%M:%S +0000", s) for s in set(seconds)}
        who, what = chance.choices(addresses, k=size), chance.choices(pool, k=size)
        yield from (f"{address} - - [{names[s]}] {rest}" for address, s, rest in zip(who, seconds, what))


def _request(chance: random.Random) -> str:
    kinds = ("success", "failure", "client_error", "server_error")
    (kind,) = chance.choices(kinds, (86, 8, 4, 2))
    method, path = "POST", chance.choice(("/v1/chat/completions",) * 5 + ("/v1/models",))
    if kind == "success":
        status, size = 200, chance.randrange(300, 30_000)
    elif kind == "failure":
        ((status, size, _, _),) = chance.choices(FAILURES, [weight for _, _, weight, _ in FAILURES])
    elif kind == "client_error":
        status, size = chance.choice(((400, 120), (404, 0), (422, 101), (499, 0)))
    else:
        status, size = chance.choice(((500, 22), (500, 20), (502, 157), (504, 167)))
    return f'"{method} {path} HTTP/1.1" {status} {size} "-" "{chance.choice(AGENTS)}"\n'


def _batches(count: int) -> Iterable[int]:
    full, rest = divmod(count, BATCH)
    return [BATCH] * full + ([rest] if rest else [])
