// SPDX-License-Identifier: Apache-2.0
// Any bytes as what stands in a line of sqlx::query, in text and in JSON, through to what it counts as: a
// line counts at most once, and what is read of it stands in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "collectors/gateway_logs/counter.hpp"
#include "formats/tracing/sqlx_line.hpp"

namespace {

using namespace keyshift;

std::unique_ptr<collectors::LineCounter> counter(collectors::LogFormat format) {
    const config::PresetFacts& facts = config::facts_of(config::Preset::inferxgate);
    return collectors::make_gateway_log_counter(
        {.format = format,
         .rules = facts.log_rules,
         .statements = collectors::StatementClasses::presumed(facts.gateway)});
}

void count(collectors::LineCounter& by, const std::string& line) {
    collectors::LogTally tally;
    by.count(line, tally);
    const auto& lines = tally.lines;
    if (line.find('\n') == std::string::npos && lines.matched + lines.skipped + lines.unparsed > 1)
        std::abort();
    if (tally.events.at(index_of(domain::Event::fallback_scan)) > lines.matched) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto text = counter(collectors::LogFormat::tracing_text);
    static const auto json = counter(collectors::LogFormat::tracing_json);
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    formats::SqlxQuery query;
    if (formats::parse_sqlx_text(message, query)) {
        const char* const at = query.statement.data();
        if (at < message.data() || at + query.statement.size() > message.data() + size) std::abort();
        // The longest that an escape stands for is no longer than itself.
        if (formats::unescape_debug(query.statement).size() > query.statement.size()) std::abort();
    }
    count(*text, "2026-11-22T11:56:47.949528Z DEBUG sqlx::query: " + std::string(message));
    count(*json, std::string(message));
    return 0;
}
