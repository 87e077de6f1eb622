// SPDX-License-Identifier: Apache-2.0
// What is kept in the state beside the keys themselves. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/keys/key.hpp"
#include "domain/keys/table_identity.hpp"
#include "domain/ledger/ledger.hpp"
#include "domain/phases/pairing.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::store {

/// Totals by name and label value ("" where the counter has no label).
using Counters = std::map<std::pair<std::string, std::string>, std::uint64_t>;

/// The counter of keys that have gone for good, by phase.
inline constexpr const char* kOver = "legacy_keys_over";

/// Failures are kept for so long, and so many rows of them at most; each holds at most 600 bytes of text.
inline constexpr base::Duration kFailuresKept = std::chrono::hours{24};
inline constexpr std::size_t kMostFailures = 20'000;

/// Single values by name.
using Facts = std::map<std::string, std::string>;
/// Facts of the file itself: when it was begun, and why, if one was there before.
inline constexpr const char* kBegunAt = "state_begun_at";
inline constexpr const char* kBegunBecause = "state_begun_because";

/// One entry of the timeline. `kind` is one of the constants below.
struct Event {
    std::int64_t id = 0;  ///< ascending; given by the state
    base::Time at = {};
    std::string kind = {};
    std::optional<std::uint32_t> row = {};  ///< of the key it is about
    std::optional<domain::Phase> was = {};
    std::optional<domain::Phase> phase = {};
    std::optional<std::uint64_t> keys = {};  ///< how many it is about
    std::string detail = {};                 ///< for people
};
/// What has happened since an event.
struct NewEvents {
    std::vector<Event> first;  ///< the oldest ones, oldest first
    std::uint64_t count = 0;   ///< of all of them
    std::int64_t newest = 0;   ///< the id of the last of all events; 0: there is none
};
namespace event {
inline constexpr const char* kPhase = "phase";            ///< a key went from `was` to `phase`
inline constexpr const char* kRegression = "regression";  ///< ... back, because the old key was used again
inline constexpr const char* kCreated = "created";        ///< a new legacy key
inline constexpr const char* kReturned = "returned";      ///< a key that had gone is back
inline constexpr const char* kSetBack = "set_back";       ///< last_used_at of `keys` keys went back
inline constexpr const char* kOwnerGone = "owner_gone";   ///< `keys` keys went together with their owner
inline constexpr const char* kPaired = "paired";          ///< a replacement was recognised
inline constexpr const char* kUnpaired = "unpaired";      ///< ... is not there any more
inline constexpr const char* kReplacementUsed = "replacement_used";  ///< ... was used for the first time
inline constexpr const char* kBackfill = "backfill";       ///< `keys` keys upgraded at once, none by its use
inline constexpr const char* kClockSet = "clock_set";      ///< the database's clock was set
inline constexpr const char* kFallback = "fallback_mode";  ///< the mode changed
inline constexpr const char* kTable = "table_changed";     ///< another table, with `keys` of the known keys
inline constexpr const char* kMark =
    "mark";  ///< a brownout or cutover was said, taken back, or came to something
}  // namespace event

/// How far the migration was at one time.
struct ProgressPoint {
    base::Time at;
    std::uint64_t live = 0;
    std::uint64_t removed = 0;
    std::uint64_t drained = 0;
};

/// A legacy key's replacement as the journal has it.
struct Pairing {
    std::string replacement;  ///< id of the modern key
    domain::PairRule rule = domain::PairRule::none;
    base::Time at;                      ///< when it was recognised
    std::optional<base::Time> used_at;  ///< when it was first found used: its last use then
};

/// What operators decided.
struct OperatorPair {
    std::string legacy;
    std::string replacement;
    base::Time at;
    std::string by;
    bool operator==(const OperatorPair&) const = default;
};
struct Acknowledgement {
    std::string id;
    base::Time at;
    std::string by;
    std::string note;
};
/// The key table is another one, and that is right.
struct AcceptedTable {
    enum class Journal { goes_on, begins_anew };
    domain::TableIdentity table;
    Journal journal = Journal::goes_on;
    base::Time at = {};
    std::string by = {};
};
struct Decisions {
    std::vector<OperatorPair> pairs;
    std::vector<Acknowledgement> acknowledgements;
    std::optional<AcceptedTable> table = {};
};

/// The table of which the journal is, and another one that waits for an operator.
struct Tables {
    std::optional<domain::TableIdentity> known = {};
    std::optional<domain::TableIdentity> strange = {};
    domain::Recognised recognised = {};  ///< in the strange one
    base::Time seen_at = {};             ///< the strange one, when first seen
};

/// What the table says of a key in words; empty: nothing.
struct KeyTexts {
    std::string id, name, prefix, owner;
};

/// Everything about one legacy key.
struct KeyHistory {
    // The texts behind `key`'s views.
    std::string id, owner, name, prefix;
    domain::Key key;
    domain::KeyMemory memory;
    base::Time first_seen_at;
    std::optional<base::Time> gone_at;
    std::optional<Pairing> pairing;
    std::vector<Event> events;  ///< oldest first
};

}  // namespace keyshift::store
