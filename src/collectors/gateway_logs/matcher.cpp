// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/matcher.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "collectors/gateway_logs/levels.hpp"
#include "collectors/logs/field_test.hpp"
#include "collectors/shared/event_option.hpp"
#include "collectors/shared/own_requests.hpp"

namespace keyshift::collectors {
namespace {

using domain::Event;

/// The groups, in this order.
const std::vector<std::string>& group_names() {
    static const std::vector<std::string> names{"key_id", "client", "reason", "release"};
    return names;
}
constexpr std::size_t kKeyGroup = 0;
constexpr std::size_t kClient = 1;
constexpr std::size_t kReasonGroup = 2;
constexpr std::size_t kReleaseGroup = 3;

/// What the text must begin with for the rule to fit; empty: nothing.
std::string beginning_of(const LogRule& rule) {
    return rule.regex.empty() ? rule.message : formats::beginning_of_matches(rule.regex);
}

std::vector<std::size_t> begun(const LogRules& rules) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (!beginning_of(rules[i]).empty()) out.push_back(i);
    return out;
}

std::vector<std::size_t> searched(const LogRules& rules) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (!rules[i].regex.empty() && beginning_of(rules[i]).empty()) out.push_back(i);
    return out;
}

std::vector<std::size_t> fielded(const LogRules& rules) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (rules[i].regex.empty() && rules[i].message.empty()) out.push_back(i);
    return out;
}

template <class Text>
std::vector<std::string> texts(const LogRules& rules, const std::vector<std::size_t>& of, const Text& text) {
    std::vector<std::string> out;
    for (const std::size_t rule : of) out.push_back(text(rules[rule]));
    return out;
}

std::string regex_of(const LogRule& rule) {
    return rule.regex;
}

/// The UUID at the beginning of `text`, or nothing.
std::string_view leading_uuid(std::string_view text) {
    constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() < kShape.size()) return {};
    for (std::size_t i = 0; i < kShape.size(); ++i)
        if (kShape[i] == '-' ? text[i] != '-' : base::hex_digit(text[i]) < 0) return {};
    if (text.size() > kShape.size() && base::is_alphanumeric(text[kShape.size()])) return {};
    return text.substr(0, kShape.size());
}

/// A UUID in small letters, as the database writes it; other ids as they stand.
void add_use(domain::KeyUses& uses, std::string_view id, base::Time at) {
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'F'; };
    if (std::ranges::none_of(id, is_capital) || leading_uuid(id).size() != id.size()) return uses.add(id, at);
    std::string small(id);
    for (char& c : small)
        if (is_capital(c)) c = static_cast<char>(c - 'A' + 'a');
    uses.add(small, at);
}

base::Time time_of(const MatchedText& line, base::Time now) {
    return std::min(base::parse_rfc3339(line.parsed.time).value_or(now), now);
}

}  // namespace

GatewayLogMatcher::GatewayLogMatcher(LogRules rules, const ClientOptions& clients, std::string canary)
    : rules_(std::move(rules)),
      begun_(begun(rules_)),
      searched_(searched(rules_)),
      fielded_(fielded(rules_)),
      beginnings_(texts(rules_, begun_, beginning_of)),
      expressions_(texts(rules_, searched_, regex_of), group_names()),
      confirming_(texts(rules_, begun_, regex_of), group_names()),
      clients_(clients),
      canary_(std::move(canary)),
      ever_fitted_(rules_.size()) {}

void GatewayLogMatcher::begins(std::size_t literal, const MatchedText& line, LogTally& tally) {
    const LogRule& rule = rules_[begun_[literal]];
    Groups groups{};
    if (!rule.regex.empty()) {
        if (!confirming_.match(literal, line.parsed.message, groups)) return;
    } else if (rule.key_follows) {
        groups[kKeyGroup] = leading_uuid(line.parsed.message.substr(rule.message.size()));
    }
    fits(rule, line, groups, tally);
}

void GatewayLogMatcher::search(const MatchedText& line, LogTally& tally) {
    for (const formats::LineExpressions::Match& match : expressions_.matches(line.parsed.message))
        fits(rules_[searched_[match.index]], line, match.groups, tally);
}

void GatewayLogMatcher::test_fields(const MatchedText& line, LogTally& tally) {
    for (const std::size_t rule : fielded_) fits(rules_[rule], line, {}, tally);
}

void GatewayLogMatcher::fits(const LogRule& rule, const MatchedText& line, const Groups& groups,
                             LogTally& tally) {
    if (!has_target(line.parsed.target, rule.targets)) return;
    for (const FieldTest& test : rule.fields)
        if (line.fields == nullptr || !passes(test, *line.fields)) return;
    const Event event = rule.by_reason ? failure_named(groups[kReasonGroup]) : rule.event;
    seen_.set(index_of(event));
    fitted_.push_back(static_cast<std::size_t>(&rule - rules_.data()));
    ever_fitted_[fitted_.back()] = true;
    if (!groups[kReleaseGroup].empty()) release_ = groups[kReleaseGroup];
    if (rule.use == LogRule::Use::shows) return;
    const bool own = may_hold_own(line.line) && is_own_line(line.line);
    if (own || (!canary_.empty() && groups[kKeyGroup] == canary_)) {
        if (!own_in_line_.test(index_of(event))) ++tally.own.at(index_of(event));
        own_in_line_.set(index_of(event));
        return;
    }
    const bool is_failure = index_of(event) - index_of(domain::kFirstFailure) < domain::kFailureReasons;
    if (!is_failure && !groups[kKeyGroup].empty())
        add_use(tally.uses, groups[kKeyGroup], time_of(line, tally.now));
    if (in_line_.test(index_of(event))) return;
    in_line_.set(index_of(event));
    ++tally.events.at(index_of(event));
    if (is_failure) fail(event, groups, time_of(line, tally.now), tally);
}

void GatewayLogMatcher::fail(Event event, const Groups& groups, base::Time at, LogTally& tally) {
    const ClientName& client = clients_.name(groups[kClient]);
    if (groups[kKeyGroup].empty()) {
        tally.failures.add(event, client.shown, {}, {}, at);
    } else {
        tally.failures.add(
            event, domain::client_with_key(client.shown, base::escape_unsafe(groups[kKeyGroup])), {}, {}, at);
    }
    if (client.hash) tally.clients.add(event, *client.hash, at);
}

}  // namespace keyshift::collectors
