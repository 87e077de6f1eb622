// SPDX-License-Identifier: Apache-2.0
// What would break a page of metrics for its reader. Pure: safe from any thread.
#pragma once

#include <cstddef>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace keyshift::exposition {

/// Makes families fit for one page: invalid UTF-8 becomes U+FFFD, and what would break the page is dropped: a
/// sample whose labels an earlier one of its family has (in any order), a label name given twice, a name no
/// metric or label may have, a counter not called _total, a family that is neither gauge, counter nor
/// histogram, a later family with the name of an earlier one. Returns how many samples were dropped; 0 is
/// normal.
std::size_t drop_invalid(std::vector<prometheus::MetricFamily>& families);

}  // namespace keyshift::exposition
