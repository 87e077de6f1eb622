// SPDX-License-Identifier: Apache-2.0
// A judge of JSON texts that forgives nothing RFC 8259 does not allow: written for the tests, so that what a
// report says is not checked by the code that wrote it.
#pragma once

#include <string_view>

namespace keyshift::report {

class StrictJson {
 public:
    explicit StrictJson(std::string_view text) : text_(text) {}

    bool whole() { return value() && (blanks(), text_.empty()); }

 private:
    void blanks() {
        while (!text_.empty() && std::string_view(" \n\r\t").find(text_[0]) != text_.npos)
            text_.remove_prefix(1);
    }

    bool consume(std::string_view token) {
        blanks();
        if (text_.substr(0, token.size()) != token) return false;
        text_.remove_prefix(token.size());
        return true;
    }

    bool value() {
        if (consume("{")) return members("}");
        if (consume("[")) return elements("]");
        if (consume("\"")) return rest_of_string();
        return consume("true") || consume("false") || consume("null") || number();
    }

    bool members(std::string_view close) {
        if (consume(close)) return true;
        do {
            if (!consume("\"") || !rest_of_string() || !consume(":") || !value()) return false;
        } while (consume(","));
        return consume(close);
    }

    bool elements(std::string_view close) {
        if (consume(close)) return true;
        do {
            if (!value()) return false;
        } while (consume(","));
        return consume(close);
    }

    bool rest_of_string() {
        for (; !text_.empty(); text_.remove_prefix(1)) {
            const char c = text_[0];
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c == '"') {
                text_.remove_prefix(1);
                return true;
            }
            if (c == '\\' && !escape()) return false;
        }
        return false;
    }

    /// Leaves the last character of the escape for the caller to pass over.
    bool escape() {
        text_.remove_prefix(1);
        if (text_.empty()) return false;
        if (text_[0] != 'u') return std::string_view("\"\\/bfnrt").find(text_[0]) != text_.npos;
        if (text_.size() < 5) return false;
        for (const char c : text_.substr(1, 4))
            if (std::string_view("0123456789abcdefABCDEF").find(c) == text_.npos) return false;
        text_.remove_prefix(4);
        return true;
    }

    /// Whole numbers without leading zeros: the report has no others.
    bool number() {
        const std::size_t end = text_.find_first_not_of("0123456789");
        if (end == 0 || end == text_.npos || (end > 1 && text_[0] == '0')) return false;
        text_.remove_prefix(end);
        return true;
    }

    std::string_view text_;
};

inline bool is_strict_json(std::string_view text) {
    return StrictJson(text).whole();
}

}  // namespace keyshift::report
