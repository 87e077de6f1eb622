// SPDX-License-Identifier: Apache-2.0
#include "config/tree/file_sd.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "config/tree/yaml.hpp"

namespace keyshift::config {
namespace {

using base::Errc;
using base::Error;
using base::Result;

Error wrong(Position at, std::string what, std::string hint) {
    const std::string line = at.line > 0 ? " on line " + std::to_string(at.line) : "";
    return {Errc::parse, std::move(what) + line, std::move(hint)};
}

/// The number of "\uXXXX" at the beginning of `text`.
std::optional<std::uint32_t> escaped_unit(std::string_view text) {
    constexpr std::size_t kLength = std::string_view("\\uXXXX").size();
    if (text.size() < kLength || !text.starts_with("\\u")) return std::nullopt;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + kLength, value, 16);
    if (error != std::errc{} || end != text.data() + kLength) return std::nullopt;
    return value;
}

/// One character that JSON writes as two escapes as the one escape that YAML has for it.
std::optional<std::string> joined_pair(std::string_view text) {
    const auto high = escaped_unit(text);
    if (!high || *high < 0xD800 || *high > 0xDBFF) return std::nullopt;
    const auto low = escaped_unit(text.substr(6));
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return std::nullopt;
    std::uint32_t code_point = 0x10000 + ((*high - 0xD800) << 10U) + (*low - 0xDC00);
    std::string out = "\\U00000000";
    for (std::size_t i = out.size(); code_point != 0; code_point >>= 4U)
        out[--i] = "0123456789ABCDEF"[code_point & 0xFU];
    return out;
}

/// What the two languages do not share: pairs of escapes, and tabs that indent. Positions keep their lines.
std::string json_as_yaml(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') quoted = !quoted;
        if (!quoted && c == '\t') {
            out += ' ';
        } else if (quoted && c == '\\' && i + 1 < text.size()) {
            const auto pair = joined_pair(text.substr(i));
            const std::size_t length = pair ? 12 : 2;
            out += pair ? *pair : std::string(text.substr(i, length));
            i += length - 1;
        } else {
            out += c;
        }
    }
    return out;
}

bool is_json(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '[';
}

Result<std::string> label(const TreeNode* labels, std::string_view name) {
    const TreeNode* const value = labels == nullptr ? nullptr : labels->find(name);
    if (value == nullptr) return std::string();
    if (value->kind != TreeNode::Kind::text)
        return wrong(value->at, "has a label that is not a text",
                     "write " + std::string(name) + " as a text");
    return value->text;
}

Result<std::string> address(const TreeNode& item) {
    const bool plain =
        item.kind == TreeNode::Kind::text && !item.text.empty() &&
        std::ranges::none_of(item.text, [](char c) {
            return c <= ' ' || c > '~' || std::string_view("/?#@").find(c) != std::string_view::npos;
        });
    if (!plain) {
        return wrong(item.at, "has a target that is not host:port",
                     "give the scheme as the label __scheme__, the path as __metrics_path__");
    }
    return item.text;
}

Result<void> read_group(const TreeNode& group, std::vector<FileTarget>& out) {
    const TreeNode* const targets = group.find("targets");
    const TreeNode* const labels = group.find("labels");
    if (targets == nullptr || targets->kind != TreeNode::Kind::list)
        return wrong(group.at, "has a group without a list of targets",
                     "write {\"targets\": [\"host:port\"]}");
    if (labels != nullptr && labels->kind != TreeNode::Kind::map && labels->kind != TreeNode::Kind::null)
        return wrong(labels->at, "has labels that are not a mapping",
                     "write {\"labels\": {\"name\": \"value\"}}");
    auto scheme = label(labels, "__scheme__");
    if (!scheme) return scheme.error();
    if (!scheme->empty() && *scheme != "http" && *scheme != "https")
        return wrong(labels->at, "has a __scheme__ other than http and https", "use one of the two");
    auto path = label(labels, "__metrics_path__");
    if (!path) return path.error();
    if (!path->empty() && !path->starts_with('/'))
        return wrong(labels->at, "has a __metrics_path__ that does not start with /",
                     "write it like /metrics");
    for (const TreeNode& item : targets->items) {
        auto host = address(item);
        if (!host) return host.error();
        out.push_back({*std::move(host), *scheme, *path});
    }
    return {};
}

}  // namespace

Result<std::vector<FileTarget>> parse_file_sd(std::string_view text) {
    if (text.size() > kFileSdBytes)
        return Error{Errc::parse, "is larger than 1 MiB", "a file of targets is smaller"};
    std::vector<Problem> problems;
    const auto document =
        is_json(text) ? parse_yaml(json_as_yaml(text), problems) : parse_yaml(text, problems);
    if (!problems.empty()) return wrong(problems.front().at, problems.front().what, problems.front().hint);
    if (!document || document->kind != TreeNode::Kind::list) {
        return Error{Errc::parse, "is not a list of target groups",
                     "write it as Prometheus does: [{\"targets\": [\"host:port\"]}]"};
    }
    std::vector<FileTarget> out;
    for (const TreeNode& group : document->items) {
        if (auto read = read_group(group, out); !read) return read.error();
        if (out.size() > kFileSdTargets) {
            return Error{Errc::parse, "has more than " + std::to_string(kFileSdTargets) + " targets",
                         "keep to the gateway's replicas"};
        }
    }
    return out;
}

}  // namespace keyshift::config
