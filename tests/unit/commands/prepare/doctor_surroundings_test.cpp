// SPDX-License-Identifier: Apache-2.0
#include "commands/prepare/doctor_surroundings.hpp"

#include <gtest/gtest.h>

namespace keyshift::commands {
namespace {

using Kind = collectors::Finding::Kind;
constexpr std::uint64_t kMiB = std::uint64_t{1024} * 1024;

TEST(DoctorRoom, IsShortBeforeItIsGone) {
    EXPECT_EQ(about_room(64 * kMiB, "/s").kind, Kind::ok);
    EXPECT_EQ(about_room(64 * kMiB - 1, "/s").kind, Kind::warning);
    EXPECT_EQ(about_room(kMiB, "/s").kind, Kind::warning);
    EXPECT_EQ(about_room(kMiB - 1, "/s").kind, Kind::failure);
    EXPECT_EQ(about_room(5 * kMiB, "/s").what, "only 5 MiB are free for the state in /s");
    EXPECT_NE(about_room(0, "/s").remedy.find("du -xh"), std::string::npos);
}

TEST(DoctorConfiguration, EachProblemIsAFinding) {
    config::Loaded loaded;
    EXPECT_TRUE(about_configuration({}, loaded).empty());
    loaded.problems = {{"k.yaml", {3, 5}, "web.listen", "is empty", "give an address"},
                       {"", {}, "", "nothing to watch", ""}};
    const auto findings = about_configuration({}, loaded);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].kind, Kind::failure);
    EXPECT_EQ(findings[0].what, "k.yaml:3:5: web.listen: is empty");
    EXPECT_EQ(findings[0].remedy, "give an address");
    EXPECT_EQ(findings[1].what, "nothing to watch");
}

}  // namespace
}  // namespace keyshift::commands
