// SPDX-License-Identifier: Apache-2.0
#include "collectors/key_table/absent_columns.hpp"

#include <gtest/gtest.h>

#include "config/presets/preset.hpp"

namespace keyshift::collectors {
namespace {

using config::Identifier;

config::Gateway gateway() {
    config::Gateway out = config::facts_of(config::Preset::inferxgate).gateway;
    out.table = {"vault", "keys"};
    return out;
}

std::string hint(const config::Gateway& gateway, const std::string& absent,
                 const std::vector<std::string>& present) {
    const base::Error error = absent_columns({Identifier{absent}}, present, gateway);
    EXPECT_EQ(error.code, base::Errc::schema);
    return error.hint;
}

TEST(AbsentColumns, ThePresetsOwnIsTheLineToWrite) {
    config::Gateway wrong = gateway();
    wrong.columns.last_used_at = Identifier{"last_seen"};
    EXPECT_EQ(hint(wrong, "last_seen", {"id", "last_used_at"}),
              "set gateway.columns.last_used_at: last_used_at");
    EXPECT_EQ(absent_columns({Identifier{"last_seen"}}, {"id"}, wrong).what,
              "table vault.keys has no column last_seen");
}

TEST(AbsentColumns, ANameInMixedCaseIsWrittenInQuotes) {
    EXPECT_EQ(hint(gateway(), "created_at", {"Created_At"}),
              R"(set gateway.columns.created_at: '"Created_At"')");
    EXPECT_NE(absent_columns({Identifier{"created_at"}}, {"Created_At"}, gateway())
                  .what.find("upper and lower case"),
              std::string::npos);
}

TEST(AbsentColumns, WhatNothingTellsIsADecisionAmongThoseThatAreThere) {
    EXPECT_EQ(
        hint(gateway(), "expires_at", {"id", "until"}),
        "name the right one in gateway.columns.expires_at, or set it to null (columns without a key: until)");
    EXPECT_EQ(hint(gateway(), "id", {"key", "until"}),
              "name the right one in gateway.columns.id (columns without a key: key, until)");
    EXPECT_EQ(hint(gateway(), "key_lookup_hash", {"id"}),
              "start the upgraded gateway once (it adds its columns), or name the right one in "
              "gateway.columns.lookup_hash");
}

TEST(AbsentColumns, EachHasItsLine) {
    const base::Error error =
        absent_columns({Identifier{"user_id"}, Identifier{"name"}}, {"User_id", "NAME"}, gateway());
    EXPECT_EQ(error.hint, R"(set gateway.columns.owner: '"User_id"'; set gateway.columns.name: '"NAME"')");
}

}  // namespace
}  // namespace keyshift::collectors
