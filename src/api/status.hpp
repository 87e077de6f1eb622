// SPDX-License-Identifier: Apache-2.0
// /api/v1/status, and `keyshift status`: all that one screen says. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/judged.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/model.hpp"

namespace keyshift::api {

struct MigrationProgress {
    std::optional<std::string> state = {};  ///< empty: there has never been a legacy key
    std::optional<double> removed_ratio = {};
    std::optional<double> drained_ratio = {};  ///< removed or drained
    std::uint64_t legacy_keys = 0;
    std::uint64_t modern_keys = 0;
    std::uint64_t baseline = 0;
    std::optional<base::Time> began = {};
    std::optional<base::Time> deadline = {};
    std::optional<base::Time> eta_point = {};
    std::optional<base::Time> eta_p50 = {};
    std::optional<base::Time> eta_p85 = {};

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("state", self.state);
        a("removed_ratio", self.removed_ratio);
        a("drained_ratio", self.drained_ratio);
        a("legacy_keys", self.legacy_keys);
        a("modern_keys", self.modern_keys);
        a("baseline", self.baseline);
        a("began", self.began);
        a("deadline", self.deadline);
        a("eta_point", self.eta_point);
        a("eta_p50", self.eta_p50);
        a("eta_p85", self.eta_p85);
    }
};

struct FallbackStatus {
    std::string mode = "unknown";
    std::string because = {};
    bool contradicted = false;
    std::string evidence = {};  ///< what counts its hits; empty: nothing yet
    std::uint64_t hits = 0;
    std::uint64_t hits_24h = 0;
    /// Keys that may be locked out already, where nobody knows whether they are accepted.
    std::uint64_t maybe_locked_out = 0;
    std::optional<base::Time> maybe_locked_out_since = {};
    std::optional<std::string> promotion_doubt = {};  ///< what gateway.promotes_in_place has against it

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("mode", self.mode);
        a("because", self.because);
        a("contradicted", self.contradicted);
        a("evidence", self.evidence);
        a("hits", self.hits);
        a("hits_24h", self.hits_24h);
        a("maybe_locked_out", self.maybe_locked_out);
        a("maybe_locked_out_since", self.maybe_locked_out_since);
        a("promotion_doubt", self.promotion_doubt);
    }
};

struct CacheStatus {
    std::string evidence = {};             ///< empty: it is not measured
    std::optional<double> hit_ratio = {};  ///< empty: nothing was counted yet
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    bool redis_hits_unused = false;  ///< Redis counts hits, but the gateway uses none of them

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("evidence", self.evidence);
        a("hit_ratio", self.hit_ratio);
        a("hits", self.hits);
        a("misses", self.misses);
        a("redis_hits_unused", self.redis_hits_unused);
    }
};

struct FailureStatus {
    std::string evidence = {};                          ///< empty: they are not measured
    std::map<std::string, std::uint64_t> reasons = {};  ///< those that occurred
    std::uint64_t failures = 0;
    std::uint64_t failures_24h = 0;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("evidence", self.evidence);
        a("reasons", self.reasons);
        a("failures", self.failures);
        a("failures_24h", self.failures_24h);
    }
};

struct SourceReport {
    std::string source = {};
    std::optional<bool> up = {};                   ///< empty before the first poll ended
    std::optional<std::string> not_measured = {};  ///< why it is not, though it need not be
    std::optional<std::string> failure = {};       ///< of the last poll, and what to do about it
    std::optional<base::Time> read_at = {};
    std::optional<base::Time> watched_since = {};
    std::vector<std::string> missing = {};  ///< parts that did not answer
    std::uint64_t lines = 0;                ///< of a log
    std::uint64_t lines_not_understood = 0;

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("source", self.source);
        a("up", self.up);
        a("not_measured", self.not_measured);
        a("failure", self.failure);
        a("read_at", self.read_at);
        a("watched_since", self.watched_since);
        a("missing", self.missing);
        a("lines", self.lines);
        a("lines_not_understood", self.lines_not_understood);
    }
};

struct Status : Judged {
    std::optional<MigrationProgress> migration = {};  ///< empty before the first census
    std::map<std::string, std::uint64_t> used =
        {};  ///< legacy keys used within "5m", "1h", "24h", "7d", "30d"
    std::map<std::string, std::uint64_t> phases = {};  ///< legacy keys by phase, all phases
    std::uint64_t upgraded_unused = 0;  ///< of those retired_in_use: upgraded, and not used since
    FallbackStatus fallback = {};
    CacheStatus auth_cache = {};
    FailureStatus auth_failures = {};
    std::vector<SourceReport> sources = {};
    std::optional<base::Time> history_begins = {};
    std::string history_begins_because = {};  ///< empty, or why it is not the history of before

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        Judged::describe_origin(a, self);
        a("migration", self.migration);
        a("used", self.used);
        a("phases", self.phases);
        a("upgraded_unused", self.upgraded_unused);
        a("fallback", self.fallback);
        a("auth_cache", self.auth_cache);
        a("auth_failures", self.auth_failures);
        a("sources", self.sources);
        a("history_begins", self.history_begins);
        a("history_begins_because", self.history_begins_because);
        a("verdict", self.answer);
        Judged::describe_configuration(a, self);
    }
};

/// At `now` of the database's clock.
Status status(const domain::Model& model, base::Time now, std::string_view from);
/// Keys by which somebody is locked out, or probably.
std::uint64_t locked_out(const Status& status);

std::string encode(const Status& status);
/// Errors: parse.
base::Result<Status> decode_status(std::string_view text);

}  // namespace keyshift::api
