// SPDX-License-Identifier: Apache-2.0
// mail.hpp: by the rules of RFC 2045 and 2047, whatever the words.
#include "report/letters/mail.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace keyshift::report {
namespace {

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find("\r\n", at), text.size());
        longest = std::max(longest, end - at);
        at = end + 2;
    }
    return longest;
}

TEST(Mail, QuotedPrintableKeepsTextThatIsPlain) {
    EXPECT_EQ(quoted_printable("one\ntwo three\n"), "one\r\ntwo three\r\n");
    EXPECT_EQ(quoted_printable("a=b"), "a=3Db");
    EXPECT_EQ(quoted_printable("ends \nwith\t\nblanks "), "ends=20\r\nwith=09\r\nblanks=20");
    EXPECT_EQ(quoted_printable("é\x01\r"), "=C3=A9=01=0D");
}

TEST(Mail, QuotedPrintableBreaksLongLines) {
    const std::string long_line(1000, 'x');
    const std::string encoded = quoted_printable(long_line + "é");
    EXPECT_LE(longest_line(encoded), 76U);
    std::string joined = encoded;
    for (auto at = joined.find("=\r\n"); at != std::string::npos; at = joined.find("=\r\n"))
        joined.erase(at, 3);
    EXPECT_EQ(joined, long_line + "=C3=A9");
    EXPECT_LE(longest_line(quoted_printable(std::string(200, '='))), 76U);
}

TEST(Mail, HeadersAreEncodedWhereTheyMustBe) {
    EXPECT_EQ(header_text("Your API keys: 2"), "Your API keys: 2");
    EXPECT_EQ(header_text("ключ"), "=?utf-8?Q?=D0=BA=D0=BB=D1=8E=D1=87?=");
    EXPECT_EQ(header_text("=?utf-8?Q?x?="), "=?utf-8?Q?=3D=3Futf=2D8=3FQ=3Fx=3F=3D?=")
        << "it is no encoded word";
    EXPECT_EQ(header_text("a\r\nBcc: b").find('\n'), std::string::npos);
    std::string wide;
    for (int i = 0; i < 60; ++i) wide += "ж ";
    const std::string encoded = header_text(wide);
    EXPECT_LE(longest_line(encoded), 76U);
    EXPECT_EQ(encoded.find("=D0?="), std::string::npos) << "a character stays in one word";
}

TEST(Mail, IsOneForAllMailPrograms) {
    const base::Time moment{std::chrono::seconds{1'796'567'520}};
    const std::string mail = eml({"a@b", "c@d", "Keys", "text\n", "<p>html</p>\n", moment});
    EXPECT_TRUE(
        mail.starts_with("From: a@b\r\nTo: c@d\r\nSubject: Keys\r\nDate: Sun, 06 Dec 2026 14:32:00 +0000\r\n"
                         "X-Unsent: 1\r\nMIME-Version: 1.0\r\n"))
        << mail;
    EXPECT_EQ(eml({"", "", "Keys", "", "", moment}).find("To:"), std::string::npos);
    EXPECT_EQ(std::count(mail.begin(), mail.end(), '\n'), std::count(mail.begin(), mail.end(), '\r'));
}

}  // namespace
}  // namespace keyshift::report
