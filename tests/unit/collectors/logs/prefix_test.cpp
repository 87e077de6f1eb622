// SPDX-License-Identifier: Apache-2.0
// Each format of a log behind each prefix, found by itself and as configured: the same comes of a line
// wherever it stands.
#include "formats/lines/prefix.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "collectors/logs/line_prefixes.hpp"
#include "unit/collectors/access/fixture.hpp"

namespace keyshift::collectors {
namespace {

struct Carrier {
    const char* prefix;  ///< as the configuration calls it
    const char* before;
    const char* behind = "";
};
constexpr std::array kCarriers{
    Carrier{"none", ""},
    Carrier{"cri", "2026-01-10T00:00:02.1Z stdout F "},
    Carrier{"cri", "2026-01-10T02:00:02.123456789+02:00 stderr F "},
    Carrier{"syslog", "Jan 10 00:00:02 web1 nginx: "},
    Carrier{"syslog", "<190>Jan  1 00:00:02 nginx[77]: "},
    Carrier{"syslog", "<190>1 2026-01-10T00:00:02Z web1 nginx 77 - - "},
    Carrier{"syslog", "<190>1 2026-01-10T00:00:02.1+01:00 web1 nginx 77 id [a b=\"c\\\"]\"] \xef\xbb\xbf"},
    Carrier{"syslog", "2026-01-10T00:00:02.123456+01:00 web1 gw[77]: "},
    Carrier{"compose", "nginx-1  | "},
    Carrier{"kubectl", "[pod/gw-5b7c/nginx] "},
    Carrier{"journal", "__CURSOR=s=1;i=2\n_PID=7\nMESSAGE=", "\nPRIORITY=6\n"},
    Carrier{"vhost", "api.example.com:443 "},
    Carrier{"timestamps", "2026-01-10T00:00:02.123456789Z "}};
/// Where a rule may see any text, these could be a part of it.
bool is_sure(const Carrier& carrier) {
    const std::string_view name = carrier.prefix;
    return name != "vhost" && name != "timestamps";
}

struct Format {
    const char* name;
    const char* collector;
    const char* options;
    const char* line;
    const char* counts;
};
constexpr const char* kFailed =
    "matched 1 skipped 0 unparsed 0: request_auth_failure 1 failure_unknown_key 1";
constexpr const char* kHit = "matched 1 skipped 0 unparsed 0: auth_cache_hit 1";
const std::vector<Format>& formats_known() {
    static const std::vector<Format> all{
        {"nginx_combined", "access_log", "",
         R"(10.0.0.9 - - [25/Nov/2026:13:30:12 +0000] "POST /v1/models HTTP/1.1" 401 15 "-" "curl/8")",
         kFailed},
        {"Apache, a host's name", "access_log", "",
         R"(client-9.example.com - - [25/Nov/2026:13:30:12 +0000] "POST /v1/models HTTP/1.1" 401 15)",
         kFailed},
        {"nginx", "access_log",
         R"(    format: nginx
    log_format: '$remote_addr [$time_local] "$request" $status $body_bytes_sent'
)",
         R"(10.0.0.9 [25/Nov/2026:13:30:12 +0000] "POST /v1/models HTTP/1.1" 401 15)", kFailed},
        {"nginx, time first", "access_log",
         R"(    format: nginx
    log_format: '$time_iso8601 $remote_addr "$request" $status $body_bytes_sent'
)",
         R"(2026-11-25T13:30:12+00:00 10.0.0.9 "POST /v1/models HTTP/1.1" 401 15)", kFailed},
        {"nginx, JSON", "access_log",
         R"(    format: nginx
    escape: json
    log_format: '{"a":"$remote_addr","r":"$request","s":$status,"b":$body_bytes_sent}'
)",
         R"({"a":"10.0.0.9","r":"POST /v1/models HTTP/1.1","s":401,"b":15})", kFailed},
        {"ltsv", "access_log", "    format: ltsv\n",
         "time:[25/Nov/2026:13:30:12 +0000]\thost:10.0.0.9\treq:POST /v1/models "
         "HTTP/1.1\tstatus:401\tsize:15",
         kFailed},
        {"traefik_clf", "access_log", "    format: traefik_clf\n",
         R"(10.0.0.9 - - [25/Nov/2026:13:30:12 +0000] "POST /v1/models HTTP/1.1" 401 15 "-" "-" 5 "g@d" "http://x" 3ms)",
         kFailed},
        {"traefik_clf, a chain", "access_log", "    format: traefik_clf\n",
         R"(192.0.2.7, 10.0.0.9 - - [25/Nov/2026:13:30:12 +0000] "POST /v1/models HTTP/1.1" 401 15)",
         kFailed},
        {"traefik_json", "access_log", "    format: traefik_json\n",
         R"({"ClientAddr":"10.0.0.9:1","DownstreamStatus":401,"DownstreamContentSize":15,"RequestMethod":"POST","RequestPath":"/v1/models"})",
         kFailed},
        {"caddy_json", "access_log", "    format: caddy_json\n",
         R"({"logger":"http.log.access","request":{"remote_ip":"10.0.0.9","method":"POST","uri":"/v1/models"},"size":15,"status":401})",
         kFailed},
        {"haproxy_http", "access_log",
         "    format: haproxy_http\n    failures: [{status: 401, bytes: 177, reason: unknown_key}]\n",
         R"(10.0.0.9:1 [25/Nov/2026:13:30:15.856] f b/s 0/0/0/0/0 401 177 - - ---- 1/1/0/0/0 0/0 "POST /v1/a HTTP/1.1")",
         kFailed},
        {"tracing_text", "gateway_log", "",
         "2026-11-22T11:56:47.949528Z DEBUG inferxgate::auth::middleware: Using verified token cache "
         "(skipping bcrypt)",
         kHit},
        {"tracing_text, coloured", "gateway_log", "",
         "\x1b[2m2026-11-22T11:56:47.949528Z\x1b[0m \x1b[34mDEBUG\x1b[0m "
         "\x1b[2minferxgate::auth::middleware\x1b[0m\x1b[2m:\x1b[0m Using verified token cache (skipping "
         "bcrypt)",
         kHit},
        {"tracing_json", "gateway_log", "    format: tracing_json\n",
         R"x({"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG","fields":{"message":"Using verified token cache (skipping bcrypt)"},"target":"inferxgate::auth::middleware"})x",
         kHit},
        {"text", "gateway_log",
         "    format: text\n    rules: [{event: auth_cache_hit, regex: '^Key 7 hit$$'}]\n", "Key 7 hit",
         kHit},
        {"json", "gateway_log", "    format: json\n    rules: [{event: auth_cache_hit, fields: {m: hit}}]\n",
         R"({"m":"hit"})", kHit}};
    return all;
}

/// As Docker writes a line, or as two parts of one.
std::string in_docker(std::string_view text, const char* end) {
    std::string out = R"({"log":")";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\x1b') {
            out += "\\u001b";
        } else {
            out += c == '\t' ? std::string("\\t") : std::string(1, c);
        }
    }
    return out + end + R"(","stream":"stdout","time":"2026-01-10T00:00:02.1Z"})" + "\n";
}

std::string counts(const Format& format, const std::string& prefix, const std::string& block) {
    const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
    const config::Loaded loaded =
        config::parse("collectors:\n  - type: " + std::string(format.collector) + "\n    prefix: " + prefix +
                          "\n    input: {files: /a.log}\n" + format.options,
                      "k.yaml", nothing, catalog_types());
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    AccessLog log;
    log.counter = configured(loaded.config.collectors.at(0)).log()->line_counter(loaded.config.gateway);
    log.count(block);
    std::string out = log.counts();
    for (const auto& [kind, times] : log.tally.failures.kinds())
        if (kind.client != "10.0.0.9" && kind.client != "client-9.example.com") out += " by " + kind.client;
    return out;
}

TEST(LogPrefix, EachFormatBehindEach) {
    std::size_t tried = 0;
    for (const Format& format : formats_known()) {
        for (const Carrier& carrier : kCarriers) {
            const std::string block = std::string(carrier.before) + format.line + carrier.behind + "\n";
            const std::string what = std::string(format.name) + " behind " + carrier.before;
            EXPECT_EQ(counts(format, carrier.prefix, block), format.counts) << what;
            if (std::string_view(format.name) != "text" || is_sure(carrier)) {
                EXPECT_EQ(counts(format, "auto", block), format.counts) << what;
            }
            ++tried;
        }
        for (const char* const prefix : {"auto", "docker"}) {
            EXPECT_EQ(counts(format, prefix, in_docker(format.line, "\\n")), format.counts) << format.name;
            const std::string_view line = format.line;
            const std::size_t half = line.size() / 2;
            EXPECT_EQ(counts(format, prefix,
                             in_docker(line.substr(0, half), "") + in_docker(line.substr(half), "\\n")),
                      format.counts)
                << format.name;
        }
        const std::string line = format.line;
        const std::string cri = "2026-01-10T00:00:02.1Z stdout ";
        for (const char* const prefix : {"auto", "cri"})
            EXPECT_EQ(counts(format, prefix,
                             cri + "P " + line.substr(0, line.size() / 2) + "\n" + cri + "F " +
                                 line.substr(line.size() / 2) + "\n"),
                      format.counts)
                << format.name;
    }
    EXPECT_EQ(tried, 16U * 13U);
}

TEST(LogPrefix, WithoutAReaderOfItALineIsNotUnderstood) {
    for (const Format& format : formats_known()) {
        const std::string_view name = format.name;
        if (name == "text") continue;
        for (const Carrier& carrier : kCarriers) {
            if (std::string_view(carrier.prefix) == "none" || std::string_view(carrier.prefix) == "journal")
                continue;
            // tracing's own time may be of several words.
            if (name.starts_with("tracing_text") && std::string_view(carrier.prefix) == "timestamps")
                continue;
            EXPECT_EQ(counts(format, "none", std::string(carrier.before) + format.line + "\n"),
                      "matched 0 skipped 0 unparsed 1:")
                << format.name << " behind " << carrier.before;
        }
    }
}

TEST(LogPrefix, IsSaid) {
    AccessLog log;
    log.count("Jan 10 00:00:02 web1 nginx: " + access_line("GET /v1/a HTTP/1.1", 200, 5));
    ASSERT_FALSE(log.counter->findings().empty());
    EXPECT_EQ(log.counter->findings().front().what,
              "lines are read without what stands before them: syslog (1 lines)");
}

TEST(LogPrefix, RulesForAnyTextAreToldThatTheySeeLess) {
    const std::string line = "gw-1  | Key 7 hit\n";
    const Format text{"text", "gateway_log",
                      "    format: text\n    rules: [{event: auth_cache_hit, message: 'gw-1  | Key'}]\n", "",
                      ""};
    EXPECT_EQ(counts(text, "auto", line), "matched 0 skipped 1 unparsed 0:");
    EXPECT_EQ(counts(text, "none", line), kHit);
    formats::LogMessages messages(formats::LinePrefix::automatic, formats::Understood::all);
    messages.each(line, [](std::string_view) { return true; });
    EXPECT_EQ(prefix_findings(messages).at(0).remedy,
              "rules see what is left; with prefix: none they see whole lines");
}

TEST(LogPrefix, DockersLinesHaveNoOther) {
    const auto problems = [](const std::string& prefix) {
        const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
        const config::Loaded loaded = config::parse(
            "collectors:\n  - {type: access_log, prefix: " + prefix + ", input: {docker: /a.log}}\n",
            "k.yaml", nothing, catalog_types());
        return loaded.problems.size();
    };
    EXPECT_EQ(problems("auto"), 0U);
    EXPECT_EQ(problems("none"), 0U);
    EXPECT_EQ(problems("docker"), 0U);
    EXPECT_EQ(problems("syslog"), 1U);
    EXPECT_EQ(problems("dokcer"), 1U);
}

TEST(LogPrefix, TheConfigurationKnowsEachByItsName) {
    for (const std::string_view name : formats::kLinePrefixNames)
        EXPECT_EQ(access_problems("    prefix: " + std::string(name) + "\n"), "") << name;
}

}  // namespace
}  // namespace keyshift::collectors
