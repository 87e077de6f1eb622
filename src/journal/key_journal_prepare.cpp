// SPDX-License-Identifier: Apache-2.0
// Before a scan: the state as it is now, whatever happened to its file, and what operators have decided.
#include "domain/ledger/key_slot.hpp"
#include "journal/key_journal.hpp"

namespace keyshift::journal {

using base::Result;
using collectors::Scan;

Result<Scan> KeyJournal::prepare() {
    // A damaged file is replaced by an empty one; anything else is tried again later.
    auto replaced = state_.replace_if_damaged();
    if (!replaced) return replaced.error();
    if (*replaced) loaded_ = false;
    auto ready = resume();
    if (!ready) {
        replaced = state_.replace_if_damaged();
        if (!replaced) return replaced.error();
        if (!*replaced) return ready.error();
        loaded_ = false;
        if (ready = resume(); !ready) return ready.error();
    }
    return census_needed_ ? Scan::census : Scan::pulse;
}

/// From the file that is there now.
Result<void> KeyJournal::resume() {
    const auto contents = state_.refresh();
    if (!contents && !state_.is_open()) return contents.error();
    // A file that cannot be written again is missed when there is something to write.
    if (contents && *contents == store::State::Contents::others) loaded_ = false;
    if (!loaded_)
        if (auto loaded = load(); !loaded) return loaded;
    loaded_ = true;
    if (auto decided = load_decisions(); !decided) return decided;
    return begin_anew();
}

/// Whatever another process has written: an operator's pairs and acknowledgements.
Result<void> KeyJournal::load_decisions() {
    const auto version = state_.data_version();
    if (!version) return version.error();
    if (*version == decisions_version_) return {};
    const auto decisions = state_.load_decisions();
    if (!decisions) return decisions.error();
    if (pairer_.decided(decisions->pairs)) census_needed_ = true;
    accepted_table_ = decisions->table;
    for (const auto& [key, at] : acknowledged_) ledger_.withdraw_acknowledgement(key);
    acknowledged_.clear();
    for (const store::Acknowledgement& acknowledgement : decisions->acknowledgements) {
        acknowledged_.emplace_back(domain::hash_id(acknowledgement.id),
                                   domain::to_seconds(acknowledgement.at));
    }
    decisions_version_ = *version;
    return {};
}

}  // namespace keyshift::journal
