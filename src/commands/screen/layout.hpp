// SPDX-License-Identifier: Apache-2.0
// Text in the columns of a terminal: how wide it is, where a line breaks, what stands where it must not.
// Sequences of colours take no column. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace keyshift::commands {

/// The columns that a terminal gives `text`: two for East Asian wide characters and emoji, none for
/// combining ones.
std::size_t columns(std::string_view text);

/// `text` broken at spaces into lines of at most `width` columns; all but the first begin with `indent`
/// spaces. A word that is longer than a line is broken anywhere. At least one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width, std::size_t indent);

/// What fits `width` columns: all of `text`, or as much as ends where a clause does, or else as many words,
/// with an ellipsis.
std::string shortened(std::string_view text, std::size_t width);

/// At most `most` lines of what wrapped() came to; an ellipsis ends the last one where more followed.
void limit_lines(std::vector<std::string>& lines, std::size_t most, std::size_t width);

}  // namespace keyshift::commands
