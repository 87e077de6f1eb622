// SPDX-License-Identifier: Apache-2.0
#include "domain/phases/pairing.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/utf8.hpp"

namespace keyshift::domain {
namespace {

/// Every `step`th code point from `first` to `last` is a capital, its small letter `shift` further on.
struct Capitals {
    char32_t first;
    char32_t last;
    char32_t step;
    std::int32_t shift;
};
// Unicode's simple case folding of U+0080 to U+017F, modern Greek, and Cyrillic; for the dotted capital I,
// which has none, its lower case. Small letters never fold on, and all results take two bytes at most.
constexpr std::array<Capitals, 25> kCapitals{{
    {0xB5, 0xB5, 1, 0x3BC - 0xB5},  // the micro sign is Greek mu
    {0xC0, 0xD6, 1, 32},           {0xD8, 0xDE, 1, 32},
    {0x100, 0x12E, 2, 1},          {0x130, 0x130, 1, 'i' - 0x130},
    {0x132, 0x136, 2, 1},          {0x139, 0x147, 2, 1},
    {0x14A, 0x176, 2, 1},          {0x178, 0x178, 1, 0xFF - 0x178},
    {0x179, 0x17D, 2, 1},          {0x17F, 0x17F, 1, 's' - 0x17F},  // long s
    {0x386, 0x386, 1, 38},         {0x388, 0x38A, 1, 37},
    {0x38C, 0x38C, 1, 64},         {0x38E, 0x38F, 1, 63},
    {0x391, 0x3A1, 1, 32},         {0x3A3, 0x3AB, 1, 32},
    {0x3C2, 0x3C2, 1, 1},  // final sigma
    {0x400, 0x40F, 1, 80},         {0x410, 0x42F, 1, 32},
    {0x460, 0x480, 2, 1},          {0x48A, 0x4BE, 2, 1},
    {0x4C0, 0x4C0, 1, 15},         {0x4C1, 0x4CD, 2, 1},
    {0x4D0, 0x52E, 2, 1},
}};

/// The small letter of a capital beyond ASCII; anything else unchanged.
char32_t small_letter(char32_t c) {
    const auto* const found = std::find_if(kCapitals.begin(), kCapitals.end(),
                                           [c](const Capitals& r) { return c >= r.first && c <= r.last; });
    if (found == kCapitals.end() || (c - found->first) % found->step != 0) return c;
    return static_cast<char32_t>(static_cast<std::int32_t>(c) + found->shift);
}

std::string fold_case(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        if (const char ascii = text.front(); static_cast<unsigned char>(ascii) < 0x80) {
            out += ascii >= 'A' && ascii <= 'Z' ? static_cast<char>(ascii + 32) : ascii;
            text.remove_prefix(1);
            continue;
        }
        const base::Decoded decoded = base::decode_utf8(text);
        const char32_t c = decoded.code_point;
        const char32_t folded = decoded.valid ? small_letter(c) : c;
        if (folded == c) {
            out += text.substr(0, decoded.size);
        } else if (folded < 0x80) {
            out += static_cast<char>(folded);
        } else {
            out += static_cast<char>(0xC0U | folded >> 6U);
            out += static_cast<char>(0x80U | (folded & 0x3FU));
        }
        text.remove_prefix(decoded.size);
    }
    return out;
}

bool is_white_space(char32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x3000 || c == 0xFEFF;
}

/// What people put between a name and what they add to it.
bool is_separator(char32_t c) {
    constexpr std::u32string_view kMarks = U"-_.,:;/|";
    return is_white_space(c) || kMarks.find(c) != std::u32string_view::npos || (c >= 0x2010 && c <= 0x2015);
}

/// An invalid byte and a letter of any script are part of a word.
bool ends_word(const base::Decoded& before) {
    if (!before.valid) return false;
    const char32_t c = before.code_point;
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return c < 0x80 ? !alphanumeric : is_separator(c);
}

/// The last code point of `text`, which must not be empty.
base::Decoded last_code_point(std::string_view text) {
    for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
        const base::Decoded decoded = base::decode_utf8(text.substr(text.size() - size));
        if (decoded.valid && decoded.size == size) return decoded;
    }
    return {};
}

void trim_end(std::string_view& text, bool (*unwanted)(char32_t)) {
    while (!text.empty()) {
        const base::Decoded last = last_code_point(text);
        if (!last.valid || !unwanted(last.code_point)) return;
        text.remove_suffix(last.size);
    }
}

std::string_view trim(std::string_view text) {
    trim_end(text, is_white_space);
    while (!text.empty()) {
        const base::Decoded first = base::decode_utf8(text);
        if (!first.valid || !is_white_space(first.code_point)) break;
        text.remove_prefix(first.size);
    }
    return text;
}

constexpr std::string_view kMonthShape = "0000-00";

/// "YYYY-MM" with a month that exists.
bool ends_with_month(std::string_view name) {
    if (name.size() < kMonthShape.size()) return false;
    name.remove_prefix(name.size() - kMonthShape.size());
    for (std::size_t i = 0; i < kMonthShape.size(); ++i)
        if (kMonthShape[i] == '-' ? name[i] != '-' : name[i] < '0' || name[i] > '9') return false;
    const int month = (name[5] - '0') * 10 + (name[6] - '0');
    return month >= 1 && month <= 12;
}

/// How many bytes at the end of `name` were added for a new key; 0: none.
std::size_t addition_size(std::string_view name) {
    for (const std::string_view mark : {"-2", "(2)"})
        if (name.ends_with(mark)) return mark.size();
    std::size_t size = 0;
    for (const std::string_view word : {"v2", "new"})
        if (name.ends_with(word)) size = word.size();
    if (ends_with_month(name)) size = kMonthShape.size();
    const std::string_view before = name.substr(0, name.size() - size);
    return before.empty() || ends_word(last_code_point(before)) ? size : 0;
}

using NameOf = std::uint64_t Candidate::*;

void sort_for_pairing(std::span<Candidate> legacy, std::span<Candidate> modern, NameOf name) {
    std::sort(legacy.begin(), legacy.end(), [name](const Candidate& a, const Candidate& b) {
        return std::tie(a.*name, a.created, a.tag) < std::tie(b.*name, b.created, b.tag);
    });
    std::sort(modern.begin(), modern.end(), [name](const Candidate& a, const Candidate& b) {
        const bool a_unused = a.last_used == 0;
        const bool b_unused = b.last_used == 0;
        return std::tie(a.*name, a_unused, a.created, a.tag) < std::tie(b.*name, b_unused, b.created, b.tag);
    });
}

/// Pairs keys whose names are equal; those without a partner remain in `legacy` and `modern`.
void pair_by_name(std::span<Candidate>& legacy, std::span<Candidate>& modern, NameOf name,
                  std::vector<Match>& matches) {
    sort_for_pairing(legacy, modern, name);
    std::size_t l = 0;
    std::size_t m = 0;
    std::size_t legacy_left = 0;
    std::size_t modern_left = 0;
    while (l < legacy.size() || m < modern.size()) {
        const bool both = l < legacy.size() && m < modern.size();
        if (both && legacy[l].*name == modern[m].*name && legacy[l].*name != 0 &&
            legacy[l].created < modern[m].created) {
            matches.push_back({legacy[l++].tag, modern[m++].tag, PairRule::name});
        } else if (both ? modern[m].*name <= legacy[l].*name : m < modern.size()) {
            // Of one name: it is no later than the oldest legacy key still without, so none is left for it.
            modern[modern_left++] = modern[m++];
        } else {
            legacy[legacy_left++] = legacy[l++];
        }
    }
    legacy = legacy.first(legacy_left);
    modern = modern.first(modern_left);
}

}  // namespace

std::string_view rule_name(PairRule rule) {
    switch (rule) {
        case PairRule::pair:
            return "pair";
        case PairRule::name:
            return "name";
        case PairRule::owner:
            return "owner";
        case PairRule::none:
            break;
    }
    return "none";
}

std::string fold_name(std::string_view name) {
    return fold_case(trim(name));
}

std::string normalise_name(std::string_view name) {
    std::string folded = fold_name(name);
    std::string_view rest = folded;
    while (const std::size_t size = addition_size(rest)) {
        rest.remove_suffix(size);
        trim_end(rest, is_separator);
    }
    if (!rest.empty()) folded.resize(rest.size());
    return folded;
}

std::vector<Match> pair_owner(std::span<Candidate> legacy, std::span<Candidate> modern, Owner owner) {
    std::vector<Match> matches;
    pair_by_name(legacy, modern, &Candidate::folded, matches);
    pair_by_name(legacy, modern, &Candidate::name, matches);
    if (owner == Owner::someone && legacy.size() == 1 && modern.size() == 1 &&
        legacy.front().created < modern.front().created)
        matches.push_back({legacy.front().tag, modern.front().tag, PairRule::owner});
    return matches;
}

}  // namespace keyshift::domain
