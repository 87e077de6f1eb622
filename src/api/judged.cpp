// SPDX-License-Identifier: Apache-2.0
#include "api/judged.hpp"

#include <utility>

namespace keyshift::api {
namespace {

using domain::Verdict;

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

}  // namespace

Judged judged(const domain::Model& model, const domain::Judgement& judgement, base::Time now,
              std::string_view from) {
    Judged out;
    out.at = now;
    if (model.keys) out.read_at = model.keys->migration.polled_at;
    out.from = from;
    out.answer = answer_of(judgement, model.policy);
    return out;
}

void make_unknown(Judged& judged, std::string reason) {
    judged.answer.verdict = verdict_name(Verdict::unknown);
    judged.answer.reason = std::move(reason);
    judged.answer.earliest_safe.reset();
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

Verdict verdict_of(const Answer& answer) {
    for (const Verdict verdict : {Verdict::safe, Verdict::not_yet, Verdict::unsafe})
        if (answer.verdict == verdict_name(verdict)) return verdict;
    return Verdict::unknown;
}

}  // namespace keyshift::api
