// SPDX-License-Identifier: Apache-2.0
// textfile.hpp: what is left out leaves no trace, and the rest is as on the page.
#include "exposition/textfile.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

TEST(Textfile, HasAllFamiliesButThoseThatAreLeftOut) {
    const auto gauge = [](const std::string& name) {
        return family(MetricType::Gauge, name, "One.", {{{}, 1}});
    };
    const Fixed all({gauge("keyshift_a"), gauge("keyshift_verdict_safe"), gauge("keyshift_verdict_check"),
                     gauge("keyshift_b")});
    const std::array<std::string_view, 1> left_out{"keyshift_verdict_"};
    EXPECT_EQ(textfile(Snapshot(all), left_out),
              "# HELP keyshift_a One.\n# TYPE keyshift_a gauge\nkeyshift_a 1\n"
              "# HELP keyshift_b One.\n# TYPE keyshift_b gauge\nkeyshift_b 1\n");
}

}  // namespace
}  // namespace keyshift::exposition
