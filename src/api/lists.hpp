// SPDX-License-Identifier: Apache-2.0
// The resources that are plain lists: history, hours, events, failures, sources, pairs, acks, marks. Pure
// values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/status.hpp"
#include "base/time.hpp"

namespace keyshift::api {

/// How far the migration was at one time: numbers of legacy keys.
struct HistoryPoint {
    base::Time at = {};
    std::uint64_t live = 0;
    std::uint64_t removed = 0;
    std::uint64_t drained = 0;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("at", self.at);
        a("live", self.live);
        a("removed", self.removed);
        a("drained", self.drained);
    }
};

/// What was counted in one hour of the host's clock; what is not measured is 0, which the status tells apart.
struct Hour {
    base::Time at = {};  ///< when it began
    std::uint64_t fallback_hits = 0;
    std::uint64_t cache_hits = 0;
    std::uint64_t cache_misses = 0;
    std::map<std::string, std::uint64_t> failures = {};  ///< by reason, those that occurred

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("at", self.at);
        a("fallback_hits", self.fallback_hits);
        a("cache_hits", self.cache_hits);
        a("cache_misses", self.cache_misses);
        a("failures", self.failures);
    }
};

/// Something that has changed.
struct Event {
    std::uint64_t id = 0;  ///< ascending
    base::Time at = {};
    std::string kind = {};                ///< see store::event
    std::optional<std::string> key = {};  ///< the id of the key that it is about
    std::optional<std::string> owner = {};
    std::optional<std::string> was = {};  ///< a phase
    std::optional<std::string> phase = {};
    std::optional<std::uint64_t> keys = {};  ///< how many it is about
    std::string detail = {};                 ///< for people

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("id", self.id);
        a("at", self.at);
        a("kind", self.kind);
        a("key", self.key);
        a("owner", self.owner);
        a("was", self.was);
        a("phase", self.phase);
        a("keys", self.keys);
        a("detail", self.detail);
    }
};

/// A client that failed to authenticate, as one log tells of it.
struct FailingClient {
    std::string source = {};
    std::string reason = {};
    std::string client = {};  ///< an address, a name, a hash; "key ID" behind it where a log names the key
    std::optional<std::string> key = {};  ///< that key's id
    std::string user_agent = {};
    std::string path = {};
    std::uint64_t failures = 0;
    base::Time first_at = {};
    base::Time last_at = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("source", self.source);
        a("reason", self.reason);
        a("client", self.client);
        a("key", self.key);
        a("user_agent", self.user_agent);
        a("path", self.path);
        a("failures", self.failures);
        a("first_at", self.first_at);
        a("last_at", self.last_at);
    }
};

/// All failures for one reason, as one log tells of them.
struct FailureReason {
    std::string source = {};
    std::string reason = {};
    std::uint64_t clients = 0;  ///< whose address is known
    std::uint64_t failures = 0;
    base::Time first_at = {};
    base::Time last_at = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("source", self.source);
        a("reason", self.reason);
        a("clients", self.clients);
        a("failures", self.failures);
        a("first_at", self.first_at);
        a("last_at", self.last_at);
    }
};

/// A log that tells of failures.
struct FailureSource {
    std::string source = {};
    std::optional<base::Time> read_at = {};  ///< empty: not yet

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("source", self.source);
        a("read_at", self.read_at);
    }
};

/// Who failed to authenticate since a time.
struct FailureList {
    base::Time since = {};
    std::vector<FailureSource> sources =
        {};  ///< the one whose failures count first; without any nobody tells
    std::vector<FailureReason> reasons = {};  ///< of all, not only of those that are listed
    std::uint64_t total = 0;                  ///< so many there are; `failures` are the first of them
    std::vector<FailingClient> items = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("since", self.since);
        a("sources", self.sources);
        a("reasons", self.reasons);
        a("total", self.total);
        a("failures", self.items);
    }
};

/// What an operator has said: which key replaces which.
struct PairDecision {
    std::string legacy = {};
    std::string replacement = {};
    base::Time at = {};
    std::string by = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("legacy", self.legacy);
        a("replacement", self.replacement);
        a("at", self.at);
        a("by", self.by);
    }
};

/// ... which key has been looked into.
struct AckDecision {
    std::string id = {};
    base::Time at = {};
    std::string by = {};
    std::string note = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("id", self.id);
        a("at", self.at);
        a("by", self.by);
        a("note", self.note);
    }
};

/// A client that failed since a mark, for one reason, as one log tells of it.
struct MarkedClient {
    std::string novelty = {};  ///< see domain::novelty_name
    std::string source = {};
    std::string reason = {};
    std::string client = {};
    std::optional<std::string> key = {};  ///< where the log names it
    std::uint64_t failures = 0;           ///< from the minute before the mark on
    std::uint64_t failures_before = 0;    ///< within the 24 hours before that
    base::Time first_at = {};             ///< of `failures`, by the log's clock
    base::Time last_at = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("novelty", self.novelty);
        a("source", self.source);
        a("reason", self.reason);
        a("client", self.client);
        a("key", self.key);
        a("failures", self.failures);
        a("failures_before", self.failures_before);
        a("first_at", self.first_at);
        a("last_at", self.last_at);
    }
};

/// What a source has counted since a mark, whoever it was.
struct MarkedSource {
    std::string source = {};
    std::optional<base::Time> since = {};                ///< its last reading before the mark
    std::optional<base::Time> read_at = {};              ///< the last one that matters
    std::map<std::string, std::uint64_t> failures = {};  ///< by reason, those that occurred

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("source", self.source);
        a("since", self.since);
        a("read_at", self.read_at);
        a("failures", self.failures);
    }
};

/// What an operator has said of the fallback, and who has failed since that did not before.
struct Mark {
    std::uint64_t id = 0;   ///< ascending
    std::string kind = {};  ///< see domain::mark_name
    base::Time at = {};
    std::string by = {};
    std::string note = {};
    // Of what begins something:
    std::optional<base::Time> ended_at = {};    ///< of a brownout
    std::optional<std::string> answer = {};     ///< see domain::answer_name
    std::optional<std::string> summary = {};    ///< the same for people
    std::optional<bool> settled = {};           ///< the sources are not followed any more
    std::vector<std::string> why_unknown = {};  ///< what cannot be told
    std::uint64_t new_clients = 0;              ///< those that fail more often than before among them
    std::uint64_t known_clients = 0;            ///< the others that failed
    std::vector<MarkedSource> sources = {};
    std::vector<MarkedClient> clients = {};  ///< new ones first, at most kMostClients

    static constexpr std::size_t kMostClients = 1'000;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("id", self.id);
        a("kind", self.kind);
        a("at", self.at);
        a("by", self.by);
        a("note", self.note);
        a("ended_at", self.ended_at);
        a("answer", self.answer);
        a("summary", self.summary);
        a("settled", self.settled);
        a("why_unknown", self.why_unknown);
        a("new_clients", self.new_clients);
        a("known_clients", self.known_clients);
        a("sources", self.sources);
        a("clients", self.clients);
    }
};

/// A list under its name; `Item::describe` says what its items are.
template <class Item>
struct List {
    std::vector<Item> items = {};
    std::optional<std::string> next = {};  ///< the cursor of the page behind; empty: it is the last

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("next", self.next);
        a(name_of(static_cast<const Item*>(nullptr)), self.items);
    }

 private:
    static constexpr const char* name_of(const HistoryPoint*) { return "history"; }
    static constexpr const char* name_of(const Hour*) { return "hours"; }
    static constexpr const char* name_of(const Event*) { return "events"; }
    static constexpr const char* name_of(const SourceReport*) { return "sources"; }
    static constexpr const char* name_of(const PairDecision*) { return "pairs"; }
    static constexpr const char* name_of(const AckDecision*) { return "acks"; }
    static constexpr const char* name_of(const Mark*) { return "marks"; }
};

}  // namespace keyshift::api
