// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/expressions.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include <re2/re2.h>
#include <re2/set.h>

#include "formats/lines/literal_search.hpp"
#include "formats/lines/literals.hpp"

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
              groups(static_cast<std::size_t>(*std::max_element(numbers.begin(), numbers.end())) + 1) {}
        RE2 expression;
        std::array<int, kMostNamedGroups> numbers;
        std::vector<re2::StringPiece> groups;  // of its last match
    };
    /// What finds a text in which that expression may match.
    struct Literal {
        std::size_t expression;
        bool sure;  ///< it matches
    };

    void prepare();

    std::vector<std::string> texts;
    std::vector<std::unique_ptr<One>> all;
    // Once matches() is called, in which most expressions are looked for by what they cannot do without.
    std::vector<Literal> literals;
    std::optional<LiteralSearch> search;
    // The others, which one automaton knows; null: it would be too large.
    std::vector<std::size_t> others;
    std::unique_ptr<RE2::Set> set;
    std::vector<int> of_set;  // those that match, by their place in `others`
    std::vector<Match> matches;
    std::uint64_t text = 0;            // the number of the last one
    std::vector<std::uint64_t> tried;  // by expression: the last text that was compared with it
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
    : compiled_(std::make_unique<Compiled>()) {
    compiled_->texts = expressions;
    for (const std::string& expression : expressions)
        compiled_->all.push_back(expression.empty() ? nullptr
                                                    : std::make_unique<Compiled::One>(expression, names));
}

LineExpressions::~LineExpressions() = default;
LineExpressions::LineExpressions(LineExpressions&&) noexcept = default;
LineExpressions& LineExpressions::operator=(LineExpressions&&) noexcept = default;

bool LineExpressions::match(std::size_t index, std::string_view text, NamedGroups& groups) const {
    Compiled::One& one = *compiled_->all[index];
    groups = {};
    const re2::StringPiece whole(text.data(), text.size());
    const int wanted = one.groups.size() == 1 ? 0 : static_cast<int>(one.groups.size());
    if (!one.expression.Match(whole, 0, text.size(), RE2::UNANCHORED, one.groups.data(), wanted))
        return false;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const int number = one.numbers.at(i);
        if (number == 0) continue;
        const re2::StringPiece& group = one.groups[static_cast<std::size_t>(number)];
        groups.at(i) = {group.data(), group.size()};
    }
    return true;
}

void LineExpressions::Compiled::prepare() {
    std::vector<std::string> wanted;
    set = std::make_unique<RE2::Set>(options(), RE2::UNANCHORED);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (!all[i]) continue;
        RequiredLiterals required = required_literals(texts[i]);
        const bool long_enough = std::ranges::all_of(
            required.any_of, [](const auto& literal) { return literal.size() >= LiteralSearch::kLeast; });
        if (required.any_of.empty() || !long_enough) {
            others.push_back(i);
            set->Add(texts[i], nullptr);
            continue;
        }
        for (std::string& literal : required.any_of) {
            literals.push_back({i, required.exact});
            wanted.push_back(std::move(literal));
        }
    }
    if (!set->Compile()) set.reset();
    search.emplace(std::move(wanted));
    tried.resize(texts.size());
}

const std::vector<LineExpressions::Match>& LineExpressions::matches(std::string_view text) {
    Compiled& c = *compiled_;
    if (!c.search) c.prepare();
    c.matches.clear();
    ++c.text;
    const auto add = [&](std::size_t index, bool sure) {
        // A literal may stand there many times, and the way to find out is long.
        if (std::exchange(c.tried[index], c.text) == c.text) return;
        Match& out = c.matches.emplace_back(Match{index, {}});
        if (!sure && !match(index, text, out.groups)) c.matches.pop_back();
    };
    c.search->find(text,
                   [&](std::size_t found) { add(c.literals[found].expression, c.literals[found].sure); });
    if (c.others.empty()) return c.matches;
    RE2::Set::ErrorInfo error{};
    const bool any = c.set && c.set->Match({text.data(), text.size()}, &c.of_set, &error);
    if (!c.set || (!any && error.kind != RE2::Set::kNoError)) {
        // It has used up its memory.
        for (const std::size_t index : c.others) add(index, false);
    } else if (any) {
        for (const int place : c.of_set) {
            const std::size_t index = c.others[static_cast<std::size_t>(place)];
            add(index, c.all[index]->groups.size() == 1);
        }
    }
    return c.matches;
}

}  // namespace keyshift::formats
