// SPDX-License-Identifier: Apache-2.0
// What is wanted of a journal, as its configuration says it. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace keyshift::drivers {

/// Alternatives of which one has to hold, each "FIELD=value".
using JournalMatch = std::vector<std::string>;

/// What all have to hold: one of `units`, if there are any, and each of `matches`. "gateway" is
/// "gateway.service". Fails for a unit that is a pattern.
base::Result<std::vector<JournalMatch>> journal_matches(const std::vector<std::string>& units,
                                                        const std::vector<std::string>& matches);

/// Whether nothing can have been between two entries, by their cursors: they are numbered one after the other
/// by the same journald. False when that cannot be told.
bool follows(const std::string& cursor, const std::string& next);

}  // namespace keyshift::drivers
