// SPDX-License-Identifier: Apache-2.0
// Several texts with nothing but a literal between each two, of which clients choose some: where one of them
// ends is sure only where there is one way to divide the whole. Pure. Kept inside src/formats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyshift::formats {

struct RunPart {
    enum class Holds : unsigned char { own, chosen };
    Holds holds;         ///< what no client chooses has none of the literals in it
    std::string behind;  ///< not empty, and not looked at in the last
};

/// `out` gets a text for each part: one whose ends are not sure has no data(). False when the literals are
/// not there. `parts` is not empty.
bool split_run(std::string_view text, const std::vector<RunPart>& parts, std::vector<std::string_view>& out);

}  // namespace keyshift::formats
