"""A gateway's database with a large key table, and what PostgreSQL itself counts about the work done there."""

import contextlib
import re
from collections.abc import Iterator

import psycopg2
import psycopg2.extensions

from gateway_sim.schema import create_schema
from harness.servers.postgres import Database, Postgres

# As docs and `keyshift sql` give them.
ACTIVITY_INDEX = """
    CREATE INDEX CONCURRENTLY keyshift_legacy_activity
    ON virtual_keys (greatest(created_at, last_used_at)) WHERE key_lookup_hash IS NULL"""
HASH_FREE_VIEW = """
    CREATE VIEW {name} {options} AS
    SELECT id, user_id, name, key_prefix, created_at, last_used_at, expires_at, blocked, max_budget, current_spend,
           key_lookup_hash IS NULL AS legacy,
           CASE WHEN key_hash LIKE '$2_$__$%' THEN substr(key_hash, 5, 2) END AS bcrypt_cost
    FROM virtual_keys"""

# Whoever keyshift logs in as.
READER = "keyshift"

# A server of a usual size, not the harness's small one.
_SETTINGS = {"shared_buffers": "512MB", "work_mem": "16MB", "max_wal_size": "8GB", "min_wal_size": "1GB"}
_OWNERS = 100_000

# Loading takes minutes with them, and neither a reader nor the update of a last use needs them.
_UNUSED_INDEXES = """
    ALTER TABLE virtual_keys DROP CONSTRAINT virtual_keys_key_hash_key;
    DROP INDEX idx_virtual_keys_user_id, idx_virtual_keys_key_hash, idx_virtual_keys_key_lookup_hash"""
_USERS = """
    INSERT INTO users (id, email, username)
    SELECT md5('owner' || n)::uuid, 'person.' || n || '@example.com', 'person' || n
    FROM generate_series(1, %(owners)s) n"""
# Created over two years, in the order of the rows; ids and hashes as random as real ones. 1 % of the keys were last
# used within the last hour, a fifth never, the others at some time since their creation.
_KEYS = """
    INSERT INTO virtual_keys (id, key_hash, key_lookup_hash, key_prefix, user_id, name, max_budget, current_spend,
                              expires_at, blocked, created_at, last_used_at)
    SELECT md5('key' || n)::uuid,
           '$2b$12$' || substr(md5('a' || n) || md5('b' || n), 1, 53),
           CASE WHEN modern THEN md5('c' || n) || md5('d' || n) END,
           'sk-' || substr(md5('p' || n), 1, 8),
           CASE WHEN n %% 20 > 0 THEN md5('owner' || 1 + n %% %(owners)s)::uuid END,
           CASE WHEN n %% 10 > 0 THEN (ARRAY['Production API', 'staging', 'nightly batch import', 'Müllers Skript',
                                             'analytics dashboard', 'CI'])[1 + n %% 6] || ' ' || n END,
           CASE WHEN n %% 4 = 0 THEN 100.0 END,
           (n %% 90)::float8,
           CASE WHEN n %% 5 = 0 THEN now() + interval '1 hour' * (n %% 5000) END,
           n %% 200 = 0,
           now() - age,
           CASE WHEN chance < 0.2 THEN NULL
                WHEN chance < 0.21 THEN now() - interval '1 hour' * (chance - 0.2) * 100
                ELSE now() - age * (chance - 0.21) END
    FROM (SELECT n,
                 (hashint4(n) & 1048575) / 1048576.0 >= %(legacy_share)s AS modern,
                 (hashint4(-n) & 1048575) / 1048576.0 AS chance,
                 interval '730 days' * (1 - n::float8 / %(keys)s) + interval '2 hours' AS age
          FROM generate_series(1, %(keys)s) n) AS rows"""


class KeyTable:
    """A database of its own with `keys` keys, `legacy_share` of them legacy."""

    def __init__(self, postgres: Postgres, keys: int, legacy_share: float):
        self.keys = keys
        self.database: Database = postgres.create_database()
        create_schema(self.database.dsn())
        with self.session() as session:
            session.execute(_UNUSED_INDEXES)
            session.execute("SET session_replication_role = replica")  # no look-up of each owner
            session.execute(_USERS, {"owners": _OWNERS})
            session.execute(_KEYS, {"keys": keys, "owners": _OWNERS, "legacy_share": legacy_share})
            session.execute("VACUUM (FREEZE, ANALYZE) users, virtual_keys")
            session.execute("CHECKPOINT")
            session.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")
            self.legacy = session.fetchone()[0]
        if not postgres.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (READER,)):
            postgres.create_role(READER, "for benchmarks only")
        self.database.execute(f"GRANT SELECT ON virtual_keys, users TO {READER}")

    @contextlib.contextmanager
    def session(self) -> Iterator[psycopg2.extensions.cursor]:
        """A superuser's cursor in autocommit mode, without the harness's bound on each statement."""
        connection = psycopg2.connect(self.database.postgres.socket_dsn(database=self.database.name))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    @property
    def url(self) -> str:
        """For keyshift: over TCP, as its own role."""
        return self.database.dsn(READER)

    def index_activity(self) -> None:
        with self.session() as session:
            session.execute(ACTIVITY_INDEX)
            session.execute("ANALYZE virtual_keys")

    def forget_statements(self) -> None:
        self.database.execute("SELECT pg_stat_statements_reset()")

    def statements(self) -> list[tuple[str, int, float]]:
        """What keyshift sent since then: text, calls and milliseconds in all, the dearest first."""
        return self.database.execute(
            "SELECT query, calls, total_exec_time + total_plan_time FROM pg_stat_statements "
            "WHERE userid = %s::regrole AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "ORDER BY 3 DESC",
            (READER,),
        )

    def selects(self) -> list[str]:
        """The selects that keyshift sent since then to be copied, as it wrote them."""
        found = (re.fullmatch(r"COPY \((.*)\) TO STDOUT.*", text, re.DOTALL) for text, _, _ in self.statements())
        return [match.group(1) for match in found if match]


def start_postgres() -> Postgres:
    return Postgres(settings=_SETTINGS)
