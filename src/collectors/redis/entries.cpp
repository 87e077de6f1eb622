// SPDX-License-Identifier: Apache-2.0
#include "collectors/redis/entries.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::collectors {

using base::Result;

RedisEntries::RedisEntries(Prefixes prefixes, std::int64_t budget)
    : prefixes_(std::move(prefixes)), budget_(budget) {}

std::string RedisEntries::common_prefix() const {
    if (prefixes_.empty()) return {};
    std::string common = prefixes_.begin()->second;
    for (const auto& [cache, prefix] : prefixes_) {
        const auto ends = std::mismatch(common.begin(), common.end(), prefix.begin(), prefix.end());
        common.erase(ends.first, common.end());
    }
    return common;
}

void RedisEntries::forget() {
    progress_.clear();
    counts_.clear();
}

Result<void> RedisEntries::advance(const std::vector<Node>& nodes, base::Deadline enough) {
    std::erase_if(progress_, [&](const auto& known) {
        return std::none_of(nodes.begin(), nodes.end(),
                            [&](const Node& node) { return node.id == known.first; });
    });
    std::int64_t visited = 0;
    for (const Node& node : nodes) {
        Progress& progress = progress_[node.id];
        while (!progress.complete) {
            if (visited > 0 && (visited >= budget_ || enough.passed())) return {};
            visited += kKeysAtOnce;
            if (auto stepped = step(node, progress); !stepped) {
                progress_.erase(node.id);
                return stepped;
            }
        }
    }
    complete();
    return {};
}

Result<void> RedisEntries::step(const Node& node, Progress& progress) const {
    auto page = node.scan(progress.cursor);
    if (!page) return page.error();
    for (const std::string& key : page->keys) {
        for (const auto& [cache, prefix] : prefixes_)
            if (key.starts_with(prefix)) ++progress.counts[cache];
    }
    progress.cursor = std::move(page->cursor);
    progress.complete = progress.cursor == "0";
    return {};
}

void RedisEntries::complete() {
    counts_.clear();
    for (const auto& [cache, prefix] : prefixes_) {
        std::uint64_t& sum = counts_[cache];
        for (const auto& [id, progress] : progress_) {
            const auto instance = progress.counts.find(cache);
            if (instance != progress.counts.end()) sum += instance->second;
        }
    }
    progress_.clear();
}

}  // namespace keyshift::collectors
