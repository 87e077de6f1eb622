// SPDX-License-Identifier: Apache-2.0
// The one place where text from the database becomes part of a document. Whatever the format, an unsafe
// character (base/utf8.hpp) or an invalid byte comes out visible, as base::visible shows it, and not as
// itself. Text of printable ASCII, which is nearly all text, is scanned once and copied, without an
// allocation. Pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keyshift::report {

/// What base::visible gives. Returns the number of characters (code points, not bytes) appended.
std::size_t append_visible(std::string& out, std::string_view text);
/// The same, then spaces up to `width` characters; longer text is not cut.
void append_padded(std::string& out, std::string_view text, std::size_t width);

/// A CSV cell of free text, quoted where need be; the empty text is "", unlike an absent value, which is
/// nothing. Where a spreadsheet would take it for a formula, an apostrophe goes before it: text that begins,
/// also after blanks, with = + - @, their full-width forms, TAB or CR, and the same after a semicolon, which
/// separates cells where the comma is the decimal sign.
void append_csv_text(std::string& out, std::string_view text);
/// The same for an identifier: a negative whole number stays a number.
void append_csv_id(std::string& out, std::string_view id);

/// A Markdown code span, the one construct in which nothing is markup in any dialect: no links, also not bare
/// addresses, no mentions, images, entities or HTML. The two characters that could end it or its table cell
/// appear as \x60 (`) and \x7c (|). The empty text, of which no span can be made, is "*empty*".
void append_code_span(std::string& out, std::string_view text);

/// HTML text, fit for an element's content and for a quoted attribute alike.
void append_html(std::string& out, std::string_view text);

}  // namespace keyshift::report
