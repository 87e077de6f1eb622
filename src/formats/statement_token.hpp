// SPDX-License-Identifier: Apache-2.0
// SQL text as tokens. No thread rule: each scanner its own. Kept inside src/formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyshift::formats {

struct StatementToken {
    enum class Kind : std::uint8_t { end, word, star, operation, punctuation };

    Kind kind = Kind::end;
    std::string text;           ///< lower-case unless in quotation marks; "$" for a parameter
    bool blank_before = false;  ///< white space or a comment
};

class StatementScanner {
 public:
    explicit StatementScanner(std::string_view sql) : rest_(sql) {}

    StatementToken next();
    /// Whether a comment or quotation has not been closed so far.
    bool unclosed() const { return unclosed_; }

 private:
    bool skip_blanks();
    void skip_comment();
    std::string_view take(std::size_t size);
    std::string word();
    std::string identifier_in_quotes();
    std::string_view dollar_quoted();
    /// Up to and with the closing `quote`, from `from` on; a doubled one does not close.
    std::string_view until_quote(std::size_t from, char quote, bool backslashes);

    std::string_view rest_;
    bool unclosed_ = false;
};

}  // namespace keyshift::formats
