// SPDX-License-Identifier: Apache-2.0
// Each format against its golden files, byte for byte. Those of the text are the handbook's; all were written
// from the documents and not by this program.
#include <gtest/gtest.h>

#include "sample.hpp"

namespace keyshift::report {
namespace {

std::string body(const std::string& page) {
    return page.substr(page.find("<body>"));
}

std::string none(Format format) {
    return render(format, Grouping::none, header_for(0, 0), {});
}

std::string three(Format format) {
    return render(format, Grouping::none, header_for(3, 2), {production_key(), system_key(), wide_key()});
}

std::string by_owner(Format format) {
    return render(format, Grouping::owner, header_for(3, 1),
                  {production_key(), empty_name_key(), system_key()});
}

TEST(Text, IsTheHandbooksByteForByte) {
    EXPECT_EQ(none(Format::text), golden("text_0_keys.txt"));
    EXPECT_EQ(render(Format::text, Grouping::none, header_for(1, 1), {production_key()}),
              golden("text_1_key.txt"));
    EXPECT_EQ(three(Format::text), golden("text_3_keys.txt"));
}

TEST(Text, ByOwnerIsItsOwnForm) {
    EXPECT_EQ(by_owner(Format::text), golden("by_owner.txt"));
    EXPECT_EQ(render(Format::text, Grouping::owner, header_for(0, 0), {}), golden("text_0_keys.txt"));
}

TEST(Json, IsTheGoldenFile) {
    EXPECT_EQ(none(Format::json), golden("0_keys.json"));
    EXPECT_EQ(three(Format::json), golden("3_keys.json"));
    EXPECT_EQ(by_owner(Format::json), golden("by_owner.json"));
}

TEST(Csv, IsTheGoldenFile) {
    EXPECT_EQ(none(Format::csv), golden("0_keys.csv"));
    EXPECT_EQ(three(Format::csv), golden("3_keys.csv"));
    EXPECT_EQ(by_owner(Format::csv), golden("by_owner.csv"));
}

TEST(Markdown, IsTheGoldenFile) {
    EXPECT_EQ(none(Format::markdown), golden("0_keys.md"));
    EXPECT_EQ(three(Format::markdown), golden("3_keys.md"));
    EXPECT_EQ(by_owner(Format::markdown), golden("by_owner.md"));
}

TEST(Html, HasTheGoldenBody) {
    EXPECT_EQ(body(none(Format::html)), golden("0_keys_body.html"));
    EXPECT_EQ(body(three(Format::html)), golden("3_keys_body.html"));
    EXPECT_EQ(body(by_owner(Format::html)), golden("by_owner_body.html"));
}

TEST(Html, AsksNobodyForAnything) {
    const std::string page = three(Format::html);
    EXPECT_EQ(page.rfind("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", 0), 0U);
    EXPECT_NE(page.find("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                        "style-src 'unsafe-inline'\">"),
              std::string::npos);
    EXPECT_NE(page.find("prefers-color-scheme: dark"), std::string::npos);
    EXPECT_NE(page.find("@media print"), std::string::npos);
    for (const char* request : {"http:", "https:", "src=", "href=", "url(", "@import", "<script"})
        EXPECT_EQ(page.find(request), std::string::npos) << request;
}

}  // namespace
}  // namespace keyshift::report
