// SPDX-License-Identifier: Apache-2.0
// All keys that the journal has ever had, living and gone, in memory, so that any filter, search or order of
// them answers at once: some 40 bytes and its texts a key. Built from the state, and immutable: safe to share
// between threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "domain/keys/key.hpp"
#include "domain/ledger/ledger.hpp"
#include "domain/phases/phase.hpp"
#include "store/state.hpp"

namespace keyshift::inventory {

/// One key. Times are seconds since the epoch; 0: none.
struct KeyRecord {
    std::uint32_t row = 0;  ///< of the journal
    std::uint32_t created = 0;
    std::uint32_t last_used = 0;
    std::uint32_t since = 0;  ///< when its phase was entered
    std::uint32_t owner = 0;  ///< its rank among all owners in alphabetical order; that of none is the last
    std::uint32_t name = 0;   ///< the rank of its name in alphabetical order, in lower case
    std::optional<domain::Phase> phase = {};  ///< empty: not known before the next poll
};

class KeyIndex {
 public:
    /// Errors: those of reading the state; canceled, soon after `stop` has become true.
    static base::Result<std::shared_ptr<const KeyIndex>> build(store::State& state,
                                                               const std::atomic<bool>* stop = nullptr);

    /// By row, ascending.
    const std::vector<KeyRecord>& records() const { return records_; }
    /// In alphabetical order: a record's `owner` is the place here, or behind the last for a key that has
    /// none.
    const std::vector<std::string>& owners() const { return owners_; }
    /// The rank of an owner; empty: no key has it.
    std::optional<std::uint32_t> rank_of(std::string_view owner) const;

    /// The name of a key in lower case, by its place in records(); empty: it has none.
    std::string_view name_at(std::size_t place) const;
    /// How many ranks of names there are that come before `name`, which is in lower case.
    std::uint32_t names_before(std::string_view name) const;
    /// Whether a key is called so.
    bool has_name(std::string_view name) const;

    /// Places in records() of the keys in whose id, name, prefix or owner `needle` stands, ascending; letters
    /// of ASCII are compared without their case. `needle` is not empty.
    std::vector<std::uint32_t> containing(std::string_view needle) const;
    /// Rows of the keys whose id begins so, without regard to case; at most `most` of them. An id that is
    /// given in full comes alone.
    std::vector<std::uint32_t> with_id(std::string_view prefix, std::size_t most) const;
    /// Rows of the keys that are called so, or are shown by that prefix; at most `most` of them.
    std::vector<std::uint32_t> called(std::string_view name_or_prefix, std::size_t most) const;

 private:
    friend class KeyIndexBuilder;

    /// The texts of a record: id, name and prefix in lower case, each with kEnd behind it.
    std::string_view texts(std::size_t place) const;
    std::size_t place_of_text(std::size_t offset) const;

    std::vector<KeyRecord> records_;
    std::vector<std::uint64_t> texts_at_;  // of each record in texts_, and the end
    std::string texts_;
    std::vector<std::string> owners_;
    std::vector<std::uint32_t> named_;  // of each rank of a name the place of a record that has it
};

/// Makes an index of keys that come by row, ascending. Used by one thread.
class KeyIndexBuilder {
 public:
    void add(const domain::Key& key, const domain::KeyMemory& memory);
    /// Once, at the end.
    std::shared_ptr<const KeyIndex> finish();

 private:
    std::uint32_t number_of(std::string_view owner);
    void rank_owners();
    void rank_names();

    std::shared_ptr<KeyIndex> index_ = std::make_shared<KeyIndex>();
    std::unordered_map<std::string, std::uint32_t> numbers_;  // of owners, in the order in which they came
};

}  // namespace keyshift::inventory
