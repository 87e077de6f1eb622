// SPDX-License-Identifier: Apache-2.0
// keyshift key ID: everything known about one legacy key.
#include <algorithm>
#include <cstdio>

#include "base/exit_code.hpp"
#include "base/utf8.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/owner_email.hpp"
#include "commands/shared/snapshot.hpp"
#include "commands/shared/terminal.hpp"
#include "commands/shared/verdict_text.hpp"
#include "domain/assess.hpp"
#include "domain/phases/phase.hpp"
#include "report/next_step.hpp"

namespace keyshift::commands {
namespace {

using store::KeyHistory;

std::string key_line(std::string_view label, const std::string& text) {
    return pad(label, 13) + text + "\n";
}

base::Time from_seconds(std::uint32_t seconds) {
    return base::Time{std::chrono::seconds{seconds}};
}

/// Within its own drain window.
bool is_used(const KeyHistory& history, const domain::Model& model, base::Time now) {
    const base::Duration gap = std::chrono::seconds{history.memory.longest_gap};
    const auto used = history.key.last_used_at;
    return used && *used > now - domain::drain_window(gap, model.policy.windows.drain);
}

/// What the rules of the phase looked at.
std::string rule_text(const KeyHistory& history, const domain::Model& model, base::Time now) {
    const domain::Windows& windows = model.policy.windows;
    const base::Duration gap = std::chrono::seconds{history.memory.longest_gap};
    const base::Duration window = domain::drain_window(gap, windows.drain);
    std::string text = "drain window " + base::format_duration(window);
    text += history.memory.longest_gap == 0 ? " (low confidence: fewer than two uses were seen)"
            : window > windows.drain ? " (three times its longest gap, " + base::format_duration(gap) + ")"
                                     : " (longest gap " + base::format_duration(gap) + ")";
    const domain::Migration& migration = model.keys->migration;
    const std::string_view mode =
        mode_name(with_assertion(migration.detected, model.policy.asserted, migration.evidence).state.mode);
    return std::string(is_used(history, model, now) ? "used" : "not used") + " within its " + text +
           "; dormant after " + base::format_duration(windows.dormant) + "; fallback " + std::string(mode);
}

std::string replacement_text(const KeyHistory& history, base::Time now) {
    if (!history.pairing) return "none known";
    const store::Pairing& pairing = *history.pairing;
    std::string how;
    if (pairing.rule == domain::PairRule::pair) how = "an operator paired them";
    if (pairing.rule == domain::PairRule::name) how = "same owner, same name";
    if (pairing.rule == domain::PairRule::owner)
        how = "the owner's only other key: confirm it with `keyshift pair`, it alone is never SAFE";
    return base::escape_unsafe(pairing.replacement) + ", rule " + std::string(rule_name(pairing.rule)) +
           " (" + how + "), recognised " + show_when(pairing.at, now) +
           (pairing.used_at ? ", found in use " + show_when(pairing.used_at, now) : ", not used yet");
}

std::string event_text(const store::Event& event) {
    std::string text = event.kind;
    std::replace(text.begin(), text.end(), '_', ' ');
    if (event.was && event.phase)
        text += ": " + std::string(phase_name(*event.was)) + " -> " + std::string(phase_name(*event.phase));
    if (!event.detail.empty()) text += ": " + base::escape_unsafe(event.detail);
    return text;
}

std::string history_text(const KeyHistory& history, const store::Decisions& decisions) {
    std::vector<std::pair<base::Time, std::string>> lines{{history.first_seen_at, "first seen"}};
    for (const store::Event& event : history.events) lines.emplace_back(event.at, event_text(event));
    if (history.gone_at) lines.emplace_back(*history.gone_at, history.memory.upgraded ? "upgraded" : "gone");
    for (const store::OperatorPair& pair : decisions.pairs) {
        if (pair.legacy != history.id) continue;
        lines.emplace_back(pair.at, "paired with " + base::escape_unsafe(pair.replacement) + " by " +
                                        base::escape_unsafe(pair.by));
    }
    for (const store::Acknowledgement& ack : decisions.acknowledgements) {
        if (ack.id != history.id) continue;
        lines.emplace_back(ack.at, "acknowledged by " + base::escape_unsafe(ack.by) +
                                       (ack.note.empty() ? "" : ": " + base::escape_unsafe(ack.note)));
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string out;
    for (const auto& [at, text] : lines)
        out += key_line(out.empty() ? "History" : "", show_time(at) + "  " + text);
    return out;
}

std::string standing(const KeyHistory& history, base::Time now) {
    std::string text;
    const auto add = [&](bool is, const char* word) {
        if (is) text += (text.empty() ? "" : ", ") + std::string(word);
    };
    add(history.key.blocked, "blocked");
    add(history.key.over_budget, "over budget");
    add(history.key.expires_at && *history.key.expires_at <= now, "expired");
    return text.empty() ? "none" : text;
}

/// In words that hold for this key, where those of the phase say less.
std::string phase_text(const KeyHistory& history, domain::Phase phase) {
    using domain::Phase;
    std::string_view means = phase_meaning(phase);
    if (phase == Phase::pending && history.pairing)
        means = "a new key was made and is not in use, and the old one is not either";
    if (phase == Phase::retired_in_use && history.memory.upgraded)
        means = "upgraded, not used since: someone may be locked out, or its next use proves the upgrade";
    if (phase == Phase::retired_in_use && !history.memory.upgraded)
        means =
            history.memory.beside
                ? "deleted while one client used it beside its replacement: someone is probably locked out"
                : "deleted while in use: someone is probably locked out";
    if (phase == Phase::stranded && history.memory.beside)
        means =
            "was used beside its replacement when its format stopped working: one of its clients fails now";
    return std::string(phase_name(phase)) + ": " + std::string(means);
}

std::string owner_text(const KeyHistory& history, const std::optional<std::string>& email) {
    if (!history.key.owner) return "system";
    const std::string id = base::escape_unsafe(history.owner);
    return email && *email != history.owner ? base::escape_unsafe(*email) + " (" + id + ")" : id;
}

/// As `keyshift report` says it of several keys. Empty: nothing is to be done about a row that has gone.
std::string next_step_text(const KeyHistory& history, const domain::Model& model, base::Time now) {
    report::KeyPhase phase;
    phase.phase = *history.memory.phase;
    if (history.pairing) phase.rule = history.pairing->rule;
    const domain::Migration& migration = model.keys->migration;
    const auto fallback =
        with_assertion(migration.detected, model.policy.asserted, migration.evidence).state.mode;
    phase.use_upgrades = model.policy.promotes_in_place && fallback != domain::FallbackMode::absent;
    phase.used = is_used(history, model, now);
    const std::string_view text = report::next_step(phase).one;
    return text.empty() ? std::string() : "this " + std::string(text);
}

std::string describe(const KeyHistory& history, const std::optional<std::string>& email,
                     const Snapshot& snapshot, const store::Decisions& decisions) {
    const base::Time now = snapshot.now;
    const domain::Key& key = history.key;
    const auto phase = history.memory.phase;
    std::string out =
        key_line("Key", base::escape_unsafe(history.id) + "  " + base::escape_unsafe(history.prefix));
    out += key_line("Name", key.name ? base::escape_unsafe(history.name) : "unnamed");
    out += key_line("Owner", owner_text(history, email));
    out += key_line("Phase", phase ? phase_text(history, *phase) + "; since " +
                                         show_when(from_seconds(history.memory.since), now)
                                   : "not known before the next poll");
    if (phase && is_live(*phase)) out += key_line("", rule_text(history, snapshot.model, now));
    if (phase && is_live(*phase)) out += key_line("Next step", next_step_text(history, snapshot.model, now));
    out += key_line("Created", show_when(key.created_at, now));
    // What became of it as a modern key is not followed.
    const bool modern = history.gone_at && history.memory.upgraded;
    out += key_line("Last used", show_when(key.last_used_at, now) +
                                     (modern ? ", as far as it is followed: it is a modern key now" : ""));
    out += key_line("Expires", show_when(key.expires_at, now));
    out += key_line("Restrictions", standing(history, now));
    out += key_line("Replacement", replacement_text(history, now));
    return out + history_text(history, decisions) + origin_line(snapshot) + "\n";
}

}  // namespace

int run_key(const KeyCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return base::kConfig;
    const auto snapshot = take_snapshot(*config);
    if (!snapshot) return print_error(snapshot.error()), base::exit_code(snapshot.error());
    const auto history = snapshot->state->load_key(command.id);
    if (!history) return print_error(history.error()), base::exit_code(history.error());
    if (!*history) return print_error(unknown_key(command.id)), base::kUsage;
    const auto decisions = snapshot->state->load_decisions();
    if (!decisions) return print_error(decisions.error()), base::exit_code(decisions.error());
    const auto email = (*history)->key.owner ? owner_email(*config, (*history)->owner) : std::nullopt;
    std::fputs(describe(**history, email, *snapshot, *decisions).c_str(), stdout);
    return base::kOk;
}

}  // namespace keyshift::commands
