# SPDX-License-Identifier: Apache-2.0
"""One gateway's parts, put together at start-up with the start-up log lines of the real one."""

from dataclasses import dataclass

import psycopg2
import redis

from . import logs, sql
from .auth import Authenticator, Identity
from .completions import ResponseCache
from .counts import Counts
from .keys import VirtualKey
from .logs import Log
from .metrics import Metrics
from .postgres import Database, DatabaseError
from .rate_limiter import RateLimiter
from .replies import refused
from .schema import create_schema
from .settings import Settings


@dataclass
class App:
    settings: Settings
    counts: Counts
    log: Log
    metrics: Metrics
    database: Database | None
    response_cache: ResponseCache | None
    authenticator: Authenticator
    rate_limiter: RateLimiter

    def enforce_rate_limit(self, identity: Identity) -> None:
        """The second guard of /v1: reads the key again. Blocking; raises Refused."""
        if identity.key_id is None:
            return
        try:
            rows = self.database.run(sql.BY_ID, identity.key_id)
        except DatabaseError as error:
            raise refused("key_unfetched") from error
        if not rows:
            raise refused("key_deleted")
        self.rate_limiter.enforce(VirtualKey(**rows[0]))


def start_app(settings: Settings, log: Log, counts: Counts, dsn: str | None, redis_url: str | None) -> App:
    client = _connect_redis(redis_url, log)
    response_cache = ResponseCache(client, settings.llm_cache_ttl, log, counts) if client else None
    log.info(logs.MAIN, f"Cache initialized: {str(client is not None).lower()}")
    database = _connect_database(dsn, log, counts)
    log.info(logs.MAIN, f"Database initialized: {str(database is not None).lower()}")
    if client:
        log.info(logs.MAIN, "Redis connection for auth caching established")
    elif redis_url is None:
        log.info(logs.MAIN, "Redis URL not provided, auth caching disabled")
    metrics = Metrics()
    authenticator = Authenticator(settings, database, client, log, counts)
    rate_limiter = RateLimiter(client, metrics, log, counts)
    return App(settings, counts, log, metrics, database, response_cache, authenticator, rate_limiter)


def _connect_redis(url: str | None, log: Log) -> redis.Redis | None:
    if url is None:
        log.warn(logs.CACHE, "Redis URL not provided, caching disabled")
        return None
    client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError as error:
        log.error(logs.CACHE, f"Failed to connect to Redis: {error}")
        log.warn(logs.MAIN, f"Failed to create Redis connection manager: {error}")
        return None
    return client


def _connect_database(dsn: str | None, log: Log, counts: Counts) -> Database | None:
    if dsn is None:
        return None
    database = Database(dsn, counts, log)
    try:
        database.connect()
        create_schema(dsn)
    except (DatabaseError, psycopg2.Error) as error:
        log.error(logs.DATABASE, f"Failed to connect to database: {str(error).strip()}")
        return None
    log.info(logs.DATABASE, "Database migrations completed successfully")
    return database
