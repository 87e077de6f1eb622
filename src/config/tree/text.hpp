// SPDX-License-Identifier: Apache-2.0
// The small languages inside configuration values, and how values are repeated in messages. Pure: safe from
// any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/tree/environment.hpp"

namespace keyshift::config {

/// A value that is not what it should be; `what` is a predicate.
base::Error invalid(std::string what, std::string hint);

/// A letter or an underscore.
bool begins_name(char c);

struct Expansion {
    std::string text;
    std::vector<base::Error> errors;  ///< text is meaningless when there are any
};

/// `text` with each ${NAME} replaced by that variable and each $$ by $; any other $ stays. A variable that is
/// not set, and a ${ that is no plain ${NAME}, are errors; they name the variable, never its value. What a
/// variable holds is not expanded again.
Expansion expand(std::string_view text, const Environment& environment);

/// `text` between quotes, made harmless and cut to a bearable length; "the value" where it may hold a
/// password.
std::string shown(std::string_view text);

/// "a, b, c".
std::string joined(std::span<const std::string> names, std::string_view separator = ", ");

/// Whether a key of the file may be repeated in a message: a secret in the wrong place may not.
bool is_plain_key(std::string_view key);

/// The one of `known` that `name` was probably meant to be: one slip away, or a third of its letters.
std::optional<std::string> nearest(std::string_view name, std::span<const std::string> known);

/// Which of `names` `text` is. Fails when it is none; the error is a predicate and may name the nearest.
base::Result<std::size_t> index_of(std::string_view text, std::span<const std::string> names);

/// "2%" or "0.02" as 0.02. Fails when it is neither; the error is a predicate.
base::Result<double> parse_ratio(std::string_view text);
/// The shortest percentage that parse_ratio reads back: "2%".
std::string format_ratio(double ratio);

}  // namespace keyshift::config
