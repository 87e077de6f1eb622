// SPDX-License-Identifier: Apache-2.0
// Phases in the report: what each format says of a key's phase and replacement, of the old keys, and of what
// an owner has to do next.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/next_step.hpp"
#include "unit/report/sample.hpp"

namespace keyshift::report {
namespace {

using domain::FallbackMode;
using domain::PairRule;
using domain::Phase;
using testing::HasSubstr;
using testing::Not;

constexpr std::array<Format, 5> kFormats{Format::text, Format::json, Format::csv, Format::markdown,
                                         Format::html};

Header shown(std::uint64_t keys, FallbackMode fallback = FallbackMode::unknown) {
    return with_phases(header_for(keys, 1), fallback);
}

std::string sentences(std::initializer_list<KeyPhase> keys) {
    NextSteps next;
    for (const KeyPhase& key : keys) next.add(key);
    std::string out;
    next.append_sentences(out);
    EXPECT_EQ(next.empty(), out.empty());
    return out;
}

TEST(NextSteps, SpeakOfOneKeyAndOfSeveral) {
    const auto said = [](Phase phase) {
        const KeyPhase key{phase};
        return sentences({key}) + sentences({key, key});
    };
    EXPECT_EQ(said(Phase::stranded),
              " 1 key stopped working: clients fail now, deploy a new key."
              " 2 keys stopped working: clients fail now, deploy a new key for each.");
    EXPECT_EQ(said(Phase::overlap),
              " 1 key is still in use beside its replacement: finish the switch."
              " 2 keys are still in use beside their replacements: finish the switch.");
    EXPECT_EQ(said(Phase::issued),
              " 1 key has a replacement that is not in use yet: deploy the new key."
              " 2 keys have replacements that are not in use yet: deploy the new keys.");
    EXPECT_EQ(said(Phase::pending),
              " 1 key has no new key yet: create one."
              " 2 keys have no new keys yet: create one for each.");
    EXPECT_EQ(said(Phase::drained),
              " 1 key is replaced and no longer in use: block or delete it."
              " 2 keys are replaced and no longer in use: block or delete them.");
    EXPECT_EQ(said(Phase::dormant),
              " 1 key seems unused: confirm that it is, then block it."
              " 2 keys seem unused: confirm that they are, then block them.");
    EXPECT_EQ(said(Phase::quarantined),
              " 1 key is blocked: delete it after the waiting time."
              " 2 keys are blocked: delete them after the waiting time.");
    EXPECT_EQ(said(Phase::expired),
              " 1 key has expired or is over budget: delete it."
              " 2 keys have expired or are over budget: delete them.");
}

TEST(NextSteps, HaveOneWordPerLivePhase) {
    std::vector<std::string_view> words;
    for (const Phase phase : domain::kPhases) {
        const std::string_view word = next_step({phase}).word;
        EXPECT_EQ(word.empty(), !domain::is_live(phase)) << domain::phase_name(phase);
        if (!word.empty()) words.push_back(word);
    }
    EXPECT_THAT(words,
                testing::ElementsAre("create_new_key", "confirm_unused", "deploy_new_key", "finish_switch",
                                     "block_or_delete", "delete_after_wait", "delete", "deploy_new_key_now"));
}

TEST(NextSteps, WantNoSecondReplacementForAKeyAtRest) {
    const KeyPhase key{Phase::pending, PairRule::name, "b2", false};
    EXPECT_EQ(next_step(key).word, "deploy_new_key");
    EXPECT_EQ(sentences({key, {Phase::issued}}),
              " 2 keys have replacements that are not in use yet: deploy the new keys.");
}

TEST(NextSteps, WantNoNewKeyWhereTheNextUseUpgradesTheOldOne) {
    KeyPhase key{Phase::pending};
    key.use_upgrades = true;
    EXPECT_EQ(next_step(key).word, "confirm_unused");
    EXPECT_EQ(sentences({key}), " 1 key seems unused: confirm that it is, then block it.");
    key.phase = Phase::stranded;
    EXPECT_EQ(next_step(key).word, "deploy_new_key_now");
}

/// An old replica beside upgraded ones: to block the key would lock its holder out.
TEST(NextSteps, LookForTheReplicaThatServesAKeyWhichItsUseDoesNotUpgrade) {
    KeyPhase key{Phase::pending};
    key.use_upgrades = key.used = true;
    EXPECT_EQ(next_step(key).word, "find_old_replica");
    KeyPhase unused{Phase::pending};
    unused.use_upgrades = true;
    EXPECT_EQ(
        sentences({unused, key}),
        " 1 key is used and was not upgraded by that: find the replica of the gateway that does not upgrade "
        "keys. 1 key seems unused: confirm that it is, then block it.");
    key.use_upgrades = false;
    EXPECT_EQ(next_step(key).word, "create_new_key");
}

TEST(NextSteps, WantNothingOfKeysThatHaveGone) {
    EXPECT_EQ(sentences({{Phase::retired}, {Phase::retired_in_use}, {Phase::upgraded}}), "");
}

TEST(NextSteps, AreForgottenWithTheirOwner) {
    const std::string out =
        render_phases(Format::json, Grouping::owner, shown(2),
                      {in_phase(Phase::stranded, production_key()), in_phase(Phase::dormant, system_key())});
    EXPECT_THAT(out, HasSubstr("\"next_steps\":[{\"step\":\"deploy_new_key_now\",\"keys\":1,\"text\":\"1 key "
                               "stopped working: clients fail now, deploy a new key\"}]}"));
    EXPECT_THAT(out, HasSubstr("\"next_steps\":[{\"step\":\"confirm_unused\",\"keys\":1,"));
}

TEST(Phases, AreNotLookedAtUnlessTheHeaderHasThem) {
    const Header header = header_for(1, 1);
    for (const Format format : kFormats)
        for (const Grouping grouping : {Grouping::none, Grouping::owner})
            EXPECT_EQ(render_phases(format, grouping, header,
                                    {in_phase(Phase::stranded, production_key(), PairRule::name)}),
                      render(format, grouping, header, {production_key()}));
}

TEST(Phases, LeaveTheHandbooksLinesInFront) {
    const auto lines_of = [](const std::string& text) {
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
            lines.push_back(text.substr(at, text.find('\n', at) - at));
        return lines;
    };
    const auto handbook = lines_of(render(Format::text, Grouping::none, header_for(1, 1), {system_key()}));
    const auto phases = lines_of(
        render_phases(Format::text, Grouping::none, shown(1), {in_phase(Phase::pending, system_key())}));
    constexpr std::size_t kTableEnd = 9;
    for (std::size_t i = 0; i < kTableEnd; ++i)
        EXPECT_EQ(phases.at(i).substr(0, handbook.at(i).size()), handbook.at(i));
    EXPECT_THAT(phases.at(kTableEnd - 1),
                testing::EndsWith("| system                               | pending"));
}

TEST(Phases, MayBeMissingFromARow) {
    const std::vector<PhasedKey> rows{{production_key(), {}}};
    const auto out = [&](Format format) { return render_phases(format, Grouping::none, shown(1), rows); };
    EXPECT_THAT(out(Format::json), HasSubstr(",\"phase\":null,\"next_step\":null,\"replacement\":null}"));
    EXPECT_THAT(out(Format::csv), HasSubstr(",false,false,10,,,,\r\n"));
    EXPECT_THAT(out(Format::markdown), HasSubstr(" |  |  |  |  |\n"));
    EXPECT_THAT(out(Format::html),
                HasSubstr("<td class=\"phase\"></td><td class=\"replacement\"></td></tr>"));
    EXPECT_THAT(out(Format::text), HasSubstr("00000001 | \n"));
    EXPECT_THAT(render_phases(Format::text, Grouping::owner, shown(1), rows), Not(HasSubstr("Next:")));
}

TEST(Phases, SayThatAReplacementIsThereWhoseIdIsNotKnown) {
    const auto out = [](Format format) { return render_replacement(format, ""); };
    EXPECT_THAT(out(Format::json),
                HasSubstr("\"replacement\":{\"id\":null,\"rule\":\"name\",\"used\":false}}"));
    EXPECT_THAT(out(Format::csv), HasSubstr(",issued,,name,false\r\n"));
    EXPECT_THAT(out(Format::markdown), HasSubstr("| issued | *id not known* (rule name, not in use) |"));
    EXPECT_THAT(out(Format::html), HasSubstr("<td class=\"phase\">issued</td><td class=\"replacement\"><i>id "
                                             "not known</i> (rule name, not in use)</td>"));
}

/// Every form but the handbook's, which says that old keys continue to work in any case.
std::vector<std::string> with_advice(FallbackMode fallback) {
    const std::vector<PhasedKey> rows{in_phase(Phase::pending, production_key())};
    Header bare = header_for(1, 1);
    bare.fallback = fallback;
    std::vector<std::string> out;
    for (const Format format : {Format::text, Format::json, Format::markdown, Format::html})
        for (const Grouping grouping : {Grouping::none, Grouping::owner})
            for (const Header& header : {bare, shown(1, fallback)})
                if (format != Format::text || grouping == Grouping::owner || header.phases)
                    out.push_back(render_phases(format, grouping, header, rows));
    return out;
}

TEST(Fallback, DecidesWhatIsSaidOfOldKeys) {
    for (const std::string& out : with_advice(FallbackMode::present)) {
        EXPECT_THAT(out, HasSubstr("The old keys continue to work until the fallback is removed"));
        EXPECT_THAT(out, Not(HasSubstr("401")));
    }
    for (const std::string& out : with_advice(FallbackMode::absent)) {
        EXPECT_THAT(out, HasSubstr("The old keys are refused already"));
        EXPECT_THAT(out, Not(HasSubstr("continue to work")));
    }
    for (const std::string& out : with_advice(FallbackMode::unknown)) {
        EXPECT_THAT(out, HasSubstr("It is not known whether the old keys still work"));
        EXPECT_THAT(out, Not(HasSubstr("continue to work")));
    }
}

TEST(Fallback, ChangesNothingInTheHandbooksText) {
    Header header = header_for(1, 1);
    header.fallback = FallbackMode::absent;
    EXPECT_EQ(render(Format::text, Grouping::none, header, {production_key()}), golden("text_1_key.txt"));
}

TEST(Steps, NameTheRequestsOfTheReferenceGateway) {
    for (const FallbackMode mode : domain::kFallbackModes)
        for (const std::string& out : with_advice(mode)) {
            EXPECT_THAT(out, HasSubstr("POST /auth/key/generate"));
            EXPECT_THAT(out, HasSubstr("POST /auth/key/delete?key_id={key_id}"));
            EXPECT_THAT(out, Not(HasSubstr("DELETE")));
        }
}

}  // namespace
}  // namespace keyshift::report
