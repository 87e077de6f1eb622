// SPDX-License-Identifier: Apache-2.0
// Pieces that lines of access logs are made of. Pure functions. Kept inside src/formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "formats/access/line.hpp"

namespace keyshift::formats {

/// Reads from the left of a text.
class Cursor {
 public:
    explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool done() const { return at_ == end_; }
    std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
    /// Moves past `c` if that is next.
    bool consume(char c) {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool consume(std::string_view text) {
        if (!rest().starts_with(text)) return false;
        at_ += text.size();
        return true;
    }
    /// What stands before the next `end`, past which it moves; false when there is none.
    bool until(char end, std::string_view& out) { return pass(find(at_, end), out); }
    /// What stands before the next '"' that is not escaped by a backslash, past which it moves.
    bool until_quote(std::string_view& out) {
        const char* quote = find(at_, '"');
        while (quote != nullptr && quote != at_ && quote[-1] == '\\' && is_escaped(quote))
            quote = find(quote + 1, '"');
        return pass(quote, out);
    }
    /// Three digits, or '-' for 0.
    bool status(unsigned& out) {
        if (end_ - at_ < 3) return consume('-') && set(out, 0);
        const unsigned hundreds = digit(at_[0]);
        const unsigned tens = digit(at_[1]);
        const unsigned ones = digit(at_[2]);
        if (hundreds > 9 || tens > 9 || ones > 9) return consume('-') && set(out, 0);
        at_ += 3;
        return set(out, hundreds * 100 + tens * 10 + ones);
    }
    /// Digits up to a space or the end; or '-', which is a body of 0 bytes.
    bool bytes(std::optional<std::uint64_t>& out) {
        constexpr std::ptrdiff_t kMostDigits = 18;
        const char* const begin = at_;
        std::uint64_t value = 0;
        for (; at_ != end_ && digit(*at_) <= 9; ++at_) value = value * 10 + digit(*at_);
        if (at_ - begin > kMostDigits || (at_ == begin && !consume('-'))) return false;
        out = value;
        return at_ == end_ || *at_ == ' ';
    }

 private:
    static unsigned digit(char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0'; }
    static bool set(unsigned& out, unsigned value) {
        out = value;
        return true;
    }
    const char* find(const char* from, char c) const {
        if (from == end_) return nullptr;  // perhaps of no text at all
        return static_cast<const char*>(std::memchr(from, c, static_cast<std::size_t>(end_ - from)));
    }
    bool pass(const char* found, std::string_view& out) {
        if (found == nullptr) return false;
        out = {at_, static_cast<std::size_t>(found - at_)};
        at_ = found + 1;
        return true;
    }
    /// Whether there is an odd number of backslashes before `at`.
    bool is_escaped(const char* at) const {
        bool escaped = false;
        while (at != at_ && *--at == '\\') escaped = !escaped;
        return escaped;
    }

    const char* at_;
    const char* end_;
};

/// "POST /v1/models HTTP/1.1" into method and target, which stay empty when it is no such thing; HTTP/0.9 has
/// no version.
inline void split_request(std::string_view request, AccessLine& out) {
    Cursor cursor(request);
    out.target = {};
    if (!cursor.until(' ', out.method)) {
        out.method = {};
    } else if (!cursor.until(' ', out.target)) {
        out.target = cursor.rest();
    }
}

/// "-", with which logs say that there is nothing.
inline std::string_view nothing_if_dash(std::string_view text) {
    return text == "-" ? std::string_view() : text;
}

}  // namespace keyshift::formats
