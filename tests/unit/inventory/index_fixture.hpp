// SPDX-License-Identifier: Apache-2.0
// An index made of a few words a key.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inventory/key_index.hpp"

namespace keyshift::inventory {

struct TestKey {
    std::string id;
    std::string name = {};
    std::string prefix = "sk-x";
    std::optional<std::string> owner = {};
    std::uint32_t created = 1000;
    std::uint32_t last_used = 0;
    std::optional<domain::Phase> phase = domain::Phase::pending;
    std::uint32_t since = 1;
};

/// The row of each is its place, from 1.
inline std::shared_ptr<const KeyIndex> index_of(const std::vector<TestKey>& keys) {
    KeyIndexBuilder builder;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const TestKey& from = keys[i];
        domain::Key key;
        key.id = from.id;
        key.name = from.name;
        key.prefix = from.prefix;
        if (from.owner) key.owner = *from.owner;
        key.created_at = base::Time{std::chrono::seconds{from.created}};
        domain::KeyMemory memory;
        memory.row = static_cast<std::uint32_t>(i + 1);
        memory.last_used = from.last_used;
        memory.phase = from.phase;
        memory.since = from.since;
        builder.add(key, memory);
    }
    return builder.finish();
}

}  // namespace keyshift::inventory
