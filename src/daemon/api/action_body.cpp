// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/action_body.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "formats/text/json_tree.hpp"

namespace keyshift::daemon {
namespace {

using base::Errc;
using base::Error;
using formats::JsonTree;

constexpr std::size_t kLongestId = 1024;
constexpr std::size_t kLongestNote = 2000;

Error bad_body(std::string what, std::string hint = "see /api/v1/openapi.json") {
    return {Errc::usage, std::move(what), std::move(hint)};
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// What of the value is wrong; empty: nothing.
std::optional<Error> check(const Member& member, const JsonTree& value) {
    const std::string name(member.name);
    if (member.kind == Member::Kind::flag) {
        if (value.kind == JsonTree::Kind::boolean) return std::nullopt;
        return bad_body("'" + name + "' is neither true nor false");
    }
    if (value.kind != JsonTree::Kind::text) return bad_body("'" + name + "' is no text");
    const bool may_be_empty = member.kind == Member::Kind::note && !member.required;
    if (value.text.empty() && !may_be_empty) return bad_body("'" + name + "' is empty");
    const std::size_t longest = member.kind == Member::Kind::note ? kLongestNote : kLongestId;
    if (value.text.size() > longest)
        return bad_body("'" + name + "' is longer than " + std::to_string(longest) + " bytes");
    if (has_control(value.text)) return bad_body("'" + name + "' has a control character");
    return std::nullopt;
}

}  // namespace

base::Result<ActionBody> parse_action_body(std::string_view text, std::initializer_list<Member> members) {
    const auto tree = formats::parse_json(text);
    if (!tree || tree->kind != JsonTree::Kind::object) return bad_body("the body is no JSON object");
    ActionBody out;
    std::map<std::string, int, std::less<>> seen;
    for (const auto& [name, value] : tree->members) {
        const auto member = std::find_if(members.begin(), members.end(),
                                         [&, &name = name](const Member& one) { return one.name == name; });
        if (member == members.end()) return bad_body("the body has a member that there is not");
        if (++seen[name] > 1) return bad_body("'" + name + "' stands twice");
        if (auto wrong = check(*member, value)) return *std::move(wrong);
        if (member->kind == Member::Kind::flag) {
            if (value.truth) out[name] = "true";
        } else {
            out[name] = value.text;
        }
    }
    for (const Member& member : members)
        if (member.required && seen.find(member.name) == seen.end())
            return bad_body("'" + std::string(member.name) + "' is missing");
    return out;
}

}  // namespace keyshift::daemon
