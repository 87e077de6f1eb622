// SPDX-License-Identifier: Apache-2.0
// Tells in one pass over a text which of many regular expressions may match in it, by vectorscan. That
// library is loaded when it is first needed: linked, it would cost 1.6 MB of memory in every process, and
// most rules do without. Where it is not there, or cannot take an expression, that one has to be tried in
// every text. Not thread-safe; making one is.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keyshift::formats {

class PatternScan {
 public:
    /// Expressions in RE2's syntax over bytes.
    explicit PatternScan(const std::vector<std::string>& expressions);
    ~PatternScan();
    PatternScan(PatternScan&&) noexcept;
    PatternScan& operator=(PatternScan&&) noexcept;

    /// Those that are none of the scan's business.
    const std::vector<std::size_t>& left_out() const;
    /// Appends each of the others that may match in `text`; all that do are among them, each once.
    void find(std::string_view text, std::vector<std::size_t>& out);

 private:
    struct Database;
    std::unique_ptr<Database> database_;
};

/// Whether an expression means the same to both libraries, or more to vectorscan, and is quickly compiled.
bool can_be_scanned(std::string_view expression);

}  // namespace keyshift::formats
