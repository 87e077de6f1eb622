// SPDX-License-Identifier: Apache-2.0
#include "domain/phases/fallback_mode.hpp"

#include <array>
#include <string_view>

namespace keyshift::domain {
namespace {

using std::chrono::hours;

constexpr base::Duration kClockSkew = std::chrono::minutes{5};
/// Legacy keys must have been in use this shortly before modern ones, or their silence says nothing.
constexpr base::Duration kBeforeModern = hours{24 * 7};
constexpr base::Duration kStatementsFresh = hours{24};
constexpr base::Duration kQuietWithStatements = hours{24};
constexpr base::Duration kQuiet = hours{72};

/// A fallback seen at work; the sentence is `before`, the time, `after`.
struct Presence {
    base::Time at;
    std::string_view before;
    std::string_view after = {};

    std::string sentence() const {
        return std::string(before) + base::format_rfc3339(at) + std::string(after);
    }
};

bool within(std::optional<base::Time> t, base::Duration window, base::Time now) {
    return t && *t > now - window;
}

/// Without what lies in the future: it would stay the newest evidence for ever.
FallbackEvidence without_future(FallbackEvidence evidence, base::Time now) {
    const auto drop = [now](std::optional<base::Time>& t) {
        const bool future = t && *t > now + kClockSkew;
        if (future) t.reset();
        return future;
    };
    drop(evidence.modern_use_began);
    drop(evidence.newest_modern_use);
    drop(evidence.newest_legacy_use);
    drop(evidence.newest_legacy_use_before_modern);
    drop(evidence.not_found_grew_at);
    drop(evidence.fallback_counted_at);
    drop(evidence.canary_accepted_at);
    drop(evidence.canary_refused_at);
    drop(evidence.newest_upgrade);
    // Scans did grow, nobody knows when: they cannot vouch for a shorter quiet.
    if (drop(evidence.scans_grew_at)) evidence.scans_measured = false;
    return evidence;
}

std::optional<Presence> newest_presence(const FallbackEvidence& seen) {
    std::optional<Presence> newest;
    const auto offer = [&newest](std::optional<base::Time> at, std::string_view before,
                                 std::string_view after = {}) {
        if (at && (!newest || *at > newest->at)) newest = Presence{*at, before, after};
    };
    if (seen.modern_use_began && seen.newest_legacy_use > seen.modern_use_began)
        offer(seen.newest_legacy_use, "a legacy key was used ", ", after modern keys came into use");
    offer(seen.fallback_counted_at, "a use of the fallback was last counted ");
    offer(seen.canary_accepted_at, "the canary legacy key was accepted ");
    if (seen.promotes_in_place)
        offer(seen.newest_upgrade, "a legacy key was found upgraded in place, as its use does, ");
    return newest;
}

/// How long legacy keys must be silent: shorter where statements show that somebody tries in vain.
base::Duration quiet_needed(const FallbackEvidence& seen, base::Time now) {
    const bool in_vain = seen.scans_measured && within(seen.not_found_grew_at, kStatementsFresh, now) &&
                         !within(seen.scans_grew_at, kStatementsFresh, now);
    return in_vain ? kQuietWithStatements : kQuiet;
}

/// What keeps the silence of legacy keys from proving that the fallback is absent; empty: nothing does.
std::string doubt_about_silence(const FallbackEvidence& seen, bool still_absent, base::Time now) {
    if (seen.promotes_in_place) {
        return "a legacy key that is used here is none any more, so that those that are left are always "
               "silent";
    }
    if (seen.newest_upgrade) {
        return "a legacy key was upgraded in place " + base::format_rfc3339(*seen.newest_upgrade) +
               "; if this gateway does so when a key is used, set gateway.promotes_in_place";
    }
    const base::Duration quiet = quiet_needed(seen, now);
    const std::string length = base::format_duration(quiet);
    if (!seen.modern_use_began) return "no use of a modern key is known";
    const std::string began = base::format_rfc3339(*seen.modern_use_began);
    if (within(seen.modern_use_began, quiet, now))
        return "modern keys came into use " + began + ", less than " + length + " ago";
    if (!within(seen.newest_modern_use, quiet, now)) return "no modern key was used for " + length;
    if (!seen.newest_legacy_use_before_modern ||
        *seen.newest_legacy_use_before_modern < *seen.modern_use_began - kBeforeModern) {
        return "no legacy key was used in the " + base::format_duration(kBeforeModern) +
               " before modern keys came into use " + began;
    }
    if (!seen.newest_legacy_use) return "the newest use of a legacy key is not known";
    if (within(seen.newest_legacy_use, quiet, now)) {
        return "a legacy key was used " + base::format_rfc3339(*seen.newest_legacy_use) + ", less than " +
               length + " ago";
    }
    if (seen.silent_without_reason == 0 && !still_absent)
        return "no legacy key is left that should have been used";
    return {};
}

std::string silence_sentence(const FallbackEvidence& seen) {
    std::string out = "no legacy key was used after " + base::format_rfc3339(*seen.newest_legacy_use) +
                      ", while modern keys were used until " + base::format_rfc3339(*seen.newest_modern_use);
    if (seen.silent_without_reason == 0) return out;
    return out + "; legacy keys silent without a reason: " + std::to_string(seen.silent_without_reason);
}

/// When legacy keys stopped working, if the canary's refusal shows that they have: the last time that one is
/// known to have worked, unless that is long ago.
base::Time cut_off_before(base::Time refused, const FallbackEvidence& seen, base::Duration drain) {
    std::optional<base::Time> last_worked;
    for (const auto& at : {seen.newest_legacy_use, seen.canary_accepted_at}) {
        if (at && *at > refused - drain && *at <= refused && (!last_worked || *at > *last_worked))
            last_worked = at;
    }
    return last_worked.value_or(refused);
}

FallbackState found(const FallbackState& before, FallbackMode mode, std::string evidence, base::Time now) {
    FallbackState state{mode, now, {}, std::move(evidence)};
    if (mode == before.mode) {
        state.since = before.since;
        state.absent_since = before.absent_since;
    }
    return state;
}

FallbackState found_absent(const FallbackState& before, base::Time cut_off, std::string evidence,
                           base::Time now) {
    FallbackState state = found(before, FallbackMode::absent, std::move(evidence), now);
    if (before.mode != FallbackMode::absent) state.absent_since = cut_off;
    return state;
}

/// Nothing new is known.
FallbackState left_as_it_was(const FallbackState& before, bool still_absent,
                             const std::optional<Presence>& presence, const FallbackEvidence& seen,
                             const std::string& doubt, base::Time now) {
    if (still_absent) return before;
    if (before.mode == FallbackMode::present && (seen.silent_without_reason == 0 || seen.promotes_in_place)) {
        if (!presence) return before;
        return found(
            before, FallbackMode::present,
            presence->sentence() + (seen.promotes_in_place
                                        ? ", and nothing has spoken against that since"
                                        : ", and no legacy key is left that should have been used since"),
            now);
    }
    const std::string last =
        presence ? presence->sentence() + ", which is too long ago" : "nothing shows a fallback";
    return found(before, FallbackMode::unknown, last + ", and silence proves nothing yet: " + doubt, now);
}

}  // namespace

FallbackState detect_fallback(const FallbackState& before, const FallbackEvidence& evidence,
                              const Windows& windows, base::Time now) {
    const FallbackEvidence seen = without_future(evidence, now);
    const std::optional<Presence> presence = newest_presence(seen);
    if (seen.canary_refused_at && (!presence || *seen.canary_refused_at > presence->at)) {
        return found_absent(
            before, cut_off_before(*seen.canary_refused_at, seen, windows.drain),
            "the canary legacy key was refused " + base::format_rfc3339(*seen.canary_refused_at), now);
    }
    if (presence && within(presence->at, windows.drain, now))
        return found(before, FallbackMode::present, presence->sentence(), now);
    // A fallback at work after it was found absent speaks against that, even if no poll succeeded for a
    // while.
    const bool still_absent = before.mode == FallbackMode::absent &&
                              (!presence || presence->at <= before.since) &&
                              (!seen.newest_upgrade || *seen.newest_upgrade <= before.since);
    const std::string doubt = doubt_about_silence(seen, still_absent, now);
    if (doubt.empty()) return found_absent(before, *seen.newest_legacy_use, silence_sentence(seen), now);
    return left_as_it_was(before, still_absent, presence, seen, doubt, now);
}

FallbackJudgement with_assertion(const FallbackState& detected, FallbackMode asserted,
                                 const FallbackEvidence& evidence) {
    if (asserted == FallbackMode::unknown) return {detected, false, false};
    FallbackJudgement out{detected, true, false};
    out.contradicted = detected.mode != FallbackMode::unknown && detected.mode != asserted;
    out.state.mode = asserted;
    out.state.absent_since = {};
    if (asserted == FallbackMode::absent) {
        out.state.absent_since = detected.mode == FallbackMode::absent
                                     ? detected.absent_since
                                     : evidence.newest_legacy_use.value_or(detected.since);
    }
    out.state.evidence = "the configuration asserts that it is " + std::string(mode_name(asserted));
    if (out.contradicted) out.state.evidence += ", but " + detected.evidence;
    return out;
}

}  // namespace keyshift::domain
