// SPDX-License-Identifier: Apache-2.0
// What the gateway says of itself in its log, line by line. How far its log goes is the operator's choice, so
// that what is not in it is never taken for what did not happen.
#include <memory>
#include <utility>

#include "collectors/entry.hpp"
#include "collectors/gateway_logs/counter.hpp"
#include "collectors/gateway_logs/rules.hpp"
#include "collectors/logs/client_names.hpp"
#include "collectors/logs/collector.hpp"
#include "collectors/logs/input.hpp"
#include "collectors/shared/statement_class.hpp"

namespace keyshift::collectors {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "gateway_log";

struct Options {
    LogFormat format = LogFormat::tracing_text;
    LogRules rules;  ///< empty: the preset's
    ClientOptions clients;
    LogInputOptions input;
};

Options read_options(config::OptionsReader& reader, const config::Gateway& gateway) {
    Options options;
    options.format = reader.choice<LogFormat>("format",
                                              {{"tracing_text", LogFormat::tracing_text},
                                               {"tracing_json", LogFormat::tracing_json},
                                               {"text", LogFormat::text},
                                               {"json", LogFormat::json}},
                                              options.format);
    options.rules = read_log_rules(reader, options.format);
    const bool is_own = options.format == LogFormat::text || options.format == LogFormat::json;
    const bool unknown = config::facts_of(gateway.preset).log_rules.empty();
    if ((is_own || unknown) && !reader.has("rules"))
        reader.problem("rules", "is not given", "say which lines count: rules: [{event: fallback, ...}]");
    options.clients = read_client_options(reader);
    options.input = read_log_input(reader);
    return options;
}

LogRules rules_of(const config::Gateway& gateway, const Options& options) {
    return options.rules.empty() ? config::facts_of(gateway.preset).log_rules : options.rules;
}

/// Of a gateway that can log its statements: what its own lines have.
std::string sqlx_target(const config::PresetFacts& facts) {
    if (!facts.built_on_sqlx || facts.log_rules.empty() || facts.log_rules.front().targets.empty()) return {};
    return facts.log_rules.front().targets.front();
}

std::unique_ptr<LineCounter> counter_of(const config::Gateway& gateway, const Options& options) {
    using Source = GatewayLogOptions::Source;
    return make_gateway_log_counter({.format = options.format,
                                     .prefix = options.input.prefix,
                                     .rules = rules_of(gateway, options),
                                     .clients = options.clients,
                                     .canary = gateway.canary,
                                     .source = options.rules.empty() ? Source::preset : Source::configuration,
                                     .statements = StatementClasses::presumed(gateway),
                                     .sqlx_target = sqlx_target(config::facts_of(gateway.preset))});
}

class ConfiguredGatewayLog final : public ConfiguredWith<Options, ConfiguredLog> {
 public:
    using ConfiguredWith::ConfiguredWith;

    std::unique_ptr<Collector> make(const config::Gateway& gateway, const config::Schedule&,
                                    const drivers::Interrupt& interrupt) const override {
        return make_log_collector(kName, make_log_input(options().input, interrupt), line_counter(gateway));
    }
    domain::Events measures(const config::Gateway& gateway) const override {
        return events_of(rules_of(gateway, options()));
    }
    std::unique_ptr<LineCounter> line_counter(const config::Gateway& gateway) const override {
        return counter_of(gateway, options());
    }
};

}  // namespace

Entry gateway_log_entry() {
    return {.name = kName,
            .schedule = {.interval = 5s, .timeout = 10s},
            .reads_log = true,
            .traits = {.ranks = {.fallback = domain::EvidenceRank{.place = 20},
                                 .auth_cache = domain::EvidenceRank{.place = 20},
                                 .auth_failures = domain::EvidenceRank{.place = 20}}},
            .read = [](config::OptionsReader& reader, const config::Gateway& gateway) {
                return std::make_unique<ConfiguredGatewayLog>(read_options(reader, gateway));
            }};
}

}  // namespace keyshift::collectors
