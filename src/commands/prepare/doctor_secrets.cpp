// SPDX-License-Identifier: Apache-2.0
#include "commands/prepare/doctor_secrets.hpp"

#include <optional>

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/utf8.hpp"
#include "drivers/host/reading_rights.hpp"

namespace keyshift::commands {
namespace {

namespace fs = std::filesystem;
using collectors::Finding;
using Kind = Finding::Kind;

/// The bits of the group are then the mask of the list, and no right of the group.
bool has_access_list(const fs::path& file) {
    return ::getxattr(file.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
}

bool is_of_the_daemon(gid_t group, const fs::path& state) {
    struct stat status{};
    return group == 0 || group == ::getegid() ||
           (::stat(state.c_str(), &status) == 0 && group == status.st_gid);
}

std::optional<Finding> about_readers(const fs::path& file, const fs::path& state) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return std::nullopt;
    const bool everybody = (status.st_mode & S_IROTH) != 0;
    const bool group =
        (status.st_mode & S_IRGRP) != 0 && !has_access_list(file) && !is_of_the_daemon(status.st_gid, state);
    if (!everybody && !group) return std::nullopt;
    const std::string who = everybody ? "everybody" : "group " + drivers::group_name(status.st_gid);
    return Finding{Kind::warning,
                   who + " may read the secret in " + base::escape_unsafe(file.string()) + ", a file of " +
                       drivers::user_name(status.st_uid),
                   "as root or its owner, run:\nchmod " + std::string(group ? "g=,o=" : "o=") + " " +
                       drivers::in_shell_quotes(file)};
}

}  // namespace

std::vector<Finding> examine_secret_files(const std::vector<fs::path>& files, const fs::path& state) {
    std::vector<Finding> out;
    for (const fs::path& file : files)
        if (auto found = about_readers(fs::absolute(file), state)) out.push_back(*std::move(found));
    if (out.empty() && !files.empty())
        out.push_back({Kind::ok, "no other user may read the files with secrets"});
    return out;
}

std::string remedy_for_secret(const std::vector<fs::path>& files, const std::string& what) {
    for (const fs::path& file : files) {
        if (what.find(base::escape_unsafe(file.string())) == std::string::npos) continue;
        const std::string commands =
            drivers::commands_to_read(fs::absolute(file).string(), drivers::Successors::unread);
        if (!commands.empty()) return "as root:\n" + commands;
    }
    return {};
}

}  // namespace keyshift::commands
