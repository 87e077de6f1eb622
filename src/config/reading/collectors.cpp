// SPDX-License-Identifier: Apache-2.0
#include "config/reading/collectors.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

using namespace std::chrono_literals;

constexpr Range<base::Duration> kIntervals{100ms, 24h};
constexpr Range<base::Duration> kTimeouts{100ms, 1h};

CollectorConfig read_one(OptionsReader options, Reading& reading, const CollectorType& type,
                         const Gateway& gateway) {
    reading.consulted.clear();
    CollectorConfig collector;
    collector.type = type.name;
    collector.schedule.interval = options.duration("interval", type.schedule.interval, kIntervals);
    collector.schedule.timeout = options.duration("timeout", type.schedule.timeout, kTimeouts);
    collector.options = type.read(options, gateway);
    std::string written;
    if (options.node() != nullptr) append_content(*options.node(), written);
    for (const TreeNode* other : reading.consulted) append_content(*other, written);
    collector.written = base::Secret(std::move(written));
    return collector;
}

std::string label_of(const CollectorType& type) {
    return "collectors[" + type.name + "]";
}

std::vector<std::string> names_of(const CollectorTypes& types) {
    std::vector<std::string> names;
    for (const CollectorType& type : types) names.push_back(type.name);
    return names;
}

std::string example(const CollectorTypes& types) {
    return types.empty() ? ""
                         : "list what to watch, such as 'collectors: [{type: " + types.front().name + "}]'";
}

/// The type that `item` names; null, and a problem, when it names none.
const CollectorType* type_of(OptionsReader item, const CollectorTypes& types) {
    const auto names = names_of(types);
    if (!item.has("type")) item.problem("type", "is not given", "use one of " + joined(names));
    return item.parsed<const CollectorType*>(
        "type", nullptr, "null", [&](std::string_view text) -> base::Result<const CollectorType*> {
            const auto index = index_of(text, names);
            if (!index) return index.error();
            return &types[*index];
        });
}

struct Item {
    OptionsReader options;
    const CollectorType* type;
};

/// Each item with its type. One may refer to another, wherever it stands.
std::vector<Item> find_types(const std::vector<OptionsReader>& readers, Reading& reading,
                             const CollectorTypes& types) {
    std::vector<Item> items;
    for (OptionsReader reader : readers) {
        const CollectorType* type = type_of(reader, types);
        if (type == nullptr) {
            reader.accept_unknown_keys();
            continue;
        }
        items.push_back({reader.named(label_of(*type)), type});
        reading.collectors.emplace(type->name, reader.node());
    }
    return items;
}

std::vector<CollectorConfig> read_listed(const std::vector<OptionsReader>& readers, Reading& reading,
                                         const CollectorTypes& types, const Gateway& gateway) {
    std::vector<CollectorConfig> collectors;
    for (Item& item : find_types(readers, reading, types)) {
        const bool listed =
            std::any_of(collectors.begin(), collectors.end(),
                        [&](const CollectorConfig& other) { return other.type == item.type->name; });
        if (listed)
            item.options.problem("type", "is listed a second time", "keep one collector of each type");
        collectors.push_back(read_one(item.options, reading, *item.type, gateway));
    }
    return collectors;
}

/// Nobody has asked for these by name: what is wrong with them ends nothing while the key table can be read.
/// It is said, and the source is down.
void excuse(const std::vector<std::string>& labels, Reading& reading) {
    const auto is_of_one = [&](const Problem& problem) {
        return std::any_of(labels.begin(), labels.end(),
                           [&](const std::string& label) { return problem.key.rfind(label, 0) == 0; });
    };
    auto& problems = reading.problems;
    const auto first = std::stable_partition(problems.begin(), problems.end(),
                                             [&](const Problem& problem) { return !is_of_one(problem); });
    for (auto excused = first; excused != problems.end(); ++excused) {
        excused->severity = Severity::warning;
        reading.warnings.push_back(*excused);
    }
    problems.erase(first, problems.end());
}

/// Credentials are named where there are any to be given: in a unit of systemd, or in the container image.
std::string ways_to_set(const std::vector<SecretNames>& secrets, const Environment& environment) {
    std::vector<std::string> variables;
    std::vector<std::string> credentials;
    for (const SecretNames& names : secrets) {
        variables.emplace_back(names.variable);
        credentials.emplace_back(names.credential);
    }
    std::string out = "set " + joined(variables, " or ");
    if (const auto directory = non_empty(environment, "CREDENTIALS_DIRECTORY"))
        out += ", or put the secret into " + joined(credentials, " or ") + " in " + *directory;
    return out;
}

std::vector<CollectorConfig> read_implied(OptionsReader root, Reading& reading, const CollectorTypes& types,
                                          const Gateway& gateway) {
    std::vector<CollectorConfig> collectors;
    std::vector<SecretNames> secrets;
    std::vector<std::string> beside;
    bool has_main = false;
    for (const CollectorType& type : types) {
        const SecretNames names = type.default_when;
        if (names.variable.empty()) continue;
        const bool implicit = std::any_of(secrets.begin(), secrets.end(), [&](const SecretNames& other) {
            return other.variable == names.variable;
        });
        if (!implicit) secrets.push_back(names);
        if (!is_given(reading.environment, names)) continue;
        collectors.push_back(read_one({reading, nullptr, {}, label_of(type)}, reading, type, gateway));
        collectors.back().implicit = implicit;
        if (names.variable != secrets.front().variable) beside.push_back(label_of(type));
        has_main = has_main || beside.empty();
    }
    if (has_main) excuse(beside, reading);
    if (!collectors.empty()) return collectors;
    const std::string set = ways_to_set(secrets, reading.environment);
    if (reading.file.empty()) {
        root.problem("", "there is nothing to watch", set + ", or name a configuration file with --config");
    } else {
        root.problem("collectors", "is not given", example(types) + ", or " + set);
    }
    return collectors;
}

}  // namespace

std::vector<CollectorConfig> read_collectors(Reading& reading, const TreeNode* root,
                                             const CollectorTypes& types, const Gateway& gateway) {
    OptionsReader options(reading, root, root == nullptr ? Position{} : root->at, "");
    const auto items = options.sections("collectors");
    const TreeNode* list = root == nullptr ? nullptr : root->find("collectors");
    if (list == nullptr) return read_implied(options, reading, types, gateway);
    if (list->kind == TreeNode::Kind::list && list->items.empty())
        options.problem("collectors", "is an empty list", example(types));
    return read_listed(items, reading, types, gateway);
}

}  // namespace keyshift::config
