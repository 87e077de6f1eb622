// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/table.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace keyshift::drivers {
namespace {

constexpr std::size_t kMostOpen = 20'000;
constexpr std::size_t kLeftToOthers = 128;

std::size_t open_at_most() {
    const std::size_t limit = base::raise_descriptor_limit();
    return std::clamp(limit - std::min(limit, kLeftToOthers), std::size_t{16}, kMostOpen);
}

}  // namespace

LogFileTable::LogFileTable(Watching watching) : most_open_(open_at_most()), watch_(watching) {}

LogFile* LogFileTable::find(const FileId& id) const {
    const auto found = files_.find(id);
    return found == files_.end() ? nullptr : found->second.get();
}

LogFile& LogFileTable::add(std::unique_ptr<LogFile> file) {
    auto& slot = files_[file->record.id];
    slot = std::move(file);
    return *slot;
}

void LogFileTable::forget(LogFile& file) {
    if (file.saved) forgotten_[record_name(file.record.id)] = std::nullopt;
    release(file);
    std::erase(dirty_, &file);
    files_.erase(FileId(file.record.id));
}

bool LogFileTable::open(LogFile& file) {
    file.used_at = LogFile::Clock::now();
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

void LogFileTable::release(LogFile& file) {
    watch_.unwatch(file);
    close(file);
}

void LogFileTable::close(LogFile& file) {
    if (file.descriptor) --open_;
    file.descriptor.close();
}

/// The half of those that can be opened again that will be needed last: not those that may go before they are
/// read to their end.
void LogFileTable::close_idle() {
    std::vector<LogFile*> idle;
    for (auto& [id, file] : files_)
        if (file->descriptor && file->status.linked) idle.push_back(file.get());
    const auto half = idle.begin() + static_cast<std::ptrdiff_t>((idle.size() + 1) / 2);
    std::nth_element(idle.begin(), half, idle.end(), [](const LogFile* a, const LogFile* b) {
        return std::pair(a->record.rotated, a->used_at) < std::pair(b->record.rotated, b->used_at);
    });
    std::for_each(idle.begin(), half, [&](LogFile* file) { close(*file); });
}

void LogFileTable::note_dirty(LogFile& file) {
    if (std::exchange(file.dirty, true)) return;
    dirty_.push_back(&file);
}

void LogFileTable::take_changes(LogCursorChanges& out) {
    out.merge(std::exchange(forgotten_, {}));
    for (LogFile* file : std::exchange(dirty_, {})) {
        file->dirty = false;
        const bool worth = file->state == LogFile::State::followed || file->saved;
        if (!worth) continue;
        file->saved = true;
        out[record_name(file->record.id)] = encode_record(file->record);
    }
}

}  // namespace keyshift::drivers
