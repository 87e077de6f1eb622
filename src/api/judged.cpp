// SPDX-License-Identifier: Apache-2.0
#include "api/judged.hpp"

#include <utility>

namespace keyshift::api {
namespace {

constexpr base::Duration kShortWindow = std::chrono::hours{24};

Answer answer_of(const domain::Judgement& judgement, const domain::Policy& policy) {
    Answer out;
    out.verdict = verdict_name(judgement.verdict);
    out.earliest_safe = judgement.earliest_safe;
    for (const domain::Check check : judgement.not_measured())
        out.not_measured.emplace_back(check_name(check));
    for (const domain::CheckResult& result : judgement.checks) {
        out.checks.push_back({std::string(check_name(result.check)),
                              std::string(outcome_name(result.outcome)), result.evidence, result.passes_at});
    }
    // Keys are seldom used around the clock: a shorter silence is no sign of anything.
    if (policy.windows.drain < kShortWindow) {
        out.caveats.push_back("judged by a drain window of " + base::format_duration(policy.windows.drain) +
                              ", shorter than a day");
    }
    return out;
}

std::string some(std::uint64_t count, const char* noun) {
    return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

/// With an absent fallback the question has answered itself, unless that is not certain.
std::optional<std::string> nothing_to_remove(const domain::Model& model,
                                             const domain::Assessment& assessment) {
    const domain::FallbackJudgement& fallback = assessment.fallback;
    const bool absent = fallback.state.mode == domain::FallbackMode::absent && !fallback.contradicted;
    if (!absent || !model.keys || assessment.judgement.verdict == domain::Verdict::unknown)
        return std::nullopt;
    if (const std::uint64_t out = domain::locked_out_keys(model.keys->migration.tally.phases); out > 0)
        return some(out, "key") + (out == 1 ? " is" : " are") +
               " locked out: the gateway accepts no legacy key any more";
    const std::uint64_t keys = model.keys->inventory.legacy_keys;
    const std::uint64_t owners = model.keys->inventory.legacy_owners;
    std::string out = "nothing to remove: the gateway accepts no legacy key; ";
    if (keys == 0) return out + "none is left";
    out += some(keys, "key") + (owners == 0 ? "" : " of " + some(owners, "owner"));
    return out + (keys == 1 ? " is cut off" : " are cut off");
}

}  // namespace

Judged judged(const domain::Model& model, const domain::Assessment& assessment, base::Time now,
              std::string_view from) {
    Judged out;
    out.at = now;
    if (model.keys) out.read_at = model.keys->migration.polled_at;
    out.from = from;
    out.answer = answer_of(assessment.judgement, model.policy);
    out.answer.headline = nothing_to_remove(model, assessment);
    if (!model.marks.last.empty()) out.answer.last_mark = model.marks.last;
    return out;
}

void make_unknown(Judged& judged, std::string reason) {
    judged.answer.verdict = verdict_name(domain::Verdict::unknown);
    judged.answer.reason = std::move(reason);
    judged.answer.earliest_safe.reset();
    judged.answer.headline.reset();
}

void compare(Judged& judged, const Configuration& asked) {
    if (!judged.configuration) return;
    judged.differences = differences(*judged.configuration, asked);
    if (judged.differences.empty()) return;
    std::string settings;
    for (const Difference& difference : judged.differences)
        settings += (settings.empty() ? "" : ", ") + difference.setting;
    make_unknown(judged, "the configuration differs: " + judged.differences.front().says +
                             " and the running daemon do not agree on " + settings +
                             "; by the daemon's the verdict would be " + judged.answer.verdict);
}

domain::Verdict verdict_of(const Answer& answer) {
    for (const domain::Verdict verdict :
         {domain::Verdict::safe, domain::Verdict::not_yet, domain::Verdict::unsafe})
        if (answer.verdict == verdict_name(verdict)) return verdict;
    return domain::Verdict::unknown;
}

}  // namespace keyshift::api
