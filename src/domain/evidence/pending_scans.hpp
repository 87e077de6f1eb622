// SPDX-License-Identifier: Apache-2.0
// A fallback scans all keys for whoever presents an unknown one, so that a scan is not yet a hit. Scans wait
// for the poll of the key table that tells whether a legacy key was used at that time (DESIGN 5). Pure; times
// by this host's clock.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace keyshift::domain {

/// What the last poll of the key table tells of uses.
struct LegacyUse {
    /// Last uses are proved evidence; else nothing tells a scan for a legacy key from one in vain.
    bool proved = false;
    std::optional<base::Time> data_at = {};  ///< the poll's data are as of then; empty: there was no poll yet
    std::optional<base::Time> newest = {};   ///< newest use of a legacy key
};

/// Scans of some polls of a source that followed each other.
struct ScanBin {
    base::Time from;   ///< no scan was earlier
    base::Time until;  ///< none was later
    std::uint64_t scans = 0;
    bool operator==(const ScanBin&) const = default;
};

/// Clocks that are not read at one moment, and uses that are kept by the second.
inline constexpr base::Duration kScanSlack = std::chrono::seconds{2};
/// So long scans wait for a poll; then they are hits.
inline constexpr base::Duration kScanPatience = std::chrono::hours{1};

class PendingScans {
 public:
    struct Outcome {
        std::uint64_t hits = 0;
        std::uint64_t in_vain = 0;
        std::optional<base::Time> last_hit = {};  ///< no scan that is a hit was later
        std::optional<base::Time> last_in_vain = {};
    };

    PendingScans() = default;
    explicit PendingScans(std::vector<ScanBin> bins) : bins_(std::move(bins)) {}

    /// `scans` after `from` and until `now`.
    void add(std::uint64_t scans, base::Time from, base::Time now);
    /// Scans older than the poll's data are in vain if no legacy key was used since they began; else hits.
    /// Where last uses are not proved all are hits; before the first poll they wait.
    Outcome settle(const LegacyUse& use, base::Time now);

    const std::vector<ScanBin>& bins() const { return bins_; }

 private:
    std::vector<ScanBin> bins_;  // by time; the last one is open
    std::optional<base::Time> polled_at_;
    bool open_ = false;
};

}  // namespace keyshift::domain
