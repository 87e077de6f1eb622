// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/counting.hpp"

#include <string_view>
#include <utility>

#include "collectors/gateway_logs/rust_log.hpp"

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

/// Lines of tracing have a level each: GatewayLogCountable goes by these.
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
      sqlx_target_(std::move(options.sqlx_target)),
      statements_(options.statements ? std::optional<SqlxStatements>(*std::move(options.statements))
                                     : std::nullopt),
      ground_(options.rules, aliveness_of(options.format),
              std::string(name_of(options.format)) + (statements_ ? " " + statements_->scope() : "")),
      matcher_(std::move(options.rules), options.clients, std::move(options.canary)) {}

bool GatewayLogCounting::count(const formats::SqlxQuery& query, formats::TracingLevel level,
                               LogTally& tally) {
    using Shows = SqlxStatements::Shows;
    const auto seen = statements_->count(query, ground_.told(), tally);
    if (seen.shows != Shows::nothing) {
        ground_.statement(seen.shows == Shows::fallback ? GatewayLogGround::Statement::fallback
                                                        : GatewayLogGround::Statement::known,
                          level);
    }
    return seen.counts;
}

domain::Events GatewayLogCounting::offered_by_statements() const {
    return statements_ ? statements_->countable() & ~ground_.told() : domain::Events();
}

domain::Ground GatewayLogCounting::take_ground() {
    domain::Ground out = ground_.take();
    if (statements_) out.doubt = statements_->doubt();
    return out;
}

std::string GatewayLogCounting::memory() const {
    return ground_.memory() + (statements_ ? statements_->memory() : "");
}

void GatewayLogCounting::resume(std::string_view& text) {
    ground_.resume(text);
    if (statements_) statements_->resume(text);
}

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
    if (statements_) statements_->append_findings(out);
    if (sqlx_target_.empty() || !statements_ || statements_->any()) return;
    out.push_back(
        {Finding::Kind::ok,
         "no statements of the gateway are in it: where pg_stat_statements cannot be read, they tell of "
         "refused keys and scans",
         start_for_statements(sqlx_target_, formats::TracingLevel::debug)});
}

}  // namespace keyshift::collectors
