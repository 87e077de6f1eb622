// SPDX-License-Identifier: Apache-2.0
// The body of a request that decides: JSON, taken at its word. Pure: safe from any thread.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::daemon {

/// What a member has to be.
struct Member {
    enum class Kind { id, note, kind, flag };
    std::string_view name;
    Kind kind = Kind::id;
    bool required = false;
};

/// Texts by name, and flags as "true"; what was not sent, and a flag that is false, is not there.
using ActionBody = std::map<std::string, std::string, std::less<>>;

/// Errors: usage, which repeat nothing of the text: no JSON object, a member that is unknown, missing, twice
/// there or of another type, a text that is empty, too long (an id: 1024 bytes, a note: 2000) or has a
/// control character.
base::Result<ActionBody> parse_action_body(std::string_view text, std::initializer_list<Member> members);

}  // namespace keyshift::daemon
