// SPDX-License-Identifier: Apache-2.0
// From statistics of statements to what they count. Remembers which statement is of which shape, so that
// their texts are asked for only when there are new ones. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "collectors/collector.hpp"
#include "collectors/statement_shapes.hpp"
#include "collectors/statement_view.hpp"

namespace keyshift::collectors {

class StatementCounts {
 public:
    explicit StatementCounts(StatementShapes shapes) : shapes_(std::move(shapes)) {}

    const StatementShapes& shapes() const { return shapes_; }
    /// Whether there are entries whose text has not been seen.
    bool needs_texts(const StatementStatistics& statistics) const;
    /// `texts` as StatementView::texts() gave them for shapes().needed_names() after `statistics` was read.
    void learn(const StatementStatistics& statistics, const std::vector<StatementText>& texts);
    /// Forgets entries that are not among `statistics`.
    Counted count(const StatementStatistics& statistics);

    /// How many of the entries known are of `shape`.
    std::size_t seen(Shape shape) const;
    /// Everything that statements of these shapes can tell.
    static domain::Events measures(const StatementShapes& shapes);

 private:
    struct Known {
        std::optional<Shape> shape;
        bool lost_text = false;   ///< it could be of any shape
        std::uint64_t calls = 0;  ///< as of the last count()
    };

    StatementShapes shapes_;
    std::map<std::string, Known> known_;
};

}  // namespace keyshift::collectors
