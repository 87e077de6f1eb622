// SPDX-License-Identifier: Apache-2.0
#include "config/reading/gateway.hpp"

#include "config/presets/preset.hpp"
#include "config/reading/columns.hpp"
#include "formats/statements/pattern.hpp"

namespace keyshift::config {
namespace {

using Patterns = StatementTexts::Patterns;

base::Result<std::string> parse_pattern(std::string_view text) {
    const auto pattern = formats::StatementPattern::parse(text);
    if (!pattern) return base::Error{base::Errc::config, "is no pattern", pattern.error().what};
    return std::string(text);
}

/// Where one column holds both hashes, lookups may be of either kind of key.
Serves presumed_lookups(const Gateway& gateway) {
    const bool one_column = gateway.legacy_when && !gateway.legacy_when->is && gateway.columns.lookup_hash &&
                            gateway.legacy_when->column == *gateway.columns.lookup_hash;
    return one_column ? Serves::all : gateway.statements.lookup_serves;
}

StatementTexts read_statements(OptionsReader options, const Gateway& gateway) {
    const StatementTexts& preset = gateway.statements;
    const auto patterns = [&](std::string_view key, const Patterns& presumed) -> Patterns {
        const auto given = options.parsed_list_or_null<std::string>(key, parse_pattern);
        if (!options.has(key)) return presumed;
        return given == std::vector<std::string>{"none"} ? std::vector<std::string>() : given;
    };
    StatementTexts texts;
    texts.table = options.parsed_or_null<TableName>("table", std::nullopt, "null", parse_table_name);
    texts.lookup = patterns("lookup", preset.lookup);
    texts.by_id = patterns("by_id", preset.by_id);
    texts.touch = patterns("touch", preset.touch);
    texts.scan = patterns("scan", preset.scan);
    texts.legacy_lookup = patterns("legacy_lookup", preset.legacy_lookup);
    texts.promote = patterns("promote", preset.promote);
    texts.ignore = patterns("ignore", preset.ignore).value_or(std::vector<std::string>());
    texts.roles = options.optional_list_of_text("roles");
    texts.lookup_serves = options.choice<Serves>(
        "lookup_serves", {{"modern", Serves::one_kind}, {"all", Serves::all}}, presumed_lookups(gateway));
    texts.prefix_serves = options.choice<Serves>(
        "prefix_serves", {{"legacy", Serves::one_kind}, {"all", Serves::all}}, preset.prefix_serves);
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
    gateway.statements = read_statements(options.section("statements"), gateway);
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
