// SPDX-License-Identifier: Apache-2.0
#include "config/web_file/users_section.hpp"

#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "config/tree/text.hpp"
#include "config/web_file/go_values.hpp"

namespace keyshift::config {
namespace {

constexpr std::size_t kShortest = 59;
constexpr int kLeastCost = 4;
constexpr int kMostCost = 31;
/// A core of today works for a second at this one.
constexpr int kSlowCost = 14;

const char* const kMakeOne = "make one: htpasswd -nBC 10 \"\" | tr -d ':\\n'";

struct Judged {
    std::string problem;  // empty: none
    int cost = 0;
    bool fits_no_password = false;
};

/// As Go's bcrypt reads a hash: '$', '2', perhaps a letter, '$', two digits, and then whatever there is.
Judged judge(std::string_view hash) {
    if (hash.size() < kShortest) return {"is too short for a bcrypt hash"};
    if (hash[0] != '$' || hash[1] > '2') return {"is not a bcrypt hash"};
    const std::size_t digits = hash[2] == '$' ? 3 : 4;
    if (!base::is_digit(hash[digits]) || !base::is_digit(hash[digits + 1]))
        return {"has no cost that can be read"};
    const int cost = (hash[digits] - '0') * 10 + (hash[digits + 1] - '0');
    if (cost < kLeastCost || cost > kMostCost) return {"has a cost that is not between 4 and 31"};
    const bool whole =
        hash[1] == '2' && hash.size() == digits + 56 && hash[digits - 1] == '$' && hash[digits + 2] == '$';
    return {{}, cost, !whole};
}

}  // namespace

std::map<std::string, base::Secret, std::less<>> read_web_users(WebSection section) {
    std::map<std::string, base::Secret, std::less<>> users;
    for (const Entry& entry : section.entries()) {
        const std::string key = is_plain_key(entry.key) ? entry.key : "";
        const auto hash = go_text(entry.value);
        if (!hash) {
            section.problem(entry.value, key, "is not a text", kMakeOne);
            continue;
        }
        const Judged judged = judge(*hash);
        if (!judged.problem.empty()) {
            section.problem(entry.value, key, judged.problem, kMakeOne);
            continue;
        }
        if (judged.fits_no_password) section.warning(key, "has a hash that fits no password", kMakeOne);
        if (judged.cost > kSlowCost)
            section.warning(key, "has a hash whose cost makes each login wait for seconds",
                            "use a cost of 10 or 12");
        users.emplace(entry.key, base::Secret(*hash));
    }
    return users;
}

}  // namespace keyshift::config
