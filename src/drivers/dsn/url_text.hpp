// SPDX-License-Identifier: Apache-2.0
// What URLs of databases have in common, as people keep them. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::drivers {

/// How a text is called that was in quotation marks, among what a URL has in vain.
inline constexpr const char* kQuotes = "the quotation marks around it";

struct BareText {
    std::string_view text;
    bool was_quoted = false;
};
/// `text` without blanks and line ends around it, and without the quotation marks of an env file. Error: one
/// of them is not closed; it says what is wrong, as in "the url begins with …".
base::Result<BareText> without_quotes(std::string_view text);

enum class Plus { itself, blank };  ///< what + means

/// Empty: a % begins no percent-encoded character, or one is a NUL.
std::optional<std::string> percent_decoded(std::string_view text, Plus plus = Plus::itself);

struct UrlParameter {
    std::string name;       ///< as written
    std::string value;      ///< decoded
    bool has_value = true;  ///< there is a = behind the name
};
using UrlParameters = std::vector<UrlParameter>;

/// "a=b&c=d"; one without = has no value. Error: a % in one begins no percent-encoded character, as in "has a
/// % in …".
base::Result<UrlParameters> read_query(std::string_view query, Plus plus = Plus::itself);

/// Parameter number `index` (from 0) as it may be shown: by its name, or by its place where the name may be a
/// part of a password in which a ? or & is not percent-encoded.
std::string shown_name(const UrlParameters& parameters, std::size_t index);

}  // namespace keyshift::drivers
