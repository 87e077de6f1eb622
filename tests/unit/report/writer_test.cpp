// SPDX-License-Identifier: Apache-2.0
// What holds for the writers beside the documents' exact bytes.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/append.hpp"
#include "unit/report/sample.hpp"

namespace keyshift::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::array<Format, 5> kFormats{Format::text, Format::json, Format::csv, Format::markdown,
                                         Format::html};

TEST(ParseFormat, KnowsItsNamesExactly) {
    EXPECT_EQ(parse_format("text"), Format::text);
    EXPECT_EQ(parse_format("json"), Format::json);
    EXPECT_EQ(parse_format("csv"), Format::csv);
    EXPECT_EQ(parse_format("markdown"), Format::markdown);
    EXPECT_EQ(parse_format("html"), Format::html);
    for (const char* name : {"", "JSON", "md", "text ", "yaml"}) EXPECT_EQ(parse_format(name), std::nullopt);
}

TEST(Writer, OutputMayBeDrainedBetweenAnyTwoCalls) {
    for (const Format format : kFormats) {
        for (const Grouping grouping : {Grouping::none, Grouping::owner}) {
            const Header header = with_phases(header_for(3, 1), domain::FallbackMode::present);
            const std::vector<PhasedKey> rows{in_phase(domain::Phase::pending, production_key()),
                                              in_phase(domain::Phase::dormant, empty_name_key()),
                                              in_phase(domain::Phase::pending, system_key())};
            std::string drained;
            std::string out;
            const auto drain = [&] {
                drained += out;
                out.clear();
            };
            const auto writer = make_writer(format, grouping, out);
            writer->connecting();
            drain();
            writer->connected();
            drain();
            writer->begin(header);
            drain();
            for (const PhasedKey& row : rows) {
                writer->key(row.key, row.phase);
                drain();
            }
            writer->end();
            drain();
            EXPECT_EQ(drained, render_phases(format, grouping, header, rows));
        }
    }
}

TEST(Writer, KeepsNoViewIntoAKeyBetweenCalls) {
    std::string out;
    const auto writer = make_writer(Format::json, Grouping::owner, out);
    writer->begin(header_for(2, 2));
    std::string owner = "first owner, too long for the small string";
    domain::Key key = production_key();
    key.owner = owner;
    writer->key(key);
    owner.replace(0, 5, "other");  // a source reuses its buffer
    writer->key(key);
    writer->end();
    EXPECT_THAT(out, HasSubstr("\"owner_id\":\"first owner"));
    EXPECT_THAT(out, HasSubstr("},\n{\"owner_id\":\"other owner"));
}

TEST(Writer, TellsAKeyWithoutOwnerFromAnEmptyOwner) {
    domain::Key empty = system_key();
    empty.owner = "";
    const std::string out =
        render(Format::json, Grouping::owner, header_for(2, 1), {system_key(), empty, system_key()});
    EXPECT_THAT(out, HasSubstr("\n{\"owner_id\":null"));
    EXPECT_THAT(out, HasSubstr("\n{\"owner_id\":\"\""));
}

TEST(Writer, OnlyTextTellsWhoeverWaits) {
    for (const Format format : {Format::json, Format::csv, Format::markdown, Format::html}) {
        std::string out;
        const auto writer = make_writer(format, Grouping::none, out);
        writer->connecting();
        writer->connected();
        EXPECT_EQ(out, "");
    }
}

TEST(Writer, SaysNoActionOnlyWhereAllKeysWereAskedFor) {
    Header header = header_for(0, 0);
    header.phase = "drained";
    for (const Format format : kFormats) {
        const std::string out = render(format, Grouping::none, header, {});
        EXPECT_THAT(out, Not(HasSubstr("o action"))) << out;
        EXPECT_THAT(out, Not(HasSubstr("populated"))) << out;
        EXPECT_EQ(out.find("drained") == out.npos, format == Format::csv);
    }
    EXPECT_EQ(render(Format::text, Grouping::none, header, {}),
              "🔗 Connecting to database...\n✅ Connected to database\n"
              "No legacy key is in phase drained\n");
    EXPECT_THAT(render(Format::markdown, Grouping::none, header, {}),
                HasSubstr("\nNo legacy key is in phase `drained` in `db.example:5432/gateway`, as of "));
    EXPECT_THAT(render(Format::html, Grouping::owner, header, {}),
                HasSubstr("<p>No legacy key is in phase drained in <bdi>"));
    EXPECT_THAT(render(Format::json, Grouping::owner, header, {}),
                HasSubstr("\"phase\":\"drained\",\n\"legacy_keys\":0,"));
}

TEST(Writer, CorrectsTheHandbookOutsideItsOwnFormat) {
    for (const Format format : {Format::json, Format::markdown, Format::html}) {
        const std::string out = render(format, Grouping::none, header_for(1, 1), {production_key()});
        EXPECT_THAT(out, HasSubstr("POST /auth/key/delete?key_id={key_id}"));
        EXPECT_THAT(out, HasSubstr("401"));
        EXPECT_THAT(out, Not(HasSubstr("DELETE")));
        EXPECT_THAT(out, Not(HasSubstr("continue to work")));
    }
}

TEST(Writer, NamesTheRequestsOfTheGatewayAtHandOrNone) {
    Header header = header_for(1, 1);
    header.create_request = "POST /api/keys";
    header.delete_request = {};
    header.ownerless_by_database = false;
    for (const Format format : {Format::json, Format::markdown, Format::html}) {
        const std::string out = render(format, Grouping::none, header, {production_key()});
        EXPECT_THAT(out, HasSubstr("POST /api/keys"));
        EXPECT_THAT(out, Not(HasSubstr("/auth/key")));
        EXPECT_THAT(out, Not(HasSubstr("without an owner (system)")));
    }
}

TEST(Writer, WhereUseUpgradesAKeyNobodyNeedsANewOne) {
    Header header = header_for(1, 1);
    header.promotes_in_place = true;
    for (const auto mode : {domain::FallbackMode::present, domain::FallbackMode::unknown}) {
        header.fallback = mode;
        for (const Format format : {Format::json, Format::markdown, Format::html}) {
            const std::string out = render(format, Grouping::none, header, {production_key()});
            EXPECT_THAT(out, HasSubstr("needs no new key, but a single use"));
            EXPECT_THAT(out, HasSubstr("POST /auth/key/delete"));
            EXPECT_THAT(out, Not(HasSubstr("POST /auth/key/generate")));
        }
    }
    header.fallback = domain::FallbackMode::absent;
    EXPECT_THAT(render(Format::markdown, Grouping::none, header, {production_key()}),
                HasSubstr("POST /auth/key/generate"));
}

TEST(Writer, OwnersNotCountedAreNotNamed) {
    Header header = header_for(1, 1);
    header.owners = {};
    EXPECT_THAT(render(Format::json, Grouping::none, header, {production_key()}),
                HasSubstr("\"legacy_owners\":null"));
    EXPECT_THAT(render(Format::markdown, Grouping::none, header, {production_key()}),
                HasSubstr("\n1 legacy key in `db.example"));
}

TEST(AppendRfc3339, CutsToSecondsForPeople) {
    std::string out;
    append_rfc3339_seconds(out, at("2026-01-10T12:30:00.999999Z"));
    out += ' ';
    append_rfc3339_seconds(out, at("1969-12-31T23:59:59.5Z"));
    EXPECT_EQ(out, "2026-01-10T12:30:00Z 1969-12-31T23:59:59Z");
    out.clear();
    append_rfc3339_seconds(out, base::Time::min());
    EXPECT_EQ(out, "0000-01-01T00:00:00Z");
}

}  // namespace
}  // namespace keyshift::report
