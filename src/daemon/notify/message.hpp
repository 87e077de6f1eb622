// SPDX-License-Identifier: Apache-2.0
// What the webhook is sent: events, a changed verdict, or a ping, each as one JSON document. Pure values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/judged.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "inventory/lists.hpp"

namespace keyshift::daemon {

/// So many events go into one message; of the rest it tells the number.
inline constexpr std::size_t kMostEvents = 100;

/// Who sends.
struct Sender {
    std::string instance;
    std::optional<base::Time> history_began_at;  ///< ids of events are those of this history
    bool names_keys = true;                      ///< ids, owners and details of keys may leave the host
};

struct VerdictChange {
    std::string from = {};
    std::string to = {};
    base::Time at = {};       ///< by the database's clock
    std::string reason = {};  ///< the check that decides, and its evidence
    std::optional<base::Time> earliest_safe = {};
    std::vector<api::CheckedItem> checks = {};  ///< those that do not pass

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("from", self.from);
        a("to", self.to);
        a("at", self.at);
        a("reason", self.reason);
        a("earliest_safe", self.earliest_safe);
        a("checks", self.checks);
    }
};

/// What a verdict tells; `from` is not known here.
VerdictChange verdict_seen(const api::Judged& judged);

struct Message {
    std::string id;                          ///< the same at each attempt, and after a restart
    std::string body;                        ///< JSON
    std::uint64_t told = 1;                  ///< events, or changes of the verdict, that it tells of
    std::uint64_t left_out = 0;              ///< events of which it tells the number alone
    std::optional<std::int64_t> events_end;  ///< the last event that needs no other message
    std::optional<std::string> verdict;      ///< the one that it tells of
};

/// `events.first` is not empty.
Message events_message(const Sender& from, inventory::NewEvents events, base::Time now);
/// `number`: how many changes of the verdict were told before.
Message verdict_message(const Sender& from, const VerdictChange& change, std::uint64_t number,
                        base::Time now);
/// Tells nothing: shows that the receiver can be reached, and what the signature is like.
Message ping_message(const Sender& from, base::Time now);

/// "t=1767225600,v1=…": HMAC-SHA-256, by the key, of the seconds, a full stop and the body.
std::string signature(const base::Secret& key, std::string_view body, base::Time now);

}  // namespace keyshift::daemon
