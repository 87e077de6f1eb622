// SPDX-License-Identifier: Apache-2.0
// What uses are worth: those that logs tell of, those of the canary, whether rows tell of any at all, and
// keys that are upgraded without one.
#include <algorithm>

#include "base/utf8.hpp"
#include "journal/key_journal.hpp"

namespace keyshift::journal {
namespace {

using base::Error;
using base::Result;

/// So many keys that are upgraded at once, none of them by its use, are a backfill.
constexpr std::uint64_t kBackfill = 3;

}  // namespace

/// A key in use that is taken for the canary would be in no number.
Result<void> KeyJournal::check_canary() {
    if (!canary_uses_.is_shared()) return {};
    forget_scan();
    return Error{base::Errc::schema,
                 "the canary key " + base::escape_unsafe(settings_.policy.canary) +
                     " is used by others than keyshift's probe, and is left out of all numbers",
                 "give the probe a legacy key of its own, that nobody else has, as canary_key and canary_id"};
}

/// Of keys whose rows this scan did not show too: a pulse shows those that have changed, and a gateway that
/// writes last uses late changes none.
void KeyJournal::record_logged_uses() {
    for (const auto& [id, at] : logged_uses_.latest()) {
        if (!ledger_.used(domain::hash_id(id), at)) continue;
        ++scan_->uses;
        loaded_ = false;
        auto& newest = scan_->next.evidence.newest_legacy_use;
        const base::Time used = std::min(at, scan_->now);
        newest = std::max(newest.value_or(used), used);
    }
}

/// S6: rows have been seen to tell of uses.
void KeyJournal::note_proof() {
    if (scan_->next.last_used_proved_at || !settings_.policy.uses_recorded) return;
    const auto first_modern = ledger_.oldest_modern();
    const bool after_modern = scan_->newest_row_use && first_modern && *scan_->newest_row_use > *first_modern;
    if (scan_->row_advanced || after_modern) scan_->next.last_used_proved_at = scan_->now;
}

/// Keys that get a lookup hash without a use, many at once: an UPDATE of the whole table, or the gateway's
/// own migration. Whether the hashes are right each key's next use tells. Where last uses are not proved,
/// nobody can tell that there was none.
void KeyJournal::note_backfill() {
    const bool may_be_uses = settings_.policy.promotes_in_place && !scan_->next.last_used_proved_at;
    if (scan_->upgrades < kBackfill || may_be_uses) return;
    scan_->backfilled = true;
    event(
        {.kind = store::event::kBackfill,
         .keys = scan_->upgrades,
         .detail =
             "legacy keys have got a lookup hash at once and without a use; each is proved by its next use"});
}

}  // namespace keyshift::journal
