// SPDX-License-Identifier: Apache-2.0
// What logs tell beside counts: how many lines were what, who fails, and which keys are used. Values; pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::domain {

/// Lines of a log by what became of them. Growth or totals.
struct LogLines {
    std::uint64_t matched = 0;    ///< counted as at least one event
    std::uint64_t skipped = 0;    ///< understood, and nothing to count
    std::uint64_t unparsed = 0;   ///< not of the configured format
    std::uint64_t oversized = 0;  ///< too long to look at
    std::uint64_t bytes = 0;      ///< read

    void add(const LogLines& other);
    bool operator==(const LogLines&) const = default;
};

/// Who failed, why and where. Texts are bounded by those who make them.
struct FailureKind {
    std::int64_t minute = 0;  ///< since the epoch; what is shown of a time span is exact to this
    Event reason = Event::failure_other;
    std::string client;      ///< address, as configuration lets it be shown; empty: not known
    std::string user_agent;  ///< likewise
    std::string path;        ///< without its query
    auto operator<=>(const FailureKind&) const = default;
};
/// The same as views, to find one by.
struct FailureView {
    std::int64_t minute;
    Event reason;
    std::string_view client, user_agent, path;
};
bool operator<(const FailureKind& a, const FailureView& b);
bool operator<(const FailureView& a, const FailureKind& b);

struct FailureTimes {
    std::uint64_t count = 0;
    base::Time first;
    base::Time last;
};

/// Failures of one poll, or of a day, in bounded memory: beyond `limit` kinds, further ones lose client,
/// user agent and path, so that the counts stay exact.
class FailureTally {
 public:
    static constexpr std::size_t kTextBytes = 200;  ///< of each text; longer ones are cut at a character
    using Kinds = std::map<FailureKind, FailureTimes, std::less<>>;

    FailureTally() = default;
    explicit FailureTally(std::size_t limit) : limit_(limit) {}
    void add(Event reason, std::string_view client, std::string_view user_agent, std::string_view path,
             base::Time at);
    void add(FailureView kind, const FailureTimes& times);
    void merge(const FailureTally& other);
    bool empty() const { return kinds_.empty(); }
    void clear() {
        kinds_.clear();
        index_.forget();
    }
    const Kinds& kinds() const { return kinds_; }

 private:
    /// All kinds by their hash, since most of a full tally's failures are of kinds that it does not hold. It
    /// points into kinds_: what is copied or moved makes it anew.
    class Index {
     public:
        Index() = default;
        Index(const Index& /*other*/) {}
        Index(Index&& other) noexcept { other.forget(); }
        Index& operator=(const Index& /*other*/) {
            forget();
            return *this;
        }
        Index& operator=(Index&& other) noexcept {
            forget();
            other.forget();
            return *this;
        }
        ~Index() = default;

        /// Null: it is not in `kinds`.
        Kinds::value_type* find(const FailureView& kind, std::size_t hash, Kinds& kinds);
        void add(Kinds::value_type& kind, std::size_t hash) { places_.emplace(hash, &kind); }
        void forget() noexcept { places_.clear(); }

     private:
        std::unordered_map<std::size_t, Kinds::value_type*> places_;
    };

    Kinds::value_type& entry_for(FailureView kind);

    std::size_t limit_ = 2'000;
    Kinds kinds_;
    Index index_;
};

/// When keys were used, by id as the log writes it, at most `limit` of them: further ones are dropped.
class KeyUses {
 public:
    KeyUses() = default;
    explicit KeyUses(std::size_t limit) : limit_(limit) {}
    void add(std::string_view id, base::Time at);
    void merge(const KeyUses& other);
    bool empty() const { return latest_.empty(); }
    void clear() { latest_.clear(); }
    const std::map<std::string, base::Time, std::less<>>& latest() const { return latest_; }

 private:
    std::size_t limit_ = 100'000;
    std::map<std::string, base::Time, std::less<>> latest_;
};

/// A client of whom a log names the key, by its id: "key 5f1c...", with what else is known of him before it.
std::string client_with_key(std::string_view client, std::string_view key);
/// The id of that key; empty: no log named one.
std::optional<std::string> key_of_client(std::string_view client);

}  // namespace keyshift::domain
