// SPDX-License-Identifier: Apache-2.0
// keyshift status: how far the migration is, on one screen.
#include <cmath>
#include <cstdio>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/exit_code.hpp"
#include "app/picture.hpp"
#include "app/terminal.hpp"
#include "app/verdict_text.hpp"
#include "base/utf8.hpp"
#include "domain/assess.hpp"
#include "domain/evidence_facts.hpp"

namespace keyshift::app {
namespace {

using domain::Assessment;
using domain::Model;
using domain::Phase;
using namespace std::chrono_literals;

constexpr std::size_t kLabel = 11;
constexpr std::size_t kSource = 17;

std::string line(std::string_view label, const std::string& text) {
    return pad(label, kLabel) + text + "\n";
}

/// Whole percents, and 100 only when all is done.
int percent(double share) {
    return static_cast<int>(std::floor(share * 100));
}

/// What is removed, what is drained, and the rest.
std::string bar(const Assessment& assessment, const Terminal& terminal) {
    constexpr int kWidth = 40;
    const int removed = percent(assessment.removed_ratio.value_or(0)) * kWidth / 100;
    const int drained = percent(assessment.drained_ratio.value_or(0)) * kWidth / 100 - removed;
    const auto times = [](int count, char c) { return std::string(static_cast<std::size_t>(count), c); };
    return "[" + terminal.paint(Colour::good, times(removed, '#')) +
           terminal.paint(Colour::warning, times(drained, '+')) + times(kWidth - removed - drained, '.') +
           "]";
}

std::string phases(const Model& model, const Terminal& terminal) {
    std::string out;
    for (const Phase phase : domain::kPhases) {
        const std::uint64_t keys = count_of(model.keys->migration.tally.phases, phase);
        const bool alarm = phase == Phase::stranded || phase == Phase::retired_in_use;
        char number[24];
        std::snprintf(number, sizeof number, "%10llu", static_cast<unsigned long long>(keys));
        const std::string shown = pad(phase_name(phase), 15) + number + "  ";
        const std::string colour =
            keys == 0 ? terminal.paint(Colour::quiet, shown + std::string(phase_meaning(phase)))
            : alarm   ? terminal.paint(Colour::bad, shown) + std::string(phase_meaning(phase))
                      : shown + std::string(phase_meaning(phase));
        out += line(out.empty() ? "Phases" : "", colour);
    }
    return out;
}

std::string progress(const Model& model, const Assessment& assessment, const Terminal& terminal) {
    if (!assessment.removed_ratio) return line("Migration", "there has never been a legacy key");
    std::string out =
        line("Migration", bar(assessment, terminal) + " " + std::string(state_name(*assessment.state)));
    out += line("", std::to_string(percent(*assessment.removed_ratio)) + " % removed, " +
                        std::to_string(percent(*assessment.drained_ratio)) + " % removed or drained; " +
                        std::to_string(model.keys->inventory.legacy_keys) + " of " +
                        std::to_string(model.keys->inventory.baseline) + " legacy keys are left, " +
                        std::to_string(model.keys->inventory.modern_keys) + " modern ones");
    std::string dates;
    if (const auto start = model.migration_start()) dates = "began " + show_time(*start);
    if (const auto deadline = model.policy.deadline)
        dates += (dates.empty() ? "" : ", ") + std::string("deadline ") + show_time(*deadline);
    return dates.empty() ? out : out + line("", dates);
}

std::string forecast(const domain::Forecast& forecast) {
    if (!forecast.point) return line("Forecast", "none: too little was removed lately to tell");
    std::string text = "the last legacy key goes about " + show_time(*forecast.point);
    if (forecast.p50 && forecast.p85) {
        text += "; half of the simulations are done by " + show_time(*forecast.p50) + ", 85 % by " +
                show_time(*forecast.p85);
    }
    return line("Forecast", text);
}

std::string use(const domain::Inventory& inventory) {
    std::string text;
    for (std::size_t i = 0; i < domain::kUseWindows.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(inventory.used.at(i)) + " within " +
                std::string(domain::kUseWindows.at(i).name);
    }
    return line("In use", "legacy keys: " + text);
}

std::string fallback(const domain::FallbackJudgement& judgement, const Terminal& terminal) {
    std::string text(mode_name(judgement.state.mode));
    if (!judgement.state.evidence.empty()) text += ": " + judgement.state.evidence;
    if (judgement.contradicted) text += terminal.paint(Colour::bad, " (CONTRADICTED)");
    return line("Fallback", text);
}

std::uint64_t total(const Model& model, domain::Event event) {
    return model.evidence.totals.at(index_of(event));
}

std::string by(const Model& model, domain::Signal signal) {
    return ", by " + model.evidence.of(signal).evidence;
}

std::string fallback_use(const Model& model, base::Time now) {
    const std::string& evidence = model.evidence.of(domain::Signal::fallback).evidence;
    if (evidence.empty()) return "fallback hits: not counted yet";
    std::string text = "fallback hits: " + std::to_string(total(model, domain::Event::fallback)) +
                       " in all, " +
                       std::to_string(model.evidence.hourly.since(domain::kHourlyFallback, now - 24h)) +
                       " within 24h" + by(model, domain::Signal::fallback);
    return evidence == domain::kLastUsed ? text + " (a lower bound)" : text;
}

std::string auth_cache(const Model& model) {
    const auto ratio = cache_hit_ratio(model);
    const std::string& evidence = model.evidence.of(domain::Signal::auth_cache).evidence;
    if (!ratio)
        return evidence.empty() ? "auth cache: not measured" : "auth cache: no authentication counted yet";
    std::string text = "auth cache: " + std::to_string(percent(*ratio)) + " % hits (" +
                       std::to_string(total(model, domain::Event::auth_cache_hit)) + " hits, " +
                       std::to_string(total(model, domain::Event::auth_cache_miss)) + " misses)" +
                       by(model, domain::Signal::auth_cache);
    if (evidence == "redis") return text + ": all reads of the instance, an upper bound";
    const auto redis = model.evidence.sources.find("redis");
    const bool misled = redis != model.evidence.sources.end() && *ratio == 0 &&
                        redis->second.totals.at(index_of(domain::Event::redis_hit)) > 0;
    return misled ? text + "; Redis counts hits, but the gateway uses none of them" : text;
}

std::string failures(const Model& model, base::Time now) {
    const bool measured = can_be_measured(model, domain::Signal::auth_failures);
    if (!measured || model.evidence.of(domain::Signal::auth_failures).evidence.empty())
        return "failures: not measured";
    std::string reasons;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < domain::kFailureReasons; ++i) {
        const domain::Event event = after(domain::kFirstFailure, i);
        sum += total(model, event);
        if (total(model, event) == 0) continue;
        reasons += (reasons.empty() ? "" : ", ") + std::string(event_label(event)) + " " +
                   std::to_string(total(model, event));
    }
    return "failures: " + std::to_string(sum) + " in all" + (reasons.empty() ? "" : " (" + reasons + ")") +
           ", " + std::to_string(model.evidence.hourly.since(domain::kHourlyFailures, now - 24h)) +
           " within 24h" + by(model, domain::Signal::auth_failures);
}

std::string counted(const Model& model, base::Time now) {
    return line("Counted", fallback_use(model, now)) + line("", auth_cache(model)) +
           line("", failures(model, now));
}

std::string missing_parts(const Model& model, const std::string& source) {
    const auto counts = model.evidence.sources.find(source);
    if (counts == model.evidence.sources.end() || counts->second.missing.empty()) return {};
    const auto& missing = counts->second.missing;
    return "without " + base::visible(missing.front()) +
           (missing.size() > 1 ? " and " + std::to_string(missing.size() - 1) + " more" : "");
}

/// Of a log: what share of it nobody understands.
std::string odd_lines(const Model& model, const std::string& source) {
    const auto log = model.logs.find(source);
    if (log == model.logs.end()) return {};
    const domain::LogLines& lines = log->second.lines;
    const std::uint64_t odd = lines.unparsed + lines.oversized;
    if (odd == 0) return {};
    const auto all = static_cast<double>(odd + lines.matched + lines.skipped);
    const double share = static_cast<double>(odd) / all;
    return std::to_string(odd) + " lines not understood (" +
           (share < 0.01 ? "below 1" : std::to_string(percent(share))) + " %)";
}

std::string sources(const Model& model, base::Time now, const Terminal& terminal) {
    std::string out;
    for (const auto& [name, status] : model.sources) {
        const bool up = status.up.value_or(false);
        if (!status.not_measured.empty()) {
            out += line(
                out.empty() ? "Sources" : "",
                pad(name, kSource) + terminal.paint(Colour::quiet, "not measured: ") + status.not_measured);
            continue;
        }
        std::string text =
            pad(name, kSource) + terminal.paint(up ? Colour::good : Colour::bad, up ? "up" : "down");
        if (status.last_success_at) text += ", read " + show_distance(*status.last_success_at, now);
        if (status.observation_start) text += ", watched since " + show_time(*status.observation_start);
        if (const std::string missing = missing_parts(model, name); !missing.empty()) text += ", " + missing;
        if (const std::string odd = odd_lines(model, name); !odd.empty()) text += ", " + odd;
        out += line(out.empty() ? "Sources" : "", text);
    }
    return out;
}

std::string verdict(const domain::Judgement& judgement, base::Time now, const Terminal& terminal) {
    std::string out = line("Verdict", verdict_line(judgement, now, terminal));
    for (const domain::CheckResult& result : judgement.checks) {
        if (result.outcome == domain::CheckOutcome::pass ||
            result.outcome == domain::CheckOutcome::not_measured)
            continue;
        out += line("", check_line(result, terminal));
    }
    return out;
}

}  // namespace

int run_status(const StatusCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return kConfig;
    const auto picture = take_picture(*config);
    if (!picture) return print_error(picture.error()), exit_code(picture.error());
    const Terminal terminal;
    const Model& model = picture->model;
    const Assessment assessment = assess(model, picture->now);
    const std::string text =
        progress(model, assessment, terminal) + forecast(model.keys->migration.forecast) +
        fallback(assessment.fallback, terminal) + counted(model, picture->now) + use(model.keys->inventory) +
        "\n" + phases(model, terminal) + "\n" + verdict(assessment.judgement, picture->now, terminal) + "\n" +
        sources(model, picture->now, terminal) + terminal.paint(Colour::quiet, origin_line(*picture)) + "\n";
    std::fputs(text.c_str(), stdout);
    return kOk;
}

}  // namespace keyshift::app
