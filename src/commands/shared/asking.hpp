// SPDX-License-Identifier: Apache-2.0
// How commands ask the running daemon: where its socket may be, and what it answers. Blocking; for commands
// only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/configuration.hpp"
#include "base/error.hpp"
#include "config/config.hpp"

namespace keyshift::commands {

/// What the one who asks has configured.
struct Asker {
    std::optional<std::filesystem::path> file;  ///< empty: none
    config::Loaded loaded;                      ///< of it, or the defaults
    api::Configuration says;                    ///< to be compared with the daemon's
    /// Where the socket may be, likeliest first: where the file says, or else where the daemon keeps its
    /// state without one.
    std::vector<std::filesystem::path> directories;

    /// All of it can be used, also to read the sources.
    bool is_complete() const { return loaded.problems.empty(); }
    /// A file that was named may lack secrets, which only the daemon may read, and nothing else. Anything
    /// else wrong with it: its problems are printed, and the result is empty. The package's own file is
    /// passed over then, with a note.
    static std::optional<Asker> from(const std::optional<std::filesystem::path>& given);
};

struct Reply {
    int status = 0;
    std::string body;
};
/// The daemon answers from memory.
inline constexpr base::Duration kPatience = std::chrono::seconds{5};

/// What the daemon answers to GET `target`, whatever it is, but for what is no answer (5xx). Errors as below.
base::Result<Reply> ask_daemon_for(const std::vector<std::filesystem::path>& directories,
                                   std::string_view target, base::Duration patience = kPatience);

/// The body of what the daemon answers with status 200 to GET `target`. Errors, each with what to do: connect
/// (no daemon is watching), permission (its socket may not be opened), timeout (it does not answer within
/// `patience`), other.
base::Result<std::string> ask_daemon(const std::vector<std::filesystem::path>& directories,
                                     std::string_view target, base::Duration patience = kPatience);

}  // namespace keyshift::commands
