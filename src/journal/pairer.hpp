// SPDX-License-Identifier: Apache-2.0
// Finds the replacement of each legacy key during a census, by the three rules. Holds what operators paired
// and which modern keys are spoken for; the keys themselves go through a spool. Used on the keys collector's
// worker thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/keys/key.hpp"
#include "domain/ledger/ledger.hpp"
#include "store/owner_spool.hpp"
#include "store/records.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

class Pairer {
 public:
    explicit Pairer(store::State& state) : state_(state), spool_(state.directory()) {}

    /// Forgets everything and reads what the state has.
    base::Result<void> load();
    /// What operators paired; true if that is news.
    bool decided(const std::vector<store::OperatorPair>& pairs);

    base::Result<void> begin_census();
    base::Result<void> add_legacy(const domain::Key& key);
    base::Result<void> add_modern(const domain::Key& key);

    /// The modern key can replace no other key: the key it replaced has gone.
    void reserve(std::uint64_t modern) { newly_reserved_.push_back(modern); }
    /// ... but that key is back.
    void release(std::uint64_t modern);

    /// A replacement that is news for the ledger.
    struct Found {
        domain::PairNews news;
        std::string_view replacement;  ///< valid during the call
        domain::PairRule rule;
        std::uint32_t last_used;
    };
    /// After Ledger::finish_census(): tells the ledger each key's replacement, and `news` what is new.
    base::Result<void> finish(domain::Ledger& ledger, const std::function<void(const Found&)>& news);

 private:
    /// A modern key whose legacy keys are known beforehand.
    struct Fixed {
        std::string id;
        std::vector<std::pair<std::uint64_t, domain::PairRule>> legacy;
        std::optional<store::SpooledKey> seen = {};  ///< in this census
    };
    void settle_reserved();
    bool is_reserved(std::uint64_t modern) const;
    void fix(std::string_view replacement, std::uint64_t legacy, domain::PairRule rule);
    static store::SpooledKey describe(const domain::Key& key, std::uint64_t hash);
    base::Result<void> spool(store::SpooledKey key, std::string_view id);
    base::Result<void> finish_fixed(domain::Ledger& ledger, const std::function<void(const Found&)>& news);

    store::State& state_;
    store::OwnerSpool spool_;
    std::vector<store::OperatorPair> pairs_;
    std::unordered_set<std::uint64_t> paired_by_operator_;  // legacy keys
    std::vector<std::uint64_t> reserved_;  // modern keys, sorted: 8 bytes each, of all that ever replaced one
    std::vector<std::uint64_t> newly_reserved_;
    // Of the census under way.
    std::unordered_map<std::uint64_t, Fixed> fixed_;  // by modern key
    std::vector<store::SpooledKey> watched_;  // legacy keys that went while in use, without replacement
};

}  // namespace keyshift::journal
