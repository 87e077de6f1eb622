// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "config/options/reading.hpp"
#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

std::string hint_for(const std::string& key, const std::vector<std::string>& known) {
    if (const auto near = nearest(key, known)) return "did you mean '" + *near + "'?";
    return known.empty() ? "remove it" : "use one of " + joined(known);
}

Problem unknown_key(const Entry& entry, const Reading::Section& section) {
    if (!is_plain_key(entry.key))
        return {"", entry.at, section.label, "has a key that is not a plain word", "write key: value"};
    const std::string path = section.label.empty() ? entry.key : section.label + "." + entry.key;
    return {"", entry.at, path, "is not a known key", hint_for(entry.key, section.keys)};
}

}  // namespace

void report_unknown_keys(Reading& reading) {
    for (const auto& [node, section] : reading.sections) {
        for (const Entry& entry : node->entries) {
            if (std::find(section.keys.begin(), section.keys.end(), entry.key) != section.keys.end())
                continue;
            Problem problem = unknown_key(entry, section);
            problem.file = reading.file;
            reading.problems.push_back(std::move(problem));
        }
    }
}

}  // namespace keyshift::config
