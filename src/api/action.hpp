// SPDX-License-Identifier: Apache-2.0
// What comes of a decision over HTTP, or would come of it. Pure values.
#pragma once

#include <string>
#include <vector>

namespace keyshift::api {

struct ActionResult {
    std::string summary = {};              ///< a sentence without a full stop
    std::vector<std::string> doubts = {};  ///< what speaks against it
    bool preview = false;                  ///< nothing was changed

    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        a("summary", self.summary);
        a("doubts", self.doubts);
        a("preview", self.preview);
    }
};

}  // namespace keyshift::api
