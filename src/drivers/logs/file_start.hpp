// SPDX-License-Identifier: Apache-2.0
// Where reading begins, with `start: end`, in files that were there at the very first pass but could not be
// read: at the end that they had then. Kept in the cursor until they are read. Internal to drivers. One
// thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/files/file.hpp"
#include "drivers/files/input.hpp"
#include "drivers/files/names.hpp"

namespace keyshift::drivers {

class LogFileStart {
 public:
    void resume(std::string_view name, std::string_view text);
    /// The very first pass found these faults: what stands behind them was not seen.
    void begin(const std::vector<NamesFound::Fault>& faults);
    /// It was there, and could not be opened.
    void note(const NamedFile& file);
    /// It stands where the first pass could not see, and is older than that pass.
    bool was_hidden(const NamedFile& file) const;
    /// Where to begin in a file that is read for the first time; empty: it came later. Once.
    std::optional<std::uint64_t> take_end(const LogFile& file);
    /// What has changed in the cursor. What no fault of this pass hides any more is hidden no longer.
    LogCursorChanges take_changes(const std::vector<NamesFound::Fault>& faults);

 private:
    std::map<FileId, std::uint64_t> sizes_;
    std::map<std::string, std::int64_t> hidden_;  ///< since when, by hashes of paths
    LogCursorChanges changes_;
};

}  // namespace keyshift::drivers
