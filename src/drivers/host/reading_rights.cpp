// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/reading_rights.hpp"

#include <filesystem>
#include <set>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

namespace fs = std::filesystem;

bool may(const fs::path& path, int what) {
    return ::faccessat(AT_FDCWD, path.c_str(), what, AT_EACCESS) == 0;
}

/// `needed`: as in rwx, for one kind of user.
std::string command_for(const fs::path& path, mode_t needed, Successors successors,
                        std::set<std::string>& groups) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    const bool group_may = ((status.st_mode >> 3) & needed) == needed && status.st_gid != 0;
    if (group_may) {
        const std::string group = group_name(status.st_gid);
        return groups.insert(group).second ? join_group(group) + "\n" : "";
    }
    const std::string user = user_name(::geteuid());
    if (S_ISDIR(status.st_mode))
        return "setfacl -m u:" + user + (needed == 1 ? ":x " : ":rx ") + in_shell_quotes(path) + "\n";
    const std::string right = "-m u:" + user + ":r ";
    std::string itself = "setfacl " + right + in_shell_quotes(path) + "\n";
    if (successors == Successors::unread) return itself;
    return itself + "setfacl -d " + right + in_shell_quotes(path.parent_path()) + "\n";
}

}  // namespace

std::string in_shell_quotes(const fs::path& path) {
    std::string text = base::escape_unsafe(path.string());
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%";
    if (text.find_first_not_of(kPlain) == std::string::npos) return text;
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
    return out + "'";
}

std::string user_name(uid_t user) {
    const passwd* const entry = ::getpwuid(user);  // NOLINT(concurrency-mt-unsafe)
    return entry != nullptr ? base::escape_unsafe(entry->pw_name) : std::to_string(user);
}

std::string group_name(gid_t group) {
    const ::group* const entry = ::getgrgid(group);  // NOLINT(concurrency-mt-unsafe)
    return entry != nullptr ? base::escape_unsafe(entry->gr_name) : std::to_string(group);
}

std::string join_group(const std::string& group) {
    return "usermod -aG " + group + " " + user_name(::geteuid()) + "  # then restart keyshift";
}

std::string commands_to_read(const std::string& path, Successors successors) {
    constexpr mode_t kRead = 4;
    constexpr mode_t kSearch = 1;
    const fs::path whole(path);
    std::set<std::string> groups;
    std::string out;
    fs::path at;
    for (const fs::path& part : whole) {
        at /= part;
        std::error_code error;
        const bool is_directory = fs::is_directory(at, error);
        const bool is_last = at == whole;
        const mode_t needed = !is_directory ? kRead : is_last ? kRead | kSearch : kSearch;
        const int asked = !is_directory ? R_OK : is_last ? R_OK | X_OK : X_OK;
        if (error || may(at, asked)) continue;
        out += command_for(at, needed, successors, groups);
    }
    while (out.ends_with('\n')) out.pop_back();
    return out;
}

}  // namespace keyshift::drivers
