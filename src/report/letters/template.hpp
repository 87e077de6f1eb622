// SPDX-License-Identifier: Apache-2.0
// The text of letters, which a team can change: a line "Subject: ...", an empty line, and paragraphs with
// empty lines between them. {{owner}}, {{team}}, {{keys}}, {{count}}, {{deadline}} and {{steps}} stand for
// what they say; {{keys}} and {{steps}} are lists and stand alone in their paragraph. A paragraph that names
// something that there is not, such as a deadline that nobody has set, is left out.
// Values: safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "report/letters/letter.hpp"

namespace keyshift::report {

class LetterTemplate {
 public:
    /// Errors: config, with the line: an unknown placeholder, one that is not closed, a list among other
    /// words, no subject, no {{keys}}, what is no UTF-8.
    static base::Result<LetterTemplate> parse(std::string_view text);
    /// What is sent where nobody has written another one.
    static const char* usual();

    /// One line without control characters.
    std::string subject(const Letter& letter, const LetterFacts& facts) const;
    /// For mail: lines end with "\n". Names of keys and owners come out visible, whatever they hold.
    std::string text(const Letter& letter, const LetterFacts& facts) const;
    /// The same as one HTML page without anything from elsewhere.
    std::string html(const Letter& letter, const LetterFacts& facts) const;
    /// The same for a chat or a ticket; names are code spans.
    std::string markdown(const Letter& letter, const LetterFacts& facts) const;

 private:
    std::string subject_;
    std::vector<std::string> paragraphs_;
};

}  // namespace keyshift::report
