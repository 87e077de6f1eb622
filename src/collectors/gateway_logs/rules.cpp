// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/rules.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "collectors/shared/event_option.hpp"
#include "formats/lines/expressions.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using domain::Event;
using formats::TracingLevel;

constexpr const char* kReason = "reason";

/// What a gateway's log can tell.
domain::Events told_by_logs() {
    domain::Events events = counted_by_gateways();
    for (const Event event :
         {Event::verification, Event::fallback_scan, Event::key_used, Event::gateway_started})
        events.set(index_of(event));
    return events;
}

Result<std::optional<Event>> parse_event(std::string_view text) {
    return collectors::parse_event(text, told_by_logs(), "a gateway's log tells");
}

Result<std::string> parse_message(std::string_view text) {
    if (text.find('\n') != std::string_view::npos)
        return Error{Errc::config, "has several lines", "give what stands at the beginning of one"};
    return std::string(text);
}

Result<std::optional<TracingLevel>> parse_level(std::string_view text) {
    const auto level = formats::tracing_level_named(text);
    if (!level) return Error{Errc::config, "is no level", "use one of error, warn, info, debug, trace"};
    return level;
}

Result<std::string> parse_regex(std::string_view text) {
    const auto names = formats::check_expression(std::string(text));
    if (!names) return names.error();
    for (const std::string& name : *names)
        if (name != kReason && name != "key_id" && name != "client" && name != "release")
            return Error{Errc::config, "has a group named " + name + ", which nothing reads",
                         "name groups key_id, client, reason or release, or write (?:...)"};
    return std::string(text);
}

bool names_group(const std::string& regex, std::string_view name) {
    const auto names = formats::check_expression(regex);
    return names && std::ranges::find(*names, name) != names->end();
}

struct Given {
    bool message;
    bool regex;
    bool fields;
};

/// What a rule must and must not have, by the format.
void check(config::OptionsReader& item, const LogRule& rule, LogFormat format, Given given) {
    const bool is_json = format == LogFormat::json;
    const bool has_fields = is_json || format == LogFormat::tracing_json;
    const bool is_tracing = format == LogFormat::tracing_text || format == LogFormat::tracing_json;
    if (!item.has("event")) item.problem("event", "is not given", "write {event: fallback, message: TEXT}");
    if (given.message && is_json)
        item.problem("message", "is none of a json line's", "test the field: fields: {message: 'TEXT*'}");
    if (given.fields && !has_fields)
        item.problem("fields", "belongs to the formats json and tracing_json", "use message or regex");
    if (given.message && given.regex) item.problem("regex", "comes beside message", "give one of them");
    if (!given.message && !given.regex && !given.fields)
        item.problem("", "fits every line", is_json ? "give fields or regex" : "give message or regex");
    if (rule.by_reason && given.regex && !names_group(rule.regex, kReason))
        item.problem("regex", "has no group named reason", "write the reason as (?P<reason>[a-z_]+)");
    if (rule.by_reason && !given.regex)
        item.problem("event", "wants a reason",
                     "give a regex with a group (?P<reason>...), or event failure_...");
    if (item.has("target") && !is_tracing)
        item.problem("target", "belongs to the formats tracing_text and tracing_json", "remove it");
}

LogRule read_rule(config::OptionsReader& item, LogFormat format) {
    LogRule rule;
    const auto event = item.parsed<std::optional<Event>>("event", Event::fallback, "null", parse_event);
    rule.by_reason = !event;
    rule.event = event.value_or(Event::failure_other);
    rule.message = item.parsed<std::string>("message", "", "null", parse_message);
    rule.regex = item.parsed<std::string>("regex", "", "null", parse_regex);
    for (config::NamedTexts& field : item.named_texts("fields"))
        rule.fields.push_back({std::move(field.name), std::move(field.texts)});
    rule.level = item.parsed<std::optional<TracingLevel>>("level", std::nullopt, "null", parse_level);
    rule.targets = item.optional_list_of_text("target");
    check(item, rule, format, {item.has("message"), item.has("regex"), item.has("fields")});
    return rule;
}

}  // namespace

LogRules read_log_rules(config::OptionsReader& options, LogFormat format) {
    LogRules rules;
    for (config::OptionsReader& item : options.sections("rules")) rules.push_back(read_rule(item, format));
    return rules;
}

domain::Events events_of(const LogRule& rule) {
    if (rule.by_reason) return domain::failures();
    domain::Events events;
    if (rule.use != LogRule::Use::shows) events.set(index_of(rule.event));
    return events;
}

domain::Events events_of(const LogRules& rules) {
    domain::Events events;
    for (const LogRule& rule : rules)
        if (rule.use == LogRule::Use::counts) events |= events_of(rule);
    return events;
}

}  // namespace keyshift::collectors
