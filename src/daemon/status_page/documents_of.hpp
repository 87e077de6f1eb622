// SPDX-License-Identifier: Apache-2.0
// What the documents of the status page are made of, read from the state and the index. Blocking: for the
// worker's thread.
#pragma once

#include <string>
#include <vector>

#include "api/lists.hpp"
#include "inventory/documents.hpp"
#include "inventory/key_index.hpp"
#include "inventory/key_query.hpp"
#include "page/documents.hpp"
#include "report/letters/letter.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

/// `index` may be null where no key fails; an error stands in the place of keys. Without addresses.
page::Overview read_overview(store::State& state, const base::Result<const inventory::KeyIndex*>& index,
                             const inventory::JudgedBy& by, std::string since);

/// The letter to the owner of `key` about all keys of which something is asked, with its subject; of a key
/// without owner about itself. Empty: nothing is asked.
std::string letter_about(store::State& state, const inventory::KeyIndex& index, const inventory::JudgedBy& by,
                         const api::Key& key, const std::string& address, const report::LetterFacts& facts);

/// "/keys?..." as a person's browser sends it: fields that were left empty are not said.
page::KeysAsked keys_asked(const inventory::Parameters& parameters);
page::OwnersAsked owners_asked(const inventory::Parameters& parameters);
/// The same for the API's own reading of parameters.
inventory::Parameters without_empty(inventory::Parameters parameters);

}  // namespace keyshift::daemon
