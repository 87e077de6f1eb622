// SPDX-License-Identifier: Apache-2.0
#include "domain/evidence/pending_scans.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

void raise(std::optional<base::Time>& latest, base::Time at) {
    if (!latest || at > *latest) latest = at;
}

/// A scan was a hit if a legacy key was used at its time, by the table's last uses; in vain if the table, as
/// of a later moment, shows no such use. Where nobody can tell it counts as a hit: a hit too many delays
/// SAFE, one too few makes it wrong. Empty: it cannot be told yet.
std::optional<bool> is_hit(const ScanBin& bin, const LegacyUse& use, base::Time now) {
    // A clock that was set back must not keep them for ever.
    const bool waited = now - bin.until >= kScanPatience || bin.from > now + kScanPatience;
    if (!use.data_at) return waited ? std::optional(true) : std::nullopt;
    if (!use.proved || (use.newest && *use.newest >= bin.from - kScanSlack)) return true;
    if (*use.data_at > bin.until + kScanSlack) return false;
    return waited ? std::optional(true) : std::nullopt;
}

}  // namespace

void PendingScans::add(std::uint64_t scans, base::Time from, base::Time now) {
    if (scans == 0) return;
    if (open_ && !bins_.empty()) {
        ScanBin& last = bins_.back();
        last = {std::min(last.from, from), std::max(last.until, now), last.scans + scans};
        return;
    }
    bins_.push_back({from, now, scans});
    open_ = true;
}

PendingScans::Outcome PendingScans::settle(const LegacyUse& use, base::Time now) {
    Outcome out;
    std::erase_if(bins_, [&](const ScanBin& bin) {
        const auto hit = is_hit(bin, use, now);
        if (!hit) return false;
        (*hit ? out.hits : out.in_vain) += bin.scans;
        raise(*hit ? out.last_hit : out.last_in_vain, bin.until);
        return true;
    });
    // What comes from now on waits for the poll after this one, or scans that never cease would wait for
    // ever.
    if (polled_at_ != use.data_at) open_ = false;
    polled_at_ = use.data_at;
    return out;
}

}  // namespace keyshift::domain
