// SPDX-License-Identifier: Apache-2.0
// Everything known about one key, in plain words, and the letter to its owner. Pure: safe from any thread.
#pragma once

#include <vector>

#include "api/keys.hpp"
#include "page/html/html.hpp"
#include "page/keys/forms.hpp"
#include "page/keys/letter.hpp"

namespace keyshift::page {

/// `of_owner`: all old keys of its owner that may stand in the letter, this one among them. The document is
/// one folder below the overview.
Html key_details(const api::KeyDetails& key, const std::vector<api::Key>& of_owner, const LetterFacts& facts,
                 const Viewer& viewer);

}  // namespace keyshift::page
