// SPDX-License-Identifier: Apache-2.0
// History, events, failures and decisions, as the state has them. Blocking. Used by the thread of the State.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/lists.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "inventory/key_query.hpp"
#include "store/state.hpp"

namespace keyshift::inventory {

/// As the API has them.
api::PairDecision pair_decision(const store::OperatorPair& pair);
api::AckDecision ack_decision(const store::Acknowledgement& acknowledgement);
api::HistoryPoint history_point(const store::ProgressPoint& point);

/// Of a list in the order of time.
struct TimeQuery {
    base::Time since = base::kInfinitePast;
    std::size_t limit = kDefaultLimit;
    std::optional<std::int64_t> after =
        {};  ///< of the last item of the page before: its id, or its microseconds

    /// Reads `since` (a duration before `now`, or a time), `limit`, which is `most` at most, and `cursor`.
    /// Errors: usage.
    static base::Result<TimeQuery> parse(const Parameters& parameters, base::Time now,
                                         std::size_t most = kMostLimit);
};

/// Oldest first.
base::Result<api::List<api::HistoryPoint>> history(store::State& state, const TimeQuery& query);
/// Newest first, with the ids of keys that the journal still knows.
base::Result<api::List<api::Event>> events(store::State& state, const TimeQuery& query);
/// What has happened since an event.
struct NewEvents {
    std::vector<api::Event> first = {};  ///< the oldest ones, oldest first
    std::uint64_t count = 0;             ///< of all of them
    std::int64_t newest = 0;             ///< the id of the last of all events; 0: there is none
};
/// Those after the one called `after`, of which `limit` are handed over.
base::Result<NewEvents> new_events(store::State& state, std::int64_t after, std::size_t limit);
/// All that the state keeps fit into one page, so that its numbers are of one moment.
inline constexpr std::size_t kMostFailuresListed = 100'000;
/// Of the last 24 hours at most, those with the most failures first, by each log that tells; `query.after` is
/// not looked at.
base::Result<api::FailureList> failures(store::State& state, const TimeQuery& query,
                                        std::vector<api::FailureSource> logs);
/// All of them, oldest first.
base::Result<api::List<api::PairDecision>> pairs(store::State& state);
base::Result<api::List<api::AckDecision>> acks(store::State& state);
/// The same of marks, with what they came to by now.
base::Result<api::List<api::Mark>> marks(store::State& state);

}  // namespace keyshift::inventory
