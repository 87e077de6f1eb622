// SPDX-License-Identifier: Apache-2.0
// Who the owners of keys are, where the gateway's database does not know: CSV (RFC 4180) with the columns
// owner, address and team, in any order, team may be missing. Values: safe from any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace keyshift::config {

struct KnownOwner {
    std::string address;  ///< may be empty
    std::string team;     ///< may be empty
};

class OwnersFile {
 public:
    /// Nobody is known.
    OwnersFile() = default;
    /// Errors: config, with the line: no header, an unknown or missing column, a row of another length, an
    /// owner twice or without a name, a quote that is not closed. The message begins with `name`.
    static base::Result<OwnersFile> parse(std::string_view text, const std::string& name);
    /// The same of a file; empty path: nobody is known.
    static base::Result<OwnersFile> read(const std::filesystem::path& file);

    /// By the owner's id as the key table has it; null: not known.
    const KnownOwner* find(std::string_view owner) const;

 private:
    std::map<std::string, KnownOwner, std::less<>> owners_;
};

inline constexpr std::size_t kOwnersFileBytes = std::size_t{32} * 1024 * 1024;

}  // namespace keyshift::config
