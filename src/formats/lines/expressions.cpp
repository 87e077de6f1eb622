// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/expressions.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include <re2/re2.h>

#include "formats/lines/pattern_scan.hpp"

namespace keyshift::formats {
namespace {

RE2::Options options() {
    RE2::Options out;
    out.set_log_errors(false);
    out.set_encoding(RE2::Options::EncodingLatin1);
    return out;
}

/// The numbers of the groups of those names; 0: there is none.
std::array<int, kMostNamedGroups> numbers_of(const RE2& expression, const std::vector<std::string>& names) {
    std::array<int, kMostNamedGroups> out{};
    const auto& groups = expression.NamedCapturingGroups();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto found = groups.find(names[i]);
        if (found != groups.end()) out.at(i) = found->second;
    }
    return out;
}

}  // namespace

struct LineExpressions::Compiled {
    struct One {
        One(const std::string& text, const std::vector<std::string>& names)
            : expression(text, options()),
              numbers(numbers_of(expression, names)),
              last(*std::max_element(numbers.begin(), numbers.end())) {}
        RE2 expression;
        std::array<int, kMostNamedGroups> numbers;
        int last;
    };
    explicit Compiled(std::vector<std::string> given) : texts(std::move(given)) {}

    std::vector<std::string> texts;
    std::vector<std::unique_ptr<One>> all;
    std::optional<PatternScan> scan;  // once it is asked for
    std::vector<std::size_t> candidates;
};

base::Result<std::vector<std::string>> check_expression(const std::string& expression) {
    const RE2 compiled(expression, options());
    if (!compiled.ok())
        return base::Error{base::Errc::config, "is no regular expression: " + compiled.error(),
                           "write it in RE2's syntax"};
    std::vector<std::string> names;
    for (const auto& [name, number] : compiled.NamedCapturingGroups()) names.push_back(name);
    return names;
}

std::string beginning_of_matches(const std::string& expression) {
    // Behind a "|" there may be another beginning.
    if (!expression.starts_with('^') || expression.find('|') != std::string::npos) return {};
    constexpr std::string_view kSpecial = ".[](){}*+?^$\\|";
    std::string out;
    std::size_t at = 1;
    while (at < expression.size()) {
        const bool escaped = expression[at] == '\\' && at + 1 < expression.size() &&
                             std::ispunct(static_cast<unsigned char>(expression[at + 1])) != 0;
        if (!escaped && kSpecial.find(expression[at]) != std::string_view::npos) break;
        const std::size_t next = at + (escaped ? 2 : 1);
        // What may be repeated may be missing.
        if (next < expression.size() &&
            std::string_view("*?{+").find(expression[next]) != std::string_view::npos)
            break;
        out.push_back(expression[next - 1]);
        at = next;
    }
    return out;
}

LineExpressions::LineExpressions(const std::vector<std::string>& expressions,
                                 const std::vector<std::string>& names)
    : compiled_(std::make_unique<Compiled>(expressions)) {
    for (const std::string& expression : expressions)
        compiled_->all.push_back(expression.empty() ? nullptr
                                                    : std::make_unique<Compiled::One>(expression, names));
}

LineExpressions::~LineExpressions() = default;
LineExpressions::LineExpressions(LineExpressions&&) noexcept = default;
LineExpressions& LineExpressions::operator=(LineExpressions&&) noexcept = default;

bool LineExpressions::match(std::size_t index, std::string_view text, NamedGroups& groups) const {
    const Compiled::One& one = *compiled_->all[index];
    groups = {};
    std::vector<re2::StringPiece> found(static_cast<std::size_t>(one.last) + 1);
    const re2::StringPiece whole(text.data(), text.size());
    const int wanted = one.last == 0 ? 0 : one.last + 1;
    if (!one.expression.Match(whole, 0, text.size(), RE2::UNANCHORED, found.data(), wanted)) return false;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const int number = one.numbers.at(i);
        if (number == 0) continue;
        const re2::StringPiece& group = found[static_cast<std::size_t>(number)];
        groups.at(i) = {group.data(), group.size()};
    }
    return true;
}

const std::vector<std::size_t>& LineExpressions::candidates(std::string_view text) {
    if (!compiled_->scan) compiled_->scan.emplace(compiled_->texts);
    std::vector<std::size_t>& out = compiled_->candidates;
    out = compiled_->scan->left_out();
    compiled_->scan->find(text, out);
    return out;
}

}  // namespace keyshift::formats
