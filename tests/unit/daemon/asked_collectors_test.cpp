// SPDX-License-Identifier: Apache-2.0
// asked_collectors.hpp: collect[] and exclude[], as node_exporter has them.
#include "daemon/asked_collectors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::set<std::string> kKnown{"keys", "migration", "redis"};

TEST(AskedCollectors, WithoutTheParametersAllIsMeant) {
    for (const char* query : {"", "debug=1", "collect=keys", "name[]=keyshift_keys"}) {
        const auto asked = asked_collectors(query, kKnown);
        ASSERT_TRUE(asked) << query;
        EXPECT_FALSE(asked->has_value()) << query;
    }
}

TEST(AskedCollectors, ThoseThatAreNamedHoweverItIsWritten) {
    for (const char* query : {"collect[]=keys&collect[]=redis", "collect%5B%5D=redis&collect[]=keys&x=1"}) {
        const auto asked = asked_collectors(query, kKnown);
        ASSERT_TRUE(asked && *asked) << query;
        EXPECT_THAT(**asked, ElementsAre("keys", "redis")) << query;
    }
    const auto others = asked_collectors("exclude[]=redis", kKnown);
    ASSERT_TRUE(others && *others);
    EXPECT_THAT(**others, ElementsAre("keys", "migration"));
}

TEST(AskedCollectors, AnUnknownNameIsRefusedWithThoseThereAreAndNotRepeated) {
    for (const char* query :
         {"collect[]=<b>", "exclude[]=<b>", "collect[]=", "collect[]=keys&collect[]=probe"}) {
        const auto asked = asked_collectors(query, kKnown);
        ASSERT_FALSE(asked) << query;
        EXPECT_THAT(asked.error().text(), HasSubstr("keys, migration, redis")) << query;
    }
    EXPECT_FALSE(asked_collectors("collect[]=keys&exclude[]=redis", kKnown));
    EXPECT_FALSE(asked_collectors("collect[]=%zz", kKnown));
}

}  // namespace
}  // namespace keyshift::daemon
