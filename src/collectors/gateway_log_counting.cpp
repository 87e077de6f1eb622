// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_log_counting.hpp"

#include <string_view>
#include <utility>

namespace keyshift::collectors {
namespace {

using Aliveness = GatewayLogGround::Aliveness;

std::string_view name_of(LogFormat format) {
    switch (format) {
        case LogFormat::tracing_text:
            return "tracing_text";
        case LogFormat::tracing_json:
            return "tracing_json";
        case LogFormat::json:
            return "json";
        case LogFormat::text:
            break;
    }
    return "text";
}

/// Lines of tracing have a level each: GatewayLogOffers goes by these.
Aliveness aliveness_of(LogFormat format) {
    const bool tracing = format == LogFormat::tracing_text || format == LogFormat::tracing_json;
    return tracing ? Aliveness::does_not_matter : Aliveness::matters;
}

std::string event_of(const LogRule& rule) {
    return rule.by_reason ? "auth_failure" : std::string(domain::event_name(rule.event));
}

}  // namespace

GatewayLogCounting::GatewayLogCounting(GatewayLogOptions options)
    : are_preset_(options.source == GatewayLogOptions::Source::preset),
      ground_(options.rules, aliveness_of(options.format), name_of(options.format)),
      matcher_(std::move(options.rules), options.clients, std::move(options.canary)) {}

domain::Events GatewayLogCounting::alive() const {
    domain::Events some;
    domain::Events not_all;
    for (std::size_t i = 0; i < matcher_.rules().size(); ++i) {
        const domain::Events events = events_of(matcher_.rules()[i]);
        some |= events;
        if (!ground_.alive(i)) not_all |= events;
    }
    return some & ~not_all;
}

void GatewayLogCounting::append_findings(std::vector<Finding>& out) const {
    std::string unmatched;
    for (std::size_t i = 0; i < matcher_.rules().size(); ++i) {
        const LogRule& rule = matcher_.rules()[i];
        if (matcher_.ever_fitted(i)) continue;
        if (are_preset_) {
            unmatched += (unmatched.empty() ? "" : ", ") + event_of(rule);
            continue;
        }
        out.push_back({Finding::Kind::warning,
                       "rule " + std::to_string(i + 1) + " (" + event_of(rule) + ", " + text_of(rule) +
                           ") has matched no line so far",
                       "try it on a line that it is to count: keyshift check --log FILE"});
    }
    if (!unmatched.empty())
        out.push_back({Finding::Kind::ok, "rules that no line has matched so far: " + unmatched});
}

}  // namespace keyshift::collectors
