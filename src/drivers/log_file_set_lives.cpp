// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "drivers/log_file_set.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

/// A file that is nowhere in so many looks in a row has gone: one that is renamed meanwhile can be missed.
constexpr int kLooksUntilGone = 2;

/// How long a file waits that has the same bytes as another from its beginning on. A copy's original is
/// truncated at once, or never; two logs that begin alike part with the first line that differs. What does
/// not differ in a byte and is named after the other is a copy, and waits for as long as that holds.
constexpr base::Duration kWaitOfTiny = 5s;
constexpr base::Duration kWaitOfUnrelated = 10s;
constexpr base::Duration kForever = 24h * 365;

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

/// How long it waits for what becomes of its original.
base::Duration LogFileSet::patience(const LogFile& file) const {
    if (file.status.size < Head::kFirstBytes) return kWaitOfTiny;
    const LogFile* const original = original_of(file);
    const bool named_after = original != nullptr && is_named_after(file.record.path, original->record.path);
    return named_after ? kForever : kWaitOfUnrelated;
}

const LogFile* LogFileSet::original_of(const LogFile& file) const {
    const auto original = files_.find(file.original);
    return original == files_.end() ? nullptr : original->second.get();
}

/// What was rotated will not be truncated: a copy of it stays what it is, once it is whole. It may have been
/// before.
bool LogFileSet::awaits_original(const LogFile& file) const {
    const LogFile* const original = original_of(file);
    if (original == nullptr) return false;
    if (!original->record.rotated || original->astray()) return true;
    const bool growing = Clock::now() - file.grew_at < kWaitOfTiny;
    return growing && file.status.size < original->status.size && original->status.linked;
}

/// Of a file all of whose bytes were in another. A few lines may be what two logs begin with, unless they
/// were there before the other lost its name, or are all that it held and are named after it.
std::uint64_t LogFileSet::place_of_copy(const LogFile& file) const {
    const std::uint64_t size = file.status.size;
    const LogFile* const original = original_of(file);
    bool copy = size >= kHeadBytes;
    if (!copy && original != nullptr && original->left_ns != 0 && size >= Head::kFirstBytes) {
        const bool in_its_place = file.record.path == original->left_name;
        const bool all = size == original->status.size;
        const bool older = file.status.modified_ns < original->left_ns;
        copy = is_named_after(file.record.path, original->left_name) ? all || older : in_its_place && older;
    }
    if (!copy) return 0;
    // What is written on under a log's own name ends the half line.
    return globs_.is_plain_name(file.record.path) ? whole_lines_end(file.descriptor, 0, size, kLogBlock)
                                                  : size;
}

/// Those that need wait no longer for what becomes of their original.
void LogFileSet::take_waiting() {
    const auto now = Clock::now();
    for (LogFile* file : std::exchange(waiting_, {})) {
        if (file->state != LogFile::State::waiting) continue;
        const bool listed = std::find(unborn_.begin(), unborn_.end(), file) != unborn_.end();
        if (listed) continue;
        const bool ended =
            std::any_of(ended_.begin(), ended_.end(), [&](const Ended& e) { return e.of == file->original; });
        if (ended) {
            unborn_.push_back(file);
        } else if (now - file->waiting_since >= patience(*file)) {
            begin_at(*file, 0);
        } else if (!awaits_original(*file)) {
            begin_at(*file, place_of_copy(*file));
        } else {
            waiting_.push_back(file);
        }
    }
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

/// From when on it waits: what is still being copied has not begun to.
void LogFileSet::wait(LogFile& file) {
    const bool waited = file.state == LogFile::State::waiting;
    const LogFile* const original = original_of(file);
    const bool in_making = original != nullptr && file.status.size < original->status.size;
    if (!waited || in_making) file.waiting_since = Clock::now();
    file.state = LogFile::State::waiting;
    if (std::find(waiting_.begin(), waiting_.end(), &file) == waiting_.end()) waiting_.push_back(&file);
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

/// What comes after a file under its name may well begin alike, and is no copy: a copy is older than its
/// original's going, or named after what that is called now. But where the original could not be opened
/// since, it may have been emptied before.
bool LogFileSet::may_be_original(const LogFile& other, const LogFile& file) const {
    if (&other == &file || other.state != LogFile::State::followed || !other.located) return false;
    const bool waits_for_it = file.state == LogFile::State::waiting && file.original == other.record.id;
    if (!other.record.rotated || waits_for_it || other.astray()) return true;
    // What was emptied is younger than it looks.
    if (file.saved || file.emptied) return false;
    const std::int64_t birth = file.record.id.birth_ns;
    const std::int64_t left = other.left_ns != 0 ? other.left_ns : other.status.changed_ns;
    // In one step of the clock a file may lose its name to another that has just been made.
    const bool in_its_place = file.record.path == other.left_name;
    if (birth != 0 && (in_its_place ? birth < left : birth <= left)) return true;
    return other.status.linked && is_named_after(file.record.path, other.record.path) &&
           !globs_.is_plain_name(file.record.path);
}

/// The file whose beginning it is.
LogFileSet::Origin LogFileSet::look_for_original(LogFile& file) {
    const Head& head = file.record.life.head;
    for (auto& [id, other] : files_) {
        if (!may_be_original(*other, file)) continue;
        const Head& other_head = other->record.life.head;
        if (other_head.count() < head.count() && other->descriptor) grow_head(*other);
        const bool tiny = head.count() == 0 && !other->record.rotated &&
                          other->status.size < Head::kFirstBytes &&
                          directory_of(other->record.path) == directory_of(file.record.path);
        if (!tiny && (head.common(other_head) == 0 || !head.agrees(other_head))) continue;
        if (const auto origin = compare_with_original(file, *other)) return *origin;
    }
    return Origin::own;
}

/// Nothing: it is another log.
std::optional<LogFileSet::Origin> LogFileSet::compare_with_original(LogFile& file, LogFile& original) {
    const bool opened = open(original);
    if (!opened && errno == ENOENT) note_problem(original, ENOENT);
    if (original.astray()) {
        names_due_ = true;
        return Origin::unclear;
    }
    if (!opened) return std::nullopt;
    if (is_beginning_of(file, original)) {
        file.original = original.record.id;
        file.compared_size = file.status.size;
        return Origin::copy;
    }
    if (original.record.rotated && !original.astray()) {
        const std::uint64_t common = common_beginning(file, original);
        if (common >= kHeadBytes) {
            file.compared_size = whole_lines_end(file.descriptor, 0, common, kLogBlock);
            return Origin::grown_on;
        }
    }
    // It may have been truncated just now.
    if (const auto status = status_of(original.descriptor)) original.status = *status;
    if (compare(original) == Continuity::same) return std::nullopt;
    original.suspect = true;
    note_change(original);
    return Origin::unclear;
}

}  // namespace keyshift::drivers
