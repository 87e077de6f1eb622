// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/ascii.hpp"
#include "formats/metrics/exposition_line.hpp"
#include "formats/text/text.hpp"

namespace keyshift::formats {
namespace {

constexpr std::string_view kBlanks = " \t";

bool is_letter(char c) {
    return base::is_letter(c) || c == '_';
}

}  // namespace

bool LineScanner::consume(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
}

bool LineScanner::at_label() const {
    return !rest_.empty() && (rest_.front() == '"' || is_letter(rest_.front()));
}

void LineScanner::blanks() {
    if (lenient()) rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
}

bool LineScanner::separator() {
    if (!lenient()) return consume(" ");
    const std::size_t before = rest_.size();
    blanks();
    return rest_.size() < before;
}

std::string_view LineScanner::identifier(bool colons) {
    const auto letter = [&](char c) { return is_letter(c) || (colons && c == ':'); };
    if (rest_.empty() || !letter(rest_.front())) return {};
    const auto* const end =
        std::find_if_not(rest_.begin(), rest_.end(), [&](char c) { return letter(c) || base::is_digit(c); });
    const std::string_view out = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(out.size());
    return out;
}

std::string_view LineScanner::token() {
    const std::string_view out = rest_.substr(0, rest_.find_first_of(kBlanks));
    rest_.remove_prefix(out.size());
    return out;
}

Problem LineScanner::quoted_text(std::string_view& out) {
    rest_.remove_prefix(1);
    const std::size_t end = rest_.find('"');
    if (end == std::string_view::npos) return "a quotation mark is not closed";
    out = rest_.substr(0, end);
    if (out.find('\\') != std::string_view::npos) return unescape(out);
    rest_.remove_prefix(end + 1);
    return {};
}

Problem LineScanner::unescape(std::string_view& out) {
    const std::size_t begin = scratch_->size();
    while (true) {
        const std::size_t end = rest_.find_first_of("\"\\");
        if (end == std::string_view::npos || (rest_[end] == '\\' && end + 1 == rest_.size()))
            return "a quotation mark is not closed";
        scratch_->append(rest_.substr(0, end));
        if (rest_[end] == '"') {
            rest_.remove_prefix(end + 1);
            out = std::string_view(*scratch_).substr(begin);
            return {};
        }
        const char escaped = rest_[end + 1];
        if (escaped == 'n') {
            *scratch_ += '\n';
        } else if (escaped == '\\' || escaped == '"') {
            *scratch_ += escaped;
        } else {
            scratch_->append({'\\', escaped});
        }
        rest_.remove_prefix(end + 2);
    }
}

}  // namespace keyshift::formats
