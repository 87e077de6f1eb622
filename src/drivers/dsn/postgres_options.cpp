// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/postgres_options.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// What PostgresTransaction sets itself, or what would undo it.
constexpr std::array<std::string_view, 25> kOurs{"application_name",
                                                 "bytea_output",
                                                 "client_connection_check_interval",
                                                 "client_encoding",
                                                 "datestyle",
                                                 "default_transaction_deferrable",
                                                 "default_transaction_isolation",
                                                 "default_transaction_read_only",
                                                 "extra_float_digits",
                                                 "idle_in_transaction_session_timeout",
                                                 "intervalstyle",
                                                 "jit",
                                                 "lock_timeout",
                                                 "quote_all_identifiers",
                                                 "role",
                                                 "row_security",
                                                 "session_authorization",
                                                 "standard_conforming_strings",
                                                 "statement_timeout",
                                                 "timezone",
                                                 "transaction_deferrable",
                                                 "transaction_isolation",
                                                 "transaction_read_only",
                                                 "transaction_timeout",
                                                 "transform_null_equals"};

std::vector<std::string> split(std::string_view options) {
    std::vector<std::string> words;
    bool inside = false;
    for (std::size_t i = 0; i < options.size(); ++i) {
        if (base::is_space(options[i])) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (options[i] == '\\' && i + 1 < options.size()) ++i;
        words.back() += options[i];
    }
    return words;
}

/// "Lock-Timeout" is lock_timeout.
std::string setting_name(std::string_view written) {
    std::string name;
    for (const char c : written) {
        const bool upper = c >= 'A' && c <= 'Z';
        name += c == '-' ? '_' : upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return name;
}

/// "name=value" of the word at `at`, or of the one behind a bare -c; `at` is moved on to its last word.
std::optional<std::string_view> assignment(const std::vector<std::string>& words, std::size_t& at) {
    const std::string_view word = words[at];
    if (word == "-c") {
        if (at + 1 == words.size()) return std::nullopt;
        return words[++at];
    }
    if (word.starts_with("-c") || word.starts_with("--")) return word.substr(2);
    return std::nullopt;
}

}  // namespace

Result<PostgresSettings> parse_postgres_options(std::string_view options) {
    const std::vector<std::string> words = split(options);
    PostgresSettings settings;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const auto found = assignment(words, at);
        const std::size_t equals = found ? found->find('=') : std::string_view::npos;
        if (equals == std::string_view::npos || equals == 0) {
            return Error{Errc::config, "options of database_url holds something that is not a setting",
                         "write each as -c name=value, with a backslash before a blank in a value"};
        }
        std::string name = setting_name(found->substr(0, equals));
        if (std::find(kOurs.begin(), kOurs.end(), name) == kOurs.end())
            settings.emplace_back(std::move(name), found->substr(equals + 1));
    }
    return settings;
}

std::string postgres_array(const std::vector<std::string>& texts) {
    std::string array = "{";
    for (const std::string& text : texts) {
        array += array.size() == 1 ? "\"" : ",\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') array += '\\';
            array += c;
        }
        array += '"';
    }
    return array + "}";
}

}  // namespace keyshift::drivers
