// SPDX-License-Identifier: Apache-2.0
#include "report/wording.hpp"

#include <cstddef>

#include "report/append.hpp"

namespace keyshift::report {

void append_totals(std::string& out, const Header& header) {
    append_count(out, header.legacy_keys, "legacy key");
    if (header.owners) {
        out += " of ";
        append_count(out, *header.owners, "owner");
    }
}

std::string_view standing(const domain::Key& key, base::Time as_of) {
    constexpr std::array<std::string_view, 8> kWords{
        "",        "blocked",          "over budget",          "blocked, over budget",
        "expired", "blocked, expired", "over budget, expired", "blocked, over budget, expired"};
    const bool expired = key.expires_at && *key.expires_at <= as_of;
    const std::size_t index = (key.blocked ? 1U : 0U) + (key.over_budget ? 2U : 0U) + (expired ? 4U : 0U);
    return kWords.at(index);
}

}  // namespace keyshift::report
