// SPDX-License-Identifier: Apache-2.0
#include "formats/text/json_line.hpp"

#include <deque>
#include <string>

#include <simdjson.h>

namespace keyshift::formats {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kLineDepth = 64;

/// The value at `path`, looking first for the whole rest of it as one name.
std::optional<element> find(const object& from, std::string_view path) {
    element found;
    if (from.at_key(path).get(found) == simdjson::SUCCESS) return found;
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
        object inner;
        if (from.at_key(path.substr(0, dot)).get(inner) != simdjson::SUCCESS) continue;
        if (auto deeper = find(inner, path.substr(dot + 1))) return deeper;
    }
    return std::nullopt;
}

}  // namespace

struct JsonLine::Document {
    simdjson::dom::parser parser;
    std::string padded;
    object root;
    std::deque<std::string> written;  // what text() gave that stands nowhere else
};

JsonLine::JsonLine() : document_(std::make_unique<Document>()) {}
JsonLine::~JsonLine() = default;
JsonLine::JsonLine(JsonLine&&) noexcept = default;
JsonLine& JsonLine::operator=(JsonLine&&) noexcept = default;

bool JsonLine::parse(std::string_view line) {
    document_->written.clear();
    if (document_->parser.capacity() < line.size() &&
        document_->parser.allocate(line.size(), kLineDepth) != simdjson::SUCCESS)
        return false;
    if (document_->padded.size() < line.size() + simdjson::SIMDJSON_PADDING)
        document_->padded.resize(line.size() + simdjson::SIMDJSON_PADDING);
    line.copy(document_->padded.data(), line.size());
    const auto parsed = document_->parser.parse(document_->padded.data(), line.size(), false);
    return parsed.get(document_->root) == simdjson::SUCCESS;
}

std::optional<std::string_view> JsonLine::text(std::string_view path) {
    const auto found = find(document_->root, path);
    if (!found || found->is_object() || found->is_array()) return std::nullopt;
    std::string_view text;
    if (found->get(text) == simdjson::SUCCESS) return text;
    return document_->written.emplace_back(simdjson::minify(*found));
}

std::optional<std::string_view> JsonLine::text_at(std::string_view name) const {
    std::string_view text;
    if (document_->root.at_key(name).get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

std::optional<std::string_view> JsonLine::text_at(std::string_view object_name, std::string_view name) const {
    object inner;
    std::string_view text;
    if (document_->root.at_key(object_name).get(inner) != simdjson::SUCCESS ||
        inner.at_key(name).get(text) != simdjson::SUCCESS)
        return std::nullopt;
    return text;
}

}  // namespace keyshift::formats
