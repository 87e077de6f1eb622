// SPDX-License-Identifier: Apache-2.0
// Lines are those of nginx 1.22 and of Apache 2.4, but for what is said to be forged.
#include <algorithm>
#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "formats/text/client_word.hpp"
#include "unit/formats/access/shown.hpp"

namespace keyshift::formats {
namespace {

std::string combined(std::string_view line) {
    return shown(*make_combined_reader(), line);
}

const std::string kStart = "127.0.0.1 - - [25/Nov/2026:13:30:12 +0000] ";
const std::string kTime = "2026-11-25T13:30:12Z";

TEST(Combined, WhatNginxWrites) {
    EXPECT_EQ(combined(kStart + R"("GET /v1/a HTTP/1.1" 401 15 "-" "curl/8")"),
              "GET|/v1/a|401|15|127.0.0.1||curl/8|" + kTime);
    EXPECT_EQ(combined(kStart +
                       R"("POST /v1/b?key=sk-abc HTTP/1.1" 401 28 "-" "a\x22 401 15 \x22-\x22 \x22x\x5Cy")"),
              R"(POST|/v1/b?key=sk-abc|401|28|127.0.0.1||a\x22 401 15 \x22-\x22 \x22x\x5Cy|)" + kTime);
    EXPECT_EQ(combined(kStart + R"("HEAD /v1/a HTTP/1.1" 401 0 "-" "-")"),
              "HEAD|/v1/a|401|0|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("GET http://h/v1/a HTTP/1.1" 401 15 "-" "-")"),
              "GET|http://h/v1/a|401|15|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("GET /v1/\x22q HTTP/1.1" 200 5 "-" "-")"),
              R"(GET|/v1/\x22q|200|5|127.0.0.1|||)" + kTime);
    EXPECT_EQ(combined(R"(unix: - - [25/Nov/2026:13:30:17 +0000] "GET /v1/a HTTP/1.1" 401 15 "-" "curl/8")"),
              "GET|/v1/a|401|15|unix:||curl/8|2026-11-25T13:30:17Z");
}

TEST(Combined, RequestsThatAreNone) {
    EXPECT_EQ(combined(kStart + R"("" 400 0 "-" "-")"), "||400|0|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("-" 400 0 "-" "-")"), "||400|0|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("\x16\x03\x01\x00\x22\x5C" 400 157 "-" "-")"),
              "||400|157|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("CONNECT h:443 HTTP/1.1" 400 157 "-" "-")"),
              "CONNECT|h:443|400|157|127.0.0.1|||" + kTime);
    // HTTP/0.9, and a space in a path.
    EXPECT_EQ(combined(kStart + R"("GET /v1/a" 401 15 "-" "-")"), "GET|/v1/a|401|15|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("GET /v1/a b HTTP/1.1" 400 157 "-" "-")"),
              "GET|/v1/a|400|157|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("GET /v1/a" 009 15 "-" "-")"), "GET|/v1/a|9|15|127.0.0.1|||" + kTime);
    EXPECT_EQ(combined(kStart + R"("GET /v1/a HTTP/1.1" 000 0 "-" "-")"),
              "GET|/v1/a|0|0|127.0.0.1|||" + kTime);
}

TEST(Combined, WhatApacheWrites) {
    EXPECT_EQ(
        combined(
            R"(host.example - ann [25/Nov/2026:14:30:12 +0100] "GET /v1/\"x\\ HTTP/1.1" 304 - "-" "a\"b")"),
        R"(GET|/v1/\"x\\|304|0|host.example||a\"b|)" + kTime);
    // "common" ends behind the bytes.
    EXPECT_EQ(combined(kStart + R"("GET /v1/a HTTP/1.1" 401 15)"), "GET|/v1/a|401|15|127.0.0.1|||" + kTime);
}

TEST(Combined, NothingThatAClientSendsMovesAField) {
    // The user of HTTP authentication, as nginx and as Apache write it.
    EXPECT_EQ(
        combined(
            R"(127.0.0.1 - a\x22 [25] \x22 b [25/Nov/2026:13:30:12 +0000] "GET /v1/a HTTP/1.0" 401 15 "-" "-")"),
        "GET|/v1/a|401|15|127.0.0.1|||" + kTime);
    EXPECT_EQ(
        combined(
            R"(127.0.0.1 - u [01/Jan/2020:00:00:00 +0000] \"GET /v1/x HTTP/1.1\" 401 15 \"-\" \"-\" [25/Nov/2026:13:30:12 +0000] "GET /ok HTTP/1.1" 200 5 "-" "-")"),
        "GET|/ok|200|5|127.0.0.1|||" + kTime);
    // The user agent, unescaped as no proxy would write it.
    EXPECT_EQ(
        combined(
            kStart +
            R"("GET /ok HTTP/1.1" 200 5 "-" "x" - - [25/Nov/2026:13:30:12 +0000] "GET /v1/a HTTP/1.1" 401 15 "-" "y")"),
        "GET|/ok|200|5|127.0.0.1||x|" + kTime);
    EXPECT_EQ(combined(kStart + R"("GET /ok\x22 401 15 HTTP/1.1" 200 5 "-" "x")"),
              R"(GET|/ok\x22|200|5|127.0.0.1||x|)" + kTime);
}

TEST(Combined, ATimeThatIsNoneLosesOnlyTheTime) {
    EXPECT_EQ(combined(R"(127.0.0.1 - - [99/Nov/2026:13:30:12 +0000] "GET /v1/a HTTP/1.1" 401 15 "-" "-")"),
              "GET|/v1/a|401|15|127.0.0.1|||?");
    const auto reader = make_combined_reader();
    for (const char* const second : {"12", "13", "12", "xx", "12"}) {
        const std::string line =
            "a - - [25/Nov/2026:13:30:" + std::string(second) + " +0000] \"GET /a H\" 401 1";
        const bool time = second[0] != 'x';
        EXPECT_EQ(shown(*reader, line),
                  "GET|/a|401|1|a|||" + (time ? "2026-11-25T13:30:" + std::string(second) + "Z" : "?"));
    }
}

TEST(Combined, WhatIsNotOfTheFormat) {
    using namespace std::string_literals;
    for (const std::string& line : {""s,
                                    "x"s,
                                    "\""s,
                                    "\"\""s,
                                    "\0\0"s,
                                    " "s,
                                    kStart,
                                    kStart + "\"",
                                    kStart + "\"GET /v1/a HTTP/1.1",
                                    kStart + "\"GET /v1/a HTTP/1.1\"",
                                    kStart + "\"GET /v1/a HTTP/1.1\" ",
                                    kStart + "\"GET /v1/a HTTP/1.1\" 40",
                                    kStart + "\"GET /v1/a HTTP/1.1\" 401",
                                    kStart + "\"GET /v1/a HTTP/1.1\" 401 ",
                                    kStart + "\"GET /v1/a HTTP/1.1\" 4011 15",
                                    kStart + "\"GET /v1/a HTTP/1.1\" 401 15x",
                                    kStart + "\"GET /v1/a HTTP/1.1\" 401 -15",
                                    kStart + "\"GET /v1/a HTTP/1.1\" -401 15",
                                    kStart + "\"GET /v1/a HTTP/1.1\" 401 1234567890123456789",
                                    kStart + "\"GET /v1/a HTTP/1.1\"401 15",
                                    "127.0.0.1 - - 25/Nov/2026:13:30:12 +0000 \"GET / H\" 401 15"s,
                                    "[25/Nov/2026:13:30:12 +0000] \"GET / H\" 401 15"s,
                                    R"({"status":401,"bytes":15,"path":"/v1/a"})"s,
                                    "Nov 25 13:30:12 host nginx: started"s})
        EXPECT_EQ(combined(line), "-") << line;
}

TEST(Combined, WhoCanBeAClient) {
    const std::string rest = R"( [25/Nov/2026:13:30:12 +0000] "GET /a HTTP/1.1" 401 15)";
    const auto peer = [&](const std::string& before) -> std::string {
        AccessLine out;
        const auto reader = make_combined_reader();
        const std::string line = before + rest;
        if (!reader->read(line, out)) return "none";
        reader->complete(out);
        return std::string(out.peer);
    };
    for (const char* const client :
         {"10.0.0.7", "255.255.255.255", "1.2.3.4", "::1", "2001:db8::7", "fe80::1%eth0", "::ffff:10.0.0.7",
          "client-9.example.com", "gateway", "a_b", "unix:"}) {
        EXPECT_EQ(peer(client + std::string(" - -")), client);
        EXPECT_EQ(peer(client + std::string(" - ann smith")), client);
    }
    EXPECT_EQ(peer("- - -"), "");
    EXPECT_EQ(peer("10.0.0.7 identd ann"), "10.0.0.7");
    for (const char* const before :
         {"2026-01-10T00:00:02Z - -", "10.0.0.7:80 - -", "[::1] - -", "a..b - -", "10 - -", "x:y - -",
          "1.2.3 - -", "Jan 10 00:00:02 web1 nginx: 10.0.0.7 - -", "api.example.com 10.0.0.7 - -",
          "10.0.0.1 10.0.0.7 - -", "nginx-1  | 10.0.0.7 - -", "gateway identd ann", " - -", "10.0.0.7  -"})
        EXPECT_EQ(peer(before), "none") << before;
}

/// ADDRESS IDENT USER, or NAME - USER.
bool has_client(const std::string& text) {
    std::smatch found;
    static const std::regex expression(R"(^([^ ]+) ([^ ]+) [^]*)");
    if (!std::regex_match(text, found, expression)) return false;
    const std::string client = found[1];
    // At a glance, numbers with three dots are an address.
    if (std::regex_match(client, std::regex("[0-9./]{8,15}")) && std::ranges::count(client, '.') == 3 &&
        text.starts_with(client + " - - "))
        return true;
    if (found[2] == "-") return client == "-" || (is_client(client) && !client.ends_with("]"));
    return is_bare_address(client) && !is_address(found[2].str());
}

/// The same by a regular expression, slowly.
std::string by_expression(const std::string& line) {
    static const std::regex expression(
        R"re(^((?:[^"\\]|\\[^])*)\[([^]{26})\] "((?:[^"\\]|\\[^])*)" ([0-9]{3}|-) ([0-9]{1,18}|-)(?: .*)?$)re");
    std::smatch found;
    if (!std::regex_match(line, found, expression) || !has_client(found[1])) return "-";
    const std::string request = found[3];
    const std::size_t space = request.find(' ');
    const std::string target = space == std::string::npos ? "" : request.substr(space + 1);
    const auto number = [](const std::string& text) {
        return text == "-" ? "0" : std::to_string(std::stoull(text));
    };
    return (space == std::string::npos ? "" : request.substr(0, space)) + "|" +
           target.substr(0, target.find(' ')) + "|" + number(found[4]) + "|" + number(found[5]);
}

std::string by_reader(AccessReader& reader, const std::string& line) {
    AccessLine out;
    if (!reader.read(line, out)) return "-";
    return std::string(out.method) + "|" + std::string(out.target) + "|" + std::to_string(out.status) + "|" +
           std::to_string(*out.bytes);
}

TEST(Combined, AgreesWithAnExpressionOnRandomLines) {
    std::mt19937 random(20261125);
    const std::vector<std::string> pieces{"\"",
                                          "\\",
                                          "\\\"",
                                          " ",
                                          "-",
                                          "[",
                                          "]",
                                          "a",
                                          "401",
                                          "15",
                                          "GET",
                                          "/v1/",
                                          "[25/Nov/2026:13:30:12 +0000] ",
                                          " \"",
                                          "\" ",
                                          "HTTP/1.1",
                                          "x - -",
                                          ""};
    const auto reader = make_combined_reader();
    std::size_t understood = 0;
    for (int i = 0; i < 40'000; ++i) {
        // Good lines with some of their pieces changed.
        std::vector<std::string> line{"1.2.3.4", " - ",      "-",  " [25/Nov/2026:13:30:12 +0000] ",
                                      "\"",      "GET",      " ",  "/v1/a",
                                      " ",       "HTTP/1.1", "\"", " ",
                                      "401",     " ",        "15", " \"",
                                      "-",       "\" \"",    "ua", "\""};
        for (auto changes = random() % 4; changes > 0; --changes) {
            const std::size_t at = random() % line.size();
            if (random() % 2 == 0) line[at].clear();
            line[at] += pieces[random() % pieces.size()];
        }
        std::string text;
        for (const std::string& piece : line) text += piece;
        const std::string expected = by_expression(text);
        understood += expected == "-" ? 0 : 1;
        ASSERT_EQ(by_reader(*reader, text), expected) << text;
    }
    EXPECT_GT(understood, 10'000U);
    EXPECT_LT(understood, 35'000U);
}

/// What stands behind the time is read from masks where nobody is named before it, and byte by byte where
/// somebody is.
TEST(Combined, FrequentLinesAreReadAsOthersAre) {
    std::mt19937 random(11);
    const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
    const auto reader = make_combined_reader();
    int read = 0;
    for (int round = 0; round < 40'000; ++round) {
        std::string rest = pick({"GET", "POST", "", "\\x16"}) + pick({" ", " ", " ", "", "  "}) +
                           std::string(random() % 60, 'p') + pick({" ", " ", " ", "", "  "}) +
                           pick({"HTTP/1.1", "", "\\", "\\\"", "x y"}) +
                           pick({"\"", "\"", "\"", "", "\\\""}) + " " + std::to_string(random() % 1100) +
                           pick({" ", " ", " ", "", "x"}) + pick({"", "0", "00", "-"}) +
                           std::to_string(random() >> random() % 33) + pick({" ", " ", " ", "", "x", "\""}) +
                           std::string(random() % 40, 'u');
        if (random() % 4 == 0) rest[random() % rest.size()] = pick({" ", "\"", "7", "\\", "\xff"})[0];
        AccessLine frequent;
        AccessLine other;
        const std::string line = "192.0.2.1 - - [25/Nov/2026:13:30:12 +0000] \"" + rest;
        const std::string named = "192.0.2.1 - u [25/Nov/2026:13:30:12 +0000] \"" + rest;
        const bool understood = reader->read(line, frequent);
        ASSERT_EQ(understood, reader->read(named, other)) << line;
        if (!understood) continue;
        ++read;
        ASSERT_EQ(frequent.method, other.method) << line;
        ASSERT_EQ(frequent.target, other.target) << line;
        ASSERT_EQ(frequent.status, other.status) << line;
        ASSERT_EQ(frequent.bytes, other.bytes) << line;
        ASSERT_EQ(frequent.behind, other.behind) << line;
    }
    EXPECT_GT(read, 3'000);
}

TEST(Unescape, EachWay) {
    EXPECT_EQ(unescape(R"(a\x22b\x5Cc\xC3\xA9)", AccessEscape::backslash), "a\"b\\c\xC3\xA9");
    EXPECT_EQ(unescape(R"(\"\\\/\n\r\t\b\f\u0016\u00e9\u20AC)", AccessEscape::backslash),
              "\"\\/\n\r\t\b\f\x16\xC3\xA9\xE2\x82\xAC");
    EXPECT_EQ(unescape(R"(\x2 \xg0 \u12 \q \)", AccessEscape::backslash), R"(\x2 \xg0 \u12 \q \)");
    EXPECT_EQ(unescape("#22#C3#A9 #2 ## #zz#", AccessEscape::hash), "\"\xC3\xA9 #2 ## #zz#");
    EXPECT_EQ(unescape(R"(\x22#22)", AccessEscape::none), R"(\x22#22)");
}

}  // namespace
}  // namespace keyshift::formats
