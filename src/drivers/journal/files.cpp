// SPDX-License-Identifier: Apache-2.0
#include "drivers/journal/files.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/host/reading_rights.hpp"

namespace keyshift::drivers {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPersistent = "/var/log/journal";
constexpr const char* kVolatile = "/run/log/journal";

void add_file(const fs::path& file, JournalFiles& out) {
    struct stat what{};
    if (::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0 || ::stat(file.c_str(), &what) != 0) {
        const int error = errno;
        if (error != ENOENT)
            out.unreadable.push_back(file.string() + ": " + std::generic_category().message(error));
        return;
    }
    ++out.readable;
    constexpr std::uint64_t kUnitOfBlocks = 512;
    out.size_bytes += static_cast<std::uint64_t>(what.st_blocks) * kUnitOfBlocks;
}

bool is_journal(const fs::path& file) {
    return file.extension() == ".journal" || file.extension() == ".journal~";
}

bool is_machine(const std::string& name) {
    constexpr std::size_t kDigits = 32;
    return name.size() == kDigits && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Those in `directory`, and in the directories in it that are `machine`'s; empty: any machine's.
void add_directory(const fs::path& directory, const std::string& machine, JournalFiles& out, bool inside) {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    if (error && error != std::errc::no_such_file_or_directory)
        out.unreadable.push_back(directory.string() + ": " + error.message());
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
        const fs::path& path = entries->path();
        const std::string name = path.filename().string();
        std::error_code gone;
        if (is_journal(path)) {
            add_file(path, out);
        } else if (!inside && (machine.empty() ? is_machine(name) : name == machine) &&
                   entries->is_directory(gone)) {
            add_directory(path, machine, out, true);
        }
    }
}

std::string this_machine() {
    std::string id;
    std::ifstream("/etc/machine-id") >> id;
    return id;
}

}  // namespace

std::string how_to_read_journal() {
    return "SupplementaryGroups=systemd-journal in keyshift's unit lets it, or: " +
           join_group("systemd-journal");
}

JournalFiles find_journal_files(const fs::path& directory) {
    JournalFiles out;
    if (directory.empty()) {
        const std::string machine = this_machine();
        for (const char* root : {kPersistent, kVolatile}) add_directory(root, machine, out, false);
    } else {
        add_directory(directory, "", out, false);
    }
    // A directory has its entries in no order.
    std::sort(out.unreadable.begin(), out.unreadable.end());
    return out;
}

base::Error no_journal_files(const fs::path& directory, const JournalFiles& files) {
    if (!files.unreadable.empty()) {
        return {base::Errc::permission, "the journal cannot be read: " + files.unreadable.front(),
                how_to_read_journal()};
    }
    const std::string where =
        directory.empty() ? std::string(kPersistent) + " and " + kVolatile : directory.string();
    return {base::Errc::other, "no journal files in " + where,
            directory.empty()
                ? "is systemd-journald running here? In a container mount the host's directory, and name it"
                : "give the directory that holds *.journal files or a machine's directory of them"};
}

}  // namespace keyshift::drivers
