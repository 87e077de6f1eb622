// SPDX-License-Identifier: Apache-2.0
#include "collectors/catalog.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

TEST(Catalog, EachCollectorIsFoundByItsType) {
    for (const Entry& entry : catalog()) EXPECT_EQ(catalog_entry(entry.type.name).type.name, entry.type.name);
    EXPECT_THROW(catalog_entry("nonsense"), std::logic_error);
}

}  // namespace
}  // namespace keyshift::collectors
