// SPDX-License-Identifier: Apache-2.0
// Pieces that lines of access logs are made of. Pure functions. Kept inside src/formats.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/access_line.hpp"

namespace keyshift::formats {

/// Reads from the left of a text.
class Cursor {
 public:
    explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool done() const { return at_ == end_; }
    std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
    /// Moves past `c` if that is next.
    bool take(char c) {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool take(std::string_view text) {
        if (!rest().starts_with(text)) return false;
        at_ += text.size();
        return true;
    }
    /// What stands before the next `end`, past which it moves; empty optional when there is none.
    std::optional<std::string_view> until(char end);
    /// Three digits, or '-' for 0.
    bool status(unsigned& out);
    /// Digits up to a space or the end; or '-', which is a body of 0 bytes.
    bool bytes(std::optional<std::uint64_t>& out);
    /// What stands before the next '"' that is not escaped by a backslash, past which it moves.
    std::optional<std::string_view> until_quote();

 private:
    const char* at_;
    const char* end_;
};

/// "POST /v1/models HTTP/1.1" into method and target, which stay empty when it is no such thing; HTTP/0.9 has
/// no version.
void split_request(std::string_view request, AccessLine& out);

/// "-", with which logs say that there is nothing.
inline std::string_view nothing_if_dash(std::string_view text) {
    return text == "-" ? std::string_view() : text;
}

}  // namespace keyshift::formats
