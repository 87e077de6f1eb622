// SPDX-License-Identifier: Apache-2.0
// findings.hpp: what doctor says of a log that was read once, and of one that could not be.
#include "collectors/logs/findings.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using drivers::LogPlace;
using Kind = Finding::Kind;

LogSnapshot snapshot(const domain::LogLines& lines) {
    LogSnapshot out;
    out.collector = "access_log";
    out.lines = lines;
    return out;
}

/// Not there, so that no right would open it.
LogPlace closed(const std::string& name) {
    return {.name = "/nonexistent/" + name, .problem = "cannot be opened"};
}

TEST(LogFindings, AllLinesUnderstoodIsWell) {
    const auto found = log_findings(snapshot({.matched = 3, .skipped = 4}));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, Kind::ok);
    EXPECT_EQ(found[0].what, "7 lines read, 3 of them count, 0 are not understood");
    EXPECT_EQ(found[0].remedy, "");
}

TEST(LogFindings, AnEmptyLogIsWell) {
    EXPECT_EQ(log_findings(snapshot({})).at(0).kind, Kind::ok);
}

TEST(LogFindings, SomeOddLinesAreAWarning) {
    for (const domain::LogLines& lines :
         {domain::LogLines{.matched = 1, .unparsed = 1}, domain::LogLines{.matched = 9, .oversized = 1}}) {
        const Finding found = log_findings(snapshot(lines)).at(0);
        EXPECT_EQ(found.kind, Kind::warning);
        EXPECT_EQ(found.remedy, "this shows which: keyshift check --log FILE");
    }
}

TEST(LogFindings, MostLinesNotUnderstoodIsAnotherFormat) {
    const Finding most = log_findings(snapshot({.matched = 1, .skipped = 1, .unparsed = 3})).at(0);
    EXPECT_EQ(most.kind, Kind::warning);
    EXPECT_EQ(most.code, Errc::parse);
    EXPECT_NE(most.remedy.find("set format"), std::string::npos) << most.remedy;
    EXPECT_EQ(log_findings(snapshot({.unparsed = 1})).at(0).kind, Kind::failure) << "none at all";
}

TEST(LogFindings, WhatCannotBeReadAndWhatHindersComesBeforeTheLines) {
    LogSnapshot of = snapshot({.matched = 1});
    of.places = {closed("a"), {.name = "/x/fine"}, closed("b\n")};
    of.degradations = {Error{Errc::other, "names alone are watched", "raise the limit"}};
    const auto found = log_findings(of);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].kind, Kind::failure);
    EXPECT_EQ(found[0].what, "/nonexistent/a: cannot be opened");
    EXPECT_EQ(found[0].code, Errc::other) << "no right is lacking";
    EXPECT_EQ(found[1].what.find('\n'), std::string::npos);
    EXPECT_EQ(found[2].kind, Kind::warning);
    EXPECT_EQ(found[2].what, "names alone are watched");
    EXPECT_EQ(found[2].remedy, "raise the limit");
    EXPECT_EQ(found[3].kind, Kind::ok);
}

TEST(LogFindings, OfManyThatCannotBeReadTheFirstTenAreNamed) {
    LogSnapshot of = snapshot({});
    for (int i = 0; i < 10; ++i) of.places.push_back(closed("log" + std::to_string(i)));
    EXPECT_EQ(log_findings(of).size(), 11U);
    of.places.push_back(closed("log10"));
    of.places.push_back(closed("log11"));
    const auto found = log_findings(of);
    ASSERT_EQ(found.size(), 12U);
    EXPECT_EQ(found[9].what, "/nonexistent/log9: cannot be opened");
    EXPECT_EQ(found[10].what, "2 more cannot be read");
}

TEST(LogFailures, AreToldOfThePlacesOrElseOfTheWhole) {
    const Error error{Errc::connect, "no log file can be read", "snapshot at its path"};
    const auto whole = log_failures(error, {{.name = "/x/fine"}});
    ASSERT_EQ(whole.size(), 1U);
    EXPECT_EQ(whole[0].kind, Kind::failure);
    EXPECT_EQ(whole[0].what, error.what);
    EXPECT_EQ(whole[0].remedy, error.hint);
    const auto places = log_failures(error, {closed("a")});
    ASSERT_EQ(places.size(), 1U);
    EXPECT_EQ(places[0].what, "/nonexistent/a: cannot be opened");
    EXPECT_EQ(places[0].code, Errc::connect) << "what is said of the whole goes for it";
    EXPECT_EQ(places[0].remedy, error.hint);
}

}  // namespace
}  // namespace keyshift::collectors
