// SPDX-License-Identifier: Apache-2.0
// What stands before a line and is no part of it, prefix by prefix; which lines lose nothing.
#include "formats/lines/messages.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::formats {
namespace {

using namespace std::string_literals;

std::string behind(std::string_view line, LinePrefix prefix) {
    return std::string(behind_prefix(line, prefix).value_or("none"));
}

/// The messages of a block, each in brackets; understood are those that begin with '@'.
std::string read(LogMessages& messages, std::string_view block) {
    std::string out;
    const std::uint64_t missed = messages.each(block, [&](std::string_view message) {
        if (!message.empty() && message.front() != '@') return false;
        out += "[" + std::string(message) + "]";
        return true;
    });
    return missed == 0 ? out : out + " " + std::to_string(missed) + " missed";
}

std::string read(std::string_view block, LinePrefix prefix = LinePrefix::automatic) {
    LogMessages messages(prefix);
    return read(messages, block);
}

/// Where every message is understood.
std::string read_all(std::string_view block, LinePrefix prefix = LinePrefix::automatic) {
    LogMessages messages(prefix, Understood::all);
    std::string out;
    messages.each(block, [&](std::string_view message) {
        out += "[" + std::string(message) + "]";
        return true;
    });
    return out;
}

TEST(LinePrefix, SyslogOfEachRfc) {
    for (const char* const header :
         {"Jan 10 00:00:02 web1 nginx: ", "Jan  1 00:00:02 web1 nginx: ", "Dec 31 23:59:59 nginx[7]: ",
          "Jan 10 00:00:02.123456 web1 nginx[7]: ", "<190>Jan 10 00:00:02 web1 nginx: ",
          "<134>Nov 25 13:30:15 haproxy[12]: ", "Jan 10 00:00:02 2001:db8::1 docker/gw[77]: ",
          "2026-01-10T00:00:02.123456+01:00 lb1 haproxy[77]: ", "2026-01-10T00:00:02+0100 lb1 nginx: ",
          "<30>2026-01-10T00:00:02Z nginx: ", "<190>1 2026-01-10T00:00:02Z web1 nginx 77 - - ",
          "<190>1 - - - - - - ", R"(<1>1 2026-01-10T00:00:02.1+00:00 h a 1 id [x y="a]\"b"][z] )",
          "<190>1 2026-01-10T00:00:02Z web1 nginx 77 - - \xef\xbb\xbf", "<134>"})
        EXPECT_EQ(behind(header + "@ a: b"s, LinePrefix::syslog), "@ a: b") << header;
    for (const char* const line :
         {"Jan 10 00:00:02 web1 @ x", "Jan 10 00:00:02", "Jam 10 00:00:02 h t: @", "Jan 1x 00:00:02 h t: @",
          "Jan 10 0:00:02 h t: @", "Jan 10 00:00:02 lb 2001:db8::1:5000 [x]", "<1234>Jan", "<>@", "<x>@",
          "< 1>@", "2026-01-10T00:00:02Z DEBUG a: @", "2026-01-10 00:00:02 h t: @", "h t: @", "",
          R"(2026-01-10T00:00:02Z "h" t: @)", "2026-01-10T00:00:02Z h {a: @"})
        EXPECT_EQ(behind(line, LinePrefix::syslog), "none") << line;
}

TEST(LinePrefix, OfOtherCarriers) {
    EXPECT_EQ(behind("[pod/gw-5b7/nginx] @ x", LinePrefix::kubectl), "@ x");
    EXPECT_EQ(behind("[pod/gw 5b7/nginx] @ x", LinePrefix::kubectl), "none");
    EXPECT_EQ(behind("[25/Nov/2026:13:30:12 +0000] x", LinePrefix::kubectl), "none");
    for (const char* const name : {"nginx-1  | ", "gateway_1 | ", "gw | ", "web.1.x7@node3    | ",
                                   "\x1b[36mgw-1  | \x1b[0m", "\x1b[36mgw-1  |\x1b[0m "})
        EXPECT_EQ(behind(name + "@ x"s, LinePrefix::compose), "@ x") << name;
    EXPECT_EQ(behind("gw-1  |", LinePrefix::compose), "");
    for (const char* const line :
         {"gw-1| @", "gw-1  @", "| @", " | @", "INFO | @", "gw 1 | @", "gw-1  ", "", "\x1b[3"})
        EXPECT_EQ(behind(line, LinePrefix::compose), "none") << line;
    for (const char* const host : {"api.example.com:443", "api.example.com", "localhost:80", "192.0.2.1:80",
                                   "[2001:db8::1]:443", "*.x:1"})
        EXPECT_EQ(behind(host + " @ x"s, LinePrefix::vhost), host[0] == '*' ? "none" : "@ x") << host;
    for (const char* const line :
         {"api @", "10 @", "1.5 @", "a..b @", "-a.b @", "x:y @", "a.b", " @", "Jan 10 @"})
        EXPECT_EQ(behind(line, LinePrefix::vhost), "none") << line;
    EXPECT_EQ(behind("2026-01-10T00:00:02.1Z @ x", LinePrefix::timestamps), "@ x");
    EXPECT_EQ(behind("2026-01-10T00:00:02 @ x", LinePrefix::timestamps), "none");
}

TEST(LinePrefix, Cri) {
    const auto parts = [](std::string_view line) -> std::string {
        const auto part = read_cri(line);
        if (!part) return "none";
        return (part->stream == LogStream::standard_error ? "err " : "out ") + (part->last ? "F:"s : "P:"s) +
               std::string(part->text);
    };
    for (const char* const time : {"2026-01-10T00:00:02Z", "2026-01-10T00:00:02.1Z",
                                   "2026-01-10T00:00:02.123456Z", "2026-01-10T00:00:02.123456789Z",
                                   "2026-01-10T02:00:02.123456789+02:00", "2026-01-10T02:00:02+02:00"}) {
        EXPECT_EQ(parts(time + " stdout F @ x"s), "out F:@ x") << time;
        EXPECT_EQ(parts(time + " stderr P @ x"s), "err P:@ x") << time;
        EXPECT_EQ(parts(time + " stdout F "s), "out F:") << time;
        EXPECT_EQ(parts(time + " stdout F"s), "out F:") << time;
        EXPECT_EQ(parts(time + " stdout P:tag:b @"s), "out P:@") << time;
        for (const char* const rest :
             {" stdout X @", " stdin F @", " stdout  F @", " stdoutF @", " stdout FF @", " DEBUG a: b"})
            EXPECT_EQ(parts(time + std::string(rest)), "none") << time << rest;
    }
    EXPECT_EQ(parts("2026-01-10 00:00:02.123Z stdout F @"), "none");
}

TEST(LogMessages, PartsOfEachRuntimeArePutTogether) {
    const std::string cri =
        "2026-01-10T00:00:02.1Z stdout P @one \n2026-01-10T00:00:02.1Z stderr F @err\n"
        "2026-01-10T00:00:02.1Z stdout P two \n2026-01-10T00:00:02.1Z stdout F three\n";
    for (const LinePrefix prefix : {LinePrefix::automatic, LinePrefix::cri})
        EXPECT_EQ(read(cri, prefix), "[@err][@one two three]");
    EXPECT_EQ(read("{\"log\":\"@one \",\"stream\":\"stdout\"}\n{\"log\":\"two\\n\",\"stream\":\"stdout\"}\n"),
              "[@one two]");
    EXPECT_EQ(read(cri, LinePrefix::none), " 4 missed");
    // Cut anywhere, the same comes of it.
    for (std::size_t end = cri.find('\n'); end != std::string::npos; end = cri.find('\n', end + 1)) {
        const std::size_t whole = whole_messages(cri.substr(0, end + 1), LinePrefix::automatic);
        EXPECT_EQ(read(cri.substr(0, whole)) + read(cri.substr(whole)), "[@err][@one two three]") << end;
    }
    EXPECT_EQ(whole_messages("plain\nlines\n", LinePrefix::automatic), 12U);
    EXPECT_EQ(whole_messages("", LinePrefix::automatic), 0U);
}

TEST(LogMessages, JournalExport) {
    const std::string first = "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1\n_PID=7\nMESSAGE=@one\n_UID=0\n\n";
    const std::string second =
        "__CURSOR=s=2\nMESSAGE\n"s + std::string("\x0a\0\0\0\0\0\0\0", 8) + "@two\n\nthre\nPRIORITY=6\n\n";
    for (const LinePrefix prefix : {LinePrefix::automatic, LinePrefix::journal}) {
        EXPECT_EQ(read(first + second, prefix), "[@one][@two  thre]");
        EXPECT_EQ(whole_messages(first + second, prefix), (first + second).size());
        EXPECT_EQ(whole_messages(first + second.substr(0, 50), prefix), first.size());
    }
    EXPECT_EQ(read("__CURSOR=1\n_PID=7\n\n" + first), "[@one]");
    EXPECT_EQ(read("__CURSOR=1\nMESSAGE=@no end\n"), "[@no end]");
    EXPECT_EQ(read("__CURSOR=1\nMESSAGE=@lost its end\n" + first), "[@lost its end][@one]");
    EXPECT_EQ(read("__CURSOR=1\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"), "");
}

TEST(LogMessages, PrefixesStandBehindEachOther) {
    EXPECT_EQ(read("nginx-1  | 2026-01-10T00:00:02.1Z api.example.com:443 @x\n"), "[@x]");
    EXPECT_EQ(read("2026-01-10T00:00:02.1Z stdout F <134>Jan 10 00:00:02 h t[1]: @x\r\n"), "[@x]");
    EXPECT_EQ(read(R"({"log":"api.example.com:443 @x\n","stream":"stdout"})"), "[@x]");
    EXPECT_EQ(read("[pod/a/b] 2026-01-10T00:00:02.1Z @x\n"), "[@x]");
    EXPECT_EQ(read("a-1 | a-1 | a-1 | @x\n"), "[@x]");
    EXPECT_EQ(read("a-1 | a-1 | a-1 | a-1 | @x\n"), " 1 missed");
}

TEST(LogMessages, WhatIsUnderstoodLosesNothing) {
    EXPECT_EQ(read("@a-1 | @x\n@b\n\n@c"), "[@a-1 | @x][@b][][@c]");
    EXPECT_EQ(read("a\nb: @\n"), " 2 missed");
    // One that is configured is the only one.
    EXPECT_EQ(read("a-1 | @x\n", LinePrefix::vhost), " 1 missed");
    EXPECT_EQ(read("a-1 | @x\n@y\n", LinePrefix::compose), "[@x][@y]");
    EXPECT_EQ(read("a-1 | @x\n", LinePrefix::none), " 1 missed");
}

TEST(LogMessages, WhereAllIsUnderstoodOnlyWhatIsSureIsTakenOff) {
    for (const char* const line :
         {"Jan 10 00:00:02 web1 gw[7]: @x", "<134>1 - h a - - - @x", "[pod/a/b] @x", "gw-1  | @x",
          "2026-01-10T00:00:02Z stdout F @x", "2026-01-10T00:00:02Z web1 gw[7]: @x",
          "2026-01-10T00:00:02.123456Z Web1 gw[7]: @x", "gw-1 | <13>@x"}) {
        EXPECT_EQ(read_all(line), "[@x]") << line;
        EXPECT_TRUE(may_have_sure_prefix(line) || read_cri(line)) << line;
    }
    for (const char* const line : {"2026-01-10T00:00:02Z web1 gw: @x", "2026-01-10T00:00:02Z @x", "auth | @x",
                                   "db.example.com:5432 refused", "Key 7 used", R"({"level":"info"})"})
        EXPECT_EQ(read_all(line), "[" + std::string(line) + "]") << line;
    EXPECT_EQ(read_all("2026-01-10T00:00:02Z web1 gw: @x", LinePrefix::syslog), "[@x]");
    EXPECT_EQ(read_all("auth | @x", LinePrefix::compose), "[@x]");
    EXPECT_EQ(read_all("gw-1 | @x", LinePrefix::none), "[gw-1 | @x]");
}

TEST(LogMessages, PrefixesAreCounted) {
    LogMessages messages(LinePrefix::automatic);
    read(messages, "@a\nJan 10 00:00:02 h t[1]: @x\nJan 10 00:00:02 h t[1]: @y\nnothing\n");
    read(messages, "2026-01-10T00:00:02Z stdout P @x\n2026-01-10T00:00:02Z stdout F y\n");
    EXPECT_EQ(messages.seen().at(static_cast<std::size_t>(LinePrefix::syslog)), 2U);
    EXPECT_EQ(messages.seen().at(static_cast<std::size_t>(LinePrefix::cri)), 1U);
    EXPECT_EQ(messages.seen().at(static_cast<std::size_t>(LinePrefix::none)), 0U);
}

}  // namespace
}  // namespace keyshift::formats
