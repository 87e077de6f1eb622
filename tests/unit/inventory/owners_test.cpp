// SPDX-License-Identifier: Apache-2.0
#include "inventory/owners.hpp"

#include "unit/inventory/index_fixture.hpp"

namespace keyshift::inventory {
namespace {

using domain::Phase;

std::shared_ptr<const KeyIndex> index() {
    return index_of({{.id = "1", .owner = "anna", .last_used = 7},
                     {.id = "2", .owner = "anna", .last_used = 9, .phase = Phase::dormant},
                     {.id = "3", .owner = "anna", .last_used = 99, .phase = Phase::retired},
                     {.id = "4", .owner = "bob", .phase = Phase::upgraded},
                     {.id = "5", .owner = "cleo", .last_used = 20},
                     {.id = "6", .last_used = 30},
                     {.id = "7"}});
}

std::vector<std::string> names(const Parameters& parameters, const KeyIndex& keys = *index()) {
    auto query = OwnerQuery::parse(parameters);
    EXPECT_TRUE(query);
    std::vector<std::string> out;
    for (;;) {
        const api::OwnerPage page = owner_page(keys, *query, {});
        for (const api::Owner& owner : page.items) out.push_back(owner.owner.value_or("-"));
        if (!page.next) return out;
        Parameters following = parameters;
        following.emplace_back("cursor", *page.next);
        query = OwnerQuery::parse(following);
        EXPECT_TRUE(query) << *page.next;
        if (!query || out.size() > 20) return out;
    }
}

TEST(Owners, AreSummedUp) {
    const api::OwnerPage page = owner_page(*index(), *OwnerQuery::parse({{"sort", "owner"}}), {});
    ASSERT_EQ(page.items.size(), 3U);
    EXPECT_EQ(page.total, 3U);
    const api::Owner& anna = page.items.front();
    EXPECT_EQ(anna.keys, 2U);
    EXPECT_EQ(anna.gone, 1U);
    EXPECT_EQ(anna.last_used_at, base::Time{std::chrono::seconds{9}}) << "of those that are there";
    EXPECT_EQ(anna.phases,
              (std::map<std::string, std::uint64_t>{{"dormant", 1}, {"pending", 1}, {"retired", 1}}));
}

TEST(Owners, InEachOrderPageByPage) {
    for (const char* limit : {"1", "2", "100"}) {
        const auto sorted = [&](const char* sort) {
            return names({{"sort", sort}, {"limit", limit}, {"gone", "yes"}});
        };
        EXPECT_EQ(sorted("owner"), (std::vector<std::string>{"anna", "bob", "cleo", "-"}));
        EXPECT_EQ(sorted("-owner"), (std::vector<std::string>{"-", "cleo", "bob", "anna"}));
        EXPECT_EQ(sorted("-keys"), (std::vector<std::string>{"anna", "-", "cleo", "bob"}));
        EXPECT_EQ(sorted("keys"), (std::vector<std::string>{"bob", "cleo", "anna", "-"}));
        EXPECT_EQ(sorted("last_used"), (std::vector<std::string>{"bob", "anna", "cleo", "-"}));
    }
    EXPECT_EQ(names({}), (std::vector<std::string>{"anna", "-", "cleo"}))
        << "whose keys have all gone is left out";
}

TEST(Owners, AreSearched) {
    EXPECT_EQ(names({{"search", "NN"}}), (std::vector<std::string>{"anna"}));
    EXPECT_EQ(names({{"search", "-"}}), (std::vector<std::string>{}));
}

TEST(Owners, WhatIsNoneIsRefused) {
    for (const auto& [name, text] : Parameters{{"sort", "phase"},
                                               {"gone", "1"},
                                               {"limit", "0"},
                                               {"x", ""},
                                               {"cursor", "1.-keys.1"},
                                               {"cursor", "1.keys.1.n"},
                                               {"cursor", "1.-keys.x.n"},
                                               {"cursor", "1.-keys.1.o1"},
                                               {"cursor", "1.-keys.1.x"}})
        EXPECT_FALSE(OwnerQuery::parse({{name, text}})) << name << "=" << text;
}

}  // namespace
}  // namespace keyshift::inventory
