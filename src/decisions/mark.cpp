// SPDX-License-Identifier: Apache-2.0
#include "decisions/mark.hpp"

#include <algorithm>
#include <utility>

#include "domain/evidence_facts.hpp"
#include "domain/model.hpp"
#include "journal/judging.hpp"
#include "journal/saved_evidence.hpp"

namespace keyshift::decisions {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Time;
using domain::FailureCounts;
using domain::Mark;
using domain::MarkKind;

/// Also those that have not been read yet: what they miss nobody else need see.
std::vector<FailureCounts> sources_of_failures(const config::Config& config, const domain::Model& model) {
    std::vector<FailureCounts> out = failure_counts(model);
    const auto configured = config.types();
    std::erase_if(out, [&](const FailureCounts& one) { return configured.count(one.source) == 0; });
    for (const std::string& name : configured) {
        const bool known =
            std::any_of(out.begin(), out.end(), [&](const FailureCounts& one) { return one.source == name; });
        if (!known && may_count_failures(model, name)) out.push_back({name});
    }
    return out;
}

Result<Moment> moment_of(const config::Config& config, store::State& state) {
    auto model = journal::load_counted(state);
    if (!model) return model.error();
    model->policy = journal::judging(config);
    const Time now = base::now();
    return Moment{now, now - model->skew, sources_of_failures(config, *model)};
}

Error refused(const domain::MarkRefusal& refusal) {
    return {Errc::usage, "nothing was marked: " + refusal.what, refusal.remedy};
}

}  // namespace

std::string as_word(std::string_view kind) {
    std::string out(kind);
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

std::string said(MarkKind kind) {
    if (kind == MarkKind::cutover) return "The fallback is off for good";
    return kind == MarkKind::brownout_begin ? "A brownout has begun: the fallback is off for a while"
                                            : "The brownout has ended: the fallback is on again";
}

Result<void> set_mark(const config::Config& config, store::State& state, MarkKind kind, const std::string& by,
                      const std::string& note, Deed deed, const std::function<void(const Moment&)>& show) {
    auto transaction = state.begin_decision();
    if (!transaction) return transaction.error();
    const auto marks = state.load_marks();
    if (!marks) return marks.error();
    const auto now = moment_of(config, state);
    if (!now) return now.error();
    if (const auto refusal = refuse_mark(*marks, kind, now->at)) return refused(*refusal);
    show(*now);
    if (deed == Deed::previewed) return {};
    const auto until = kind == MarkKind::cutover
                           ? std::optional(now->host_at + journal::judging(config).windows.drain)
                           : std::nullopt;
    transaction->set_mark({0, kind, now->at, now->host_at, by, note}, until, now->sources);
    return transaction->commit();
}

Result<void> take_back_mark(const config::Config& config, store::State& state, MarkKind kind,
                            std::optional<std::int64_t> id, Deed deed,
                            const std::function<void(const Mark&, const Moment&)>& show) {
    auto transaction = state.begin_decision();
    if (!transaction) return transaction.error();
    const auto marks = state.load_marks();
    if (!marks) return marks.error();
    if (const auto refusal = refuse_removal(*marks, kind)) return refused(*refusal);
    const Mark& last = marks->back();
    if (id && last.id != *id)
        return refused({"only the last mark of all can be taken back", "take back those behind it first"});
    const auto now = moment_of(config, state);
    if (!now) return now.error();
    show(last, *now);
    if (deed == Deed::previewed) return {};
    transaction->remove_mark(last, now->at);
    return transaction->commit();
}

}  // namespace keyshift::decisions
