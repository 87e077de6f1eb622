// SPDX-License-Identifier: Apache-2.0
// A source that has never counted a use of the fallback may be unable to: a log rule that matches nothing and
// a fallback that nobody uses give the same zero. So a zero is believed only after a proof, which is a use
// that the source did count. The proof is about the ground that it was given on, and lapses with it:
// - another version of the gateway, or other rules: they may write other lines;
// - a ground that was not at work for a day: somebody may have lowered the level of the log since, and
// nothing
//   else would show it.
// A doubt does not end the proof. It says that the zeros of this poll are none, and goes with the next one.
#include "domain/evidence/proof.hpp"

#include <algorithm>
#include <utility>

namespace keyshift::domain {

void stand_on(Proof& proof, const Ground& ground, base::Duration idle, base::Time now) {
    if (!proof.version.empty() && !ground.version.empty() && proof.version != ground.version)
        lapse(proof, "the gateway, or the configuration, is another one than when it was proved");
    if (!ground.version.empty()) proof.version = ground.version;
    // A time in the future is of a clock that has been set since.
    if (ground.at_work || proof.at_work_at > now) proof.at_work_at = now;
    proof.doubt = ground.doubt;
    if (!proof.since) return;
    const base::Time last = std::max(*proof.since, proof.at_work_at.value_or(*proof.since));
    const base::Duration longest = std::max(idle, kIdleGround);
    if (now - last < longest) return;
    lapse(proof, "what a use would be counted by was not at work for " + base::format_duration(longest));
}

void prove(Proof& proof, base::Time now) {
    if (!proof.since) proof.since = now;
}

void lapse(Proof& proof, std::string why) {
    if (!proof.since) return;
    proof.since.reset();
    proof.lapsed = std::move(why);
}

}  // namespace keyshift::domain
