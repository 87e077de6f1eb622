// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/ground.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.hpp"
#include "collectors/gateway_logs/levels.hpp"
#include "collectors/logs/field_test.hpp"

namespace keyshift::collectors {
namespace {

using domain::Event;
using formats::TracingLevel;

constexpr std::string_view kRule = "rule ";
constexpr std::string_view kReleaseWord = "release ";
constexpr std::string_view kAlive = "alive";
constexpr std::string_view kMatched = "matched";
constexpr std::size_t kLongestRelease = 100;

bool is_message(const FieldTest& test) {
    constexpr std::array<std::string_view, 5> kMessages{"message", "msg", "fields.message", "event", "text"};
    return std::ranges::find(kMessages, test.path) != kMessages.end();
}

bool counts_fallback(const LogRule& rule) {
    return rule.use != LogRule::Use::shows && !rule.by_reason &&
           (rule.event == Event::fallback || rule.event == Event::fallback_scan);
}

/// What rules and statements may count alike.
domain::Events told_by_statements() {
    domain::Events out;
    for (const Event event : {Event::fallback, Event::fallback_scan, Event::verification, Event::auth_attempt,
                              Event::failure_unknown_key})
        out.set(index_of(event));
    return out;
}

/// All that decides what the rule matches.
std::string whole_text(const LogRule& rule) {
    std::string out = std::string(domain::event_name(rule.event)) + " " + text_of(rule);
    if (rule.level) out += " at " + std::string(formats::tracing_level_name(*rule.level));
    for (const std::string& target : rule.targets) out += " of " + base::escape_unsafe(target);
    return out;
}

/// What stands before the next `end`, which is taken too; all of it where there is none.
std::string_view next_word(std::string_view& text, char end) {
    const std::size_t size = std::min(text.find(end), text.size());
    const std::string_view word = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    return word;
}

}  // namespace

std::string text_of(const LogRule& rule) {
    if (!rule.regex.empty()) return "regex \"" + base::escape_unsafe(rule.regex) + "\"";
    if (!rule.message.empty()) return "message \"" + base::escape_unsafe(rule.message) + "\"";
    std::string out;
    for (const FieldTest& test : rule.fields) {
        out += (out.empty() ? "fields " : ", ") + base::escape_unsafe(test.path) + ":";
        for (const std::string& text : test.texts) out += " \"" + base::escape_unsafe(text) + "\"";
    }
    return out;
}

GatewayLogGround::GatewayLogGround(const LogRules& rules, Aliveness aliveness, std::string of)
    : aliveness_(aliveness), of_(std::move(of)) {
    for (const LogRule& rule : rules) {
        Watch watch{.text = whole_text(rule),
                    .stated = rule.level,
                    .targets = rule.targets,
                    .tests = {},
                    .events = events_of(rule),
                    .fallback = counts_fallback(rule),
                    .remembered = (events_of(rule) & told_by_statements()).any()};
        watch.alive = aliveness == Aliveness::does_not_matter;
        std::ranges::copy_if(rule.fields, std::back_inserter(watch.tests),
                             [](const FieldTest& test) { return !is_message(test); });
        watches_.push_back(std::move(watch));
    }
    watches_.push_back({.text = "statements", .of_statements = true, .fallback = true, .remembered = true});
    settle();
}

void GatewayLogGround::statement(Statement seen, TracingLevel level) {
    Watch& watch = watches_.back();
    if (seen == Statement::known && watch.seen) return;
    if (seen == Statement::fallback && watch.matched && watch.seen) return;
    watch.matched = watch.matched || seen == Statement::fallback;
    watch.learned = level;
    see(watch);
    settle();
}

bool GatewayLogGround::shows(const Watch& watch, const LineKind& kind) {
    const auto level = watch.stated ? watch.stated : watch.learned;
    if (watch.stated || watch.matched) {
        // A rule of which no line shows a level is at work while there are such lines.
        if (kind.level.has_value() != level.has_value()) return false;
        if (level && *kind.level < *level) return false;
    }
    if (!has_target(kind.target, watch.targets)) return false;
    return std::ranges::all_of(watch.tests, [&](const FieldTest& test) {
        return kind.fields != nullptr && passes(test, *kind.fields);
    });
}

bool GatewayLogGround::is_waited_for(const Watch& watch) const {
    if (watch.of_statements && !watch.alive) return false;
    return watch.fallback && (watch.matched || !any_matched_);
}

void GatewayLogGround::see(Watch& watch) {
    watch.alive = true;
    watch.seen = true;
}

void GatewayLogGround::settle() {
    any_matched_ = std::ranges::any_of(watches_, [](const Watch& w) { return w.fallback && w.matched; });
    waits_ = std::ranges::any_of(watches_, [this](const Watch& w) {
        return !w.of_statements && (!w.alive || (is_waited_for(w) && !w.seen));
    });
    told_.reset();
    for (const Watch& watch : watches_)
        if (watch.matched) told_ |= watch.events & told_by_statements();
    // A rule tells which scans were uses: what it counts must not be counted once more as scans.
    if (told_.test(index_of(Event::fallback)))
        for (const Event event : {Event::fallback_scan, Event::fallback_scanned_key})
            told_.set(index_of(event));
}

void GatewayLogGround::line(const LineKind& kind) {
    bool changed = false;
    for (Watch& watch : watches_) {
        if (watch.of_statements || (watch.alive && (watch.seen || !is_waited_for(watch)))) continue;
        if (!shows(watch, kind)) continue;
        see(watch);
        changed = true;
    }
    if (changed) settle();
}

void GatewayLogGround::matched(std::size_t rule, const LineKind& kind) {
    Watch& watch = watches_.at(rule);
    const bool more_verbose = kind.level && (!watch.learned || *watch.learned < *kind.level);
    if (watch.matched && watch.seen && !more_verbose) return;
    if (more_verbose) watch.learned = kind.level;
    watch.matched = true;
    see(watch);
    settle();
}

void GatewayLogGround::began(std::string_view release) {
    release_ = base::escape_unsafe(release.substr(0, kLongestRelease));
}

domain::Ground GatewayLogGround::take() {
    domain::Ground out{.version = of_};
    bool any = false;
    bool all = true;
    for (const Watch& watch : watches_) {
        if (watch.fallback && !watch.of_statements) out.version += "; " + watch.text;
        if (!is_waited_for(watch)) continue;
        any = true;
        all = all && watch.seen;
    }
    if (!release_.empty()) out.version += "; release " + release_;
    out.at_work = any && all;
    if (!out.at_work) return out;
    for (Watch& watch : watches_) watch.seen = false;
    settle();
    return out;
}

std::string GatewayLogGround::memory() const {
    std::string out = release_.empty() ? std::string() : std::string(kReleaseWord) + release_ + "\n";
    for (const Watch& watch : watches_) {
        const bool matters = aliveness_ == Aliveness::matters || watch.of_statements
                                 ? watch.alive
                                 : watch.remembered && watch.matched;
        if (!matters) continue;
        out += std::string(kRule) + std::string(watch.matched ? kMatched : kAlive) + " ";
        out += watch.learned ? std::string(formats::tracing_level_name(*watch.learned)) : "-";
        out += " " + watch.text + "\n";
    }
    return out;
}

void GatewayLogGround::resume(std::string_view& text) {
    if (text.starts_with(kReleaseWord)) {
        text.remove_prefix(kReleaseWord.size());
        began(next_word(text, '\n'));
    }
    while (text.starts_with(kRule)) {
        text.remove_prefix(kRule.size());
        std::string_view line = next_word(text, '\n');
        const std::string_view how = next_word(line, ' ');
        const auto learned = formats::tracing_level_named(next_word(line, ' '));
        for (Watch& watch : watches_) {
            if (watch.text != line) continue;
            watch.alive = true;
            watch.matched = how == kMatched;
            watch.learned = learned;
        }
    }
    settle();
}

}  // namespace keyshift::collectors
