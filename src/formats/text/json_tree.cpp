// SPDX-License-Identifier: Apache-2.0
#include "formats/text/json_tree.hpp"

#include <algorithm>

#include <simdjson.h>

#include "formats/text/text.hpp"

namespace keyshift::formats {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t kTreeDepth = 64;
constexpr std::size_t kLeast = 64;  // simdjson allocates no less

JsonTree of_number(double number) {
    JsonTree out;
    out.kind = JsonTree::Kind::number;
    out.number = number;
    return out;
}

/// The parser has bounded the depth.
JsonTree tree_of(const element& from) {
    JsonTree out;
    switch (from.type()) {
        case element_type::ARRAY:
            out.kind = JsonTree::Kind::list;
            for (const element item : simdjson::dom::array(from.get_array().value_unsafe()))
                out.items.push_back(tree_of(item));
            break;
        case element_type::OBJECT:
            out.kind = JsonTree::Kind::object;
            for (const auto member : simdjson::dom::object(from.get_object().value_unsafe()))
                out.members.emplace_back(member.key, tree_of(member.value));
            break;
        case element_type::INT64:
            return of_number(static_cast<double>(from.get_int64().value_unsafe()));
        case element_type::UINT64:
            return of_number(static_cast<double>(from.get_uint64().value_unsafe()));
        case element_type::DOUBLE:
            return of_number(from.get_double().value_unsafe());
        case element_type::STRING:
            out.kind = JsonTree::Kind::text;
            out.text = from.get_string().value_unsafe();
            break;
        case element_type::BOOL:
            out.kind = JsonTree::Kind::boolean;
            out.truth = from.get_bool().value_unsafe();
            break;
        case element_type::NULL_VALUE:
            break;
    }
    return out;
}

}  // namespace

const JsonTree* JsonTree::find(std::string_view name) const {
    for (const auto& [key, value] : members)
        if (key == name) return &value;
    return nullptr;
}

base::Result<JsonTree> parse_json(std::string_view text) {
    simdjson::dom::parser parser;
    element root;
    if (parser.allocate(std::max(text.size(), kLeast), kTreeDepth) != simdjson::SUCCESS ||
        parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS)
        return parse_error("the document is not JSON");
    return tree_of(root);
}

}  // namespace keyshift::formats
