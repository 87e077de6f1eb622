// SPDX-License-Identifier: Apache-2.0
// What the ability of a source to count uses of the fallback rests on. A zero is believed only of a source
// that has counted one, and only as long as its ground is there (DESIGN 15, S6). A value.
#pragma once

#include <string>

namespace keyshift::domain {

/// As one poll of a source found it.
struct Ground {
    /// What a use would be counted by was at work since the poll before: a log line of the rule's level and
    /// target, a call of a statement that the gateway is known by, the counter's series at every replica.
    bool at_work = false;
    /// Differs where what was proved need not hold any more: another release of the gateway, other rules in
    /// the configuration. Empty: nothing tells.
    std::string version = {};
    /// Why zeros of this poll are none, and what the operator can do about it, as one sentence without a full
    /// stop; empty: nothing speaks against them.
    std::string doubt = {};
    /// The gateway's legacy path ran, whether it found a key or not, by a statement that the configuration
    /// declares and whose rows are uses: that shows as much as a use.
    bool path_seen = false;
    /// What the configuration, or what follows from it, keeps out of the counts, in words that go on from
    /// "left out are"; empty: nothing. The verdict's text shows it.
    std::string left_out = {};
};

}  // namespace keyshift::domain
