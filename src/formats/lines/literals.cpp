// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/literals.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"

namespace keyshift::formats {
namespace {

/// Reads an expression from its left, one alternative after the other. What stands in groups is passed over.
class Reader {
 public:
    explicit Reader(std::string_view expression) : rest_(expression) {}

    RequiredLiterals read() {
        out_.exact = true;
        while (!rest_.empty()) {
            if (rest_.front() == '|') {
                end_alternative();
                rest_.remove_prefix(1);
            } else if (!atom()) {
                return {};
            }
        }
        end_alternative();
        const bool known = std::ranges::none_of(out_.any_of, &std::string::empty);
        return known ? std::move(out_) : RequiredLiterals();
    }

 private:
    /// What may be repeated, and how often it is. False: not understood.
    bool atom() {
        char literal = 0;
        const std::size_t size = atom_size(literal);
        if (size == 0) return false;
        const bool is_literal = size <= 2 && is_literal_;
        rest_.remove_prefix(size);
        bool maybe_none = false;
        const bool repeated = quantifier(maybe_none);
        if (is_literal && !maybe_none) run_ += literal;
        if (!is_literal || repeated) {
            end_run();
            out_.exact = false;
        }
        return true;
    }

    /// How long the first atom is; 0: not understood. Sets is_literal_, and then `literal`.
    std::size_t atom_size(char& literal) {
        is_literal_ = false;
        switch (rest_.front()) {
            case '\\':
                return escape_size(literal);
            case '[':
                return class_size(rest_);
            case '(':
                return group_size();
            case '.':
            case '^':
            case '$':
                return 1;
            case ')':
            case '*':
            case '+':
            case '?':
            case '{':
                return 0;
            default:
                is_literal_ = true;
                literal = rest_.front();
                return 1;
        }
    }
    std::size_t escape_size(char& literal) {
        constexpr std::string_view kClassesAndPlaces = "dDwWsSbBAzntrfv";
        if (rest_.size() < 2) return 0;
        const char next = rest_[1];
        if (base::is_alphanumeric(next))
            return kClassesAndPlaces.find(next) == std::string_view::npos ? 0 : 2;
        is_literal_ = true;
        literal = next;
        return static_cast<unsigned char>(next) < 0x80 ? 2 : 0;
    }
    /// With its brackets.
    static std::size_t class_size(std::string_view text) {
        std::size_t at = text.substr(0, 2) == "[^" ? 2 : 1;
        for (const std::size_t first = at; at < text.size(); ++at) {
            if (text[at] == ']' && at != first) return at + 1;
            // [:alpha:] and the like have an end of their own.
            if (text[at] == '[') return 0;
            if (text[at] == '\\') ++at;
        }
        return 0;
    }
    std::size_t group_size() const {
        // What is set as (?i) holds for all that follows.
        if (rest_.substr(0, 2) == "(?" && !rest_.starts_with("(?:") && !rest_.starts_with("(?P<")) return 0;
        int depth = 0;
        for (std::size_t at = 0; at < rest_.size(); ++at) {
            const char c = rest_[at];
            if (c == '\\' && rest_.substr(at, 2) == "\\Q") return 0;
            if (c == '[') {
                const std::size_t size = class_size(rest_.substr(at));
                if (size == 0) return 0;
                at += size - 1;
            }
            if (c == '\\') ++at;
            if (c == '(') ++depth;
            if (c == ')' && --depth == 0) return at + 1;
        }
        return 0;
    }
    /// Takes off how often the atom before may come. A brace that says no number stands for itself, and is
    /// not understood as an atom.
    bool quantifier(bool& maybe_none) {
        if (rest_.empty()) return false;
        std::size_t size = 0;
        if (rest_.front() == '{') {
            const std::size_t end = rest_.find_first_not_of("0123456789,", 1);
            if (end == std::string_view::npos || rest_[end] != '}') return false;
            size = end + 1;
        } else if (std::string_view("*+?").find(rest_.front()) != std::string_view::npos) {
            size = 1;
        }
        if (size == 0) return false;
        maybe_none = rest_.front() != '+';
        if (rest_.substr(size, 1) == "?") ++size;
        rest_.remove_prefix(size);
        return true;
    }

    void end_run() {
        if (run_.size() > best_.size()) best_ = run_;
        run_.clear();
    }
    void end_alternative() {
        end_run();
        out_.any_of.push_back(std::exchange(best_, {}));
    }

    std::string_view rest_;
    std::string run_;   // of literals, so far
    std::string best_;  // of this alternative: the longest
    bool is_literal_ = false;
    RequiredLiterals out_;
};

}  // namespace

RequiredLiterals required_literals(std::string_view expression) {
    return Reader(expression).read();
}

}  // namespace keyshift::formats
