// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/counter_rules.hpp"

#include <algorithm>
#include <utility>

#include "collectors/shared/event_option.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using domain::Event;

Result<std::optional<Event>> parse_event(std::string_view text) {
    return collectors::parse_event(text, counted_by_gateways(), "a gateway counts");
}

/// Other than metric{label="value"}, which nothing is called.
Result<std::string> parse_metric(std::string_view text) {
    if (text.find_first_of("{}\"= \t") == std::string_view::npos) return std::string(text);
    return Error{Errc::config, "is not the name of a metric", "give what stands in {} as labels"};
}

CounterRule read_rule(config::OptionsReader& item) {
    CounterRule rule;
    for (const char* const key : {"event", "metric"})
        if (!item.has(key)) item.problem(key, "is not given", "write {event: fallback, metric: NAME}");
    const auto event = item.parsed<std::optional<Event>>("event", Event::fallback, "null", parse_event);
    rule.event = event.value_or(Event::failure_other);
    rule.metric = item.parsed<std::string>("metric", "", "null", parse_metric);
    rule.labels = item.named_texts("labels");
    if (!event) {
        rule.reason_label = item.text("reason_label", "reason");
    } else if (!item.optional_text("reason_label").empty()) {
        item.problem("reason_label", "belongs to the event auth_failure alone",
                     "remove it, or use event: auth_failure");
    }
    return rule;
}

}  // namespace

CounterRules read_counter_rules(config::OptionsReader& options) {
    CounterRules rules;
    for (config::OptionsReader& item : options.sections("counters")) rules.push_back(read_rule(item));
    return rules;
}

domain::Events events_of(const CounterRule& rule) {
    if (!rule.reason_label.empty()) return domain::failures();
    domain::Events events;
    events.set(index_of(rule.event));
    return events;
}

domain::Events events_of(const CounterRules& rules) {
    domain::Events events;
    for (const CounterRule& rule : rules) events |= events_of(rule);
    return events;
}

std::string text_of(const CounterRule& rule) {
    std::string labels;
    for (const config::NamedTexts& label : rule.labels) {
        std::string values;
        for (const std::string& value : label.texts) values += (values.empty() ? "" : "|") + value;
        labels += (labels.empty() ? "" : ",") + label.name + "=\"" + values + "\"";
    }
    return labels.empty() ? rule.metric : rule.metric + "{" + labels + "}";
}

std::string scope_of(const CounterRules& rules) {
    std::string out;
    for (const CounterRule& rule : rules) {
        const bool by_reason = !rule.reason_label.empty();
        out += text_of(rule) + " " +
               (by_reason ? "by " + rule.reason_label : std::string(domain::event_name(rule.event))) + "\n";
    }
    return out;
}

}  // namespace keyshift::collectors
