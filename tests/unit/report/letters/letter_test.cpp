// SPDX-License-Identifier: Apache-2.0
// letter.hpp, letter_writer.hpp and template.hpp: who is asked for what, in which order, in which words.
#include "report/letters/letter.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "report/letters/letter_writer.hpp"
#include "report/letters/template.hpp"

namespace keyshift::report {
namespace {

using domain::Phase;

KeyPhase in(Phase phase) {
    KeyPhase key;
    key.phase = phase;
    return key;
}

TEST(Letter, HoldersAreAskedByWhatComesNext) {
    EXPECT_EQ(ask_of(in(Phase::stranded), false), Ask::replace_now);
    EXPECT_EQ(ask_of(in(Phase::pending), false), Ask::replace);
    EXPECT_EQ(ask_of(in(Phase::issued), false), Ask::deploy);
    EXPECT_EQ(ask_of(in(Phase::overlap), false), Ask::finish);
    EXPECT_EQ(ask_of(in(Phase::dormant), false), Ask::confirm);
    EXPECT_EQ(ask_of(in(Phase::dormant), true), Ask::use_once) << "a use upgrades it";
    for (const Phase phase : {Phase::drained, Phase::quarantined, Phase::expired, Phase::retired,
                              Phase::upgraded, Phase::retired_in_use})
        EXPECT_EQ(ask_of(in(phase), false), Ask::nothing) << domain::phase_name(phase);
    KeyPhase served_by_an_old_replica = in(Phase::pending);
    served_by_an_old_replica.use_upgrades = served_by_an_old_replica.used = true;
    EXPECT_EQ(ask_of(served_by_an_old_replica, true), Ask::nothing) << "that is the operator's to find";
}

TEST(Letter, AddressesAreThoseOfOneMailbox) {
    for (const char* good : {"a@b", "alice.o'neil+keys@example.com", "x@[", "\xc3\xa9@b"})
        EXPECT_EQ(is_usable_address(good), std::string(good) == "a@b" || good[1] == 'l') << good;
    for (const char* bad : {"", "@", "a@", "@b", "a@b@c", "a b@c", "a@b,c@d", "a@b;c", "<a@b>",
                            "a@b\r\nBcc: c@d", "\"a\"@b", "a\\@b"})
        EXPECT_FALSE(is_usable_address(bad)) << bad;
    EXPECT_FALSE(is_usable_address(std::string(260, 'a') + "@b"));
}

struct Kept final : LetterSink {
    base::Result<void> take(const Letter& letter, base::Time) override {
        letters.push_back(letter);
        return {};
    }
    std::vector<Letter> letters;
};

domain::Key key_of(const char* owner, const std::string& id) {
    domain::Key key;
    key.owner = owner;
    key.id = id;
    key.legacy = true;
    return key;
}

TEST(LetterWriter, TheMostUrgentKeysComeFirstAndTheOthersAreCounted) {
    Kept kept;
    LetterWriter writer(kept);
    Header header;
    header.phases = true;
    writer.begin(header);
    for (std::size_t i = 0; i < kKeysListed + 5; ++i)
        writer.key(key_of("a", "dormant" + std::to_string(i)), in(Phase::dormant));
    writer.key(key_of("a", "late"), in(Phase::stranded));
    writer.key(key_of("a", "done"), in(Phase::drained));
    writer.key(key_of("b", "new"), std::nullopt);
    writer.end();
    ASSERT_EQ(kept.letters.size(), 2U);
    const Letter& first = kept.letters[0];
    EXPECT_EQ(first.keys.size(), kKeysListed);
    EXPECT_EQ(first.keys.front().id, "late");
    EXPECT_EQ(first.more, 6U);
    EXPECT_EQ(first.asked, kKeysListed + 6);
    EXPECT_EQ(first.held, kKeysListed + 7);
    EXPECT_EQ(state_of(first), "urgent");
    EXPECT_EQ(kept.letters[1].keys.at(0).ask, Ask::replace)
        << "one that was not there at the last poll is new";
}

TEST(LetterTemplate, TheUsualOneIsOne) {
    const auto usual = LetterTemplate::parse(LetterTemplate::usual());
    ASSERT_TRUE(usual) << usual.error().what;
    Letter letter;
    letter.owner = "alice";
    letter.asked = 1;
    letter.asks[static_cast<std::size_t>(Ask::replace_now)] = true;
    letter.keys.push_back({"", "", "id-1", {}, {}, Ask::replace_now});
    LetterFacts facts;
    facts.create_request = "POST /v1/keys";
    const std::string text = usual->text(letter, facts);
    EXPECT_NE(text.find("Hello alice,"), std::string::npos);
    EXPECT_NE(text.find("- id-1, never used: it has stopped working: replace it now\n"), std::string::npos)
        << text;
    EXPECT_NE(text.find("1. Keys that have stopped working: requests with them fail. For each, create a new "
                        "key with the same name (POST "
                        "/v1/keys) now"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("{{"), std::string::npos);
    EXPECT_EQ(text.find("Please be done by"), std::string::npos) << "nobody has set a deadline";
}

TEST(LetterTemplate, TheUsualOneIsTheOneThatIsDocumented) {
    std::ifstream file(KEYSHIFT_SOURCE_DIR "/docs/letters.md");
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(document.find("```text\n" + std::string(LetterTemplate::usual()) + "```\n"), std::string::npos);
}

TEST(LetterTemplate, ControlCharactersAndBytesThatAreNoTextAreRefused) {
    EXPECT_FALSE(LetterTemplate::parse("Subject: a\x01\n\n{{keys}}\n"));
    EXPECT_FALSE(LetterTemplate::parse("Subject: a\n\n\xff\n\n{{keys}}\n"));
    EXPECT_FALSE(LetterTemplate::parse(""));
    EXPECT_TRUE(LetterTemplate::parse("Subject: a\r\n\r\n{{keys}}")) << "by an editor of Windows";
}

}  // namespace
}  // namespace keyshift::report
