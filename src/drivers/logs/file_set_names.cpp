// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {

void LogFileSet::list_names() {
    names_due_ = Due::by_the_clock;
    listed_ = true;
    lost_.clear();
    listed_at_ = Clock::now();
    ++listing_;
    NamesFound found = globs_.find();
    pass(Moment::named);
    // Before the files are taken: what appears afterwards tells.
    files_.watch().watch_directories(found.directories);
    faults_ = std::move(found.faults);
    if (first_ && from_end_) start_.begin(faults_);
    follow_named(found);
    // A file may be forgotten on the way.
    for (auto at = files_.begin(); at != files_.end();) {
        LogFile& file = *(at++)->second;
        if (file.listing != listing_) follow_unnamed(file);
    }
}

void LogFileSet::follow_named(const NamesFound& found) {
    std::vector<std::size_t> fresh;
    for (std::size_t i = 0; i < found.files.size(); ++i) {
        LogFile* const known = files_.find(found.files[i].status.id);
        if (known == nullptr) {
            fresh.push_back(i);
            continue;
        }
        // Of two names, it keeps the one it had.
        if (known->listing != listing_ || found.files[i].path == known->record.path) known->found_as = i;
        known->listing = listing_;
    }
    for (auto& [id, file] : files_) {
        if (file->listing != listing_) continue;
        const NamedFile& named = found.files[file->found_as];
        if (named.path != file->record.path) move(*file, named.path);
        file->named = true;
        file->located = true;
        file->lost_listings = 0;
        const bool same = named.status.unchanged_since(file->status);
        if (!same || file->trust == LogFile::Trust::unproven) note_change(*file);
        if (!same) file->status = named.status;
    }
    // The oldest first: a copy is younger than what it was made of.
    std::sort(fresh.begin(), fresh.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(found.files[a].status.id.birth_ns, a) <
               std::pair(found.files[b].status.id.birth_ns, b);
    });
    for (const std::size_t i : fresh) open_new(found.files[i]);
}

void LogFileSet::open_new(const NamedFile& named) {
    if (files_.find(named.status.id) != nullptr) return;  // By another name.
    auto made = std::make_unique<LogFile>();
    made->record.id = named.status.id;
    made->record.path = named.path;
    made->status = named.status;
    made->listing = listing_;
    made->named = made->located = true;
    made->trust = LogFile::Trust::proven;
    made->grew_at = Clock::now();
    if (open(*made)) {
        note_change(files_.add(std::move(made)));
    } else {
        if (errno != ENOENT) faults_.push_back({named.path, std::generic_category().message(errno), errno});
        if (from_end_ && (first_ || start_.was_hidden(named))) start_.note(named);
    }
}

/// No glob names it any more.
void LogFileSet::follow_unnamed(LogFile& file) {
    file.named = false;
    const Unnamed now = find_unnamed(file);
    if (!file.descriptor) return locate_unopened(file, now);
    if (!now.status) return;
    set_rotated(file);
    set_status(file, *now.status);
    give_up_at_ = {};
    if (now.step == UnnamedStep::deleted) set_left(file, file.record.path);
    if (now.step == UnnamedStep::moved) move(file, now.path);
}

void LogFileSet::locate_unopened(LogFile& file, Unnamed now) {
    if (now.step == UnnamedStep::away || now.step == UnnamedStep::nowhere) file.located = false;
    if (now.step == UnnamedStep::away) return;
    if (now.step == UnnamedStep::nowhere) {
        if (is_another_lost_listing(file.lost_listings,
                                    std::chrono::floor<base::Duration>(listed_at_ - file.lost_at))) {
            file.lost_at = listed_at_;
            ++file.lost_listings;
        }
        lost_.push_back(&file);
        list_names_later();
        return;
    }
    if (now.step == UnnamedStep::moved) {
        move(file, now.path);
        now.status = status_of(now.path);
        if (!now.status) return;
    }
    file.lost_listings = 0;
    file.located = true;
    set_rotated(file);
    set_status(file, *now.status);
}

void LogFileSet::set_status(LogFile& file, const FileStatus& status) {
    if (!status.unchanged_since(file.status) || file.trust == LogFile::Trust::unproven) note_change(file);
    file.status = status;
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

void LogFileSet::forget(LogFile& file) {
    for (auto* list : {&changed_, &undecided_, &waiting_, &lost_, &troubled_}) std::erase(*list, &file);
    std::erase(queue_, &file);
    files_.forget(file);
}

}  // namespace keyshift::drivers
