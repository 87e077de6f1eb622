// SPDX-License-Identifier: Apache-2.0
// Who fails now: keys that stopped working or went while they were in use, and clients that are refused.
// Pure: safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/keys.hpp"
#include "api/lists.hpp"
#include "base/error.hpp"
#include "page/html/html.hpp"

namespace keyshift::page {

/// By the owner's id.
using Addresses = std::map<std::string, std::string, std::less<>>;

/// `keys` are those that are stranded or retired_in_use; `failures` of the last hour. Either may not have
/// been read, and why.
Html failing(const api::Status& status, const base::Result<api::KeyPage>& keys, const Addresses& addresses,
             const base::Result<api::FailureList>& failures);
/// In place of a list that could not be read.
Html unread(const base::Error& error);
/// For unread(): keys are being read, and asked for again at once.
base::Error being_read();

}  // namespace keyshift::page
