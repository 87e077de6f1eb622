// SPDX-License-Identifier: Apache-2.0
// Docker's json-file: what each line becomes, and where a block can be cut.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "formats/lines/messages.hpp"

namespace keyshift::formats {
namespace {

using namespace std::string_literals;

/// A line as Docker writes it; `text` is JSON already.
std::string line(const std::string& text, const std::string& stream = "stdout") {
    return R"({"log":")" + text + R"(","stream":")" + stream +
           R"(","time":"2026-01-10T00:00:00.123456789Z"})" + "\n";
}

std::string out(const std::string& text) {
    return line(text, "stdout");
}

std::string err(const std::string& text) {
    return line(text, "stderr");
}

std::string unwrapped(std::string_view block) {
    std::string messages;
    LogMessages(LinePrefix::docker).each(block, [&](std::string_view message) {
        messages.append(message) += '\n';
        return true;
    });
    return messages;
}

std::size_t docker_whole(std::string_view block) {
    return whole_messages(block, LinePrefix::docker);
}

/// A message of `size` bytes and more in somebody else's stream.
std::string filler(std::size_t size) {
    return out(std::string(size, 'f') + R"(\n)");
}

TEST(DockerLines, OneLineEach) {
    struct Case {
        std::string line, message;
    };
    const Case cases[] = {
        {out(R"(plain\n)"), "plain\n"},
        {err(R"(plain\n)"), "plain\n"},
        {out(R"(\n)"), "\n"},
        {out(R"(quoted \"a\" and \\n and \/\b\f\t\n)"), "quoted \"a\" and \\n and /\b\f\t\n"},
        {out(R"(caf\u00e9 caf\u00E9 é\n)"), "café café é\n"},
        {out(R"(\u001b[32m INFO\u001b[0m\n)"), "\x1b[32m INFO\x1b[0m\n"},
        {out(R"(\ud83d\ude00\n)"), "\xF0\x9F\x98\x80\n"},
        {out(R"(\u003ctag\u003e \u0026 \u2028\n)"), "<tag> & \xE2\x80\xA8\n"},
        {out(R"(nul \u0000 inside\n)"), "nul \0 inside\n"s},
        {out(R"(windows\r\n)"), "windows\n"},
        {out(R"(ends in a newline\u000a)"), "ends in a newline\n"},
        {out(R"(one\ntwo\n)"), "one two\n"},
        {out(R"(one\n\n)"), "one \n"},
        {R"({"log":"a\n","stream":"stdout","attrs":{"tag":"x\n"},"time":"t"})"
         "\n",
         "a\n"},
        {R"( {"log":"a\n","stream":"stdout"})"
         "\n",
         R"( {"log":"a\n","stream":"stdout"})"
         "\n"},
        {R"({ "stream" : "stderr", "log" : "a\n" })"
         "\r\n",
         "a\n"},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(unwrapped(each.line), each.message) << each.line;
        EXPECT_EQ(docker_whole(each.line), each.line.size()) << each.line;
    }
}

TEST(DockerLines, WhatIsNotDockersStandsAsItIs) {
    const std::string cases[] = {
        "\n",
        "plain text\n",
        "{\n",
        "{}\n",
        "[]\n",
        "null\n",
        R"({"log":"cut)"
        "\n",
        R"({"log":"cut\n","str)"
        "\n",
        R"({"log":"no stream\n"})"
        "\n",
        R"({"log":"other stream","stream":"stdlog"})"
        "\n",
        R"({"log":7,"stream":"stdout"})"
        "\n",
        R"({"log":"a\n","stream":null})"
        "\n",
        R"({"log":"a\n","stream":"stdout"} more)"
        "\n",
        out(R"(half a pair \ud83d\n)"),
        out(R"(halves the wrong way \ude00\ud83d\n)"),
        out(R"(no such escape \x\n)"),
        out(R"(\u00zz\n)"),
        out("\xff\\n"),
        out("raw \0 byte\\n"s),
        out("raw \x1b byte\\n"),
        "\0\0\0\n"s,
        std::string(100'000, '{') + "\n",
    };
    for (const std::string& each : cases) {
        EXPECT_EQ(unwrapped(each), each);
        EXPECT_EQ(docker_whole(each), each.size()) << each;
    }
    EXPECT_EQ(unwrapped("no newline"), "no newline\n");
    EXPECT_EQ(unwrapped(""), "");
    EXPECT_EQ(docker_whole(""), 0U);
}

TEST(DockerLines, PartsArePutTogether) {
    const std::string parts = out("one ") + out("two ") + out(R"(three\n)");
    EXPECT_EQ(unwrapped(parts), "one two three\n");
    EXPECT_EQ(unwrapped(parts + out(R"(next\n)")), "one two three\nnext\n");
    EXPECT_EQ(unwrapped(out("one ") + out(R"(\n)")), "one \n");
    EXPECT_EQ(unwrapped(out(R"(new\nline )") + out(R"(again\nand\n)")), "new line again and\n");
    EXPECT_EQ(unwrapped(out("cut")), "cut\n");
}

TEST(DockerLines, EachStreamHasAMessageOfItsOwn) {
    const std::string mixed = out("out 1, ") + err("err 1, ") + out("out 2, ") + "foreign\n" +
                              err(R"(err 2\n)") + err(R"(whole\n)") + out(R"(out 3\n)");
    EXPECT_EQ(unwrapped(mixed), "foreign\nerr 1, err 2\nwhole\nout 1, out 2, out 3\n");
    EXPECT_EQ(unwrapped(err("b1 ") + out("a ") + err("b2")), "a \nb1 b2\n") << "the last parts' order";
}

TEST(DockerLines, AMessageThatIsNotOverIsHeldBack) {
    const std::string before = out(R"(one\n)") + err(R"(two\n)");
    for (const std::string& rest :
         {out("cut"), out("cut ") + out("again"), out("cut ") + err(R"(whole\n)"), err("cut") + "foreign\n",
          out("cut ") + err("cut") + out(R"(over\n)"), out(R"(escaped \\n)"),
          R"({"stream":"stderr","log":"cut"})"
          "\n"s}) {
        EXPECT_EQ(docker_whole(before + rest), before.size()) << rest;
        EXPECT_EQ(docker_whole(rest), 0U) << rest;
    }
    EXPECT_EQ(docker_whole(before + out("cut ") + out(R"(over\n)")),
              (before + out("cut ") + out(R"(over\n)")).size());
    // Where one message ends another is open, until both are over.
    const std::string woven = out("a") + err("b") + out(R"(a\n)") + err(R"(b\n)");
    EXPECT_EQ(docker_whole(woven + out("c")), woven.size());
}

TEST(DockerLines, TheRestIsNotWaitedForForEver) {
    const std::string died = err("died");
    const std::string after = filler(kMessageWait - 200) + err(R"(restarted\n)");
    EXPECT_EQ(docker_whole(died + filler(kMessageWait - 200)), 0U);
    EXPECT_EQ(unwrapped(died + after).substr(kMessageWait - 200), "\ndiedrestarted\n");

    const std::string long_after = filler(kMessageWait) + out(R"(more\n)");
    const std::string all = died + long_after + err(R"(restarted\n)");
    EXPECT_EQ(docker_whole(died + long_after), died.size() + long_after.size());
    EXPECT_EQ(docker_whole(died + long_after + out("cut")), died.size() + long_after.size());
    EXPECT_EQ(unwrapped(all).substr(kMessageWait), "\ndied\nmore\nrestarted\n");
    EXPECT_EQ(unwrapped(died + long_after) + unwrapped(err(R"(restarted\n)")), unwrapped(all));
    // A long message of many parts waits for none of them long.
    std::string parts;
    for (int i = 0; i < 10; ++i) parts += out(std::string(16'384, 'p'));
    EXPECT_EQ(docker_whole(parts), 0U);
    EXPECT_EQ(unwrapped(parts + out(R"(\n)")), std::string(163'840, 'p') + "\n");
}

TEST(DockerLines, CutAnywhereItMakesTheSame) {
    std::string block;
    for (const char* text : {"a", "b\\n", "c ", "d\\ne", "f\\n", "", "\\n", "g\\\\n", "h\\n"}) {
        block += out(text) + err(text);
        block += std::string("foreign ") + text + "\n";
        if (std::string_view(text) == "c ") block += filler(50'000);
    }
    const std::string all = unwrapped(block);
    int cuts = 0;
    for (std::size_t end = block.find('\n'); end != std::string::npos; end = block.find('\n', end + 1)) {
        const std::size_t whole = docker_whole(std::string_view(block).substr(0, end + 1));
        EXPECT_EQ(unwrapped(block.substr(0, whole)) + unwrapped(block.substr(whole)), all) << end;
        ++cuts;
    }
    EXPECT_EQ(cuts, 28);
}

}  // namespace
}  // namespace keyshift::formats
