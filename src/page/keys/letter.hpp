// SPDX-License-Identifier: Apache-2.0
// A letter to the owner of old keys, to be copied into a mail: what has to be done, key by key. Nothing is
// sent. Pure: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/keys.hpp"

namespace keyshift::page {

struct LetterFacts {
    base::Time now;
    std::optional<base::Time> deadline = {};
    bool cut_off = false;  ///< the gateway accepts no old key any more
};

/// Line by line, the subject first; empty: nothing is to be done with any of `keys`, which are all of one
/// owner. The lines are not escaped.
std::vector<std::string> letter(const std::vector<api::Key>& keys, const LetterFacts& facts);

}  // namespace keyshift::page
