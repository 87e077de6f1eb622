// SPDX-License-Identifier: Apache-2.0
// An operator has asked the owners of keys that nobody seems to use. Of a key that is in use no word counts:
// it is refused, with the reason. Blocking, by one thread.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/keys/key.hpp"
#include "domain/ledger/ledger.hpp"
#include "domain/phases/phase.hpp"
#include "store/state.hpp"

namespace keyshift::decisions {

/// A legacy key as far as an acknowledgement looks at it.
struct Item {
    std::string id, name, owner;
    domain::KeyFacts facts;
    std::optional<domain::Phase> phase;

    base::Time last_used() const { return facts.last_used_at.value_or(facts.created_at); }
    static Item of(const domain::Key& key, const domain::KeyMemory& memory);
};

/// "last used 3 d ago", "never used, created 3 d ago".
std::string idle_text(const Item& item, base::Time now);
/// Why nobody's word counts for the key; empty: it does.
std::string refuse_acknowledgement(const Item& item, const domain::Windows& windows, base::Time now);

/// One of the journal's keys, all of which but those that are over can be acknowledged. Errors: usage (none
/// such, or one that has gone and nobody misses), those of the state.
base::Result<Item> find_item(store::State& state, const std::string& id);
/// Of a key that no list of living ones has.
base::Error not_there(store::State& state, const std::string& id);
/// What was said of it before.
base::Result<std::optional<store::Acknowledgement>> find_acknowledgement(store::State& state,
                                                                         const std::string& id);

base::Result<void> save_acknowledgements(store::State& state, std::span<const Item> items, base::Time at,
                                         const std::string& by, const std::string& note);
base::Result<void> undo_acknowledgements(store::State& state, std::span<const Item> items);

}  // namespace keyshift::decisions
