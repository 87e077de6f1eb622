// SPDX-License-Identifier: Apache-2.0
#include "collectors/access/failures.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/ascii.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using domain::Event;

constexpr std::string_view kNoKeyFailure = "none";

auto answer_of(const FailureRule& rule) {
    return std::tie(rule.status, rule.bytes);
}

/// What the status alone says.
std::optional<Event> reason_of(unsigned status) {
    if (status == 401) return Event::failure_other;
    if (status == 403) return Event::failure_forbidden;
    if (status == 429) return Event::failure_rate_limited;
    return std::nullopt;
}

std::optional<Event> request_of(unsigned status) {
    if (status < 100 || status >= FailureTable::kStatuses) return std::nullopt;
    if (status < 400) return Event::request_success;
    return status < 500 ? Event::request_client_error : Event::request_server_error;
}

std::string reason_names() {
    std::string out;
    for (std::size_t i = 0; i < domain::kFailureReasons; ++i)
        out += std::string(event_label(domain::after(domain::kFirstFailure, i))) + ", ";
    return out + std::string(kNoKeyFailure);
}

Result<std::optional<Event>> parse_reason(std::string_view text) {
    if (text == kNoKeyFailure) return std::optional<Event>();
    const auto event = domain::event_named("failure_" + std::string(text));
    if (event) return event;
    return Error{Errc::config, "is not a reason", "use one of " + reason_names()};
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
    std::uint64_t value = 0;
    constexpr std::size_t kMostDigits = 18;
    const bool digits = std::ranges::all_of(text, base::is_digit);
    if (!digits || text.empty() || text.size() > kMostDigits)
        return Error{Errc::config, "is not a number of bytes", "give it as the log writes it, such as 15"};
    for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
    return value;
}

FailureRule read_rule(config::OptionsReader& item) {
    for (const char* const key : {"status", "reason"})
        if (!item.has(key))
            item.problem(key, "is not given", "write {status: 401, bytes: 15, reason: unknown_key}");
    FailureRule rule;
    rule.status =
        static_cast<unsigned>(item.integer("status", 401, {.min = 200, .max = FailureTable::kStatuses - 1}));
    rule.bytes = item.parsed_or_null<std::uint64_t>("bytes", std::nullopt, "null", parse_bytes);
    rule.reason = item.parsed<std::optional<Event>>("reason", Event::failure_other, "null", parse_reason);
    return rule;
}

}  // namespace

FailureRules read_failure_rules(config::OptionsReader& options) {
    FailureRules rules;
    for (config::OptionsReader& item : options.sections("failures")) {
        const FailureRule rule = read_rule(item);
        const auto same = [&](const FailureRule& other) { return answer_of(other) == answer_of(rule); };
        if (item.has("status") && std::ranges::any_of(rules, same))
            item.problem("status", "stands for an answer that has a reason already", "remove one of the two");
        rules.push_back(rule);
    }
    return rules;
}

FailureTable::FailureTable(const FailureRules& rules) : may_fail_(kStatuses) {
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule)
        if (find(rule->status, rule->bytes) == nullptr)
            rules_.insert(std::ranges::lower_bound(rules_, answer_of(*rule), {}, answer_of), *rule);
    for (unsigned status = 0; status < kStatuses; ++status)
        may_fail_[status] =
            reason_of(status).has_value() ||
            std::ranges::any_of(rules_, [&](const auto& rule) { return rule.status == status; });
}

const FailureRule* FailureTable::find(unsigned status, std::optional<std::uint64_t> bytes) const {
    const auto found = std::ranges::lower_bound(rules_, std::tie(status, bytes), {}, answer_of);
    return found != rules_.end() && answer_of(*found) == std::tie(status, bytes) ? &*found : nullptr;
}

Outcome FailureTable::outcome(unsigned status, std::optional<std::uint64_t> bytes) const {
    if (!may_fail(status)) return {.request = request_of(status)};
    const FailureRule* rule = bytes ? find(status, bytes) : nullptr;
    if (rule == nullptr) rule = find(status, std::nullopt);
    const auto reason = rule != nullptr ? rule->reason : reason_of(status);
    Outcome out{.request = request_of(status), .reason = reason, .by_status_alone = rule == nullptr};
    if (status == 429) {
        out.request = Event::request_rate_limited;
    } else if (reason) {
        out.request = Event::request_auth_failure;
    }
    return out;
}

domain::Events FailureTable::reasons() const {
    domain::Events out;
    for (const unsigned status : {401U, 403U, 429U}) out.set(index_of(*reason_of(status)));
    for (const FailureRule& rule : rules_)
        if (rule.reason) out.set(index_of(*rule.reason));
    return out;
}

}  // namespace keyshift::collectors
