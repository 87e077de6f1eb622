// SPDX-License-Identifier: Apache-2.0
#include "commands/prepare/doctor_surroundings.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/utf8.hpp"
#include "commands/prepare/doctor_secrets.hpp"
#include "commands/shared/configuration.hpp"
#include "domain/findings.hpp"
#include "drivers/host/reading_rights.hpp"
#include "journal/judging.hpp"
#include "journal/saved_model.hpp"
#include "store/state.hpp"

namespace keyshift::commands {
namespace {

namespace fs = std::filesystem;
using base::Errc;
using collectors::Finding;
using drivers::user_name;
using Kind = Finding::Kind;

/// `directory`, or the nearest one above it that is there.
fs::path nearest(fs::path directory) {
    std::error_code ignored;
    while (!fs::exists(directory, ignored) && directory != directory.parent_path())
        directory = directory.parent_path();
    return directory;
}

Finding may_not_write(const fs::path& there, const fs::path& directory) {
    struct stat status{};
    const uid_t owner = ::stat(there.c_str(), &status) == 0 ? status.st_uid : 0;
    const std::string me = user_name(::geteuid());
    Finding out{Kind::failure,
                "user " + me + " may not write to " + base::escape_unsafe(there.string()) +
                    ", which belongs to " + user_name(owner),
                {},
                Errc::permission};
    if (owner != 0)
        out.remedy =
            "as that user, if keyshift runs as it: sudo -u " + user_name(owner) + " keyshift doctor\n";
    out.remedy += "as root: install -d -o " + me + " -m 0750 " + drivers::in_shell_quotes(directory);
    return out;
}

/// What root finds to be in order may still be closed to the daemon.
std::vector<Finding> about_user(const fs::path& directory) {
    struct stat status{};
    if (::geteuid() != 0 || ::stat(directory.c_str(), &status) != 0 || status.st_uid == 0) return {};
    const std::string owner = user_name(status.st_uid);
    return {{Kind::warning,
             "this runs as root, and the state belongs to " + owner + ": what root may read, " + owner +
                 " may not",
             "sudo -u " + owner + " keyshift doctor"}};
}

std::vector<Finding> about_file(const fs::path& directory) {
    const auto attached = store::State::attach(directory);
    if (attached) return {};
    Finding out = collectors::failure(attached.error());
    if (out.remedy.empty()) {
        out.remedy =
            "put a backup in its place, or restart keyshift, which moves a damaged file aside and begins "
            "anew";
    }
    return {out};
}

std::vector<Finding> about_disk(const fs::path& there) {
    struct statvfs status{};
    if (::statvfs(there.c_str(), &status) != 0) return {};
    return {about_room(status.f_bavail * status.f_frsize, base::escape_unsafe(there.string()))};
}

void append(std::vector<Finding>& to, std::vector<Finding> more) {
    for (Finding& finding : more) to.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> examine_state(const config::State& state) {
    if (state.directory.empty()) {
        return {{Kind::failure, "there is no place for the state",
                 "set HOME, or state.directory in a configuration", Errc::config}};
    }
    // A relative path of the file starts where the file is; what is shown holds wherever it is pasted.
    const fs::path whole = fs::absolute(state.directory).lexically_normal();
    const std::string directory = base::escape_unsafe(whole.string());
    const fs::path there = nearest(whole);
    std::error_code ignored;
    if (!fs::is_directory(there, ignored)) {
        return {{Kind::failure, base::escape_unsafe(there.string()) + " is not a directory",
                 "move it away, or set state.directory to another place", Errc::config}};
    }
    std::vector<Finding> out;
    if (store::is_state_held(state.directory)) {
        out.push_back({Kind::ok, "the daemon runs and keeps its state in " + directory});
    } else if (::faccessat(AT_FDCWD, there.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        return {may_not_write(there, whole)};
    } else {
        out.push_back({Kind::ok, "no daemon runs; its state can be kept in " + directory});
    }
    append(out, about_file(state.directory));
    append(out, about_disk(there));
    append(out, about_user(state.directory));
    return out;
}

std::vector<Finding> examine_migration(const config::Config& config) {
    const auto state = store::State::attach(config.state.directory);
    if (!state || !*state) return {};
    auto model = journal::load_model(**state);
    if (!model || !model->keys) return {};
    model->policy = journal::judging(config);
    std::vector<Finding> out;
    if (const auto doubt = doubt_about_promotion(model->keys->migration, model->policy))
        out.push_back({Kind::warning, doubt->what, doubt->remedy});
    if (const std::uint64_t unused = model->keys->migration.tally.upgraded_unused; unused > 0) {
        out.push_back(
            {Kind::warning,
             std::to_string(unused) + (unused == 1 ? " legacy key in use was" : " legacy keys in use were") +
                 " given a lookup hash, and not used since",
             "see that the hashes are those of the keys: docs/runbooks.md, KeyshiftUpgradedUnused"});
    }
    return out;
}

Finding about_room(std::uint64_t available, const std::string& directory) {
    constexpr std::uint64_t kMiB = std::uint64_t{1024} * 1024;
    constexpr std::uint64_t kEnough = 64 * kMiB;
    const std::string room = std::to_string(available / kMiB) + " MiB are free for the state in " + directory;
    if (available >= kEnough) return {Kind::ok, room};
    return {available < kMiB ? Kind::failure : Kind::warning, "only " + room,
            "see what fills that file system: du -xh --max-depth=2 " + directory + " | sort -h | tail",
            Errc::output};
}

std::vector<Finding> about_configuration(const std::optional<fs::path>& file, const config::Loaded& loaded) {
    std::vector<Finding> out;
    for (config::Problem problem : loaded.problems) {
        const std::string remedy = std::exchange(problem.hint, {});
        const std::string of_secret = remedy_for_secret(loaded.secret_files, problem.text());
        out.push_back({Kind::failure, problem.text(),
                       of_secret.empty() ? base::escape_unsafe(remedy) : of_secret, Errc::config});
    }
    const std::string commands =
        file ? drivers::commands_to_read(fs::absolute(*file).string(), drivers::Successors::unread) : "";
    if (!commands.empty() && out.size() == 1) out.front().remedy = "as root:\n" + commands;
    return out;
}

}  // namespace keyshift::commands
