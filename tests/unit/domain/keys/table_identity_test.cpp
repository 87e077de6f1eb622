// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/table_identity.hpp"

#include <gtest/gtest.h>

namespace keyshift::domain {
namespace {

const TableIdentity kTable{"7412", "gateway (16384)", "public.virtual_keys", "16400 16410"};

TEST(TableIdentity, TheServerTheDatabaseAndTheRelationsCount) {
    TableIdentity other = kTable;
    EXPECT_EQ(other, kTable);
    other.table = "public.renamed";
    EXPECT_EQ(other, kTable) << "a table that was renamed is the same";
    for (std::string TableIdentity::* const part :
         {&TableIdentity::system, &TableIdentity::database, &TableIdentity::relations}) {
        other = kTable;
        other.*part = "another";
        EXPECT_FALSE(other == kTable) << other.printable();
    }
}

TEST(TableIdentity, ItsTextBringsItBack) {
    TableIdentity odd = kTable;
    odd.table = "\"Gate\nway\".\"keys\"";
    const auto back = TableIdentity::parse(odd.text());
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, odd);
    EXPECT_EQ(back->table, odd.table);
    EXPECT_EQ(TableIdentity::parse("7412\ngateway"), std::nullopt);
    EXPECT_EQ(TableIdentity::parse(""), std::nullopt);
}

TEST(TableIdentity, PeopleReadAllOfIt) {
    EXPECT_EQ(kTable.printable(), "table public.virtual_keys in database gateway (16384) of server 7412");
}

TEST(Recognised, HalfOfTheKeysIsEnoughAndNoneIsNot) {
    EXPECT_FALSE((Recognised{4, 2, 0}.is_strange()));
    EXPECT_TRUE((Recognised{5, 2, 0}.is_strange()));
    EXPECT_TRUE((Recognised{0, 0, 0}.is_strange())) << "nothing to tell by";
}

}  // namespace
}  // namespace keyshift::domain
