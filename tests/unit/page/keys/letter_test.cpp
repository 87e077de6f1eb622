// SPDX-License-Identifier: Apache-2.0
#include "page/keys/letter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/page/page_fixture.hpp"

namespace keyshift::page {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

api::Key key_in(const char* phase) {
    api::Key key;
    key.id = "k";
    key.name = "CI";
    key.prefix = "sk-Ab";
    key.phase = phase;
    return key;
}

TEST(Letter, SaysOfEachKeyWhatItsOwnerHasToDo) {
    const auto lines = letter({key_in("pending"), key_in("overlap")}, {kNow});
    EXPECT_EQ(lines.front(), "Subject: Please replace your API keys");
    EXPECT_THAT(lines, Contains("- CI (sk-Ab…, never used): create a new key and put it into your clients."));
    EXPECT_THAT(lines, Contains(HasSubstr("some client still uses the old one")));
}

TEST(Letter, IsNotWrittenWhereNothingIsToBeDone) {
    EXPECT_THAT(letter({key_in("retired"), key_in("quarantined"), key_in("upgraded")}, {kNow}), IsEmpty());
    EXPECT_THAT(letter({}, {kNow}), IsEmpty());
}

TEST(Letter, NamesADeadlineThatIsToCome) {
    using namespace std::chrono_literals;
    EXPECT_THAT(letter({key_in("pending")}, {kNow, kNow + 24h}),
                Contains(HasSubstr("before 7 Dec 14:32 UTC")));
    EXPECT_THAT(letter({key_in("pending")}, {kNow, kNow - 24h}), Not(Contains(HasSubstr("before 5 Dec"))));
    EXPECT_THAT(letter({key_in("stranded")}, {kNow, kNow + 24h, true}), Contains("Old keys no longer work."));
}

}  // namespace
}  // namespace keyshift::page
