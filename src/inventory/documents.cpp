// SPDX-License-Identifier: Apache-2.0
#include "inventory/documents.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "domain/assess.hpp"
#include "domain/phases/phase.hpp"
#include "report/next_step.hpp"

namespace keyshift::inventory {
namespace {

using base::Result;
using domain::Phase;
using store::KeyHistory;

constexpr std::size_t kMostCandidates = 20;

std::optional<std::string> text_or_none(const std::optional<std::string_view>& text) {
    return text ? std::optional(std::string(*text)) : std::nullopt;
}

base::Duration gap_of(const KeyHistory& history) {
    return std::chrono::seconds{history.memory.longest_gap};
}

bool used_within_window(const KeyHistory& history, const JudgedBy& by) {
    const auto used = history.key.last_used_at;
    return used && *used > by.now - domain::drain_window(gap_of(history), by.windows.drain);
}

std::optional<std::string> next_step(const KeyHistory& history, const JudgedBy& by) {
    if (!history.memory.phase) return std::nullopt;
    report::KeyPhase phase;
    phase.phase = *history.memory.phase;
    if (history.pairing) phase.rule = history.pairing->rule;
    phase.use_upgrades = by.promotes_in_place && by.fallback != domain::FallbackMode::absent;
    phase.used = used_within_window(history, by);
    const std::string_view text = report::next_step(phase).one;
    return text.empty() ? std::nullopt : std::optional("this " + std::string(text));
}

std::optional<api::KeyReplacement> replacement(const std::optional<store::Pairing>& pairing) {
    if (!pairing) return std::nullopt;
    return api::KeyReplacement{pairing->replacement, std::string(rule_name(pairing->rule)), pairing->at,
                               pairing->used_at};
}

void fill(api::Key& out, const KeyHistory& history, bool acknowledged, const JudgedBy& by) {
    const domain::Key& key = history.key;
    out.id = history.id;
    out.name = text_or_none(key.name);
    out.prefix = history.prefix;
    out.owner = text_or_none(key.owner);
    if (history.memory.phase) {
        out.phase = phase_name(*history.memory.phase);
        out.since = base::Time{std::chrono::seconds{history.memory.since}};
    }
    out.created_at = key.created_at;
    out.last_used_at = key.last_used_at;
    out.expires_at = key.expires_at;
    out.blocked = key.blocked;
    out.over_budget = key.over_budget;
    out.acknowledged = acknowledged;
    out.first_seen_at = history.first_seen_at;
    out.gone_at = history.gone_at;
    if (history.gone_at) out.gone_as = history.memory.upgraded ? "upgraded" : "removed";
    out.replacement = replacement(history.pairing);
    out.next_step = next_step(history, by);
}

std::set<std::string> acknowledged_ids(const store::Decisions& decisions) {
    std::set<std::string> out;
    for (const store::Acknowledgement& ack : decisions.acknowledgements) out.insert(ack.id);
    return out;
}

/// In words that hold for this key, where those of the phase say less.
std::string_view meaning(const KeyHistory& history, Phase phase) {
    if (phase == Phase::pending && history.pairing)
        return "a new key was made and is not in use, and the old one is not either";
    if (phase == Phase::retired_in_use && history.memory.upgraded)
        return "upgraded, not used since: someone may be locked out, or its next use proves the upgrade";
    if (phase == Phase::retired_in_use)
        return history.memory.beside
                   ? "deleted while one client used it beside its replacement: someone is probably locked out"
                   : "deleted while in use: someone is probably locked out";
    if (phase == Phase::stranded && history.memory.beside)
        return "was used beside its replacement when its format stopped working: one of its clients fails "
               "now";
    return phase_meaning(phase);
}

api::KeyEvent key_event(const store::Event& event) {
    std::string text = event.kind;
    std::replace(text.begin(), text.end(), '_', ' ');
    if (event.was && event.phase)
        text += ": " + std::string(phase_name(*event.was)) + " -> " + std::string(phase_name(*event.phase));
    if (!event.detail.empty()) text += ": " + event.detail;
    return {event.at, event.kind, text};
}

std::vector<api::KeyEvent> events_of(const KeyHistory& history, const store::Decisions& decisions) {
    std::vector<api::KeyEvent> out{{history.first_seen_at, "first_seen", "first seen"}};
    for (const store::Event& event : history.events) out.push_back(key_event(event));
    if (history.gone_at) {
        const std::string how = history.memory.upgraded ? "upgraded" : "gone";
        out.push_back({*history.gone_at, how, how});
    }
    for (const store::OperatorPair& pair : decisions.pairs)
        if (pair.legacy == history.id)
            out.push_back({pair.at, "operator_pair", "paired with " + pair.replacement + " by " + pair.by});
    for (const store::Acknowledgement& ack : decisions.acknowledgements)
        if (ack.id == history.id)
            out.push_back({ack.at, "acknowledged",
                           "acknowledged by " + ack.by + (ack.note.empty() ? "" : ": " + ack.note)});
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    return out;
}

}  // namespace

std::vector<api::FailureSource> logs_of_failures(const domain::Model& model) {
    using domain::Signal;
    std::vector<api::FailureSource> out;
    for (const std::string_view name : evidence_order(model.policy.known_sources, Signal::auth_failures)) {
        const std::string source(name);
        const auto promised = model.policy.measurable.find(source);
        if (promised == model.policy.measurable.end() || (promised->second & domain::failures()).none())
            continue;
        if (model.logs.count(source) == 0) continue;
        const auto status = model.sources.find(source);
        api::FailureSource log{source, {}};
        if (status != model.sources.end()) log.read_at = status->second.last_success_at;
        const bool followed = model.evidence.of(Signal::auth_failures).evidence == source;
        out.insert(followed ? out.begin() : out.end(), std::move(log));
    }
    return out;
}

JudgedBy JudgedBy::of(const domain::Model& model, base::Time now) {
    JudgedBy by;
    by.now = now;
    by.windows = model.policy.windows;
    by.promotes_in_place = model.policy.promotes_in_place;
    const auto source = model.sources.find(std::string(domain::kKeysSource));
    if (source != model.sources.end()) by.read_at = source->second.last_success_at;
    by.failure_logs = logs_of_failures(model);
    if (!model.keys) return by;
    const domain::Migration& migration = model.keys->migration;
    by.fallback = with_assertion(migration.detected, model.policy.asserted, migration.evidence).state.mode;
    return by;
}

Result<api::KeyPage> keys_of_rows(store::State& state, const std::vector<std::uint32_t>& rows,
                                  const JudgedBy& by) {
    const auto decisions = state.load_decisions();
    if (!decisions) return decisions.error();
    const auto histories = state.load_rows(rows);
    if (!histories) return histories.error();
    const std::set<std::string> acknowledged = acknowledged_ids(*decisions);
    api::KeyPage page;
    page.read_at = by.read_at;
    page.total = histories->size();
    for (const auto& history : *histories)
        fill(page.items.emplace_back(), *history, acknowledged.count(history->id) > 0, by);
    return page;
}

Result<api::KeyPage> key_page(store::State& state, const KeyIndex& index, const KeyQuery& query,
                              const JudgedBy& by) {
    const KeySelection selection = select(index, query);
    auto page = keys_of_rows(state, selection.rows, by);
    if (!page) return page;
    page->total = selection.total;
    if (!selection.next.empty()) page->next = selection.next;
    return page;
}

std::vector<std::uint32_t> rows_named(const KeyIndex& index, std::string_view text) {
    if (text.empty()) return {};
    auto rows = index.with_id(text, kMostCandidates);
    return rows.empty() ? index.called(text, kMostCandidates) : rows;
}

Result<std::optional<api::KeyDetails>> key_details(store::State& state, std::string_view id,
                                                   const JudgedBy& by) {
    const auto history = state.load_key(id);
    if (!history) return history.error();
    if (!*history) return std::optional<api::KeyDetails>();
    const auto decisions = state.load_decisions();
    if (!decisions) return decisions.error();
    const KeyHistory& key = **history;
    api::KeyDetails out;
    fill(out, key, acknowledged_ids(*decisions).count(key.id) > 0, by);
    out.at = by.now;
    out.read_at = by.read_at;
    if (key.memory.phase) out.phase_means = meaning(key, *key.memory.phase);
    out.drain_window = base::format_duration(domain::drain_window(gap_of(key), by.windows.drain));
    if (key.memory.longest_gap != 0) out.longest_gap = base::format_duration(gap_of(key));
    out.used_within_drain_window = used_within_window(key, by);
    out.dormant_after = base::format_duration(by.windows.dormant);
    out.fallback = mode_name(by.fallback);
    out.history = events_of(key, *decisions);
    return std::optional(std::move(out));
}

}  // namespace keyshift::inventory
