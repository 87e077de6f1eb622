// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

/// A file that is nowhere in so many looks in a row has gone: one that is renamed meanwhile can be missed.
constexpr int kLooksUntilGone = 2;

/// More of its beginning is there than its record knows.
bool is_young(const LogFile& file) {
    const Head& head = file.record.life.head;
    return head.count() < Head::kHashes && file.status.size > head.bytes();
}

/// The reader would see it too, but only after copies of what stands there now have begun.
bool in_doubt(const LogFile& file) {
    const Life& life = file.record.life;
    // The tail says nothing of a long half line at the beginning.
    if (life.offset < kHeadBytes) return true;
    const std::uint64_t seen = std::max(life.offset, file.held_end);
    return file.status.size < seen || tail_before(file.descriptor, life.offset) != life.tail;
}

/// Of the moment of which its size is. It may be a copy, and have grown since the other files were looked at:
/// when one of them was found to have been emptied, its copy was complete.
std::string look_at_beginning(LogFile& file) {
    std::string beginning;
    std::size_t seen = 0;
    do {
        beginning = read_beginning(file.descriptor);
        const auto status = status_of(file.descriptor);
        if (!status || beginning.empty()) break;
        file.status = *status;
        seen = static_cast<std::size_t>(std::min<std::uint64_t>(status->size, kHeadBytes));
    } while (beginning.size() < seen);
    return beginning;
}

}  // namespace

void LogFileSet::settle() {
    prove_changed();
    if (!ended_.empty() && !looked_) {
        // The copy may not be known yet.
        look_at_names();
        prove_changed();
    }
    if (!unborn_.empty() && !first_) {
        // An original that was written to, or emptied, before its copy was found.
        take_changes_of_originals();
        prove_changed();
    }
    for (const LogFile* file : std::exchange(lost_, {})) {
        const FileRecord& record = file->record;
        ended_.push_back({record.id, record.path, record.life, record.rotated, record.finished, true});
    }
    take_waiting();
    pass(Moment::settled);
    drop_blank();
    for (Ended& ended : ended_) hand_on(ended);
    if (!unborn_.empty())
        for (auto& [id, file] : files_) hand_on_earlier(*file);
    for (LogFile* file : std::exchange(unborn_, {})) begin(*file);
    for (Ended& ended : std::exchange(ended_, {})) {
        if (!ended.found) search_beside(ended);
        conclude(ended);
    }
}

void LogFileSet::prove_changed() {
    while (!changed_.empty()) {
        LogFile* file = changed_.back();
        changed_.pop_back();
        file->changed = false;
        prove(*file);
        pass(Moment::proven);
    }
}

void LogFileSet::prove(LogFile& file) {
    const std::uint64_t size_before = file.status.size;
    if (!open(file)) return note_problem(file, errno);
    clear_problem(file);
    if (const auto status = status_of(file.descriptor)) file.status = *status;
    if (file.status.size != size_before || file.status.size > file.held_end) file.grew_at = Clock::now();
    if (file.state == LogFile::State::followed) return prove_followed(file);
    const bool waiting = file.state == LogFile::State::waiting;
    const bool compressed = file.state == LogFile::State::compressed;
    const bool gone = !file.status.linked && (waiting || file.status.size == 0);
    if (gone || (compressed && !file.named)) return forget(file);
    if (compressed) file.state = LogFile::State::unborn;
    unborn_.push_back(&file);
}

void LogFileSet::prove_followed(LogFile& file) {
    const bool young = is_young(file);
    if (young || !file.proven || file.suspect || in_doubt(file)) {
        const Continuity found = compare(file);
        file.proven = true;
        file.suspect = false;
        if (found == Continuity::ended) {
            end_life(file);
            unborn_.push_back(&file);
            return;
        }
        if (found == Continuity::cut_short) cut_short(file);
        if (young) grow_head(file);
    }
    if (file.status.size > file.record.life.offset && file.record.finished) {
        file.record.finished = false;
        note_dirty(file);
    }
    queue(file);
}

/// What is left was counted. Something may have been written and cut off between two looks.
void LogFileSet::cut_short(LogFile& file) {
    const std::uint64_t size = file.status.size;
    file.record.life = {size, Head::of(read_beginning(file.descriptor)),
                        tail_before(file.descriptor, size).value_or(0), false};
    lossy_ = true;
    note_dirty(file);
}

/// A head that is still growing is what a copy in the making is known by.
void LogFileSet::grow_head(LogFile& file) {
    Head& head = file.record.life.head;
    const Head now = Head::of(read_beginning(file.descriptor));
    if (now.count() <= head.count() || !now.agrees(head)) return;
    head = now;
    note_dirty(file);
}

void LogFileSet::end_life(LogFile& file) {
    FileRecord& record = file.record;
    ended_.push_back({record.id, record.path, record.life, record.rotated, record.finished});
    record.life = {};
    record.finished = false;
    record.rotated = false;
    file.state = LogFile::State::unborn;
    file.emptied = true;
    file.held_end = 0;
    // What stands there now may have to wait.
    if (std::exchange(file.queued, false)) std::erase(queue_, &file);
    note_dirty(file);
}

/// Of unborn_ stay those in which something stands; their heads are known now.
void LogFileSet::drop_blank() {
    // The oldest first: a copy is younger than what it was made of.
    std::sort(unborn_.begin(), unborn_.end(), [](const LogFile* a, const LogFile* b) {
        return std::pair(a->record.id.birth_ns, a->record.id) <
               std::pair(b->record.id.birth_ns, b->record.id);
    });
    unborn_.erase(std::unique(unborn_.begin(), unborn_.end()), unborn_.end());
    std::erase_if(unborn_, [&](LogFile* file) {
        if (!open(*file)) {
            note_problem(*file, errno);
            return true;
        }
        const std::string beginning = look_at_beginning(*file);
        if (is_compressed(beginning)) {
            file->state = LogFile::State::compressed;
            watch_.unwatch(*file);
            close(*file);
            return true;
        }
        file->record.life.head = Head::of(beginning);
        return beginning.empty();
    });
}

/// The longest copy is read from where its original had been read to; others hold nothing more.
void LogFileSet::hand_on(Ended& ended) {
    struct Copy {
        LogFile* file;
        std::uint64_t offset;
    };
    std::vector<Copy> copies;
    for (LogFile* file : unborn_) {
        if (file->record.id == ended.of) continue;
        const std::uint64_t size = file->status.size;
        // What waited was compared with the whole of its original.
        const bool waited = file->state == LogFile::State::waiting && file->original == ended.of &&
                            file->compared_size == size && !ended.earlier;
        if (!open(*file) || (!waited && !file->record.life.head.agrees(ended.life.head))) continue;
        auto offset = place_in_copy(file->descriptor, size, file->record.life.head, ended.life);
        // That a file has gone says nothing of a copy: another one may begin with the same few bytes.
        if (ended.lost && ended.life.offset < Head::kFirstBytes) offset.reset();
        if (!offset && waited) offset = std::min(size, ended.life.offset);
        if (offset) copies.push_back({file, *offset});
    }
    std::stable_sort(copies.begin(), copies.end(),
                     [](const Copy& a, const Copy& b) { return a.file->status.size > b.file->status.size; });
    for (const Copy& copy : copies) {
        begin_as_copy(*copy.file, ended, ended.found ? copy.file->status.size : copy.offset);
        ended.found = true;
        std::erase(unborn_, copy.file);
    }
}

void LogFileSet::hand_on_earlier(LogFile& file) {
    if (!file.record.earlier) return;
    Ended ended{.of = file.record.id,
                .path = file.record.path,
                .life = *file.record.earlier,
                .rotated = true,
                .earlier = true};
    hand_on(ended);
    if (!ended.found) return;
    file.record.earlier.reset();
    note_dirty(file);
}

/// A copy that no glob names.
void LogFileSet::search_beside(Ended& ended) {
    if (ended.finished || (ended.life.offset == 0 && ended.life.head.count() == 0)) return;
    for (const std::string& path : look_into(directory_of(ended.path))) {
        const auto status = status_of(path);
        if (!status || !status->regular() || files_.contains(status->id)) continue;
        auto file = std::make_unique<LogFile>();
        file->record.id = status->id;
        file->record.path = path;
        file->located = file->proven = true;
        if (!open(*file)) continue;
        file->record.life.head = Head::of(read_beginning(file->descriptor));
        const auto offset =
            place_in_copy(file->descriptor, file->status.size, file->record.life.head, ended.life);
        if (!offset) {
            watch_.unwatch(*file);
            close(*file);
            continue;
        }
        ended.found = true;
        file->grew_at = Clock::now();
        begin_as_copy(*file, ended, *offset);
        files_[status->id] = std::move(file);
        return;
    }
}

/// Whether lines were lost for good. A write and a truncation between two looks leave no trace, so that even
/// where everything seen had been read, only a copy that is found excludes it.
void LogFileSet::conclude(const Ended& ended) {
    const auto found = files_.find(ended.of);
    if (found == files_.end()) return;
    LogFile& file = *found->second;
    if (ended.lost) {
        if (!ended.found && file.lost_looks < kLooksUntilGone) return;
        lossy_ = lossy_ || (!ended.found && !ended.finished);
        return forget(file);
    }
    if (ended.found || ended.finished) return;
    lossy_ = true;
    if (ended.life.offset == 0) return;
    file.record.earlier = ended.life;
    note_dirty(file);
}

void LogFileSet::begin(LogFile& file) {
    // It may have been closed for the sake of others.
    if (!open(file)) return note_problem(file, errno);
    switch (first_ ? Origin::own : look_for_original(file)) {
        case Origin::unclear:
            return note_change(file);
        case Origin::copy:
            return awaits_original(file) ? wait(file) : begin_at(file, place_of_copy(file));
        case Origin::grown_on:
            return begin_at(file, file.compared_size);
        case Origin::own:
            return begin_as_own(file);
    }
}

void LogFileSet::begin_as_own(LogFile& file) {
    std::uint64_t size = file.status.size;
    if (!first_) {
        const auto start = from_end_ ? start_.take(file) : std::nullopt;
        if (!start || *start > size) return begin_at(file, leading_zeros(file.descriptor));
        size = *start;
    } else if (!from_end_) {
        return begin_at(file, leading_zeros(file.descriptor));
    }
    // The half line at its end is new: it is read when it is whole.
    const std::uint64_t end = whole_lines_end(file.descriptor, 0, size, kLogBlock);
    const bool oversized = end == 0 && size >= kLogBlock;
    begin_at(file, oversized ? size : end);
    file.record.life.in_oversized = oversized;
}

void LogFileSet::begin_at(LogFile& file, std::uint64_t offset) {
    if (offset > 0 && !open(file)) return note_change(file);
    Life& life = file.record.life;
    life.offset = offset;
    life.tail = tail_before(file.descriptor, offset).value_or(0);
    life.in_oversized = false;
    file.state = LogFile::State::followed;
    file.proven = true;
    note_dirty(file);
    queue(file);
}

void LogFileSet::begin_as_copy(LogFile& file, const Ended& ended, std::uint64_t offset) {
    begin_at(file, offset);
    // A truncated file's copy is not written to any more. What was moved from elsewhere is what it was.
    file.record.rotated = ended.rotated || !ended.lost;
    if (is_named_after(file.record.path, ended.path)) {
        file.record.rotated = true;
        file.left_name = ended.path;
    }
    file.record.life.in_oversized = offset == ended.life.offset && ended.life.in_oversized;
    give_up_at_ = {};
}

}  // namespace keyshift::drivers
