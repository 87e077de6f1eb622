// SPDX-License-Identifier: Apache-2.0
// Whether a source has shown that it can count uses of the fallback: a zero is believed only of one that has
// (DESIGN 15, S6). Remembered in the state. A value; time is a parameter, by this host's clock.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "domain/evidence/ground.hpp"

namespace keyshift::domain {

/// At least so long must what a use would be counted by have been idle until the proof lapses.
inline constexpr base::Duration kIdleGround = std::chrono::hours{24};

struct Proof {
    std::optional<base::Time> since = {};       ///< proved without a lapse since then; empty: not proved
    std::optional<base::Time> at_work_at = {};  ///< when its ground was last seen at work
    std::string version = {};                   ///< of the ground, as far as is known
    std::string lapsed = {};                    ///< why the last proof lapsed; empty: none ever did
    std::string doubt = {};                     ///< Ground::doubt of the last poll; not saved

    bool operator==(const Proof&) const = default;
};

/// The source was polled. The proof lapses where the ground is another one, and where it was not at work
/// for `idle`, which is never less than kIdleGround.
void stand_on(Proof& proof, const Ground& ground, base::Duration idle, base::Time now);
/// The source has counted a use of the fallback, the canary's included.
void prove(Proof& proof, base::Time now);
/// `why`: a clause without a full stop. No effect where nothing is proved.
void lapse(Proof& proof, std::string why);

}  // namespace keyshift::domain
