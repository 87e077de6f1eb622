// SPDX-License-Identifier: Apache-2.0
// Every parser of JSON lines, on lines that are damaged in every way at every place: each says what it makes
// of them, and none throws.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "formats/access/line.hpp"
#include "formats/lines/messages.hpp"
#include "formats/metrics/prometheus_api.hpp"
#include "formats/text/json_line.hpp"
#include "formats/tracing/json.hpp"

namespace keyshift::formats {
namespace {

const std::vector<std::string>& samples() {
    static const std::vector<std::string> all{
        R"({"DownstreamStatus":401,"DownstreamContentSize":15,"RequestMethod":"GET","RequestPath":"/v1/a",)"
        R"("ClientAddr":"10.0.0.1:1","ClientHost":null,"StartUTC":"2026-11-25T13:30:12Z","level":"info"})",
        R"({"level":"info","ts":1764077412.5,"request":{"remote_ip":"10.0.0.1","method":"GET","uri":"/v1",)"
        R"("headers":{"User-Agent":["a","b"],"X-Forwarded-For":null}},"size":15,"status":401.0})",
        R"({"log":"a \"b\"\n","stream":"stdout","time":"2026-11-25T13:30:12.5Z"})",
        R"({"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG","fields":{"message":"x","n":[1,null]},)"
        R"("target":"gw::auth"})",
        R"({"status":"success","isPartial":null,"warnings":["w"],"data":{"resultType":"vector","result":)"
        R"([{"metric":{"job":"k"},"value":[1764077412.5,"1.5"]}]}})"};
    return all;
}

class EveryReader {
 public:
    /// How many of them understand it.
    int understood(const std::string& line) {
        AccessLine request;
        TracingLine message;
        int count = 0;
        count += traefik_->read(line, request) ? 1 : 0;
        count += caddy_->read(line, request) ? 1 : 0;
        count += tracing_.parse(line, message) ? 1 : 0;
        if (json_.parse(line)) {
            ++count;
            for (const char* const path : {"level", "fields.message", "fields.n", "data.result", "status"})
                json_.text(path);
        }
        LogMessages(LinePrefix::docker).each(line + "\n", [](std::string_view) { return true; });
        EXPECT_LE(whole_messages(line + "\n", LinePrefix::docker), line.size() + 1);
        count += parse_api_answer(line) ? 1 : 0;
        return count;
    }

 private:
    std::unique_ptr<AccessReader> traefik_ = make_traefik_json_reader();
    std::unique_ptr<AccessReader> caddy_ = make_caddy_json_reader();
    TracingJson tracing_;
    JsonLine json_;
};

TEST(DamagedJson, CutOffAnywhere) {
    EveryReader readers;
    for (const std::string& line : samples()) {
        EXPECT_GE(readers.understood(line), 1) << line;
        for (std::size_t size = 0; size < line.size(); ++size)
            EXPECT_EQ(readers.understood(line.substr(0, size)), 0) << line.substr(0, size);
    }
}

TEST(DamagedJson, OneByteIsAnother) {
    EveryReader readers;
    constexpr std::string_view kBytes("\0\x01\"\\{}[],:0-e\xff n", 17);
    for (const std::string& line : samples())
        for (std::size_t at = 0; at < line.size(); ++at)
            for (const char byte : kBytes) {
                std::string damaged = line;
                damaged[at] = byte;
                readers.understood(damaged);
            }
}

TEST(DamagedJson, AValueIsOfAnotherKind) {
    EveryReader readers;
    for (const std::string& line : samples())
        for (std::size_t colon = line.find(':'); colon != std::string::npos;
             colon = line.find(':', colon + 1)) {
            const std::size_t end = line.find_first_of(",}]", colon);
            for (const char* const value :
                 {"nullx", "nul", "truex", "null", "true", "{}", "[]", "{", "[", "-", "1e999", "0x1", "01",
                  "18446744073709551616", "\"\\ud800\"", "\"\\u12\"", "\"\\q\"", "\"", ""}) {
                std::string other = line;
                readers.understood(other.replace(colon + 1, end - colon - 1, value));
            }
        }
}

TEST(DamagedJson, NestedTooDeeply) {
    EveryReader readers;
    for (const std::size_t depth : {63U, 64U, 65U, 1023U, 1024U, 1025U, 100'000U}) {
        const std::string open(depth, '[');
        readers.understood(R"({"level":)" + open + std::string(depth, ']') + "}");
        readers.understood(R"({"fields":)" + open);
        EXPECT_EQ(readers.understood(R"({"a":)" + open + "}"), 0);
    }
}

TEST(DamagedJson, ANullThatIsNone) {
    AccessLine request;
    for (const char* const null : {"nulx", "nullx", "nul", "n"}) {
        std::string traefik = samples()[0];
        std::string caddy = samples()[1];
        EXPECT_FALSE(
            make_traefik_json_reader()->read(traefik.replace(traefik.find("null"), 4, null), request))
            << traefik;
        EXPECT_FALSE(make_caddy_json_reader()->read(caddy.replace(caddy.find("null"), 4, null), request))
            << caddy;
    }
}

}  // namespace
}  // namespace keyshift::formats
