// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_logs/rust_log.hpp"

#include <algorithm>

namespace keyshift::collectors {
namespace {

using formats::TracingLevel;

std::string small(TracingLevel level) {
    std::string out(formats::tracing_level_name(level));
    for (char& c : out) c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string start(const std::string& filter) {
    return "start the gateway with RUST_LOG=" + filter;
}

}  // namespace

std::string start_for_lines(const std::string& crate, TracingLevel level) {
    const bool is_for_all = crate.empty() || level <= TracingLevel::info;
    return start(is_for_all ? small(level) : "info," + crate + "=" + small(level));
}

std::string start_for_statements(const std::string& crate, TracingLevel level) {
    return start("info,sqlx::query=debug," + crate + "=" + small(std::max(level, TracingLevel::debug))) +
           "; sqlx::query costs a line of 500 to 900 bytes for each of three to five statements a request";
}

}  // namespace keyshift::collectors
