// SPDX-License-Identifier: Apache-2.0
#include "http/tls/tls_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::http {
namespace {

TEST(PlainRequest, IsKnownByItsFirstBytes) {
    for (const char* const plain : {"GET / HTTP/1.1", "HEAD /", "POST /x", "PUT /x", "OPTIONS *"})
        EXPECT_TRUE(looks_like_http(plain)) << plain;
    for (const char* const other : {"", "GET", "\x16\x03\x01\x02\x01", "get / ", "DELETE /", "SSH-2.0"})
        EXPECT_FALSE(looks_like_http(other)) << other;
}

TEST(TlsContext, SaysWhatIsWrongWithItsTexts) {
    TlsSettings settings;
    settings.certificate = "garbage";
    settings.key = base::Secret("garbage of mine");
    const auto made = TlsContext::make(std::move(settings));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, base::Errc::config);
    EXPECT_EQ(made.error().what, "the certificate is no PEM of a certificate");
    EXPECT_THAT(made.error().text(), Not(::testing::HasSubstr("garbage of mine")));
}

}  // namespace
}  // namespace keyshift::http
