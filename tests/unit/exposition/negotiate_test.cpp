// SPDX-License-Identifier: Apache-2.0
// negotiate.hpp: the headers that scrapers send, and ones that nobody should.
#include "exposition/negotiate.hpp"

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace keyshift::exposition {
namespace {

constexpr Dialect kText = Dialect::text;
constexpr Dialect kOpenMetrics = Dialect::open_metrics;

TEST(Negotiate, DialectByAccept) {
    const auto cases = std::to_array<std::pair<const char*, Dialect>>({
        {"", kText},
        {"*/*", kText},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kText},
        // Prometheus 2.5 to 2.48, 2.49 and later, 3
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         kOpenMetrics},
        {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
         kOpenMetrics},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
         "application/openmetrics-text;version=0.0.1;q=0.5,text/"
         "plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
         "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         kOpenMetrics},
        {"text/plain;version=0.0.4;q=1,*/*;q=0.1", kText},
        {"application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1", kText},
        {"application/openmetrics-text", kOpenMetrics},
        {"Application/OpenMetrics-Text; Version=\"1.0.0\" ; Q=0.9 , text/plain;q=0.8", kOpenMetrics},
        {"application/openmetrics-text;q=0", kText},
        {"application/openmetrics-text;q=0.2, text/plain;q=0.3", kText},
        {"application/openmetrics-text;q=0.2, text/*;q=0.3", kText},
        {"application/openmetrics-text;q=0.2, */*;q=0.3, text/plain;q=0.1", kOpenMetrics},
        {"text/plain, application/openmetrics-text", kText},
        {"application/openmetrics-text, text/plain", kOpenMetrics},
        {"application/openmetrics-text;q=much", kText},
        {"application/openmetrics-text;q=1.5", kText},
        {"application/openmetrics-text;q=nan", kText},
        {"application/openmetrics-text;q=", kText},
        {"application/openmetrics-text;version=2.0.0", kText},
        {"application/*", kOpenMetrics},
        {"Application/*;q=0.4, text/plain;q=0.3", kOpenMetrics},
        {"application/*;q=0.3, text/plain;q=0.4", kText},
        {"text/plain, application/*", kText},
        {"application/*, application/openmetrics-text;q=0", kText},
        {"application/*;q=0, */*", kText},
        {"application/json, */*;q=0.1", kText},
        {",;,;=,q=;;,\"", kText},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", kText},
    });
    for (const auto& [accept, dialect] : cases) EXPECT_EQ(negotiate(accept), dialect) << accept;
}

TEST(Negotiate, EncodingByAcceptEncoding) {
    const auto cases = std::to_array<std::pair<const char*, Encoding>>({
        {"", Encoding::identity},
        {"gzip", Encoding::gzip},
        {"GZip", Encoding::gzip},
        {"x-gzip", Encoding::gzip},
        {"deflate, gzip, br", Encoding::gzip},
        {"deflate, br, zstd", Encoding::identity},
        {"gzip;q=0", Encoding::identity},
        {"gzip;q=0.0, *", Encoding::identity},
        {"gzip; q=0.001", Encoding::gzip},
        {"*", Encoding::gzip},
        {"*;q=0", Encoding::identity},
        {"gzip;q=0.5, identity", Encoding::identity},
        {"gzip, identity;q=0.5", Encoding::gzip},
        {"gzip;q=0.5, *;q=0", Encoding::gzip},
        {"gzip;q=x", Encoding::identity},
        {"gzipped", Encoding::identity},
        {",,;;", Encoding::identity},
    });
    for (const auto& [accept, encoding] : cases) EXPECT_EQ(negotiate_encoding(accept), encoding) << accept;
}

TEST(Negotiate, ContentTypesAreExact) {
    EXPECT_EQ(content_type(kText), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(content_type(kOpenMetrics), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

TEST(Negotiate, TakesAnyBytes) {
    std::string bytes;
    for (int i = 0; i < 4096; ++i) bytes += static_cast<char>((i * 31 + i / 7) & 0xFF);
    EXPECT_EQ(negotiate(bytes), kText);
    EXPECT_EQ(negotiate_encoding(bytes), Encoding::identity);
}

}  // namespace
}  // namespace keyshift::exposition
