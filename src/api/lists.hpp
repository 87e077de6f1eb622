// SPDX-License-Identifier: Apache-2.0
// The resources that are plain lists: history, events, failures, sources, pairs, acks. Pure values.
#pragma once

#include <cstdint>
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
    std::string client = {};
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
    static constexpr const char* name_of(const Event*) { return "events"; }
    static constexpr const char* name_of(const SourceReport*) { return "sources"; }
    static constexpr const char* name_of(const PairDecision*) { return "pairs"; }
    static constexpr const char* name_of(const AckDecision*) { return "acks"; }
};

}  // namespace keyshift::api
