// SPDX-License-Identifier: Apache-2.0
// page.hpp: the assembled page is the rendered page, in either encoding, however its stable part changes.
#include "exposition/page.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "exposition/render.hpp"
#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

std::vector<MetricFamily> gauges(int count, const std::string& prefix) {
    std::vector<MetricFamily> families;
    families.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        families.push_back(family(MetricType::Gauge, prefix + std::to_string(i), "One of many.",
                                  {{{{"phase", "adopted"}}, i * 1.5}, {{{"phase", "gone"}}, i * 17.0}}));
    }
    return families;
}

std::string expected(std::vector<MetricFamily> families, const std::vector<MetricFamily>& rest,
                     Dialect dialect) {
    families.insert(families.end(), rest.begin(), rest.end());
    std::string text = Renderer(dialect).Serialize(families);
    render_end(dialect, text);
    return text;
}

std::string bytes(const Body& body) {
    return *body.stable + body.rest;
}

/// Inflates as the strictest reader does: gzip only, one member, checksum and length right, no byte behind
/// it.
std::string gunzip(std::string compressed) {
    z_stream stream{};
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) return "inflateInit2";
    std::string text(1U << 20U, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_in = static_cast<uInt>(compressed.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    const int result = ::inflate(&stream, Z_FINISH);
    const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
    text.resize(text.size() - stream.avail_out);
    ::inflateEnd(&stream);
    return whole ? text : "not one whole gzip member";
}

TEST(Page, IsTheRenderedPageInEveryDialectAndEncoding) {
    Page page;
    const auto stable = gauges(40, "stable");
    const auto rest = gauges(5, "volatile");
    EXPECT_EQ(page.set_stable(Snapshot(Fixed(stable))), 0U);
    for (const Dialect dialect : {Dialect::text, Dialect::open_metrics}) {
        const std::string text = expected(stable, rest, dialect);
        for (int scrape = 0; scrape < 3; ++scrape) {
            const Body plain = page.body(Fixed(rest), dialect, Encoding::identity);
            EXPECT_EQ(bytes(plain), text);
            EXPECT_EQ(plain.size(), text.size());
            const std::string compressed = bytes(page.body(Fixed(rest), dialect, Encoding::gzip));
            EXPECT_EQ(gunzip(compressed), text);
            EXPECT_LT(compressed.size(), text.size() / 2);
        }
    }
}

TEST(Page, GrowsAndShrinks) {
    Page page;
    for (const int stable_count : {0, 1, 700, 3, 0, 40}) {
        const auto stable = gauges(stable_count, "stable");
        page.set_stable(Snapshot(Fixed(stable)));
        for (const int rest_count : {0, 1, 300, 2}) {
            const auto rest = gauges(rest_count, "volatile");
            const std::string text = expected(stable, rest, Dialect::text);
            EXPECT_EQ(gunzip(bytes(page.body(Fixed(rest), Dialect::text, Encoding::gzip))), text);
            EXPECT_EQ(bytes(page.body(Fixed(rest), Dialect::text, Encoding::identity)), text);
        }
    }
}

TEST(Page, IncompressibleTextFits) {
    std::string noise;
    std::uint32_t state = 1;
    for (int i = 0; i < 20'000; ++i) {
        state = state * 1664525 + 1013904223;
        noise += static_cast<char>('!' + (state >> 24U) % 90);
    }
    const std::vector<MetricFamily> stable{family(MetricType::Gauge, "a", noise, {{{}, 1}})};
    const std::vector<MetricFamily> rest{family(MetricType::Gauge, "b", noise, {{{{"l", noise}}, 1}})};
    Page page;
    page.set_stable(Snapshot(Fixed(stable)));
    EXPECT_EQ(gunzip(bytes(page.body(Fixed(rest), Dialect::text, Encoding::gzip))),
              expected(stable, rest, Dialect::text));
}

TEST(Page, ServesBeforeAnythingIsSet) {
    Page page;
    EXPECT_EQ(bytes(page.body(Fixed({}), Dialect::text, Encoding::identity)), "");
    EXPECT_EQ(gunzip(bytes(page.body(Fixed({}), Dialect::open_metrics, Encoding::gzip))), "# EOF\n");
}

TEST(Page, SharesTheStablePartBetweenScrapesAndKeepsItForThoseUnderWay) {
    Page page;
    page.set_stable(Snapshot(Fixed(gauges(2, "a"))));
    const Body first = page.body(Fixed({}), Dialect::text, Encoding::identity);
    const Body second = page.body(Fixed(gauges(1, "v")), Dialect::text, Encoding::identity);
    EXPECT_EQ(first.stable, second.stable);
    const std::string before = bytes(first);
    page.set_stable(Snapshot(Fixed(gauges(2, "b"))));
    EXPECT_NE(bytes(page.body(Fixed({}), Dialect::text, Encoding::identity)), before);
    EXPECT_EQ(bytes(first), before);
}

TEST(Page, DropsADuplicateRatherThanBreaking) {
    std::vector<MetricFamily> families = gauges(1, "a");
    families[0].metric.push_back(families[0].metric[0]);
    Page page;
    EXPECT_EQ(page.set_stable(Snapshot(Fixed(families))), 1U);
    EXPECT_EQ(bytes(page.body(Fixed({}), Dialect::text, Encoding::identity)),
              expected(gauges(1, "a"), {}, Dialect::text));
}

}  // namespace
}  // namespace keyshift::exposition
