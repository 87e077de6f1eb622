// SPDX-License-Identifier: Apache-2.0
#include "config/options/options.hpp"

#include <charconv>

#include "config/options/reading.hpp"
#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

base::Result<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return invalid("is not a whole number", "write digits only");
    return value;
}

/// `parse`, then the bounds.
template <class T, class Format>
Parse<T> within(Range<T> range, Parse<T> parse, Format format) {
    return [=](std::string_view text) -> base::Result<T> {
        auto value = parse(text);
        if (value && (*value < range.min || *value > range.max))
            return invalid("is out of range", "give " + format(range.min) + " to " + format(range.max));
        return value;
    };
}

}  // namespace

OptionsReader::OptionsReader(Reading& reading, const TreeNode* node, Position at, std::string label)
    : reading_(&reading), node_(node), at_(at), label_(std::move(label)) {
    if (node_ != nullptr) reading_->sections[node_].label = label_;
}

void OptionsReader::accept_unknown_keys() {
    reading_->sections.erase(node_);
}

std::string OptionsReader::text(std::string_view key, std::string_view fallback) {
    return parsed<std::string>(key, std::string(fallback), fallback,
                               [](std::string_view text) { return std::string(text); });
}

std::int64_t OptionsReader::integer(std::string_view key, std::int64_t fallback, Range<std::int64_t> range) {
    const auto format = [](std::int64_t value) { return std::to_string(value); };
    return parsed<std::int64_t>(key, fallback, format(fallback),
                                within<std::int64_t>(range, parse_integer, format));
}

double OptionsReader::ratio(std::string_view key, double fallback, Range<double> range) {
    return parsed<double>(key, fallback, format_ratio(fallback),
                          within<double>(range, parse_ratio, format_ratio));
}

base::Duration OptionsReader::duration(std::string_view key, base::Duration fallback,
                                       Range<base::Duration> range) {
    const auto parse = [&](std::string_view text) -> base::Result<base::Duration> {
        if (text.find_first_not_of("0123456789.") == std::string_view::npos) {
            // Never seconds: whoever means days would take them as proposed.
            const std::string number = is_as_written(key, text) ? std::string(text) : "7";
            return invalid("has no unit", "write one: " + number + "d, " + number + "h or " + number + "m");
        }
        if (const auto value = base::parse_duration(text)) return *value;
        return invalid("is not a duration", "write for example 250ms, 30s, 10m, 12h, 7d or 1d12h");
    };
    return parsed<base::Duration>(key, fallback, base::format_duration(fallback),
                                  within<base::Duration>(range, parse, base::format_duration));
}

std::optional<base::Time> OptionsReader::time(std::string_view key) {
    return parsed_or_null<base::Time>(
        key, std::nullopt, "null", [](std::string_view text) -> base::Result<base::Time> {
            if (const auto value = base::parse_rfc3339(text)) return *value;
            return invalid("is not a time", "write it with its offset, such as 2026-01-10T00:00:00Z");
        });
}

base::Result<std::filesystem::path> OptionsReader::resolved(std::string_view key,
                                                            std::string_view text) const {
    if (!text.starts_with('~')) return reading_->directory / std::filesystem::path(text);
    const auto home = non_empty(reading_->environment, "HOME");
    const bool own = home && (text == "~" || text.starts_with("~/"));
    return invalid("begins with ~, which only shells take for a home directory",
                   own && is_as_written(key, text) ? "write " + *home + std::string(text.substr(1))
                                                   : "write the whole path");
}

std::filesystem::path OptionsReader::path(std::string_view key, const std::filesystem::path& fallback) {
    return parsed<std::filesystem::path>(key, fallback, fallback.native(),
                                         [&](std::string_view text) { return resolved(key, text); });
}

std::filesystem::path OptionsReader::optional_path(std::string_view key) {
    return parsed_or_null<std::filesystem::path>(key, std::nullopt, "null",
                                                 [&](std::string_view text) { return resolved(key, text); })
        .value_or(std::filesystem::path());
}

std::string OptionsReader::optional_text(std::string_view key) {
    return parsed_or_null<std::string>(key, std::nullopt, "null",
                                       [](std::string_view text) { return std::string(text); })
        .value_or(std::string());
}

std::vector<std::string> OptionsReader::list_of_text(std::string_view key,
                                                     const std::vector<std::string>& fallback) {
    std::string written;
    for (const std::string& item : fallback) written += (written.empty() ? "" : ", ") + item;
    return parsed_list<std::string>(key, fallback, written,
                                    [](std::string_view text) { return std::string(text); });
}

std::vector<std::string> OptionsReader::optional_list_of_text(std::string_view key) {
    return parsed_list_or_null<std::string>(key, [](std::string_view text) { return std::string(text); })
        .value_or(std::vector<std::string>());
}

std::vector<std::filesystem::path> OptionsReader::paths(std::string_view key) {
    return parsed_list<std::filesystem::path>(key, {}, "null",
                                              [&](std::string_view text) { return resolved(key, text); });
}

OptionsReader OptionsReader::section(std::string_view key) {
    const TreeNode* node = child(key);
    if (node_ != nullptr) ask(key);
    if (node != nullptr && node->kind != TreeNode::Kind::map) {
        report_kind(*node, key, "a mapping");
        node = nullptr;
    }
    return {*reading_, node, node == nullptr ? at_ : node->at, under(key)};
}

std::optional<OptionsReader> OptionsReader::optional_section(std::string_view key) {
    if (is_mapping(key)) return section(key);
    const TreeNode* node = declare(key, "null");
    if (node != nullptr && node->kind != TreeNode::Kind::null) report_kind(*node, key, "a mapping");
    return std::nullopt;
}

bool OptionsReader::is_mapping(std::string_view key) const {
    const TreeNode* node = child(key);
    return node != nullptr && node->kind == TreeNode::Kind::map;
}

std::vector<OptionsReader> OptionsReader::sections(std::string_view key) {
    const TreeNode* list = child(key);
    if (node_ != nullptr) ask(key);
    std::vector<OptionsReader> readers;
    if (list == nullptr) return readers;
    if (list->kind != TreeNode::Kind::list) {
        report_kind(*list, key, "a list");
        return readers;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        const TreeNode& item = list->items[i];
        const std::string label = std::string(key) + "[" + std::to_string(i) + "]";
        if (item.kind == TreeNode::Kind::map) {
            readers.push_back({*reading_, &item, item.at, under(label)});
        } else {
            report_kind(item, label, "a mapping");
        }
    }
    return readers;
}

}  // namespace keyshift::config
