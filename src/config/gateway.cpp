// SPDX-License-Identifier: Apache-2.0
#include "config/gateway.hpp"

#include "config/columns.hpp"
#include "config/preset.hpp"
#include "formats/statement_shape.hpp"

namespace keyshift::config {
namespace {

using Patterns = std::optional<std::vector<std::string>>;

StatementTexts read_statements(OptionsReader options, const StatementTexts& preset) {
    const auto patterns = [&](std::string_view key, const Patterns& presumed) -> Patterns {
        const auto given = options.parsed_list_or_null<std::string>(
            key, [](std::string_view text) -> base::Result<std::string> {
                const auto pattern = formats::StatementPattern::parse(text);
                if (!pattern) return base::Error{base::Errc::config, "is no pattern", pattern.error().what};
                return std::string(text);
            });
        if (!options.has(key)) return presumed;
        return given == std::vector<std::string>{"none"} ? std::vector<std::string>() : given;
    };
    StatementTexts texts;
    texts.table = options.parsed_or_null<TableName>("table", std::nullopt, "null", parse_table_name);
    texts.lookup = patterns("lookup", preset.lookup);
    texts.by_id = patterns("by_id", preset.by_id);
    texts.touch = patterns("touch", preset.touch);
    texts.scan = patterns("scan", preset.scan);
    texts.promote = patterns("promote", preset.promote);
    return texts;
}

TableName read_table(OptionsReader& options, const TableName& preset) {
    if (preset.name.empty() && !options.has("table"))
        options.problem("table", "is not given", "give it: the preset custom has no default");
    return options.parsed<TableName>("table", preset, preset.name.empty() ? "null" : preset.name,
                                     parse_table_name);
}

}  // namespace

Gateway read_gateway(OptionsReader options) {
    const auto preset = options.choice<Preset>("preset",
                                               {
#define PRESET(name) {#name, Preset::name},
#include "config/presets.def"
#undef PRESET
                                               },
                                               Preset{});
    Gateway gateway = facts_of(preset).gateway;
    gateway.preset = preset;
    gateway.table = read_table(options, gateway.table);
    read_columns(options, gateway);
    gateway.statements = read_statements(options.section("statements"), gateway.statements);
    gateway.last_used_delay =
        options.duration("last_used_delay", gateway.last_used_delay,
                         {.min = base::Duration::zero(), .max = std::chrono::hours{24}});
    gateway.promotes_in_place = options.choice<bool>("promotes_in_place", {{"false", false}, {"true", true}},
                                                     gateway.promotes_in_place);
    gateway.fallback = options.choice<FallbackAssertion>("fallback",
                                                         {{"detect", FallbackAssertion::detect},
                                                          {"present", FallbackAssertion::present},
                                                          {"absent", FallbackAssertion::absent}},
                                                         FallbackAssertion::detect);
    return gateway;
}

}  // namespace keyshift::config
