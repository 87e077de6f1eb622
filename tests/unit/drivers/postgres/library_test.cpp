// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/library.hpp"

#include <gtest/gtest.h>
#include <pqxx/version>

extern "C" int PQclientEncoding(const pg_conn* connection);

namespace keyshift::drivers {
namespace {

TEST(PostgresLibrary, AConnectionThatIsLostHasAnEncodingWhereLibpqxxWouldLeak) {
    if (PQXX_VERSION_MAJOR >= 7) GTEST_SKIP() << "it owns the result first";
    EXPECT_EQ(PQclientEncoding(nullptr), 6) << "the build wraps it";
}

}  // namespace
}  // namespace keyshift::drivers
