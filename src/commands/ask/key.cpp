// SPDX-License-Identifier: Apache-2.0
// keyshift key: everything known about one key, by whatever of it the operator has at hand.
#include <cstdio>

#include "api/archive.hpp"
#include "base/exit_code.hpp"
#include "base/utf8.hpp"
#include "commands/ask/known_keys.hpp"
#include "commands/commands.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/terminal.hpp"
#include "decisions/common.hpp"
#include "decisions/modern_key.hpp"
#include "decisions/owner_addresses.hpp"
#include "domain/phases/pairing.hpp"

namespace keyshift::commands {
namespace {

using api::KeyDetails;

std::string key_line(std::string_view label, const std::string& text) {
    return pad(label, 13) + text + "\n";
}

/// What the rules of the phase looked at.
std::string rule_text(const KeyDetails& key) {
    std::string text = "drain window " + key.drain_window;
    if (!key.longest_gap) {
        text += " (low confidence: fewer than two uses were seen)";
    } else {
        const auto gap = base::parse_duration(*key.longest_gap);
        const auto window = base::parse_duration(key.drain_window);
        const bool widened = gap && window && *window == 3 * *gap;
        text += widened ? " (three times its longest gap, " + *key.longest_gap + ")"
                        : " (longest gap " + *key.longest_gap + ")";
    }
    return std::string(key.used_within_drain_window ? "used" : "not used") + " within its " + text +
           "; dormant after " + key.dormant_after + "; fallback " + key.fallback;
}

std::string how_found(const std::string& rule) {
    if (rule == rule_name(domain::PairRule::pair)) return "an operator paired them";
    if (rule == rule_name(domain::PairRule::name)) return "same owner, same name";
    return "the owner's only other key: confirm it with `keyshift pair`, it alone is never SAFE";
}

std::string replacement_text(const std::optional<api::KeyReplacement>& found, base::Time now) {
    if (!found) return "none known";
    return base::escape_unsafe(found->id) + ", rule " + found->rule + " (" + how_found(found->rule) +
           "), recognised " + show_when(found->found_at, now) +
           (found->used_at ? ", found in use " + show_when(found->used_at, now) : ", not used yet");
}

std::string standing(const KeyDetails& key) {
    std::string text;
    const auto add = [&](bool is, const char* word) {
        if (is) text += (text.empty() ? "" : ", ") + std::string(word);
    };
    add(key.blocked, "blocked");
    add(key.over_budget, "over budget");
    add(key.expires_at && *key.expires_at <= key.at, "expired");
    return text.empty() ? "none" : text;
}

std::string owner_text(const KeyDetails& key, const std::optional<std::string>& email) {
    if (!key.owner) return "system";
    const std::string id = base::escape_unsafe(*key.owner);
    return email && *email != *key.owner ? base::escape_unsafe(*email) + " (" + id + ")" : id;
}

std::string origin_text(const KeyDetails& key, bool of_daemon) {
    if (!of_daemon)
        return "From one poll of the database at " + show_time(key.read_at.value_or(key.at)) +
               "; no daemon is running. Only `keyshift serve` sees what changes.";
    return key.read_at ? "From the running daemon, read " + show_distance(*key.read_at, key.at) + "."
                       : "From the running daemon.";
}

std::string describe(const KeyDetails& key, const std::optional<std::string>& email, bool of_daemon) {
    const base::Time now = key.at;
    std::string out = key_line("Key", base::escape_unsafe(key.id) + "  " + base::escape_unsafe(key.prefix));
    out += key_line("Name", key.name ? base::escape_unsafe(*key.name) : "unnamed");
    out += key_line("Owner", owner_text(key, email));
    out += key_line("Phase",
                    key.phase ? *key.phase + ": " + key.phase_means + "; since " + show_when(key.since, now)
                              : "not known before the next poll");
    if (key.phase && !key.gone_at) out += key_line("", rule_text(key));
    if (key.phase && !key.gone_at) out += key_line("Next step", key.next_step.value_or(""));
    out += key_line("Created", show_when(key.created_at, now));
    // What became of it as a modern key is not followed.
    const bool modern = key.gone_as == "upgraded";
    out += key_line("Last used", show_when(key.last_used_at, now) +
                                     (modern ? ", as far as it is followed: it is a modern key now" : ""));
    out += key_line("Expires", show_when(key.expires_at, now));
    out += key_line("Restrictions", standing(key));
    out += key_line("Replacement", replacement_text(key.replacement, now));
    bool first = true;
    for (const api::KeyEvent& event : key.history)
        out += key_line(std::exchange(first, false) ? "History" : "",
                        show_time(event.at) + "  " + base::escape_unsafe(event.text));
    return out + origin_text(key, of_daemon) + "\n";
}

std::string describe(const decisions::ModernKey& key) {
    std::string out = key_line("Key", base::escape_unsafe(key.id) + "  " + base::escape_unsafe(key.prefix));
    out += key_line("Name", key.name.empty() ? "unnamed" : base::escape_unsafe(key.name));
    out += key_line("Owner", key.owner.empty() ? "system" : base::escape_unsafe(key.owner));
    out += key_line("Phase", "none: it is a modern key, which is looked up by its hash");
    out += key_line("Created", show_when(key.key.created_at, key.now));
    out += key_line("Last used", show_when(key.key.last_used_at, key.now));
    out += key_line("Expires", show_when(key.key.expires_at, key.now));
    return out + key_line("Restrictions", key.key.blocked ? "blocked" : "none") +
           "From one poll of the database; keyshift follows legacy keys.\n";
}

/// Several keys may be meant.
int list_candidates(const api::KeyPage& page, const std::string& text) {
    std::string out = "keyshift: " + std::to_string(page.items.size()) + " keys may be meant by " +
                      base::escape_unsafe(text) + ":\n";
    for (const api::Key& key : page.items)
        out += "  " + base::escape_unsafe(key.id) + "  " + pad(key.phase.value_or("unknown"), 14) + "  " +
               pad(base::escape_unsafe(key.prefix), 12) + "  " +
               base::escape_unsafe(key.name.value_or("unnamed")) + "\n";
    std::fputs((out + "give the id of one of them\n").c_str(), stderr);
    return base::kUsage;
}

/// No legacy key, living or gone: a modern one, where the database may be asked.
int try_modern(const Asker& asker, const std::string& text) {
    if (asker.is_complete() && keys_collector(asker.loaded.config)) {
        const auto modern = decisions::find_modern(asker.loaded.config, text);
        if (modern) {
            std::fputs(describe(*modern).c_str(), stdout);
            return base::kOk;
        }
    }
    return print_error(decisions::unknown_key(text)), base::kUsage;
}

}  // namespace

int run_key(const KeyCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    KnownKeys known(*asker);
    const auto named = known.named(command.id);
    if (!named) return print_error(named.error()), base::exit_code(named.error());
    if (const auto* const page = std::get_if<api::KeyPage>(&*named)) {
        if (command.json && !page->items.empty())
            return std::fputs(api::ArchiveWriter::document(*page).c_str(), stdout), base::kUsage;
        return page->items.empty() ? try_modern(*asker, command.id) : list_candidates(*page, command.id);
    }
    const auto& key = std::get<KeyDetails>(*named);
    if (command.json) return std::fputs(api::ArchiveWriter::document(key).c_str(), stdout), base::kOk;
    const auto email = key.owner && asker->is_complete()
                           ? decisions::owner_address(asker->loaded.config, *key.owner)
                           : std::nullopt;
    std::fputs(describe(key, email, known.of_daemon()).c_str(), stdout);
    return base::kOk;
}

}  // namespace keyshift::commands
