// SPDX-License-Identifier: Apache-2.0
#include "formats/json_line.hpp"

#include <deque>
#include <string>

#include <simdjson.h>

namespace keyshift::formats {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kDepth = 64;

/// The scalar at `path`, looking first for the whole rest of it as one name.
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
    object root;
    std::deque<std::string> numbers;  // what text() gave that stands nowhere else
};

JsonLine::JsonLine() : document_(std::make_unique<Document>()) {}
JsonLine::~JsonLine() = default;
JsonLine::JsonLine(JsonLine&&) noexcept = default;
JsonLine& JsonLine::operator=(JsonLine&&) noexcept = default;

bool JsonLine::parse(std::string_view line) {
    document_->numbers.clear();
    if (document_->parser.capacity() < line.size() &&
        document_->parser.allocate(line.size(), kDepth) != simdjson::SUCCESS)
        return false;
    return document_->parser.parse(line.data(), line.size()).get(document_->root) == simdjson::SUCCESS;
}

std::optional<std::string_view> JsonLine::text(std::string_view path) {
    const auto found = find(document_->root, path);
    if (!found || found->is_object() || found->is_array()) return std::nullopt;
    std::string_view text;
    if (found->get(text) == simdjson::SUCCESS) return text;
    return document_->numbers.emplace_back(simdjson::minify(*found));
}

}  // namespace keyshift::formats
