// SPDX-License-Identifier: Apache-2.0
// The resources about keys and owners, made of the index and the state. Blocking: they read the state. A
// State is used by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/keys.hpp"
#include "api/lists.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/model.hpp"
#include "inventory/key_index.hpp"
#include "inventory/key_query.hpp"
#include "store/state.hpp"

namespace keyshift::inventory {

/// What keys are judged by, copied from the model, so that it can be used on any thread.
struct JudgedBy {
    base::Time now = {};                     ///< of the database's clock
    std::optional<base::Time> read_at = {};  ///< the last poll of the key table
    domain::Windows windows = {};
    domain::FallbackMode fallback = domain::FallbackMode::unknown;
    bool promotes_in_place = false;
    std::vector<api::FailureSource> failure_logs =
        {};  ///< those that tell of failures, the one followed first

    static JudgedBy of(const domain::Model& model, base::Time now);
};

/// The logs that are configured and may tell of failures, the one followed first, then the best.
std::vector<api::FailureSource> logs_of_failures(const domain::Model& model);

/// A page of keys. Errors: those of the state.
base::Result<api::KeyPage> key_page(store::State& state, const KeyIndex& index, const KeyQuery& query,
                                    const JudgedBy& by);
/// The keys of these rows, as a page that is all there is.
base::Result<api::KeyPage> keys_of_rows(store::State& state, const std::vector<std::uint32_t>& rows,
                                        const JudgedBy& by);

/// Rows of the keys that may be meant by `text`: one whose id it is, or else those whose id begins so, or
/// that have that name or prefix; a few of them at most.
std::vector<std::uint32_t> rows_named(const KeyIndex& index, std::string_view text);

/// Everything about the newest key with this id; empty: the journal has none.
base::Result<std::optional<api::KeyDetails>> key_details(store::State& state, std::string_view id,
                                                         const JudgedBy& by);

}  // namespace keyshift::inventory
