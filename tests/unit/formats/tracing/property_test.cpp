// SPDX-License-Identifier: Apache-2.0
// The ways for frequent lines say what the ways for all lines say: on lines as tracing writes them, and on
// what is left of them after changes anywhere.
#include <random>

#include <gtest/gtest.h>

#include "formats/tracing/json.hpp"
#include "formats/tracing/text.hpp"

namespace keyshift::formats {
namespace {

class Lines {
 public:
    std::string text() {
        const std::string level = pick({"ERROR", " WARN", " INFO", "DEBUG", "TRACE"});
        return time() + " " + level + " " +
               pick({"", "", "", "r{a=b}: ", "r: ", "main ", "ThreadId(01) ", "ThreadId(x "}) + target() +
               ": " + message();
    }
    std::string coloured() {
        const std::string level = pick({"31mERROR", "33m WARN", "32m INFO", "34mDEBUG", "35mTRACE"});
        const std::string span = pick({"", "", "\x1b[1mr\x1b[0m\x1b[2m:\x1b[0m "});
        return "\x1b[2m" + time() + "\x1b[0m \x1b[" + level + "\x1b[0m " + span + "\x1b[2m" + target() +
               "\x1b[0m\x1b[2m:\x1b[0m " + message() + pick({"", " \x1b[3mk\x1b[0m\x1b[2m=\x1b[0m7"});
    }
    std::string json() {
        const std::string level = pick({"ERROR", "WARN", "INFO", "DEBUG", "TRACE", "debug"});
        const std::string message =
            this->message() + pick({"", "\\n", "\\\"x\\\"", "\\u00b5", "\\/", "\\x", "\xc2\xb5"});
        const std::string body =
            pick({"\"fields\":{\"message\":\"" + message + "\"}", "\"message\":\"" + message + "\"",
                  "\"fields\":{\"message\":\"" + message + "\",\"k\":7}",
                  "\"fields\":{\"a\":{\"message\":\"x\"},\"message\":\"" + message + "\"}"});
        return "{\"timestamp\":\"" + time() + "\",\"level\":\"" + level + "\"," + body + ",\"target\":\"" +
               target() + "\"" + pick({"", "", ",\"span\":{\"name\":\"r\"}"}) + "}" +
               pick({"", "", " ", "\r"});
    }
    /// Some bytes changed, taken out, doubled, or the end cut off.
    std::string changed(std::string line) {
        for (auto times = random_() % 4; times > 0 && !line.empty(); --times) {
            const std::size_t at = random_() % line.size();
            const std::string byte =
                pick({":", " ", "\"", "\\", "{", "}", "\x1b", "0", "T", "a", "\n", "\xff", "\t", "m"});
            switch (random_() % 4) {
                case 0:
                    line.replace(at, 1, byte);
                    break;
                case 1:
                    line.insert(at, byte);
                    break;
                case 2:
                    line.erase(at, 1 + random_() % 3);
                    break;
                default:
                    if (random_() % 8 == 0) line.resize(at);
            }
        }
        return line;
    }

 private:
    std::string pick(std::vector<std::string> from) { return from[random_() % from.size()]; }
    std::string time() {
        return pick({"2026-11-22T11:56:47.949528Z", "2026-11-22T11:56:47.949528Z", "2026-11-22T11:56:47Z",
                     "2026-11-22T11:56:47.949528+01:00"});
    }
    std::string target() { return pick({"a::b", "inferxgate", "inferxgate::auth::middleware", "x-y.z/w"}); }
    std::string message() {
        return pick({"Using verified token cache", "Error: x", "src/a.rs:12: x", "a::b: x", "", "x",
                     "key=value", "{a}: b: c", "M: a::b: forged"});
    }

    std::mt19937 random_{5};
};

std::string shown(const TracingLine& line) {
    std::string out(tracing_level_name(line.level));
    for (const std::string_view part : {line.time, line.target, line.message}) out += "|" + std::string(part);
    return out;
}

std::string told(bool parsed, const TracingLine& line) {
    return parsed ? shown(line) : "none";
}

TEST(TracingProperty, BothWaysReadTextAlike) {
    Lines lines;
    std::size_t read = 0;
    for (int i = 0; i < 60'000; ++i) {
        const std::string line = lines.changed(i % 2 == 0 ? lines.text() : lines.coloured());
        TracingLine fast;
        TracingLine slow;
        const bool parsed = parse_tracing_text(line, fast);
        const bool expected = parse_tracing_text_slowly(line, slow);
        read += parsed ? 1 : 0;
        ASSERT_EQ(told(parsed, fast), told(expected, slow)) << line;
    }
    EXPECT_GT(read, 30'000U);
}

TEST(TracingProperty, BothWaysReadJsonAlike) {
    Lines lines;
    TracingJson fast_reader;
    TracingJson slow_reader;
    std::size_t read = 0;
    for (int i = 0; i < 60'000; ++i) {
        const std::string line = lines.changed(lines.json());
        TracingLine fast;
        TracingLine slow;
        const bool parsed = fast_reader.parse(line, fast);
        const bool expected = slow_reader.parse_slowly(line, slow);
        read += parsed ? 1 : 0;
        ASSERT_EQ(told(parsed, fast), told(expected, slow)) << line;
    }
    EXPECT_GT(read, 20'000U);
}

}  // namespace
}  // namespace keyshift::formats
