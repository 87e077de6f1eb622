// SPDX-License-Identifier: Apache-2.0
// What the statements tell that a gateway built on sqlx logs (formats/tracing/sqlx_line.hpp): refused keys,
// scans of a fallback, promotions, uses; without pg_stat_statements. They carry no request: which of them
// keyshift's own canary has caused cannot be told. What a rule of the log counts is not counted here too,
// from the first line on that the rule has matched. Used on the collector's worker thread.
#pragma once

#include <bitset>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.hpp"
#include "collectors/logs/line_counter.hpp"
#include "collectors/logs/memo_cache.hpp"
#include "collectors/shared/statement_class.hpp"
#include "domain/counts/event.hpp"
#include "formats/tracing/sqlx_line.hpp"

namespace keyshift::collectors {

class SqlxStatements {
 public:
    explicit SqlxStatements(StatementClasses classes) : classes_(std::move(classes)) {}

    /// What a statement shows.
    enum class Shows : std::uint8_t {
        nothing,   ///< it is none on the key table, or an unusual line
        gateway,   ///< the gateway's statements are in the log
        fallback,  ///< ... and one of them was a use of the fallback, or an attempt
    };
    struct Seen {
        bool counts = false;
        Shows shows = Shows::nothing;
    };
    /// `told`: events that are counted otherwise.
    Seen count(const formats::SqlxQuery& query, const domain::Events& told, LogTally& tally);

    /// Whether one of the gateway's was ever seen.
    bool any() const { return seen_.any(); }
    /// Why zeros of these lines are none: one of them fits no class. Empty: nothing speaks against them.
    std::string doubt() const;
    /// What can be zero while the log has such lines.
    domain::Events countable() const;
    std::string scope() const { return classes_.scope(); }
    void append_findings(std::vector<Finding>& out) const;

    /// The classes seen, as a line of text; empty: none.
    std::string memory() const;
    /// Takes what memory() gave off the front of `text`.
    void resume(std::string_view& text);

 private:
    using Classes = std::bitset<kStatementClasses>;

    /// Texts that are longer are read each time.
    static constexpr std::size_t kLongestKept = 8 * 1024;
    static constexpr std::size_t kKept = 256;
    static constexpr std::size_t kMostShown = 8;

    std::optional<Classified> classify(const formats::SqlxQuery& query);
    domain::PerEvent<std::uint64_t> events_of(const Classified& is, const formats::SqlxQuery& query) const;
    bool has(StatementClass of) const { return seen_.test(static_cast<std::size_t>(of)); }
    bool fell_back() const;
    std::string remembered(StatementClass of) const;

    StatementClasses classes_;
    MemoCache<std::optional<Classified>, kKept> known_;
    Classes seen_;
    std::set<std::string> unclassified_;  // texts, as they may be shown
};

}  // namespace keyshift::collectors
