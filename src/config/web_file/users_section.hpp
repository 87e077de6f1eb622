// SPDX-License-Identifier: Apache-2.0
// `basic_auth_users` of the web file. Internal to the room.
#pragma once

#include <map>
#include <string>

#include "base/secret.hpp"
#include "config/web_file/section.hpp"

namespace keyshift::config {

/// What is wrong with a hash is a problem; a name is repeated in it, a hash never.
std::map<std::string, base::Secret, std::less<>> read_web_users(WebSection section);

}  // namespace keyshift::config
