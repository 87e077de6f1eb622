// SPDX-License-Identifier: Apache-2.0
// How many entries the gateway's auth caches have: the keys of all nodes are passed by, some at a time, over
// as many polls as it takes. Pure; used by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace keyshift::collectors {

/// What one SCAN is asked to visit. Redis serves nobody else meanwhile: about half a millisecond.
inline constexpr std::int64_t kKeysAtOnce = 1000;

class RedisEntries {
 public:
    /// By the label `cache`.
    using Prefixes = std::map<std::string, std::string>;
    using Counts = std::map<std::string, std::uint64_t>;

    /// What SCAN answers.
    struct Page {
        std::string cursor = {};  ///< where to go on; "0": that was all
        std::vector<std::string> keys = {};
    };
    struct Node {
        std::string id;  ///< another one is another server, or another run of it
        std::function<base::Result<Page>(const std::string& cursor)> scan;
    };

    /// `budget`: how many keys one poll may visit.
    RedisEntries(Prefixes prefixes, std::int64_t budget);

    /// What all prefixes begin with; other keys need not be on a page.
    std::string common_prefix() const;

    /// Goes on until the budget is spent, `enough` has passed or all keys have been seen, and by one page at
    /// least. A node that is new is begun, one that is gone is left out; what the others have shown stays. An
    /// error is that of a page: its node is begun again at the next call.
    base::Result<void> advance(const std::vector<Node>& nodes, base::Deadline enough);
    /// Of the last time that all keys of all nodes were seen; empty before. Keys that move from node to node,
    /// appear or expire meanwhile are counted or not.
    const Counts& counts() const { return counts_; }
    /// Begins anew, with nothing known.
    void forget();

 private:
    struct Progress {
        std::string cursor = "0";
        bool complete = false;
        Counts counts = {};
    };

    base::Result<void> step(const Node& node, Progress& progress) const;
    void complete();

    Prefixes prefixes_;
    std::int64_t budget_;
    std::map<std::string, Progress> progress_;  // by node
    Counts counts_;
};

}  // namespace keyshift::collectors
