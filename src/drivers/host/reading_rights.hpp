// SPDX-License-Identifier: Apache-2.0
// What lets this process's user read a file that it may not. Looks at the file system; any thread but for
// user_name().
#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace keyshift::drivers {

/// Its number where it has no name.
std::string user_name(uid_t user);
std::string group_name(gid_t group);
/// As a word of a shell, in quotes where it needs them.
std::string in_shell_quotes(const std::filesystem::path& path);
/// "usermod -aG GROUP USER", and what it takes to have an effect.
std::string join_group(const std::string& group);

enum class Successors {
    unread,  ///< only the file itself matters
    read,    ///< what a rotation puts in its place, too
};

/// Commands for root, one a line, for all that is closed on the way to `path`: by a group that may read it,
/// or else by an ACL. Empty: nothing is closed, or it is not there.
std::string commands_to_read(const std::string& path, Successors successors);

}  // namespace keyshift::drivers
