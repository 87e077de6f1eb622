// SPDX-License-Identifier: Apache-2.0
// What the formats with groups have in common: where one owner's keys end and the next one's begin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "report/writer.hpp"

namespace keyshift::report {

/// Turns the flat calls of Writer into owners and rows. Remembers one owner's id, whatever the number of
/// keys.
class GroupedWriter : public Writer {
 public:
    void key(const domain::Key& key) final;
    void end() final;

 protected:
    GroupedWriter(Grouping grouping, std::string& out) : out_(out), grouping_(grouping) {}

    /// Around the rows of one owner; not called with Grouping::none. `key` is the owner's first,
    /// `owners_before` and `keys` are counts.
    virtual void open_owner(const domain::Key& key, std::uint64_t owners_before) = 0;
    virtual void close_owner(std::uint64_t keys) = 0;
    /// `rows_before` counts those in the same list: the owner's, or the whole report's when not grouped.
    virtual void row(const domain::Key& key, std::uint64_t rows_before) = 0;
    /// After the last row and close_owner().
    virtual void finish() = 0;

    Grouping grouping() const { return grouping_; }

    std::string& out_;

 private:
    bool belongs_to_open_owner(const domain::Key& key) const;

    const Grouping grouping_;
    std::uint64_t owners_ = 0;  // opened so far, the open one included
    std::uint64_t rows_ = 0;    // in the open list
    std::optional<std::string> owner_;
};

}  // namespace keyshift::report
