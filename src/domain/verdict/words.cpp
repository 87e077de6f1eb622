// SPDX-License-Identifier: Apache-2.0
#include "domain/verdict/words.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace keyshift::domain {

CheckResult finding(CheckOutcome outcome, std::string evidence, std::optional<base::Time> passes_at) {
    CheckResult result;
    result.outcome = outcome;
    result.evidence = std::move(evidence);
    result.passes_at = passes_at;
    return result;
}

CheckResult pass_if(bool passes, CheckOutcome otherwise, std::string evidence) {
    return finding(passes ? CheckOutcome::pass : otherwise, std::move(evidence));
}

std::string date(base::Time t) {
    return base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(t));
}

std::string date(std::optional<base::Time> t, base::Time now) {
    if (!t) return "never";
    return date(*t) + (*t > now + kClockSkew ? " (in the future)" : "");
}

std::string length(base::Duration d) {
    return base::format_duration(std::chrono::floor<std::chrono::seconds>(d));
}

std::string distance(base::Time t, base::Time now) {
    return t > now ? length(t - now) + " in the future" : length(now - t) + " ago";
}

std::string some(std::uint64_t count, std::string_view noun) {
    return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

std::string some_are(std::uint64_t count, std::string_view noun) {
    return some(count, noun) + (count == 1 ? " is" : " are");
}

std::string percent(double ratio) {
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), ratio * 100, std::chars_format::general, 4).ptr;
    return std::string(text.data(), end) + " %";
}

}  // namespace keyshift::domain
