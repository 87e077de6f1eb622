// SPDX-License-Identifier: Apache-2.0
// The keys in the code, in docs/configuration.md and in config/keyshift.yaml are the same, with the same
// defaults. The code's are those its readers asked for: there is no list of them anywhere.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "collectors/catalog.hpp"
#include "config/presets/preset.hpp"
#include "config/tree/yaml.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::collectors {
namespace {

using namespace config;

using Keys = std::map<std::string, std::string>;  // path -> default

std::string content(const std::string& path) {
    std::ifstream stream(source_path(path), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

Environment urls() {
    return variables({{"DATABASE_URL", "postgres://db"}, {"REDIS_URL", "redis://cache"}});
}

Loaded sample() {
    return load(source_path("config/keyshift.yaml"), urls(), catalog_types());
}

/// Those of the collectors that the sample lists.
CollectorTypes collector_types() {
    CollectorTypes types;
    const auto listed = sample().config.collectors;
    for (const CollectorType& type : catalog_types())
        if (std::ranges::any_of(listed, [&](const CollectorConfig& one) { return one.type == type.name; }))
            types.push_back(type);
    return types;
}

Keys keys_in_code() {
    Keys keys;
    for (const KnownKey& key : sample().known) keys[key.path] = key.fallback;
    return keys;
}

/// The rows of tables whose first cell is a path: | `path` | type | `default` | meaning |
Keys keys_in_documentation() {
    Keys keys;
    std::istringstream lines(content("docs/configuration.md"));
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, '|');) cells.push_back(cell);
        if (cells.size() != 5 || !cells[1].starts_with(" `")) continue;
        const auto bare = [](const std::string& cell) {
            const std::size_t first = cell.find_first_not_of(" `");
            return cell.substr(first, cell.find_last_not_of(" `") - first + 1);
        };
        keys[bare(cells[1])] = bare(cells[3]) == "none" ? "null" : bare(cells[3]);
    }
    return keys;
}

void collect(const TreeNode& node, const std::string& path, Keys& keys) {
    for (const auto& entry : node.entries)
        collect(entry.value, path.empty() ? entry.key : path + "." + entry.key, keys);
    for (const TreeNode& item : node.items) collect(item, path + "[" + item.find("type")->text + "]", keys);
    if (node.kind == TreeNode::Kind::text || node.kind == TreeNode::Kind::null)
        keys[path] = node.kind == TreeNode::Kind::null ? "null" : node.text;
}

Keys keys_in_sample() {
    std::vector<Problem> problems;
    Keys keys;
    collect(*parse_yaml(content("config/keyshift.yaml"), problems), "", keys);
    // Its value tells the items of the list apart, so that it has no default.
    for (const CollectorType& type : catalog_types()) keys.erase("collectors[" + type.name + "].type");
    keys["collectors[].type"] = "null";
    return keys;
}

/// The tests of other collectors compare theirs.
bool is_of_another_collector(const std::string& path) {
    if (!path.starts_with("collectors[") || path.starts_with("collectors[]")) return false;
    const auto types = collector_types();
    return std::none_of(types.begin(), types.end(), [&](const CollectorType& type) {
        return path.starts_with("collectors[" + type.name + "]");
    });
}

TEST(Documentation, HasEveryKeyWithItsDefault) {
    Keys documented = keys_in_documentation();
    std::erase_if(documented, [](const auto& key) { return is_of_another_collector(key.first); });
    EXPECT_EQ(documented, keys_in_code());
}

TEST(Sample, HasEveryKeyWithItsDefault) {
    EXPECT_EQ(keys_in_sample(), keys_in_code());
}

TEST(Sample, MeansTheSameAsNoKeysAtAll) {
    const Loaded loaded = sample();
    EXPECT_EQ(messages(loaded.problems), "");
    const Config empty = parsed("log: {}\n", urls(), catalog_types()).config;
    EXPECT_EQ(loaded.config.gateway, empty.gateway);
    EXPECT_EQ(loaded.config.migration, empty.migration);
    EXPECT_EQ(loaded.config.state, empty.state);
    EXPECT_EQ(loaded.config.web, empty.web);
    EXPECT_EQ(loaded.config.log, empty.log);
    std::map<std::string, Schedule> listed;
    std::map<std::string, Schedule> implied;
    for (const CollectorConfig& one : loaded.config.collectors) listed[one.type] = one.schedule;
    for (const CollectorConfig& one : empty.collectors) implied[one.type] = one.schedule;
    EXPECT_EQ(listed, implied);
}

TEST(Documentation, HasWhatEachPresetPresumes) {
    const std::string page = content("docs/presets.md");
    const auto has = [&](const std::string& name) {
        EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name;
    };
    for (const Preset preset : {Preset::inferxgate, Preset::langfuse, Preset::custom}) {
        const PresetFacts& facts = facts_of(preset);
        const Columns& columns = facts.gateway.columns;
        for (const auto& column : {columns.bcrypt_hash, columns.lookup_hash, columns.owner, columns.name,
                                   columns.prefix, columns.expires_at, columns.max_budget})
            if (column) has(column->name);
        if (columns.blocked) has(columns.blocked->column.name);
        for (const auto& [cache, prefix] : facts.caches) has(prefix + "*");
        for (const std::string& path : facts.key_paths)
            if (path != "/") has(path);
        if (!facts.gateway.users) continue;
        has(facts.gateway.table.name);
        has(facts.gateway.users->table.name + "." + facts.gateway.users->email.name);
    }
}

}  // namespace
}  // namespace keyshift::collectors
