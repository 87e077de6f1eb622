// SPDX-License-Identifier: Apache-2.0
// What the formats with groups have in common: where one owner's keys end and the next one's begin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "report/next_step.hpp"
#include "report/writer.hpp"

namespace keyshift::report {

/// Turns the flat calls of Writer into owners and rows. Remembers one owner's id and what that owner has to
/// do, whatever the number of keys.
class GroupedWriter : public Writer {
 public:
    void begin(const Header& header) final;
    void key(const domain::Key& key, const std::optional<KeyPhase>& phase) final;
    void end() final;

 protected:
    GroupedWriter(Grouping grouping, std::string& out) : out_(out), grouping_(grouping) {}

    /// Before the first row.
    virtual void start() = 0;
    /// Around the rows of one owner; not called with Grouping::none. `key` is the owner's first,
    /// `owners_before` and `keys` are counts, and `next` is empty unless Header::phases.
    virtual void open_owner(const domain::Key& key, std::uint64_t owners_before) = 0;
    virtual void close_owner(std::uint64_t keys, const NextSteps& next) = 0;
    /// `rows_before` counts those in the same list: the owner's, or the whole report's when not grouped.
    virtual void row(const domain::Key& key, const std::optional<KeyPhase>& phase,
                     std::uint64_t rows_before) = 0;
    /// After the last row and close_owner().
    virtual void finish() = 0;

    /// begin()'s, from start() on.
    const Header& header() const { return header_; }
    bool has_keys() const { return header_.legacy_keys > 0; }
    bool grouped() const { return grouping_ == Grouping::owner; }

    std::string& out_;

 private:
    bool belongs_to_open_owner(const domain::Key& key) const;

    const Grouping grouping_;
    Header header_;
    std::uint64_t owners_ = 0;  // opened so far, the open one included
    std::uint64_t rows_ = 0;    // in the open list
    NextSteps next_;            // of the open owner
    std::optional<std::string> owner_;
};

}  // namespace keyshift::report
