// SPDX-License-Identifier: Apache-2.0
#include "domain/findings.hpp"

#include <algorithm>

namespace keyshift::domain {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// A pause that long between two uses of any legacy key is none.
constexpr base::Duration kSilence = minutes{10};
constexpr base::Duration kRefusedWithin = hours{24};

std::string some(std::uint64_t count, const std::string& one, const std::string& several) {
    return std::to_string(count) + " " + (count == 1 ? one : several);
}

/// When a key that no row knows was last refused, as any source tells; the database's time.
std::optional<base::Time> refused_at(const Model& model) {
    std::optional<base::Time> newest;
    for (const auto& [name, source] : model.evidence.sources) {
        for (const Event event : {Event::lookup_not_found, Event::failure_unknown_key}) {
            const auto at = source.grew_at.at(index_of(event));
            if (at && (!newest || *at > *newest)) newest = at;
        }
    }
    return newest ? std::optional(database_now(model, *newest)) : std::nullopt;
}

}  // namespace

std::optional<PossibleLockout> possible_lockout(const Model& model, base::Time now) {
    if (!model.keys) return std::nullopt;
    const Migration& migration = model.keys->migration;
    const auto judged = with_assertion(migration.detected, model.policy.asserted, migration.evidence);
    const auto used = migration.evidence.newest_legacy_use;
    const auto refused = refused_at(model);
    if (judged.state.mode != FallbackMode::unknown || !used || !refused) return std::nullopt;
    if (now - *used < kSilence || *refused <= *used || now - *refused > kRefusedWithin) return std::nullopt;
    if (migration.tally.live_use.unswitched == 0) return std::nullopt;
    return PossibleLockout{migration.tally.live_use.unswitched, *used};
}

std::string sentence(const PossibleLockout& lockout) {
    return some(lockout.keys, "key", "keys") + " may already be locked out since " +
           base::format_rfc3339(lockout.since) +
           ": no legacy key was used after that, and keys are refused that no row knows";
}

std::optional<PromotionDoubt> doubt_about_promotion(const Migration& migration, const Policy& policy) {
    if (policy.promotes_in_place && migration.tally.used_and_legacy > 0) {
        return PromotionDoubt{
            "gateway.promotes_in_place is true, but " + some(migration.tally.used_and_legacy,
                                                             "legacy key was used and stays legacy",
                                                             "legacy keys were used and stay legacy"),
            "upgrade every replica of the gateway; if it does not give a key its lookup hash when the key is "
            "used, set gateway.promotes_in_place: false"};
    }
    if (!policy.promotes_in_place && migration.upgrades_by_use > 0) {
        return PromotionDoubt{some(migration.upgrades_by_use, "legacy key was", "legacy keys were") +
                                  " upgraded together with a use, as far as can be seen",
                              "if this gateway gives a key its lookup hash when the key is used, set "
                              "gateway.promotes_in_place: true"};
    }
    return std::nullopt;
}

}  // namespace keyshift::domain
