// SPDX-License-Identifier: Apache-2.0
#include "report/failures.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::report {
namespace {

using base::Time;
using namespace std::chrono_literals;

const Time kNow{std::chrono::seconds{1'768'003'200}};  // 2026-01-10T00:00:00Z

class FailuresReport : public ::testing::Test {
 protected:
    FailuresView view_{
        "access_log",
        kNow - 1h,
        kNow,
        {{"unknown_key", 2, 4}, {"missing_header", 0, 1}},
        {{"unknown_key", "203.0.113.7", "/v1/chat/completions", "python-requests/2.31", 3, kNow - 40min,
          kNow - 20min},
         {"missing_header", "", "", "", 1, kNow - 1min, kNow - 1min},
         {"unknown_key", "203.0.113.8", "/v1/models", "curl/8.0", 1, kNow - 5min, kNow - 5min}}};
};

TEST_F(FailuresReport, IsByReasonAndThenByClient) {
    EXPECT_EQ(
        failures_text(view_),
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
    auto short_view = view_;
    short_view.most = 1;
    const std::string text = failures_text(short_view);
    EXPECT_NE(text.find("  ... and 2 rows more (--limit 0 shows all)\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("203.0.113.8"), std::string::npos);
    short_view.most = 0;
    EXPECT_EQ(failures_text(short_view), failures_text(view_));
}

TEST_F(FailuresReport, NothingIsSaidToBeNothing) {
    EXPECT_EQ(failures_text({"access_log", kNow - 1h, kNow, {}, {}}),
              "Failed authentications since 9 Jan 23:00 UTC, by access_log\n\n  none\n");
}

TEST_F(FailuresReport, WhatClientsWroteIsHarmless) {
    view_.rows = {{"other", "1.2.3.4", "/\xe2\x80\xae/evil", "=cmd\x1b[31m,\"x\"\r\n", 1, kNow, kNow}};
    const std::string text = failures_text(view_);
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << text;
}

}  // namespace
}  // namespace keyshift::report
