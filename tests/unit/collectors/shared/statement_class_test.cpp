// SPDX-License-Identifier: Apache-2.0
// Which statement is of which class: a table of texts, and what no text shows.
#include "collectors/shared/statement_class.hpp"

#include <fstream>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "formats/statements/pg_query.hpp"
#include "unit/collectors/statements/classes_fixture.hpp"

namespace keyshift::collectors {
namespace {

using Class = StatementClass;

std::string unescaped(std::string text) {
    for (std::size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at))
        text.replace(at, 2, "\n");
    return text;
}

TEST(StatementClasses, TheTableOfTexts) {
    std::ifstream file(std::string(KEYSHIFT_SOURCE_DIR) + "/tests/fixtures/statements/classes.txt");
    std::optional<StatementClasses> classes;
    std::map<std::string, int> seen;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        if (line.starts_with("= ")) {
            const auto gateway = collectors::gateway(line.substr(2));
            classes = StatementClasses::presumed(gateway);
            continue;
        }
        const std::size_t end = line.find_first_of(" \t");
        std::string expected = line.substr(0, end);
        const std::string text = unescaped(line.substr(line.find_first_not_of(" \t", end)));
        if (expected.ends_with('?')) {
            expected.pop_back();
            if (!formats::parse_sql(text)) expected = "unclassified";
        }
        ++seen[expected];
        EXPECT_EQ(class_of(*classes, text), expected) << text;
    }
    int texts = 0;
    for (const auto& [name, count] : seen) texts += count;
    EXPECT_GE(texts, 150);
    EXPECT_EQ(seen.size(), kStatementClasses + 1) << "each class, and none";
}

}  // namespace
}  // namespace keyshift::collectors
