// SPDX-License-Identifier: Apache-2.0
#include "decisions/pair.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"
#include "decisions/common.hpp"

namespace keyshift::decisions {
namespace {

using base::Errc;
using base::Error;
using base::Result;

std::vector<std::string> doubts_of(const store::KeyHistory& old, const ModernKey& modern) {
    std::vector<std::string> out;
    const auto doubt = [&out](bool there, const char* what) {
        if (there) out.emplace_back(what);
    };
    const domain::Key& key = modern.key;
    doubt(old.owner != modern.owner, "the two keys have different owners");
    doubt(key.blocked, "the new key is blocked");
    doubt(key.expires_at && *key.expires_at <= modern.now, "the new key has expired");
    doubt(key.over_budget, "the new key is over its budget");
    doubt(key.created_at && old.key.created_at && *key.created_at < *old.key.created_at,
          "the new key is older than the old one");
    return out;
}

Result<std::optional<store::OperatorPair>> said_of(store::State& state, const std::string& legacy) {
    const auto decisions = state.load_decisions();
    if (!decisions) return decisions.error();
    for (const store::OperatorPair& pair : decisions->pairs)
        if (pair.legacy == legacy) return std::optional(pair);
    return std::optional<store::OperatorPair>();
}

}  // namespace

Result<PlannedPair> plan_pair(const config::Config& config, store::State& state, const std::string& legacy,
                              const std::string& replacement, base::Duration longest) {
    auto old = state.load_key(legacy);
    if (!old) return old.error();
    if (!*old) return unknown_key(legacy);
    auto modern = find_modern(config, replacement, longest);
    if (!modern) return modern.error();
    auto before = said_of(state, legacy);
    if (!before) return before.error();
    auto doubts = doubts_of(**old, *modern);
    return PlannedPair{*std::move(old), *std::move(modern), std::move(doubts), *std::move(before)};
}

Result<void> save_pair(store::State& state, const PlannedPair& plan, const std::string& by) {
    const auto at = decision_time(state);
    if (!at) return at.error();
    auto transaction = state.begin_decision();
    if (!transaction) return transaction.error();
    transaction->decide(store::OperatorPair{plan.old->id, plan.modern.id, *at, by});
    return transaction->commit();
}

Result<store::OperatorPair> plan_unpair(store::State& state, const std::string& legacy) {
    auto before = said_of(state, legacy);
    if (!before) return before.error();
    if (*before) return **std::move(before);
    return Error{Errc::usage, "no operator has paired key " + base::escape_unsafe(legacy),
                 "see its replacement, and by which rule it was found: keyshift key ID"};
}

Result<void> save_unpair(store::State& state, const std::string& legacy) {
    auto transaction = state.begin_decision();
    if (!transaction) return transaction.error();
    transaction->undo_pair(legacy);
    return transaction->commit();
}

}  // namespace keyshift::decisions
