// SPDX-License-Identifier: Apache-2.0
#include "collectors/shared/skipped_parameters.hpp"

#include "base/utf8.hpp"

namespace keyshift::collectors {
namespace {

std::string in_vain(const std::vector<std::string>& skipped) {
    std::string out = "has what only other clients use: ";
    for (const std::string& name : skipped)
        out += (&name == &skipped.front() ? "" : ", ") + base::escape_unsafe(name);
    return out;
}

}  // namespace

void warn_of_skipped(config::OptionsReader& reader, std::string_view key,
                     const std::vector<std::string>& skipped) {
    if (!skipped.empty()) reader.warning(key, in_vain(skipped), "keyshift does without");
}

std::vector<Finding> about_skipped(const std::string& what, const std::vector<std::string>& skipped) {
    if (skipped.empty()) return {};
    return {{Finding::Kind::ok, what + " " + in_vain(skipped) + "; keyshift does without"}};
}

}  // namespace keyshift::collectors
