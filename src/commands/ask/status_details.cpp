// SPDX-License-Identifier: Apache-2.0
#include "commands/ask/status_details.hpp"

#include <cmath>
#include <cstdio>

#include "commands/ask/status_summary.hpp"
#include "commands/shared/verdict_text.hpp"
#include "domain/evidence/evidence.hpp"
#include "domain/findings.hpp"
#include "domain/phases/phase.hpp"
#include "domain/progress/inventory.hpp"

namespace keyshift::commands {
namespace {

using api::Status;
using domain::Phase;
using Entries = std::vector<StatusEntry>;

constexpr std::size_t kSource = 17;

/// Whole percents, and 100 only when all is done.
int percent(double share) {
    return static_cast<int>(std::floor(share * 100));
}

std::uint64_t number_of(const std::map<std::string, std::uint64_t>& counts, std::string_view name) {
    const auto found = counts.find(std::string(name));
    return found == counts.end() ? 0 : found->second;
}

// --- how far it is

/// What is removed, what is drained, and the rest.
std::string bar(const api::MigrationProgress& migration, const Terminal& terminal) {
    constexpr int kWidth = 40;
    const int removed = percent(migration.removed_ratio.value_or(0)) * kWidth / 100;
    const int drained = percent(migration.drained_ratio.value_or(0)) * kWidth / 100 - removed;
    const auto times = [](int count, char c) { return std::string(static_cast<std::size_t>(count), c); };
    return "[" + terminal.paint(Colour::good, times(removed, '#')) +
           terminal.paint(Colour::warning, times(drained, '+')) + times(kWidth - removed - drained, '.') +
           "]";
}

void add_progress(const Status& status, const Terminal& terminal, Entries& out) {
    const api::MigrationProgress& migration = *status.migration;
    if (!migration.state) return out.push_back({"Migration", "there has never been a legacy key"});
    out.push_back({"Migration", bar(migration, terminal) + " " + show_text(*migration.state, status.at)});
    std::string text = std::to_string(percent(migration.removed_ratio.value_or(0))) + " % removed, " +
                       std::to_string(percent(migration.drained_ratio.value_or(0))) +
                       " % removed or drained; " + std::to_string(migration.modern_keys) + " modern keys";
    if (migration.began) text += "; began " + show_time(*migration.began, status.at);
    out.push_back({"", text});
}

void add_forecast(const Status& status, Entries& out) {
    const api::MigrationProgress& migration = *status.migration;
    if (migration.legacy_keys == 0) return;
    if (!migration.eta_point) {
        return out.push_back(
            {"Forecast",
             "none yet: it needs three removals, a day, and 1 % of the keys, and a rate that is not zero"});
    }
    std::string text = "the last legacy key goes about " + show_time(*migration.eta_point, status.at);
    if (migration.eta_p50 && migration.eta_p85) {
        text += "; half of the simulations are done by " + show_time(*migration.eta_p50, status.at) +
                ", 85 % by " + show_time(*migration.eta_p85, status.at);
    }
    out.push_back({"Forecast", text});
}

void add_phase_table(const Status& status, const Terminal& terminal, Entries& out) {
    for (const Phase phase : domain::kPhases) {
        const std::uint64_t keys = number_of(status.phases, phase_name(phase));
        char number[24];
        std::snprintf(number, sizeof number, "%10llu", static_cast<unsigned long long>(keys));
        const std::string shown = pad(phase_name(phase), 15) + number + "  ";
        const std::string meaning(phase_meaning(phase));
        const std::string coloured = keys == 0              ? terminal.paint(Colour::quiet, shown + meaning)
                                     : is_locked_out(phase) ? terminal.paint(Colour::bad, shown) + meaning
                                                            : shown + meaning;
        out.push_back({phase == domain::kPhases.front() ? "Phases" : "", coloured});
        if (phase == Phase::retired_in_use && status.upgraded_unused > 0)
            out.push_back({"", pad("", 25) + "  " + std::to_string(status.upgraded_unused) +
                                   " of them upgraded, not used since"});
    }
}

void add_phase_line(const Status& status, const Terminal& terminal, Entries& out) {
    std::string text;
    for (const Phase phase : domain::kPhases) {
        const std::uint64_t keys = number_of(status.phases, phase_name(phase));
        if (keys == 0) continue;
        const std::string one = std::to_string(keys) + " " + std::string(phase_name(phase));
        text += (text.empty() ? "" : ", ") + (is_locked_out(phase) ? terminal.paint(Colour::bad, one) : one);
    }
    if (!text.empty()) out.push_back({"Phases", text});
    if (status.upgraded_unused > 0)
        out.push_back({"", std::to_string(status.upgraded_unused) + " of them upgraded, not used since"});
}

void add_use(const Status& status, Entries& out) {
    std::string text;
    for (const domain::UseWindow& window : domain::kUseWindows) {
        text += (text.empty() ? "" : ", ") + std::to_string(number_of(status.used, window.name)) +
                " within " + std::string(window.name);
    }
    out.push_back({"In use", "legacy keys: " + text});
}

// --- the gateway

void add_fallback(const Status& status, const Terminal& terminal, Entries& out) {
    const api::FallbackStatus& fallback = status.fallback;
    std::string text = show_text(fallback.mode, status.at);
    if (!fallback.because.empty()) text += ": " + show_text(fallback.because, status.at);
    if (fallback.contradicted) text += terminal.paint(Colour::bad, " (CONTRADICTED)");
    out.push_back({"Fallback", text});
    if (fallback.maybe_locked_out_since) {
        const std::string lockout =
            sentence(domain::PossibleLockout{fallback.maybe_locked_out, *fallback.maybe_locked_out_since});
        out.push_back({"", terminal.paint(Colour::bad, show_text(lockout, status.at))});
    }
    if (fallback.promotion_doubt)
        out.push_back({"", terminal.paint(Colour::warning, show_text(*fallback.promotion_doubt, status.at))});
}

std::string fallback_use(const api::FallbackStatus& status) {
    if (status.evidence.empty()) return "fallback hits: not counted yet";
    const std::string text = "fallback hits: " + std::to_string(status.hits) + " in all, " +
                             std::to_string(status.hits_24h) + " within 24h (by full hours), by " +
                             status.evidence;
    return status.evidence == domain::kLastUsed ? text + " (a lower bound)" : text;
}

/// The source that is an upper bound of the cache.
constexpr const char* kRedis = "redis";

std::string auth_cache(const api::CacheStatus& status) {
    if (!status.hit_ratio) {
        return status.evidence.empty() ? "auth cache: not measured"
                                       : "auth cache: no authentication counted yet";
    }
    const std::string text = "auth cache: " + std::to_string(percent(*status.hit_ratio)) + " % hits (" +
                             std::to_string(status.hits) + " hits, " + std::to_string(status.misses) +
                             " misses), by " + status.evidence;
    if (status.evidence == kRedis) return text + ": all reads of the instance, an upper bound";
    return status.redis_hits_unused ? text + "; Redis counts hits, but the gateway uses none of them" : text;
}

/// In the order in which metrics list the reasons.
std::string failures(const api::FailureStatus& status) {
    if (status.evidence.empty()) return "failures: not measured";
    std::string reasons;
    for (std::size_t i = 0; i < domain::kFailureReasons; ++i) {
        const std::string_view reason = event_label(after(domain::kFirstFailure, i));
        const std::uint64_t count = number_of(status.reasons, reason);
        if (count > 0)
            reasons += (reasons.empty() ? "" : ", ") + std::string(reason) + " " + std::to_string(count);
    }
    return "failures: " + std::to_string(status.failures) + " in all" +
           (reasons.empty() ? "" : " (" + reasons + ")") + ", " + std::to_string(status.failures_24h) +
           " within 24h (by full hours), by " + status.evidence;
}

void add_counted(const Status& status, Entries& out) {
    out.push_back({"Counted", show_text(fallback_use(status.fallback), status.at)});
    out.push_back({"", show_text(auth_cache(status.auth_cache), status.at)});
    out.push_back({"", show_text(failures(status.auth_failures), status.at)});
}

// --- sources

/// Of a log: what share of it nobody understands.
std::string odd_lines(const api::SourceReport& source) {
    if (source.lines_not_understood == 0) return {};
    const double share = static_cast<double>(source.lines_not_understood) / static_cast<double>(source.lines);
    return ", " + std::to_string(source.lines_not_understood) + " lines not understood (" +
           (share < 0.01 ? "below 1" : std::to_string(percent(share))) + " %)";
}

std::string source_text(const api::SourceReport& source, base::Time now, const Terminal& terminal) {
    const std::string name = pad(show_text(source.source, now), kSource);
    if (source.not_measured)
        return name + terminal.paint(Colour::quiet, "not measured: ") + show_text(*source.not_measured, now);
    const bool up = source.up.value_or(false);
    std::string text = name + (!source.up ? terminal.paint(Colour::quiet, "not read yet")
                               : up       ? terminal.paint(Colour::good, "up")
                                          : terminal.paint(Colour::bad, "down"));
    if (source.read_at) text += ", read " + show_distance(*source.read_at, now);
    if (source.watched_since) text += ", watched since " + show_time(*source.watched_since, now);
    if (!source.missing.empty()) text += ", without " + missing_parts(source, now);
    if (source.failure) text += ": " + show_text(*source.failure, now);
    return text + odd_lines(source);
}

bool is_troubled(const api::SourceReport& source) {
    return is_down(source) || !source.missing.empty();
}

enum class Which { troubled, sound };

void add_sources(const Status& status, Which which, const Terminal& terminal, Entries& out) {
    bool first = true;
    for (const api::SourceReport& source : status.sources) {
        if (is_troubled(source) != (which == Which::troubled)) continue;
        out.push_back({first ? "Sources" : "", source_text(source, status.at, terminal)});
        first = false;
    }
}

// --- the rest

std::string check_text(const api::CheckedItem& check, base::Time now, const Terminal& terminal) {
    std::string text = outcome_word(check, now, terminal) + " " + show_text(check.check, now) + ": " +
                       show_text(check.evidence, now);
    if (check.passes_at) text += "; passes " + show_time(*check.passes_at, now) + " if nothing else happens";
    return text;
}

/// Those that do not pass; what is not measured only where there is room for all.
void add_checks(const Status& status, Detail detail, const Terminal& terminal, Entries& out) {
    bool first = true;
    for (const api::CheckedItem& check : status.answer.checks) {
        const bool quiet = check.outcome == outcome_name(domain::CheckOutcome::not_measured);
        if (check.outcome == outcome_name(domain::CheckOutcome::pass) || (quiet && detail == Detail::fits))
            continue;
        out.push_back({first ? "Checks" : "", check_text(check, status.at, terminal)});
        first = false;
    }
}

/// Only where it is not the one of before: nobody may wonder where his numbers are.
void add_history(const Status& status, const Terminal& terminal, Entries& out) {
    if (status.history_begins_because.empty() || !status.history_begins) return;
    out.push_back({"History",
                   "since " + show_time(*status.history_begins, status.at) + ": " +
                       terminal.paint(Colour::warning, show_text(status.history_begins_because, status.at))});
}

}  // namespace

std::vector<StatusEntry> status_details(const Status& status, Detail detail, const Terminal& terminal) {
    Entries out;
    add_sources(status, Which::troubled, terminal, out);
    if (status.migration) add_progress(status, terminal, out);
    if (status.migration && detail == Detail::all) add_phase_table(status, terminal, out);
    if (status.migration && detail == Detail::fits) add_phase_line(status, terminal, out);
    add_history(status, terminal, out);
    if (status.answer.last_mark) out.push_back({"Marked", show_text(*status.answer.last_mark, status.at)});
    add_checks(status, detail, terminal, out);
    if (status.migration) add_fallback(status, terminal, out);
    add_counted(status, out);
    if (status.migration) add_forecast(status, out);
    if (status.migration) add_use(status, out);
    add_sources(status, Which::sound, terminal, out);
    return out;
}

}  // namespace keyshift::commands
