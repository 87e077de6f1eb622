// SPDX-License-Identifier: Apache-2.0
#include "collectors/access/names.hpp"

#include "collectors/access/paths.hpp"

namespace keyshift::collectors {

const std::string& AccessNames::user_agent(std::string_view text) {
    return user_agents_.get(text.substr(0, kMemoKeyBytes),
                            [&](auto raw) { return shown_text(formats::unescape(raw, escape_)); });
}

const std::string& AccessNames::path(std::string_view target) {
    return paths_.get(target.substr(0, kMemoKeyBytes), [&](auto raw) {
        const std::string path = formats::unescape(raw, escape_);
        return shown_path(path_of(path));
    });
}

}  // namespace keyshift::collectors
