// SPDX-License-Identifier: Apache-2.0
#include "exposition/family.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/utf8.hpp"

namespace keyshift::exposition {
namespace {

using LabelSet = std::vector<Label>;

void make_valid_utf8(std::string& text) {
    std::string clean;
    for (std::string_view rest = text; !rest.empty();) {
        const base::Decoded decoded = base::decode_utf8(rest);
        clean += decoded.valid ? rest.substr(0, decoded.size) : "\xEF\xBF\xBD";
        rest.remove_prefix(decoded.size);
    }
    if (clean != text) text = std::move(clean);
}

bool is_name(std::string_view text) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.empty() || !is_letter(text.front())) return false;
    return std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c); });
}

bool has_type_s_suffix(const Family& family) {
    if (family.type == Type::counter) return family.name.ends_with("_total") && family.name.size() > 6;
    if (family.type == Type::info) return family.name.ends_with("_info") && family.name.size() > 5;
    return true;
}

/// The labels in a canonical order when they are fit and new to `seen`.
bool is_fit(const LabelSet& labels, std::set<LabelSet>& seen, bool histogram) {
    LabelSet sorted = labels;
    std::ranges::sort(sorted);
    for (const Label& label : sorted)
        if (!is_name(label.name) || (histogram && label.name == "le")) return false;
    if (std::ranges::adjacent_find(sorted, {}, &Label::name) != sorted.end()) return false;
    return seen.insert(std::move(sorted)).second;
}

template <class AnySample>
std::size_t drop_unfit_samples(std::vector<AnySample>& samples, bool histogram) {
    std::set<LabelSet> seen;
    return std::erase_if(samples, [&](AnySample& sample) {
        for (Label& label : sample.labels) make_valid_utf8(label.value);
        return !is_fit(sample.labels, seen, histogram);
    });
}

}  // namespace

std::size_t drop_unfit(std::vector<Family>& families) {
    std::size_t dropped = 0;
    std::set<std::string> names;
    std::erase_if(families, [&](Family& family) {
        if (is_name(family.name) && has_type_s_suffix(family) && names.insert(family.name).second)
            return false;
        dropped += family.samples.size() + family.histograms.size();
        return true;
    });
    for (Family& family : families) {
        make_valid_utf8(family.help);
        dropped += drop_unfit_samples(family.samples, false);
        dropped += drop_unfit_samples(family.histograms, true);
    }
    return dropped;
}

}  // namespace keyshift::exposition
