// SPDX-License-Identifier: Apache-2.0
// keyshift status: how far the migration is, on one screen.
#include "api/status.hpp"

#include <cmath>
#include <cstdio>

#include "base/exit_code.hpp"
#include "base/utf8.hpp"
#include "commands/commands.hpp"
#include "commands/shared/judged_document.hpp"
#include "commands/shared/terminal.hpp"
#include "commands/shared/verdict_text.hpp"
#include "domain/evidence/evidence.hpp"
#include "domain/findings.hpp"
#include "domain/phases/phase.hpp"
#include "domain/progress/inventory.hpp"

namespace keyshift::commands {
namespace {

using api::Status;
using domain::Phase;

constexpr Resource<Status> kStatus{"/api/v1/status", api::decode_status, api::status};
constexpr std::size_t kLabel = 11;
constexpr std::size_t kSource = 17;

std::string status_line(std::string_view label, const std::string& text) {
    return pad(label, kLabel) + text + "\n";
}

/// Whole percents, and 100 only when all is done.
int percent(double share) {
    return static_cast<int>(std::floor(share * 100));
}

std::uint64_t number_of(const std::map<std::string, std::uint64_t>& counts, std::string_view name) {
    const auto found = counts.find(std::string(name));
    return found == counts.end() ? 0 : found->second;
}

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

std::string phases(const Status& status, const Terminal& terminal) {
    std::string out;
    for (const Phase phase : domain::kPhases) {
        const std::uint64_t keys = number_of(status.phases, phase_name(phase));
        const bool alarm = phase == Phase::stranded || phase == Phase::retired_in_use;
        char number[24];
        std::snprintf(number, sizeof number, "%10llu", static_cast<unsigned long long>(keys));
        const std::string shown = pad(phase_name(phase), 15) + number + "  ";
        const std::string colour =
            keys == 0 ? terminal.paint(Colour::quiet, shown + std::string(phase_meaning(phase)))
            : alarm   ? terminal.paint(Colour::bad, shown) + std::string(phase_meaning(phase))
                      : shown + std::string(phase_meaning(phase));
        out += status_line(out.empty() ? "Phases" : "", colour);
        if (phase == Phase::retired_in_use && status.upgraded_unused > 0)
            out += status_line("", pad("", 25) + "  " + std::to_string(status.upgraded_unused) +
                                       " of them upgraded, not used since");
    }
    return out;
}

std::string progress(const api::MigrationProgress& migration, const Terminal& terminal) {
    if (!migration.state) return status_line("Migration", "there has never been a legacy key");
    std::string out = status_line("Migration", bar(migration, terminal) + " " + *migration.state);
    out += status_line("", std::to_string(percent(migration.removed_ratio.value_or(0))) + " % removed, " +
                               std::to_string(percent(migration.drained_ratio.value_or(0))) +
                               " % removed or drained; " + std::to_string(migration.legacy_keys) + " of " +
                               std::to_string(migration.baseline) + " legacy keys are left, " +
                               std::to_string(migration.modern_keys) + " modern ones");
    std::string dates;
    if (migration.began) dates = "began " + show_time(*migration.began);
    if (migration.deadline)
        dates += (dates.empty() ? "" : ", ") + std::string("deadline ") + show_time(*migration.deadline);
    return dates.empty() ? out : out + status_line("", dates);
}

std::string forecast(const api::MigrationProgress& migration) {
    if (migration.legacy_keys == 0) return "";
    if (!migration.eta_point) {
        return status_line(
            "Forecast",
            "none yet: it needs three removals, a day, and 1 % of the keys, and a rate that is not zero");
    }
    std::string text = "the last legacy key goes about " + show_time(*migration.eta_point);
    if (migration.eta_p50 && migration.eta_p85) {
        text += "; half of the simulations are done by " + show_time(*migration.eta_p50) + ", 85 % by " +
                show_time(*migration.eta_p85);
    }
    return status_line("Forecast", text);
}

std::string use(const Status& status) {
    std::string text;
    for (const domain::UseWindow& window : domain::kUseWindows) {
        text += (text.empty() ? "" : ", ") + std::to_string(number_of(status.used, window.name)) +
                " within " + std::string(window.name);
    }
    return status_line("In use", "legacy keys: " + text);
}

std::string fallback(const api::FallbackStatus& status, const Terminal& terminal) {
    std::string text = status.mode;
    if (!status.because.empty()) text += ": " + status.because;
    if (status.contradicted) text += terminal.paint(Colour::bad, " (CONTRADICTED)");
    std::string out = status_line("Fallback", text);
    if (status.maybe_locked_out_since) {
        const std::string lockout =
            sentence(domain::PossibleLockout{status.maybe_locked_out, *status.maybe_locked_out_since});
        out += status_line("", terminal.paint(Colour::bad, lockout));
    }
    if (status.promotion_doubt)
        out += status_line("", terminal.paint(Colour::warning, *status.promotion_doubt));
    return out;
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

std::string counted(const Status& status) {
    return status_line("Counted", fallback_use(status.fallback)) +
           status_line("", auth_cache(status.auth_cache)) + status_line("", failures(status.auth_failures));
}

std::string missing_parts(const api::SourceReport& source) {
    if (source.missing.empty()) return {};
    return ", without " + base::escape_unsafe(source.missing.front()) +
           (source.missing.size() > 1 ? " and " + std::to_string(source.missing.size() - 1) + " more" : "");
}

/// Of a log: what share of it nobody understands.
std::string odd_lines(const api::SourceReport& source) {
    if (source.lines_not_understood == 0) return {};
    const double share = static_cast<double>(source.lines_not_understood) / static_cast<double>(source.lines);
    return ", " + std::to_string(source.lines_not_understood) + " lines not understood (" +
           (share < 0.01 ? "below 1" : std::to_string(percent(share))) + " %)";
}

std::string source_text(const api::SourceReport& source, base::Time now, const Terminal& terminal) {
    if (source.not_measured) return terminal.paint(Colour::quiet, "not measured: ") + *source.not_measured;
    const bool up = source.up.value_or(false);
    std::string text = terminal.paint(up ? Colour::good : Colour::bad, up ? "up" : "down");
    if (source.read_at) text += ", read " + show_distance(*source.read_at, now);
    if (source.watched_since) text += ", watched since " + show_time(*source.watched_since);
    if (source.failure) text += ": " + *source.failure;
    return text + missing_parts(source) + odd_lines(source);
}

std::string sources(const Status& status, const Terminal& terminal) {
    std::string out;
    for (const api::SourceReport& source : status.sources) {
        out += status_line(out.empty() ? "Sources" : "",
                           pad(source.source, kSource) + source_text(source, status.at, terminal));
    }
    return out;
}

/// Only where it is not the one of before: nobody may wonder where his numbers are.
std::string history(const Status& status, const Terminal& terminal) {
    if (status.history_begins_because.empty() || !status.history_begins) return {};
    return status_line(
        "History", "since " + show_time(*status.history_begins) + ": " +
                       terminal.paint(Colour::warning, base::escape_unsafe(status.history_begins_because)));
}

std::string verdict(const Status& status, const Terminal& terminal) {
    std::string out = status_line("Verdict", verdict_line(status, terminal));
    for (const api::CheckedItem& check : status.answer.checks) {
        if (check.outcome == outcome_name(domain::CheckOutcome::pass) ||
            check.outcome == outcome_name(domain::CheckOutcome::not_measured))
            continue;
        out += status_line("", check_line(check, terminal));
    }
    return out;
}

std::string as_text(const Status& status) {
    const Terminal terminal;
    std::string out;
    if (status.migration) {
        out = progress(*status.migration, terminal) + forecast(*status.migration) +
              fallback(status.fallback, terminal) + counted(status) + use(status) + "\n" +
              phases(status, terminal) + "\n";
    } else {
        out = status_line("Migration", "the key table has not been read yet") + counted(status) + "\n";
    }
    return out + verdict(status, terminal) + "\n" + sources(status, terminal) + history(status, terminal) +
           terminal.paint(Colour::quiet, origin_line(status)) + "\n";
}

}  // namespace

int run_status(const StatusCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    const auto [status, unread] = obtain(*asker, kStatus);
    print_differences(status);
    if (unread) {
        print_error({unread->code, *status.answer.reason, {}});
        return print_error(*unread), base::exit_code(*unread);
    }
    const std::string text = command.json ? encode(status) : as_text(status);
    std::fputs(text.c_str(), stdout);
    return base::kOk;
}

}  // namespace keyshift::commands
