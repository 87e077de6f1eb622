// SPDX-License-Identifier: Apache-2.0
// Which files may be copies of others, and what becomes of them.
#include <algorithm>
#include <cerrno>

#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

/// How long a file waits that has the same bytes as another from its beginning on. A copy's original is
/// truncated at once, or never; two logs that begin alike part with the first line that differs. What does
/// not differ in a byte and is named after the other is a copy, and waits for as long as that holds.
constexpr base::Duration kWaitOfTiny = 5s;
constexpr base::Duration kWaitOfUnrelated = 10s;
constexpr base::Duration kForever = 24h * 365;

}  // namespace

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

/// From when on it waits: what is still being copied has not begun to.
void LogFileSet::wait(LogFile& file) {
    const bool waited = file.state == LogFile::State::waiting;
    const LogFile* const original = original_of(file);
    const bool in_making = original != nullptr && file.status.size < original->status.size;
    if (!waited || in_making) file.waiting_since = Clock::now();
    file.state = LogFile::State::waiting;
    if (std::find(waiting_.begin(), waiting_.end(), &file) == waiting_.end()) waiting_.push_back(&file);
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
