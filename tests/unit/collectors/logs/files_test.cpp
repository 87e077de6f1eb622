// SPDX-License-Identifier: Apache-2.0
// tests/config/valid loads without a problem; each file of tests/config/invalid gives exactly the messages in
// its .expected. KEYSHIFT_UPDATE_EXPECTED=1 rewrites those: read what changed before committing it.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <ostream>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::config {
namespace {

std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(source_path(directory)))
        if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::string content(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
}

/// Messages without the machine's part of each path, and with TYPES for the list of all collectors.
std::string portable(std::string text) {
    std::string types;
    for (const CollectorType& type : collectors::catalog_types())
        types += (types.empty() ? "" : ", ") + type.name;
    replace_all(text, source_path("tests/config/invalid/").string(), "");
    replace_all(text, types, "TYPES");
    return text;
}

class Invalid : public testing::TestWithParam<std::string> {};

TEST_P(Invalid, SaysExactlyWhatIsWrong) {
    const auto file = source_path("tests/config/invalid") / (GetParam() + ".yaml");
    const auto expected = source_path("tests/config/invalid") / (GetParam() + ".expected");
    const std::string actual =
        portable(messages(load(file, file_environment(), collectors::catalog_types()).problems));
    if (process_environment()("KEYSHIFT_UPDATE_EXPECTED"))
        std::ofstream(expected, std::ios::binary) << actual;
    EXPECT_EQ(actual, content(expected));
    EXPECT_NE(actual, "");
    EXPECT_EQ(actual.find(kCanary), std::string::npos) << "a secret is in the message";
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    return info.param;
}

INSTANTIATE_TEST_SUITE_P(Config, Invalid, testing::ValuesIn(names_in("tests/config/invalid")), test_name);

class Valid : public testing::TestWithParam<std::string> {};

TEST_P(Valid, HasNoProblems) {
    const auto file = source_path("tests/config/valid") / (GetParam() + ".yaml");
    EXPECT_EQ(messages(load(file, file_environment(), collectors::catalog_types()).problems), "");
}

INSTANTIATE_TEST_SUITE_P(Config, Valid, testing::ValuesIn(names_in("tests/config/valid")), test_name);

}  // namespace
}  // namespace keyshift::config
