// SPDX-License-Identifier: Apache-2.0
#include "page/html/html.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/counts/event.hpp"
#include "domain/phases/phase.hpp"
#include "domain/verdict/verdict.hpp"
#include "page/html/words.hpp"

namespace keyshift::page {
namespace {

const base::Time kNow = *base::parse_rfc3339("2026-12-06T14:32:00Z");

template <class... Parts>
std::string html(const Parts&... parts) {
    return Html()(parts...).take();
}

TEST(Html, ALiteralIsMarkupAndEveryOtherTextIsText) {
    const std::string hostile = "<b onclick='x'>\"&";
    EXPECT_EQ(html("<p>", hostile, "</p>"), "<p>&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;</p>");
    EXPECT_EQ(html(std::string_view("<p>")), "&lt;p&gt;");
    EXPECT_EQ(html(Html()("<i>", hostile, "</i>")), "<i>&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;</i>");
}

TEST(Html, DataAreIsolatedAndCannotReorderOrHide) {
    EXPECT_EQ(html(Data{"a name"}), "<bdi>a name</bdi>");
    EXPECT_EQ(html(Data{"\xe2\x80\xaegnp.exe"}), "<bdi>\\u{202e}gnp.exe</bdi>");
    EXPECT_EQ(html(Data{std::string_view("a\0b\x1b[31m\n", 9)}), "<bdi>a\\x00b\\x1b[31m\\n</bdi>");
    EXPECT_EQ(html(Data{"\xff<"}), "<bdi>\\xff&lt;</bdi>");
}

TEST(Html, TimesAndNumbersForPeople) {
    using namespace std::chrono_literals;
    EXPECT_EQ(html(At{kNow, kNow}), "<time datetime=\"2026-12-06T14:32:00Z\">6 Dec 14:32 UTC</time>");
    EXPECT_EQ(html(When{kNow - 3h, kNow}),
              "<time datetime=\"2026-12-06T11:32:00Z\">6 Dec 11:32 UTC</time> <span class=\"ago\">(3 h "
              "ago)</span>");
    EXPECT_EQ(html(When{std::nullopt, kNow}), "never");
    EXPECT_EQ(html(Sentence{"since 2026-12-06T11:32:00Z <now>", kNow}), "since 6 Dec 11:32 UTC &lt;now&gt;");
    EXPECT_EQ(html(1234567, "<br>", 999U), "1,234,567<br>999");
    EXPECT_EQ(some(1, "key") + some(2000, " key"), "1 key2,000  keys");
}

TEST(Html, PartsOfAddresses) {
    EXPECT_EQ(url_part("a-Z.0_~"), "a-Z.0_~");
    EXPECT_EQ(url_part("a/b?c=d&e #\xc3\xbc\""), "a%2Fb%3Fc%3Dd%26e%20%23%C3%BC%22");
}

TEST(Words, EveryPhaseCheckAndReasonHasWords) {
    for (const domain::Phase phase : domain::kPhases) {
        EXPECT_NE(phase_words(phase_name(phase)).title, phase_name(phase));
        EXPECT_FALSE(phase_words(phase_name(phase)).means.empty());
    }
    for (std::size_t i = 0; i < domain::kCheckCount; ++i) {
        const auto name = check_name(static_cast<domain::Check>(i));
        EXPECT_NE(check_words(name).title, name);
        EXPECT_FALSE(check_words(name).act.empty());
    }
    for (std::size_t i = 0; i < domain::kFailureReasons; ++i) {
        const auto reason = event_label(after(domain::kFirstFailure, i));
        EXPECT_NE(reason_words(reason), reason);
    }
    EXPECT_EQ(phase_words("of a later release").title, "of a later release");
    EXPECT_EQ(check_words("new_check").title, "new_check");
}

}  // namespace
}  // namespace keyshift::page
