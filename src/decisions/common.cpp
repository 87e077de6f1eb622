// SPDX-License-Identifier: Apache-2.0
#include "decisions/common.hpp"

#include "base/utf8.hpp"
#include "journal/saved_evidence.hpp"

namespace keyshift::decisions {

base::Result<base::Time> decision_time(store::State& state) {
    const auto facts = state.load_facts();
    if (!facts) return facts.error();
    return base::now() - journal::load_skew(*facts);
}

base::Error unknown_key(const std::string& id) {
    return {base::Errc::usage, "no legacy key " + base::escape_unsafe(id) + " is known",
            "keyshift report lists them; a key that was created just now is known after the next poll"};
}

}  // namespace keyshift::decisions
