"""The expressions that keyshift and its peers look for in the gateway's log: 8 that matter, and 56 of their kind."""

import itertools

# What each counts, by keyshift's name of the event, and the message.
RULES = (
    ("auth_cache_hit", r"Using verified token cache \(skipping bcrypt\)"),
    ("verification", r"Cached verified token for future requests"),
    ("auth_attempt", r"Lookup hash not found, trying fallback authentication"),
    ("fallback", r"Fallback authentication succeeded for key"),
    ("key_used", r"Rate limit check passed for key [0-9a-f-]{36}: requests_remaining="),
    ("failure_rate_limited", r"Rate limit exceeded for key [0-9a-f-]{36}: requests_allowed="),
    ("response_cache_hit", r"Cache hit for key: llm:cache:"),
    ("response_cache_miss", r"Cache miss for key: llm:cache:"),
)

# What else counts in the gateway's log: a statement of sqlx on the key table, as text. As JSON it has fields of its own.
STATEMENT = r'summary="SELECT id, key_hash, key_lookup_hash'

PROVIDERS = ("openai", "anthropic", "gemini", "mistral", "cohere", "bedrock", "vertex")
# `{}` is a number.
HAPPENINGS = (
    "stream closed after {} chunks",
    "retrying request in {} ms",
    "token budget at {} percent",
    "connection pool has {} idle connections",
    "response truncated at {} tokens",
    "upstream answered with status {}",
    "circuit breaker opened for {} s",
    "quota refreshed, {} requests left",
)
# Of the gateway's messages, those that 56 further rules look for.
FURTHER = tuple(f"Provider {who}: {what}" for who, what in itertools.product(PROVIDERS, HAPPENINGS))


def expressions(count: int) -> list[str]:
    """The first `count` of the 64 rules' expressions, in what POSIX, RE2, Rust and Go agree upon."""
    further = [text.replace("{}", "[0-9]+") for text in FURTHER]
    return [*(expression for _, expression in RULES), *further][:count]


def beginnings(count: int) -> list[str]:
    """How the messages begin that `expressions` find in the gateway's log; no other message begins like that."""
    own = [expression.replace("\\", "").partition("[0-9")[0] for _, expression in RULES]
    return [*own, *(text.partition("{}")[0] for text in FURTHER)][:count]
