// SPDX-License-Identifier: Apache-2.0
// One row of the gateway's key table, as far as it can be believed (plausible.hpp).
// Texts are views into the source's buffer: valid only during the call that hands the key over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "domain/keys/row_problem.hpp"

namespace keyshift::domain {

struct Key {
    std::string_view id;
    std::optional<std::string_view> owner;        ///< the owner's id; empty: a key of the system
    std::optional<std::string_view> owner_email;  ///< only where asked for and readable
    std::optional<std::string_view> name;
    std::string_view prefix;               ///< the first characters of the key, as the gateway shows them
    std::optional<base::Time> created_at;  ///< empty: not known
    std::optional<base::Time> last_used_at;
    /// What the row says of its last use where that lies in the future: `last_used_at` is then the moment of
    /// the poll, and only a change of this value is another use.
    std::optional<base::Time> use_ahead = {};
    std::optional<base::Time> expires_at;
    std::optional<int> bcrypt_cost;  ///< empty where it may not be read
    bool blocked = false;
    bool over_budget = false;
    bool legacy = false;  ///< has no lookup hash
    RowProblems problems = {};
};

}  // namespace keyshift::domain
