# SPDX-License-Identifier: Apache-2.0
"""The collector `redis` on real servers: what it counts, what it may do there, and what it says when it cannot."""

import contextlib
import re
import signal
import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from harness.product.keyshift import Serve
from harness.product.watching import KeyTable
from harness.product.watching_redis import (
    Answering,
    counted,
    entries,
    is_up,
    look,
    own_counts,
    read,
    wait,
    watching_redis,
)
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools import leaks
from harness.tools.certificates import Authority
from harness.tools.tcp import Proxy, Silent
from harness.tools.wait import eventually

PASSWORD = "s3cret/of:the@monitor"
HARMLESS = {"info", "scan", "select", "ping", "auth", "role", "dbsize"}


def fill(client, *, key: int = 0, verified: int = 0, other: int = 0) -> None:
    """Entries of the gateway's caches, and other keys."""
    with client.pipeline(transaction=False) as pipeline:
        for number in range(key):
            pipeline.setex(f"auth:key:{number:064x}", 300, "{}")
        for number in range(verified):
            pipeline.setex(f"auth:verified:{number:064x}", 300, "{}")
        for number in range(other):
            pipeline.set(f"llm:cache:{number:016x}", "an answer")
        pipeline.execute()


def commands(client) -> set[str]:
    """What the server was asked to do since its statistics were reset."""
    return {name.removeprefix("cmdstat_").split("|")[0] for name in client.info("commandstats")}


# --- counters


def test_counters_are_those_of_info_over_restarts_and_resets(own_redis: Redis):
    client = own_redis.client()
    read(client, hits=30, misses=3)
    with Serve(watching_redis(own_redis.url())) as serve:
        look(serve)
        assert counted(serve) == {"hits": 0, "misses": 0, "evicted": 0}, "what was counted before is nobody's"
        before = own_counts(client)
        read(client, hits=20, misses=7)
        look(serve)
        now = own_counts(client)
        assert counted(serve) == {name: now[name] - before[name] for name in now}
        assert counted(serve)["hits"] == 20

        read(client, hits=5)
        look(serve)
        own_redis.restart()
        # More than before: that it counts from 0 again must be told by its run id.
        read(own_redis.client(), hits=100, misses=1)
        wait(serve, lambda: counted(serve)["hits"] == 125, "the hits before and after the restart")
        assert counted(serve)["misses"] == 8
        assert serve.metric("keyshift_source_resets_total", source="redis") == 1

        serve.stop()
        read(own_redis.client(), hits=2)
        serve.start()
        look(serve)
        assert counted(serve)["hits"] == 127, "hits while keyshift was away"

        client = own_redis.client()
        client.config_resetstat()
        read(client, hits=4)
        look(serve)
        assert counted(serve) == {"hits": 131, "misses": 8, "evicted": 0}
        assert serve.metric("keyshift_source_resets_total", source="redis") == 2


def test_evictions(own_redis: Redis):
    client = own_redis.client()
    with Serve(watching_redis(own_redis.url())) as serve:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 200_000)
        for number in range(100):
            client.set(f"large:{number}", "x" * 10_000)
        look(serve)
        assert counted(serve)["evicted"] == own_counts(client)["evicted"] > 10


def test_it_leaves_no_trace_in_what_redis_counts(own_redis: Redis):
    client = own_redis.client()
    fill(client, key=20, verified=20, other=50)
    client.set("read by nobody", "x")
    client.expire("read by nobody", 1000)
    began = time.monotonic()
    client.config_resetstat()
    before = own_counts(client)
    with Serve(watching_redis(own_redis.url())) as serve:
        begin = serve.polls("redis")
        wait(serve, lambda: serve.polls("redis") >= begin + 10 and time.monotonic() - began > 2.5, "ten looks")
        assert entries(serve) == {"auth_key": 20, "auth_verified": 20}
        assert own_counts(client) == before
        assert counted(serve) == {"hits": 0, "misses": 0, "evicted": 0}
        assert commands(client) <= HARMLESS | {"config", "client", "hello"}
        assert client.object("IDLETIME", "read by nobody") >= 2


# --- entries of the auth caches


def test_entries_are_the_keys_that_match(own_redis: Redis):
    client = own_redis.client(database=3)
    fill(client, key=57, verified=1234, other=3000)
    for beside in ("auth:keys", "auth:verified", "xauth:key:1", "auth:other:1", "ratelimit:1:requests"):
        client.set(beside, "x")
    fill(own_redis.client(), key=5, verified=5)
    with Serve(watching_redis(own_redis.url(database=3))) as serve:
        look(serve)
        assert entries(serve) == {"auth_key": 57, "auth_verified": 1234}
        client.delete(*client.keys("auth:verified:*"))
        look(serve)
        assert entries(serve) == {"auth_key": 57, "auth_verified": 0}


def test_patterns(own_redis: Redis):
    client = own_redis.client()
    fill(client, key=3)
    for number in range(4):
        client.set(f"gw:{{x}}:ok:{number}", "x")
    patterns = {"auth_key": None, "auth_verified": "gw:{x}:ok:*"}
    with Serve(watching_redis(own_redis.url(), patterns=patterns)) as serve:
        look(serve)
        assert entries(serve) == {"auth_verified": 4}
    client.config_resetstat()
    with Serve(watching_redis(own_redis.url(), patterns={"auth_key": None, "auth_verified": None})) as serve:
        look(serve)
        assert entries(serve) == {}
        assert "scan" not in commands(client)


def test_above_the_ceiling_there_is_no_count_rather_than_an_old_one(own_redis: Redis):
    client = own_redis.client()
    fill(client, key=10)
    with Serve(watching_redis(own_redis.url(), scan_ceiling=100)) as serve:
        look(serve)
        assert entries(serve) == {"auth_key": 10, "auth_verified": 0}
        fill(client, other=200)
        wait(serve, lambda: not entries(serve), "no entries are shown")
        assert is_up(serve)
        client.delete(*client.keys("llm:*"))
        wait(serve, lambda: entries(serve) == {"auth_key": 10, "auth_verified": 0}, "entries are shown again")


class Pings(threading.Thread):
    """How long a second client waits for Redis, in seconds."""

    def __init__(self, server: Redis):
        super().__init__(daemon=True)
        self._client = server.client()
        self._over = threading.Event()
        self.took: list[float] = []

    def run(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            self._client.ping()
            self.took.append(time.monotonic() - began)
            time.sleep(0.001)

    def stop(self) -> None:
        self._over.set()
        self.join()


def test_a_million_keys_take_several_looks_and_hold_up_nobody(record_property):
    with Redis(directives=["enable-debug-command local"]) as server:
        client = server.client()
        client.execute_command("DEBUG", "POPULATE", 1_000_000, "llm:cache", 10)
        fill(client, key=2500, verified=1500)
        client.config_resetstat()
        pings = Pings(server)
        with Serve(watching_redis(server.url(), scan_budget=100_000)) as serve:
            pings.start()
            scans = [0]
            while len(scans) < 6:
                polls = serve.polls("redis")
                wait(serve, lambda polls=polls: serve.polls("redis") > polls, "another look")
                scans.append(client.info("commandstats")["cmdstat_scan"]["calls"])
            # On a busy machine there were more looks than scrapes.
            few = not entries(serve)
            assert few or serve.polls("redis") >= 10, "no count is complete after so few looks"
            wait(serve, lambda: entries(serve), "a complete count")
            assert entries(serve) == {"auth_key": 2500, "auth_verified": 1500}
            pings.stop()
            polls = serve.polls("redis")
            calls = client.info("commandstats")["cmdstat_scan"]["calls"]
            assert 1000 <= calls <= 100 * (polls + 1)
            assert serve.metric("keyshift_source_errors_total", source="redis", reason="timeout") == 0
        took = sorted(pings.took)
        figures = {"p50": statistics.median(took), "p99": took[len(took) * 99 // 100], "max": took[-1]}
        record_property("ping_ms", {name: round(1000 * value, 2) for name, value in figures.items()})
        print("PING while a million keys are counted, ms:", {k: round(1000 * v, 2) for k, v in figures.items()})
        assert len(took) > 100 and figures["p50"] < 0.1


# --- Redis in trouble


def expect_failure(serve: Serve, reason: str, *texts: str) -> None:
    wait(serve, lambda: serve.errors("redis").get(reason, 0) >= 1, f"a failure of reason {reason}")
    assert serve.errors("redis").keys() == {reason}
    assert not is_up(serve)
    for text in texts:
        assert text in serve.log()


def test_a_server_that_goes_and_comes_back(own_redis: Redis):
    fill(own_redis.client(), key=3)
    with Serve(watching_redis(own_redis.url())) as serve:
        look(serve)
        read(own_redis.client(), hits=6)
        look(serve)
        own_redis.stop()
        expect_failure(serve, "connect")
        # A look may meet the server as it closes its connections, with its port still open.
        assert "is Redis running there" in serve.log() or "closed the connection" in serve.log()
        assert counted(serve)["hits"] == 6
        assert entries(serve) == {"auth_key": 3, "auth_verified": 0}, "the last that is known"
        own_redis.start()
        wait(serve, lambda: is_up(serve), "it is back")
        assert entries(serve) == {"auth_key": 0, "auth_verified": 0}
        down = [line for line in serve.log().splitlines() if 'source=redis' in line and "down" in line]
        assert len(down) <= 1, "said once"


def test_start_without_a_server(own_redis: Redis):
    own_redis.stop()
    with Serve(watching_redis(own_redis.url()), until="healthy") as serve:
        expect_failure(serve, "connect")
        assert set(counted(serve).values()) == {0}
        assert entries(serve) == {}
        own_redis.start()
        wait(serve, lambda: is_up(serve), "it is there")


def test_a_server_that_hangs(own_redis: Redis):
    with Serve(watching_redis(own_redis.url(), timeout="500ms")) as serve:
        own_redis.process.send_signal(signal.SIGSTOP)
        try:
            expect_failure(serve, "timeout", "did not answer in time")
            assert serve.terminate()[1] < 2
        finally:
            own_redis.process.send_signal(signal.SIGCONT)


def test_connections_that_break(own_redis: Redis):
    with Proxy(own_redis.port) as proxy:
        url = own_redis.url().replace(str(own_redis.port), str(proxy.port))
        with Serve(watching_redis(url)) as serve:
            look(serve)
            for _ in range(5):
                proxy.cut()
                look(serve)
            wait(serve, lambda: is_up(serve), "it is back")
            read(own_redis.client(), hits=3)
            look(serve)
            assert counted(serve)["hits"] == 3


def test_a_port_that_takes_connections_and_is_silent():
    with Silent() as server:
        with Serve(watching_redis(f"redis://{server.address}", timeout="300ms"), until="healthy") as serve:
            expect_failure(serve, "timeout")


@pytest.mark.parametrize(
    ("answer", "reason", "text"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "connect", "it is loading its data set"),
        (b"-MOVED 3999 127.0.0.1:6381\r\n", "schema", "set mode: cluster"),
        (b"-ASK 3999 127.0.0.1:6381\r\n", "schema", "set mode: cluster"),
        (b"-CLUSTERDOWN Hash slot not served\r\n", "connect", "the cluster is down"),
        (b"-NOAUTH Authentication required.\r\n", "auth", "it wants a password"),
        (b"-ERR something \x1b[31mnew\r\n", "other", r"something"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "parse", "cannot be understood"),
        (b"$-1\r\n", "parse", ""),
        (b"*1\r\n*1\r\n:1\r\n", "parse", ""),
        (b"$5\r\nhello\r\n", "parse", ""),
        (b"$999999999999\r\n", "parse", "more than 64 MiB"),
        (b"\x00\xff\xfe" * 100, "parse", ""),
    ],
)
def test_strange_answers(answer: bytes, reason: str, text: str):
    with Answering(answer) as server, Serve(watching_redis(f"redis://{server.address}"), until="healthy") as serve:
        expect_failure(serve, reason, text)
        assert "\x1b" not in serve.log()


def test_loading():
    """A real server that reads its data for a while."""
    directives = ["enable-debug-command local", "key-load-delay 2000", "loading-process-events-interval-bytes 1024"]
    with Redis(directives=[*directives, "dbfilename dump.rdb"]) as server:
        client = server.client()
        client.execute_command("DEBUG", "POPULATE", 2500, "llm:cache", 50)
        with Serve(watching_redis(server.url())) as serve:
            look(serve)

            def reload() -> None:
                with contextlib.suppress(Exception):
                    client.execute_command("DEBUG", "RELOAD")

            loading = threading.Thread(target=reload)
            loading.start()
            expect_failure(serve, "connect", "it is loading its data set")
            loading.join()
            wait(serve, lambda: is_up(serve), "it is back")


# --- logins


def test_passwords():
    secret = leaks.secret(PASSWORD)
    with Redis(password=secret) as server:
        with Serve(watching_redis(server.url())) as serve:
            assert is_up(serve)
        wrong = leaks.secret("wr0ng%of$the#monitor")
        with Serve(watching_redis(server.url(password=wrong)), until="healthy") as serve:
            expect_failure(serve, "auth", "user or password is wrong")
        with Serve(watching_redis(f"redis://127.0.0.1:{server.port}"), until="healthy") as serve:
            expect_failure(serve, "auth", "it wants a password")


def test_a_password_that_is_changed_while_keyshift_runs(tmp_path):
    first, second = leaks.secret("the-first-passw0rd"), leaks.secret("the-second-passw0rd")
    with Redis(password=first) as server:
        file = tmp_path / "url"
        file.write_text(server.url())
        tree = watching_redis("")
        tree["collectors"][0]["url_file"] = str(file)
        del tree["collectors"][0]["url"]
        with Serve(tree) as serve:
            client = server.client()
            client.config_set("requirepass", second)
            client.client_kill_filter(_type="normal", skipme=True)
            wait(serve, lambda: serve.errors("redis").get("auth"), "the old password is refused")
            file.write_text(server.url(password=second) + "\n")
            wait(serve, lambda: is_up(serve), "the new one is used")
            server.password = second


def test_what_is_not_permitted_is_named_with_the_command_that_permits_it():
    secret = leaks.secret(PASSWORD)
    user = f"user monitor on >{secret} +info +select"
    with Redis(directives=[user]) as server:
        fill(server.client(database=1), key=4)
        with Serve(watching_redis(server.url(database=1, user="monitor", password=secret)), until="healthy") as serve:
            expect_failure(serve, "permission", "scan")
            command = re.search(r"(ACL SETUSER monitor [^\"]*)", serve.log())
            assert command, serve.log()
            server.client().execute_command(*command[1].split())
            wait(serve, lambda: is_up(serve), "it may look now")
            assert entries(serve) == {"auth_key": 4, "auth_verified": 0}


# --- ways to the server


def test_unix_socket(own_redis: Redis):
    fill(own_redis.client(database=2), verified=9)
    with Serve(watching_redis(own_redis.socket_url(database=2))) as serve:
        look(serve)
        assert entries(serve)["auth_verified"] == 9


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Redis]:
    with Redis(tls=authority) as server:
        fill(server.client(), key=2)
        server.client().config_set("tls-auth-clients", "yes")
        yield server


def test_tls_with_a_certificate_of_ours(secure: Redis, authority: Authority):
    own = authority.client("monitor")
    tls = {"ca_file": str(authority.certificate), "certificate_file": str(own.certificate), "key_file": str(own.key)}
    with Serve(watching_redis(secure.url(), tls=tls)) as serve:
        look(serve)
        assert entries(serve)["auth_key"] == 2
    with Serve(watching_redis(secure.url(), tls={**tls, "server_name": "localhost"})) as serve:
        assert is_up(serve)


@pytest.mark.parametrize(
    ("change", "reason", "text"),
    [
        ({"server_name": "elsewhere.example"}, "connect", "is for another name"),
        ({"ca_file": None}, "connect", "is not trusted"),
        ({"certificate_file": None, "key_file": None}, "auth", "wants another certificate of ours"),
    ],
)
def test_tls_that_is_not_good(secure: Redis, authority: Authority, change: dict, reason: str, text: str):
    own = authority.client("monitor")
    tls = {"ca_file": str(authority.certificate), "certificate_file": str(own.certificate), "key_file": str(own.key)}
    with Serve(watching_redis(secure.url(), tls={**tls, **change}), until="healthy") as serve:
        expect_failure(serve, reason, text)


def test_tls_to_a_server_without_and_the_other_way_round(own_redis: Redis, secure: Redis):
    url = own_redis.url().replace("redis://", "rediss://")
    with Serve(watching_redis(url, timeout="500ms"), until="healthy") as serve:
        expect_failure(serve, "timeout", "does this port speak TLS? If not, write redis://")
    url = secure.url().replace("rediss://", "redis://")
    with Serve(watching_redis(url, timeout="500ms"), until="healthy") as serve:
        expect_failure(serve, "connect", "rediss://")


def test_without_a_file_a_bad_url_ends_nothing_but_its_source(database: Database):
    KeyTable(database).add()
    with Serve(env={"DATABASE_URL": database.dsn(), "REDIS_URL": "rediss://:s3cr3t@127.0.0.1:1/0#insecure"}) as serve:
        eventually(lambda: serve.keys() == (1, 0), 10, "the keys are counted")
        assert serve.metric("keyshift_source_up", source="redis") == 0
        assert "#insecure" in serve.log() and "s3cr3t" not in serve.log()


def test_without_a_file(database: Database, own_redis: Redis):
    KeyTable(database).add()
    fill(own_redis.client(), key=1)
    with Serve(env={"DATABASE_URL": database.dsn(), "REDIS_URL": own_redis.url()}) as serve:
        assert is_up(serve)
        assert serve.metric("keyshift_source_up", source="keys") == 1
        assert serve.keys() == (1, 0)
        assert entries(serve)["auth_key"] == 1
