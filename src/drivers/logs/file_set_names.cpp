// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

/// Looks in which a file was nowhere count as several when they are so far apart: several in a row may come
/// in the midst of one rotation that renames it.
constexpr base::Duration kBetweenLostLooks = 1s;

/// The name that an open file has now; empty when it has none, or none that can be seen from here.
std::string name_now(const LogFile& file) {
    const std::string link = "/proc/self/fd/" + std::to_string(file.descriptor.get());
    std::string path(4096, '\0');
    const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
    if (size <= 0) return {};
    path.resize(static_cast<std::size_t>(size));
    const auto status = status_of(path);
    return status && status->id == file.record.id ? path : std::string();
}

}  // namespace

void LogFileSet::look_at_names() {
    names_due_ = look_due_ = false;
    looked_ = true;
    lost_.clear();
    looked_at_ = Clock::now();
    ++look_;
    NamesFound found = globs_.find();
    pass(Moment::named);
    // Before the files are taken: what appears afterwards tells.
    watch_.watch_directories(found.directories);
    faults_ = std::move(found.faults);
    if (first_ && from_end_) start_.begin(faults_);
    take_named(found);
    // A file may be forgotten on the way.
    for (auto at = files_.begin(); at != files_.end();) {
        LogFile& file = *(at++)->second;
        if (file.look != look_) take_unnamed(file);
    }
}

void LogFileSet::take_named(const NamesFound& found) {
    std::vector<std::size_t> fresh;
    for (std::size_t i = 0; i < found.files.size(); ++i) {
        const auto known = files_.find(found.files[i].status.id);
        if (known == files_.end()) {
            fresh.push_back(i);
            continue;
        }
        LogFile& file = *known->second;
        // Of two names, it keeps the one it had.
        if (file.look != look_ || found.files[i].path == file.record.path) file.found_as = i;
        file.look = look_;
    }
    for (auto& [id, file] : files_) {
        if (file->look != look_) continue;
        const NamedFile& named = found.files[file->found_as];
        if (named.path != file->record.path) move(*file, named.path);
        file->named = true;
        file->located = true;
        file->lost_looks = 0;
        const bool same = named.status.unchanged_since(file->status);
        if (!same || !file->proven) note_change(*file);
        if (!same) file->status = named.status;
    }
    // The oldest first: a copy is younger than what it was made of.
    std::sort(fresh.begin(), fresh.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(found.files[a].status.id.birth_ns, a) <
               std::pair(found.files[b].status.id.birth_ns, b);
    });
    for (const std::size_t i : fresh) take_new(found.files[i]);
}

void LogFileSet::take_new(const NamedFile& named) {
    auto& slot = files_[named.status.id];
    if (slot) return;  // By another name.
    slot = std::make_unique<LogFile>();
    LogFile& file = *slot;
    file.record.id = named.status.id;
    file.record.path = named.path;
    file.status = named.status;
    file.look = look_;
    file.named = file.located = file.proven = true;
    file.grew_at = Clock::now();
    if (open(file)) {
        note_change(file);
    } else {
        if (errno != ENOENT) faults_.push_back({named.path, std::generic_category().message(errno), errno});
        if (from_end_ && (first_ || start_.was_hidden(named))) start_.note(named);
        files_.erase(named.status.id);
    }
}

/// No glob names it any more: it has moved, it has been deleted, or nobody knows.
void LogFileSet::take_unnamed(LogFile& file) {
    file.named = false;
    if (!file.descriptor) return find_unopened(file);
    const auto status = status_of(file.descriptor);
    if (!status) return;
    set_rotated(file);
    const bool same = status->unchanged_since(file.status);
    if (!same || !file.proven) note_change(file);
    file.status = *status;
    give_up_at_ = {};
    if (!status->linked) return set_left(file, file.record.path);
    // Where it is not on the way, it may be beside.
    std::string path = name_now(file);
    if (path.empty()) path = find_in(directory_of(file.record.path), file.record.id).path;
    if (!path.empty() && path != file.record.path) move(file, path);
}

void LogFileSet::find_unopened(LogFile& file) {
    auto status = status_of(file.record.path);
    if (!status || status->id != file.record.id) {
        const Whereabouts now = find_in(directory_of(file.record.path), file.record.id);
        if (now.path.empty()) {
            file.located = false;
            // A directory that is not there, or not the one it was, may come back: a file system not mounted.
            if (!now.readable) return;
            if (file.lost_looks == 0 || looked_at_ - file.lost_at >= kBetweenLostLooks) {
                file.lost_at = looked_at_;
                ++file.lost_looks;
            }
            lost_.push_back(&file);
            look_due_ = true;
            return;
        }
        move(file, now.path);
        status = status_of(now.path);
        if (!status) return;
    }
    file.lost_looks = 0;
    file.located = true;
    set_rotated(file);
    if (!status->unchanged_since(file.status) || !file.proven) note_change(file);
    file.status = *status;
}

void LogFileSet::move(LogFile& file, const std::string& path) {
    set_left(file, std::exchange(file.record.path, path));
    // A name that stands in the configuration is one that is written under.
    if (globs_.is_plain_name(path)) {
        file.record.rotated = false;
    } else {
        set_rotated(file);
    }
    note_dirty(file);
}

/// Copies of it are older than that. Once for each name.
void LogFileSet::set_left(LogFile& file, const std::string& name) {
    if (file.left_name == name) return;
    file.left_name = name;
    const auto status = file.descriptor ? status_of(file.descriptor) : status_of(file.record.path);
    if (status) file.left_ns = status->changed_ns;
}

/// Its writer has some time from now on.
void LogFileSet::set_rotated(LogFile& file) {
    give_up_at_ = {};
    if (std::exchange(file.record.rotated, true)) return;
    file.grew_at = Clock::now();
    note_dirty(file);
}

bool LogFileSet::open(LogFile& file) {
    file.used_at = Clock::now();
    if (file.descriptor) return true;
    if (open_ >= most_open_) close_idle();
    Descriptor opened = open_file(file.record.path);
    if (!opened && (errno == EMFILE || errno == ENFILE)) {
        close_idle();
        opened = open_file(file.record.path);
    }
    if (!opened) return false;
    const auto status = status_of(opened);
    if (!status || status->id != file.record.id) {
        errno = ENOENT;  // The name stands for another file by now.
        return false;
    }
    file.descriptor = std::move(opened);
    file.status = *status;
    ++open_;
    watch_.watch(file);
    return true;
}

void LogFileSet::close(LogFile& file) {
    if (file.descriptor) --open_;
    file.descriptor.close();
}

/// The half of those that can be opened again that will be needed last: not those that may go before they are
/// read to their end.
void LogFileSet::close_idle() {
    std::vector<LogFile*> idle;
    for (auto& [id, file] : files_)
        if (file->descriptor && file->status.linked) idle.push_back(file.get());
    const auto half = idle.begin() + static_cast<std::ptrdiff_t>((idle.size() + 1) / 2);
    std::nth_element(idle.begin(), half, idle.end(), [](const LogFile* a, const LogFile* b) {
        return std::pair(a->record.rotated, a->used_at) < std::pair(b->record.rotated, b->used_at);
    });
    std::for_each(idle.begin(), half, [&](LogFile* file) { close(*file); });
}

void LogFileSet::forget(LogFile& file) {
    if (file.saved) forgotten_[record_name(file.record.id)] = std::nullopt;
    watch_.unwatch(file);
    close(file);
    for (auto* list : {&changed_, &unborn_, &waiting_, &lost_, &troubled_, &dirty_}) std::erase(*list, &file);
    std::erase(queue_, &file);
    files_.erase(FileId(file.record.id));
}

}  // namespace keyshift::drivers
