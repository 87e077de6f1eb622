// SPDX-License-Identifier: Apache-2.0
// Last uses are a lower bound of the fallback's hits: each that a poll of the key table sees must have been
// counted by whoever counts hits, shortly before or after. One that was counted is not counted again; one
// that was not raises the headline, and when nothing comes it contradicts the evidence (DESIGN 15, S6). Pure;
// times by this host's clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.hpp"

namespace keyshift::domain {

class UseMatch {
 public:
    /// Who counts hits does so no later than this, or `patience`, after a use was seen in the key table.
    static constexpr base::Duration kPatience = std::chrono::minutes{15};

    /// The evidence has counted `hits`. Returns those that no use has stood for yet.
    std::uint64_t hits(std::uint64_t hits, base::Time now);
    /// Scans that were taken to be in vain: a use that is written later may explain them.
    void in_vain(std::uint64_t scans, base::Time now);
    /// A poll has seen `uses`, of which none was before `since`. Returns those that no hit stands for.
    std::uint64_t uses(std::uint64_t uses, base::Time since, base::Time now);
    /// Uses that the evidence should have counted by now, and has not. Each once.
    std::uint64_t overdue(base::Duration patience, base::Time now);
    /// The evidence may have lost what it counted: what waits proves nothing against it. A hit that is
    /// counted later still stands for it.
    void excuse();
    /// The evidence is another one: what waits is what `before` has waited for it to tell, which proves
    /// nothing against it. `before` waits for nothing any more.
    void wait_for(UseMatch& before);
    /// Hits that were counted in an earlier process, and may stand for uses to come.
    void remember(std::uint64_t hits, base::Time now);

 private:
    struct Entry {
        base::Time at;
        std::uint64_t count;
        bool excused = false;
    };
    using Entries = std::deque<Entry>;
    static void add(Entries& to, std::uint64_t count, base::Time now);
    static std::uint64_t take(Entries& from, std::uint64_t most);
    static void forget_before(Entries& from, base::Time until);

    Entries counted_;  ///< hits without a use
    Entries vain_;     ///< scans without a use
    Entries waiting_;  ///< uses without a hit
};

}  // namespace keyshift::domain
