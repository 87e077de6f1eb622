// SPDX-License-Identifier: Apache-2.0
// The status page: HTML documents made of the documents of the API. All addresses in them are relative, so
// that they work behind a proxy under any path. Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/keys.hpp"
#include "api/lists.hpp"
#include "base/error.hpp"
#include "page/answers/failing.hpp"
#include "page/charts/burn_down.hpp"
#include "page/keys/forms.hpp"
#include "page/keys/key_details.hpp"
#include "page/keys/key_table.hpp"
#include "page/keys/owner_table.hpp"

namespace keyshift::page {

/// What all documents show.
struct Common {
    api::Status status = {};
    Viewer viewer = {};
};

/// "/". What the state tells may be missing, and why.
struct Overview {
    base::Result<api::KeyPage> failing;       ///< keys that are stranded or retired_in_use
    base::Result<api::FailureList> failures;  ///< of the last hour
    base::Result<Past> past;
    base::Result<api::List<api::Event>> events;
    std::string since = "24h";  ///< of the events
    std::vector<api::Hour> hours = {};
    Addresses addresses = {};  ///< of owners whose keys fail, as far as they are known
};
std::string overview(const Common& common, const Overview& overview);
/// The same where the state cannot be read at all: what is in memory stands.
Overview without_state(const base::Error& error, std::vector<api::Hour> hours);

/// "/keys".
std::string keys(const Common& common, const KeysAsked& asked, const base::Result<api::KeyPage>& page);
/// "/keys/ID".
std::string key(const Common& common, const api::KeyDetails& key, const KeyExtras& extras);
/// Several keys may be meant by ID, or none.
std::string which_key(const Common& common, std::string_view asked, const std::vector<api::Key>& candidates);
/// "/keys/ID" that cannot be told now.
std::string unread_key(const Common& common, const base::Error& error);
/// "/owners".
std::string owners(const Common& common, const OwnersAsked& asked, const base::Result<api::OwnerPage>& page);

/// For whoever may not see any of it: why, and what to do. `status` is the status of the answer.
std::string refusal(int status, std::string_view why);

}  // namespace keyshift::page
