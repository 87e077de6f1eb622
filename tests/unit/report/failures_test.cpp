// SPDX-License-Identifier: Apache-2.0
#include "report/failures.hpp"

#include <string>

#include <gtest/gtest.h>

#include "unit/report/strict_json.hpp"

namespace keyshift::report {
namespace {

using base::Time;
using domain::Event;
using namespace std::chrono_literals;

const Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z

class FailuresReport : public ::testing::Test {
 protected:
    FailuresReport() {
        for (int i = 0; i < 3; ++i)
            tally_.add(Event::failure_unknown_key, "203.0.113.7", "python-requests/2.31",
                       "/v1/chat/completions", kNow - 40min + i * 10min);
        tally_.add(Event::failure_unknown_key, "203.0.113.8", "curl/8.0", "/v1/models", kNow - 5min);
        tally_.add(Event::failure_missing_header, "", "", "", kNow - 1min);
    }
    FailuresView view() const { return {"access_log", kNow - 1h, kNow, &tally_, 50}; }

    domain::FailureTally tally_;
};

TEST_F(FailuresReport, TextPutsTheMinutesTogether) {
    EXPECT_EQ(
        failures_text(view()),
        "Failed authentications since 9 Jan 23:00 UTC, by access_log\n"
        "\n"
        "         4  unknown_key       from 2 clients\n"
        "         1  missing_header    from 0 clients\n"
        "\n"
        "     COUNT  REASON          CLIENT       PATH                  FIRST            LAST           "
        "  USER AGENT\n"
        "         3  unknown_key     203.0.113.7  /v1/chat/completions  9 Jan 23:20 UTC  9 Jan 23:40 UTC"
        "  python-requests/2.31\n"
        "         1  missing_header  -            -                     9 Jan 23:59 UTC  9 Jan 23:59 UTC"
        "  -\n"
        "         1  unknown_key     203.0.113.8  /v1/models            9 Jan 23:55 UTC  9 Jan 23:55 UTC"
        "  curl/8.0\n");
}

TEST_F(FailuresReport, TextSaysHowMuchIsLeftOut) {
    auto short_view = view();
    short_view.most = 1;
    const std::string text = failures_text(short_view);
    EXPECT_NE(text.find("  ... and 2 rows more (--limit 0 shows all)\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("203.0.113.8"), std::string::npos);
    short_view.most = 0;
    EXPECT_EQ(failures_text(short_view), failures_text(view()));
}

TEST_F(FailuresReport, NothingIsSaidToBeNothing) {
    const domain::FailureTally none;
    const FailuresView empty{"access_log", kNow - 1h, kNow, &none, 50};
    EXPECT_EQ(failures_text(empty),
              "Failed authentications since 9 Jan 23:00 UTC, by access_log\n\n  none\n");
    EXPECT_EQ(failures_csv(empty), "reason,count,client,path,user_agent,first,last\r\n");
    EXPECT_EQ(failures_json(empty),
              "{\"source\":\"access_log\",\"since\":\"2026-01-09T23:00:00Z\",\"until\":"
              "\"2026-01-10T00:00:00Z\",\"reasons\":[],\"failures\":[]}\n");
}

TEST_F(FailuresReport, JsonAndCsvHaveEveryField) {
    const std::string json = failures_json(view());
    EXPECT_NE(json.find(R"({"reason":"unknown_key","clients":2,"count":4,"first":"2026-01-09T23:20:00Z",)"
                        R"("last":"2026-01-09T23:55:00Z"})"),
              std::string::npos)
        << json;
    EXPECT_NE(
        json.find(R"({"reason":"missing_header","client":null,"path":null,"user_agent":null,"count":1,)"),
        std::string::npos);
    EXPECT_TRUE(StrictJson(json).whole());
    EXPECT_NE(failures_csv(view()).find("unknown_key,3,203.0.113.7,/v1/chat/completions,python-requests/2.31,"
                                        "2026-01-09T23:20:00Z,2026-01-09T23:40:00Z\r\n"),
              std::string::npos);
    EXPECT_NE(failures_csv(view()).find("missing_header,1,,,,2026"), std::string::npos);
}

TEST_F(FailuresReport, WhatClientsWroteIsHarmless) {
    tally_.clear();
    tally_.add(Event::failure_other, "1.2.3.4", "=cmd|' /C calc'!A0\x1b[31m,\"x\"\r\n", "/\xe2\x80\xae/evil",
               kNow);
    for (const std::string& text : {failures_text(view()), failures_json(view()), failures_csv(view())}) {
        EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
        EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << text;
    }
    EXPECT_TRUE(StrictJson(failures_json(view())).whole());
    EXPECT_NE(failures_csv(view()).find("\"'=cmd"), std::string::npos) << failures_csv(view());
}

}  // namespace
}  // namespace keyshift::report
