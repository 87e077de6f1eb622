// SPDX-License-Identifier: Apache-2.0
// Each format against its golden files, byte for byte. Those of the text without phases and groups are the
// handbook's and written by hand. KEYSHIFT_UPDATE_GOLDEN=1 writes the others anew; look at the diff.
#include <cstdlib>

#include <gtest/gtest.h>

#include "unit/report/sample.hpp"

namespace keyshift::report {
namespace {

using domain::FallbackMode;
using domain::PairRule;
using domain::Phase;

void expect_golden(const std::string& actual, const std::string& file) {
    if (std::getenv("KEYSHIFT_UPDATE_GOLDEN") != nullptr)
        std::ofstream(golden_path(file), std::ios::binary) << actual;
    EXPECT_EQ(actual, golden(file));
}

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

std::string with_phase_column(Format format) {
    return render_phases(
        format, Grouping::none, with_phases(header_for(3, 2), FallbackMode::present),
        {in_phase(Phase::overlap, production_key(), PairRule::name),
         in_phase(Phase::quarantined, system_key()), in_phase(Phase::expired, wide_key(), PairRule::owner)});
}

/// One owner with a key in each phase, which no gateway has at once, one with two in the same, and nobody.
std::string every_phase(Format format) {
    std::vector<PhasedKey> rows;
    for (const Phase phase : domain::kPhases) {
        if (!domain::is_live(phase)) continue;
        const bool replaced = phase == Phase::issued || phase == Phase::overlap || phase == Phase::drained;
        rows.push_back(in_phase(phase, production_key(), replaced ? PairRule::pair : PairRule::none));
    }
    rows.push_back(in_phase(Phase::stranded, wide_key()));
    rows.push_back(in_phase(Phase::stranded, wide_key(), PairRule::name));
    rows.push_back(in_phase(Phase::quarantined, system_key()));
    return render_phases(format, Grouping::owner, with_phases(header_for(11, 2), FallbackMode::absent), rows);
}

TEST(Text, IsTheHandbooksByteForByte) {
    EXPECT_EQ(none(Format::text), golden("text_0_keys.txt"));
    EXPECT_EQ(render(Format::text, Grouping::none, header_for(1, 1), {production_key()}),
              golden("text_1_key.txt"));
    EXPECT_EQ(three(Format::text), golden("text_3_keys.txt"));
}

/// Of a gateway that the handbook is not about: nothing of the handbook's.
TEST(Text, OfOtherGatewaysSaysNothingOfTheReferenceGateway) {
    Header header = header_for(1, 1);
    header.handbook = false;
    header.create_request = header.delete_request = {};
    header.ownerless_by_database = false;
    header.lacks = "api_key_hash";
    const auto shown = [&] { return render(Format::text, Grouping::none, header, {production_key()}); };
    std::string text = shown();
    EXPECT_NE(text.find("Found 1 API keys without api_key_hash\n"), std::string::npos) << text;
    EXPECT_NE(text.find("What to do:"), std::string::npos) << text;
    EXPECT_NE(text.find("alice@example.com"), std::string::npos) << "owners by the names that people know";
    for (const char* foreign : {"/auth/key", "lookup_hash", "O(1)", "frontend"})
        EXPECT_EQ(text.find(foreign), std::string::npos) << foreign;
    header.lacks.clear();
    EXPECT_NE(shown().find("Found 1 legacy API keys\n"), std::string::npos);
    header.promotes_in_place = true;
    text = shown();
    EXPECT_EQ(text.find("regenerat"), std::string::npos) << "a use upgrades them";
    EXPECT_NE(text.find("📋 Legacy API keys:"), std::string::npos) << text;
    header.legacy_keys = 0;
    EXPECT_NE(render(Format::text, Grouping::none, header, {}).find("No legacy API key is left."),
              std::string::npos);
}

TEST(Steps, BeginWithALockoutThatMayHaveHappened) {
    Header header = header_for(1, 1);
    header.lockout = "1 key may already be locked out";
    const std::string text = render(Format::markdown, Grouping::none, header, {production_key()});
    EXPECT_NE(text.find("1. 1 key may already be locked out.\n"), std::string::npos) << text;
}

TEST(Text, ByOwnerIsItsOwnForm) {
    expect_golden(by_owner(Format::text), "by_owner.txt");
    EXPECT_EQ(render(Format::text, Grouping::owner, header_for(0, 0), {}), golden("text_0_keys.txt"));
}

TEST(Text, WithPhasesHasOneMoreColumn) {
    expect_golden(with_phase_column(Format::text), "phases.txt");
    expect_golden(every_phase(Format::text), "every_phase.txt");
}

TEST(Json, IsTheGoldenFile) {
    expect_golden(none(Format::json), "0_keys.json");
    expect_golden(three(Format::json), "3_keys.json");
    expect_golden(by_owner(Format::json), "by_owner.json");
    expect_golden(with_phase_column(Format::json), "phases.json");
    expect_golden(every_phase(Format::json), "every_phase.json");
}

TEST(Csv, IsTheGoldenFile) {
    expect_golden(none(Format::csv), "0_keys.csv");
    expect_golden(three(Format::csv), "3_keys.csv");
    expect_golden(by_owner(Format::csv), "by_owner.csv");
    expect_golden(with_phase_column(Format::csv), "phases.csv");
    expect_golden(every_phase(Format::csv), "every_phase.csv");
}

TEST(Markdown, IsTheGoldenFile) {
    expect_golden(none(Format::markdown), "0_keys.md");
    expect_golden(three(Format::markdown), "3_keys.md");
    expect_golden(by_owner(Format::markdown), "by_owner.md");
    expect_golden(with_phase_column(Format::markdown), "phases.md");
    expect_golden(every_phase(Format::markdown), "every_phase.md");
}

TEST(Markdown, SaysWhetherOldKeysStillWork) {
    Header header = header_for(1, 1);
    for (const FallbackMode mode : domain::kFallbackModes) {
        header.fallback = mode;
        expect_golden(render(Format::markdown, Grouping::none, header, {production_key()}),
                      "fallback_" + std::string(domain::mode_name(mode)) + ".md");
    }
}

TEST(Html, HasTheGoldenBody) {
    expect_golden(body(none(Format::html)), "0_keys_body.html");
    expect_golden(body(three(Format::html)), "3_keys_body.html");
    expect_golden(body(by_owner(Format::html)), "by_owner_body.html");
    expect_golden(body(with_phase_column(Format::html)), "phases_body.html");
    expect_golden(body(every_phase(Format::html)), "every_phase_body.html");
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
