// SPDX-License-Identifier: Apache-2.0
// From statistics of statements to what they count. Remembers of which class each statement is, so that
// their texts are asked for only when there are new ones. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collectors/collector.hpp"
#include "collectors/shared/statement_class.hpp"
#include "collectors/statements/view.hpp"

namespace keyshift::collectors {

class StatementCounts {
 public:
    /// `roles`: those of the gateway; empty: those that send lookups or touches.
    explicit StatementCounts(StatementClasses classes, std::vector<std::string> roles = {})
        : classes_(std::move(classes)), roles_(roles.begin(), roles.end()), roles_given_(!roles.empty()) {}

    const StatementClasses& classes() const { return classes_; }
    /// Whether there are entries whose text has not been seen.
    bool needs_texts(const StatementStatistics& statistics) const;
    /// `texts` as StatementView::texts() gave them for classes().needed_names() after `statistics` was read.
    void learn(const StatementStatistics& statistics, const std::vector<StatementText>& texts);
    /// Forgets entries that are not among `statistics`.
    Counted count(const StatementStatistics& statistics);

    /// What doctor says of statements of one class.
    struct Seen {
        std::size_t statements = 0;
        std::size_t fit_more = 0;               ///< of them, those that more than one pattern fits
        std::vector<std::string> unclassified;  ///< their beginnings, without values; of that class alone
    };
    Seen seen(StatementClass of) const;
    /// Statements on the key table, of any class, that neither fill nor copy it, by other roles than
    /// keyshift's own: none before the gateway has had a request.
    std::size_t others() const;
    /// Statements that were left out, in words; empty: none that matters.
    std::string left_out() const;
    /// Everything that statements of these classes can tell.
    static domain::Events measures(const StatementClasses& classes);

 private:
    struct Known {
        std::optional<Classified> is;  ///< empty: it has nothing to do with keys
        std::string shown;             ///< of an unclassified one
        std::string role;
        bool own = false;                    ///< of keyshift's own role
        bool lost_text = false;              ///< it could be of any class
        std::optional<std::uint64_t> calls;  ///< as of the last count()
    };
    struct Weights {
        std::vector<domain::Contribution> calls = {}, rows = {};
    };

    bool is_left_out(const Known& known) const;
    Weights weights(const Known& known) const;
    bool is_use(const Classified& promotion) const;
    void learn_role(const Known& known);
    domain::Ground ground(bool at_work) const;

    StatementClasses classes_;
    std::set<std::string> roles_;
    bool roles_given_ = false;
    bool counted_before_ = false;
    std::map<std::string, Known> known_;
};

}  // namespace keyshift::collectors
