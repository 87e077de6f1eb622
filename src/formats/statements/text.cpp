// SPDX-License-Identifier: Apache-2.0
#include "formats/statements/text.hpp"

#include "formats/statements/pg_query.hpp"
#include "formats/text/text.hpp"

namespace keyshift::formats {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";

/// A literal of any form: '...', E'...', $tag$...$tag$.
bool is_literal(std::string_view token) {
    if (token.starts_with('"')) return false;
    const bool dollars = token.size() > 1 && token.front() == '$' && (token[1] < '0' || token[1] > '9');
    return dollars || token.find('\'') != std::string_view::npos;
}

}  // namespace

std::string shown_statement(std::string_view sql, std::size_t most) {
    const auto tokens = scan_sql(sql.substr(0, kLongestStatement));
    // What cannot be scanned may have a value anywhere behind the first quotation mark.
    if (!tokens) return shortened(sql.substr(0, sql.find_first_of("'$")), most);
    std::string out;
    const char* end = sql.data();
    for (const std::string_view token : *tokens) {
        if (token.starts_with("--") || token.starts_with("/*")) continue;
        const std::string_view between(end, static_cast<std::size_t>(token.data() - end));
        if (!out.empty() && between.find_first_of(kBlanks) != std::string_view::npos) out += ' ';
        out += is_literal(token) ? "'...'" : std::string(token);
        end = token.data() + token.size();
    }
    return shortened(out, most);
}

}  // namespace keyshift::formats
