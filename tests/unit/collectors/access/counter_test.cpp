// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "unit/collectors/access/fixture.hpp"

namespace keyshift::collectors {
namespace {

using domain::Event;

std::string counted(std::string_view text, const std::string& options = "") {
    AccessLog log(options);
    log.count(text);
    return log.counts();
}

std::string one(int status, int bytes, std::string_view request = "POST /v1/models HTTP/1.1") {
    const std::string all = counted(access_line(request, status, bytes));
    return all.substr(all.find(':') + 1);
}

TEST(AccessCounter, OutcomesByStatus) {
    for (const int status : {100, 101, 200, 204, 304, 399}) EXPECT_EQ(one(status, 5), " request_success 1");
    for (const int status : {400, 404, 405, 413, 499}) EXPECT_EQ(one(status, 0), " request_client_error 1");
    for (const int status : {500, 502, 599}) EXPECT_EQ(one(status, 22), " request_server_error 1");
    for (const int status : {600, 999}) EXPECT_EQ(one(status, 0), "") << "of no kind, and so skipped";
    EXPECT_EQ(one(401, 999), " request_auth_failure 1 failure_other 1");
    EXPECT_EQ(one(403, 999), " request_auth_failure 1 failure_forbidden 1");
    EXPECT_EQ(one(429, 999), " request_rate_limited 1 failure_rate_limited 1");
}

TEST(AccessCounter, ReasonsOfTheReferenceGatewayByBytes) {
    const std::pair<std::string_view, std::string_view> bodies[] = {
        {"Invalid API key", "unknown_key"},
        {"Missing authorization header", "missing_header"},
        {"Invalid authorization header format", "malformed_header"},
        {"Invalid authentication credentials", "bad_credentials"},
        {"API key is blocked", "blocked"},
        {"API key has exceeded budget", "over_budget"},
        {"API key has expired", "expired"},
        {"User not found", "user_missing"},
        {"Key not found", "key_deleted"},
        {"Missing authentication", "other"},
        {"Invalid or expired token", "invalid_jwt"}};
    for (const auto& [body, reason] : bodies)
        EXPECT_EQ(one(401, static_cast<int>(body.size())),
                  " request_auth_failure 1 failure_" + std::string(reason) + " 1");
    EXPECT_EQ(one(403, 63), " request_auth_failure 1 failure_forbidden 1");
    EXPECT_EQ(one(429, 19), " request_rate_limited 1 failure_rate_limited 1");
    EXPECT_EQ(one(500, 24), " request_server_error 1");
    // HEAD: without a body there is no reason.
    EXPECT_EQ(one(401, 0, "HEAD /v1/models HTTP/1.1"), " request_auth_failure 1 failure_other 1");
}

TEST(AccessCounter, AWrongPasswordIsNoFailureOfAKey) {
    const std::string line = access_line("POST /auth/login HTTP/1.1", 401, 86);
    EXPECT_EQ(counted(line), "matched 0 skipped 1 unparsed 0:");
    EXPECT_EQ(counted(line, "    paths: /auth/\n"), "matched 1 skipped 0 unparsed 0: request_client_error 1");
}

TEST(AccessCounter, OnlyTheApiCounts) {
    for (const char* const request :
         {"GET /health HTTP/1.1", "GET / HTTP/1.1", "GET /assets/v1/x.js HTTP/1.1", "GET /auth/keys HTTP/1.1",
          "GET /auth/me HTTP/1.1", "GET /v1 HTTP/1.1", "GET /V1/models HTTP/1.1",
          "OPTIONS /v1/models HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT h:443 HTTP/1.1", "-", "",
          "\\x16\\x03\\x01", "GET http://v1/models HTTP/1.1", "GET ?/v1/ HTTP/1.1", "GET /x?/v1/ HTTP/1.1",
          "GET /x?a=/../v1/ HTTP/1.1"}) {
        EXPECT_EQ(counted(access_line(request, 401, 15)), "matched 0 skipped 1 unparsed 0:") << request;
    }
    for (const char* const request :
         {"GET /v1/ HTTP/1.1", "GET /v1/models", "POST /auth/key/generate HTTP/1.1",
          "GET //v1//models HTTP/1.1", "GET /%76%31/models HTTP/1.1", "GET /./v1/models HTTP/1.1",
          "GET /x/../v1/models HTTP/1.1", "GET /v1/../health HTTP/1.1",
          "GET http://gateway/v1/models HTTP/1.1", "GET HTTPS://gateway/v1/models HTTP/1.1",
          "GET /v1/a b c HTTP/1.1"})
        EXPECT_EQ(counted(access_line(request, 401, 15)),
                  "matched 1 skipped 0 unparsed 0: request_auth_failure 1 failure_unknown_key 1")
            << request;
}

TEST(AccessCounter, PathsOfOnesOwn) {
    EXPECT_EQ(counted(access_line("GET /health HTTP/1.1", 200, 2), "    paths: [/api/, /health]\n"),
              "matched 1 skipped 0 unparsed 0: request_success 1");
    EXPECT_EQ(counted(access_line("GET /v1/models HTTP/1.1", 200, 2), "    paths: [/api/, /health]\n"),
              "matched 0 skipped 1 unparsed 0:");
}

TEST(AccessCounter, FailuresOfOnesOwnAddToThePresetsAndReplaceThem) {
    const std::string options =
        "    failures:\n"
        "    - {status: 401, bytes: 15, reason: expired}\n"
        "    - {status: 401, reason: unknown_key}\n"
        "    - {status: 402, reason: over_budget}\n"
        "    - {status: 403, bytes: 5, reason: none}\n"
        "    - {status: 429, bytes: 7, reason: blocked}\n";
    const auto one_of = [&](int status, int bytes) {
        const std::string all = counted(access_line("GET /v1/a H", status, bytes), options);
        return all.substr(all.find(':') + 1);
    };
    EXPECT_EQ(one_of(401, 15), " request_auth_failure 1 failure_expired 1");
    EXPECT_EQ(one_of(401, 28), " request_auth_failure 1 failure_missing_header 1");
    EXPECT_EQ(one_of(401, 999), " request_auth_failure 1 failure_unknown_key 1");
    EXPECT_EQ(one_of(402, 1), " request_auth_failure 1 failure_over_budget 1");
    EXPECT_EQ(one_of(403, 5), " request_client_error 1");
    EXPECT_EQ(one_of(403, 6), " request_auth_failure 1 failure_forbidden 1");
    EXPECT_EQ(one_of(429, 7), " request_rate_limited 1 failure_blocked 1");
    EXPECT_EQ(one_of(429, 8), " request_rate_limited 1 failure_rate_limited 1");
}

TEST(AccessCounter, EveryLineIsOfOneKind) {
    using namespace std::string_literals;
    EXPECT_EQ(counted(""), "matched 0 skipped 0 unparsed 0:");
    EXPECT_EQ(counted("\n\r\n\n"), "matched 0 skipped 3 unparsed 0:");
    EXPECT_EQ(counted("garbage\n\0\0\n\xFF\xFE\n \n\"\n"s), "matched 0 skipped 0 unparsed 5:");
    const std::string line = access_line("GET /v1/a HTTP/1.1", 200, 5);
    const std::string crlf = line.substr(0, line.size() - 1) + "\r\n";
    const std::string half = line.substr(0, line.size() / 2) + "\n";
    EXPECT_EQ(counted(line + crlf + half + line.substr(0, line.size() - 1)),
              "matched 3 skipped 0 unparsed 1: request_success 3");
    // 200 KiB each: of a user agent, of a path, of anything.
    const std::string big(200 * 1024, 'x');
    EXPECT_EQ(counted(access_line("GET /v1/a HTTP/1.1", 401, 15, big) +
                      access_line("GET /v1/" + big, 401, 15) + big),
              "matched 2 skipped 0 unparsed 1: request_auth_failure 2 failure_unknown_key 2");
}

TEST(AccessCounter, ALogThatImitatesItself) {
    const std::string forged = R"(x\x22 401 15 \x22-\x22 \x22y)";
    EXPECT_EQ(counted(access_line("GET /v1/a HTTP/1.1", 200, 5, forged) +
                      access_line("GET /v1/a?\\x22 401 15 HTTP/1.1", 200, 5)),
              "matched 2 skipped 0 unparsed 0: request_success 2");
}

TEST(AccessCounter, WhoFailsWhyAndWhere) {
    AccessLog log;
    log.count(
        access_line("POST /v1/models?key=sk-secret-secret HTTP/1.1", 401, 15, R"(caf\xC3\xA9\x1B[31m\xFF)") +
        access_line("POST /v1//models HTTP/1.1", 401, 15, R"(caf\xC3\xA9\x1B[31m\xFF)") +
        access_line("GET /v1/sk-AbC123defghi/x HTTP/1.1", 401, 28, "python sk-AbC123defghi", "2001:db8::1") +
        access_line("GET /v1/ok HTTP/1.1", 200, 28));
    EXPECT_EQ(
        log.failures(),
        "unknown_key from 10.0.0.7 by café\\x1b[31m\\xff at /v1/models, 2 until 2026-11-25T13:30:12Z\n"
        "missing_header from 2001:db8::1 by python sk-*** at /v1/sk-***, 1 until 2026-11-25T13:30:12Z\n");
}

TEST(AccessCounter, TimesAreTheLinesButNeverOfTheFuture) {
    const auto at = [](const std::string& time) {
        AccessLog log;
        std::string line = access_line("GET /v1/a HTTP/1.1", 401, 15);
        line.replace(line.find("25/Nov/2026:13:30:12 +0000"), 26, time);
        log.count(line);
        EXPECT_EQ(log.tally.lines.matched, 1U);
        return base::format_rfc3339(log.tally.failures.kinds().begin()->second.last);
    };
    EXPECT_EQ(at("25/Nov/2026:13:59:59 +0000"), "2026-11-25T13:59:59Z");
    EXPECT_EQ(at("25/Nov/2026:13:59:59 -0100"), "2026-11-25T14:00:00Z");
    EXPECT_EQ(at("31/Nov/2026:13:59:59 +0000"), "2026-11-25T14:00:00Z");
    EXPECT_EQ(at("25/Nov/2020:13:59:59 +0000"), "2020-11-25T13:59:59Z");
}

TEST(AccessCounter, DistinctClientsByReason) {
    AccessLog log;
    std::string text;
    for (int i = 0; i < 20; ++i)
        for (const char* const address :
             {"10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "::ffff:10.0.0.1", "unix:"})
            text += access_line("GET /v1/a HTTP/1.1", 401, 15, "-", address);
    log.count(text);
    EXPECT_EQ(log.tally.clients.count(Event::failure_unknown_key, log.tally.now), 3U);
    EXPECT_EQ(log.tally.clients.count(Event::failure_other, log.tally.now), 0U);
    // 60 of an unknown address, which is shown as none.
    EXPECT_NE(log.failures().find("unknown_key from  by "), std::string::npos) << log.failures();
}

TEST(AccessCounter, AddressesInShort) {
    const auto shown = [](const std::string& form, const std::string& address) {
        AccessLog log("    addresses: " + form + "\n");
        log.count(access_line("GET /v1/a HTTP/1.1", 401, 15, "-", address));
        return log.tally.failures.kinds().begin()->first.client;
    };
    EXPECT_EQ(shown("full", "203.0.113.77"), "203.0.113.77");
    EXPECT_EQ(shown("truncated", "203.0.113.77"), "203.0.113.0/24");
    EXPECT_EQ(shown("truncated", "2001:db8:1:2:3::4"), "2001:db8:1::/48");
    EXPECT_EQ(shown("full", "host.example"), "host.example");
    EXPECT_EQ(shown("truncated", "host.example"), "");
    const std::string keyed = "hashed\n    address_key: k1";
    EXPECT_EQ(shown(keyed, "203.0.113.77"), "9e6c2a8792d7e91f") << "the beginning of an HMAC-SHA-256";
    EXPECT_EQ(shown(keyed, "203.0.113.77"), shown(keyed, "::ffff:203.0.113.77"));
    EXPECT_NE(shown(keyed, "203.0.113.77"), shown(keyed, "203.0.113.78"));
    EXPECT_NE(shown(keyed, "203.0.113.77"), shown("hashed\n    address_key: k2", "203.0.113.77"));
    // Without a key each start has one of its own.
    EXPECT_NE(shown("hashed", "203.0.113.77"), shown("hashed", "203.0.113.77"));
    EXPECT_EQ(shown("hashed", "203.0.113.77").size(), 16U);
}

TEST(AccessCounter, ClientsBehindTrustedProxies) {
    AccessLog log(
        "    format: nginx\n"
        "    log_format: '$remote_addr \"$request\" $status $body_bytes_sent \"$http_x_forwarded_for\"'\n"
        "    client: x_forwarded_for\n    trusted_proxies: [10.0.0.0/8]\n");
    const auto line = [](const std::string& peer, const std::string& forwarded) {
        return peer + " \"GET /v1/a HTTP/1.1\" 401 15 \"" + forwarded + "\"\n";
    };
    log.count(line("10.1.2.3", "1.1.1.1, 203.0.113.9, 10.0.0.5") + line("192.0.2.1", "203.0.113.9") +
              line("10.1.2.3", "-"));
    EXPECT_EQ(log.failures(),
              "unknown_key from 10.1.2.3 by  at /v1/a, 1 until 2026-11-25T14:00:00Z\n"
              "unknown_key from 192.0.2.1 by  at /v1/a, 1 until 2026-11-25T14:00:00Z\n"
              "unknown_key from 203.0.113.9 by  at /v1/a, 1 until 2026-11-25T14:00:00Z\n");
}

TEST(AccessCounter, HaproxysTimesAreOfThisMachinesZone) {
    ::setenv("TZ", "Asia/Kolkata", 1);
    AccessLog log("    format: haproxy_http\n");
    log.count(
        "10.0.0.7:1 [25/Nov/2026:19:00:15.856] f b/s 0/0/0/0/0 401 177 - - ---- 1/1/0/0/0 0/0 \"GET /v1/a "
        "H\"\n");
    ::unsetenv("TZ");
    EXPECT_EQ(log.failures(), "other from 10.0.0.7 by  at /v1/a, 1 until 2026-11-25T13:30:15.856000Z\n");
}

domain::Events events(std::initializer_list<Event> list) {
    domain::Events out;
    for (const Event event : list) out.set(index_of(event));
    return out;
}

TEST(AccessCounter, OffersWhatItCanTellApart) {
    const auto countable = [](const std::string& options, const std::string& before = "") {
        return AccessLog(options, before).counter->countable({});
    };
    const domain::Events status = domain::requests() | events({Event::failure_other, Event::failure_forbidden,
                                                               Event::failure_rate_limited});
    EXPECT_EQ(countable(""), domain::requests() | domain::failures());
    // HAProxy counts headers with bodies; a log without bytes counts neither; a gateway that is not known.
    EXPECT_EQ(countable("    format: haproxy_http\n"), status);
    EXPECT_EQ(countable("    format: nginx\n    log_format: '$status \"$request\"'\n"), status);
    const std::string custom =
        "gateway: {preset: custom, table: k, columns: {id: a, created_at: b, last_used_at: c, legacy: d}}\n";
    EXPECT_EQ(countable("", custom), status);
    EXPECT_EQ(
        countable(
            "    format: haproxy_http\n    failures: [{status: 401, bytes: 177, reason: unknown_key}]\n"),
        status | events({Event::failure_unknown_key}));
}

TEST(AccessCounter, WithAnUnknownGatewayAllPathsCount) {
    AccessLog log(
        "",
        "gateway: {preset: custom, table: k, columns: {id: a, created_at: b, last_used_at: c, legacy: d}}\n");
    log.count(access_line("GET /x HTTP/1.1", 401, 15) + access_line("-", 400, 0));
    EXPECT_EQ(log.counts(), "matched 1 skipped 1 unparsed 0: request_auth_failure 1 failure_other 1");
}

std::string found(const AccessLog& log) {
    std::string out;
    for (const Finding& finding : log.counter->findings()) out += finding.what + "; " + finding.remedy + "\n";
    return out;
}

TEST(AccessCounter, FindsWhatDoesNotFit) {
    AccessLog log;
    EXPECT_EQ(found(log), "");
    log.count(access_line("GET /api/v1/models HTTP/1.1", 200, 5));
    EXPECT_EQ(found(log),
              "none of 1 requests is to /v1/ or /auth/key/; set `paths` to how the paths of the gateway's "
              "API begin in "
              "this log\n");
    log.count(access_line("GET /v1/models HTTP/1.1", 401, 44) +
              access_line("GET /v1/models HTTP/1.1", 401, 44) +
              access_line("GET /v1/models HTTP/1.1", 401, 15));
    EXPECT_EQ(
        found(log),
        "2 answers with status 401 and 44 bytes: no reason is known for these; add {status: 401, bytes: 44, "
        "reason: ...} to `failures`\n");
    for (int bytes = 100; bytes < 200; ++bytes) log.count(access_line("GET /v1/a HTTP/1.1", 401, bytes));
    EXPECT_EQ(log.counter->findings().size(), 8U);
}

}  // namespace
}  // namespace keyshift::collectors
