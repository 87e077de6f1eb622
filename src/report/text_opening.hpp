// SPDX-License-Identifier: Apache-2.0
// The lines with which both text formats begin, grouped and not.
// Constants and pure functions: safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "report/writer.hpp"

namespace keyshift::report {

inline constexpr std::string_view kConnecting = "🔗 Connecting to database...\n";
inline constexpr std::string_view kConnected = "✅ Connected to database\n";

/// The whole rest of a report without keys. It says that all is done only where all keys were asked for.
void append_nothing_found(std::string& out, const Header& header);
/// "⚠️  Found 3 API keys without lookup_hash" after a blank line; the line is left open, to be added to.
void append_something_found(std::string& out, const Header& header);

}  // namespace keyshift::report
