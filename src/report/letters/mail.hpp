// SPDX-License-Identifier: Apache-2.0
// A letter as a file that mail programs open and send (.eml): RFC 5322 and MIME, text and HTML beside each
// other. Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace keyshift::report {

struct Mail {
    std::string from = {};  ///< empty: whoever sends it
    std::string to = {};    ///< empty: whoever sends it adds it
    std::string subject;    ///< UTF-8, one line
    std::string text;       ///< UTF-8, lines end with "\n"
    std::string html;
    base::Time date;
};

/// Lines end with CR LF and have 78 characters at most. It is marked as not sent yet, which mail programs
/// open for writing. Precondition: `from` and `to` are usable addresses, or empty.
std::string eml(const Mail& mail);

/// RFC 2047: as it is where it is printable ASCII, else as encoded words of 75 characters at most.
std::string header_text(std::string_view text);

/// RFC 2045, 6.7, of text whose lines end with "\n".
std::string quoted_printable(std::string_view text);

}  // namespace keyshift::report
