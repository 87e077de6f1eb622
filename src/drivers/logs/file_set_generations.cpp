// SPDX-License-Identifier: Apache-2.0
// Files that were read before: do they go on, and what becomes of what they held. identity.hpp and
// endings.hpp decide.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {

void LogFileSet::settle() {
    prove_changed();
    if (!ended_.empty() && !listed_) {
        // The copy may not be known yet.
        list_names();
        prove_changed();
    }
    if (!undecided_.empty() && !first_) {
        // An original that was written to, or emptied, before its copy was found.
        note_changes_of_originals();
        prove_changed();
    }
    for (const LogFile* file : std::exchange(lost_, {})) {
        const FileRecord& record = file->record;
        ended_.push_back({record.id, record.path, record.generation, record.rotated, record.finished, true});
    }
    settle_waiting();
    pass(Moment::settled);
    drop_blank();
    for (Ended& ended : ended_) hand_on(ended);
    if (!undecided_.empty())
        for (auto& [id, file] : files_) hand_on_earlier(*file);
    for (LogFile* file : std::exchange(undecided_, {})) begin(*file);
    for (Ended& ended : std::exchange(ended_, {})) {
        search_beside(ended);
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
    const UnreadFacts facts{.linked = file.status.linked,
                            .named = file.named,
                            .empty = file.status.size == 0,
                            .waiting = file.state == LogFile::State::waiting,
                            .compressed = file.state == LogFile::State::compressed};
    if (decide(facts) == UnreadStep::forget) return forget(file);
    if (facts.compressed) file.state = LogFile::State::undecided;
    undecided_.push_back(&file);
}

void LogFileSet::prove_followed(LogFile& file) {
    const bool young = is_young(file.status.size, file.record.generation.head.bytes());
    const GenerationStep step = examine(file, file.trust);
    file.trust = LogFile::Trust::proven;
    if (step == GenerationStep::ended) {
        end_generation(file);
        undecided_.push_back(&file);
        return;
    }
    if (step == GenerationStep::cut_short) cut_short(file);
    if (young) grow_head(file);
    if (file.status.size > file.record.generation.offset && file.record.finished) {
        file.record.finished = false;
        note_dirty(file);
    }
    queue(file);
}

/// What is left was counted. Something may have been written and cut off between two passes.
void LogFileSet::cut_short(LogFile& file) {
    const std::uint64_t size = file.status.size;
    file.record.generation = {size, Head::of(read_beginning(file.descriptor)),
                              tail_before(file.descriptor, size).value_or(0), false};
    lossy_ = true;
    note_dirty(file);
}

/// A head that is still growing is what a copy in the making is known by.
void LogFileSet::grow_head(LogFile& file) {
    Head& head = file.record.generation.head;
    const Head now = Head::of(read_beginning(file.descriptor));
    if (now.count() <= head.count() || !now.agrees(head)) return;
    head = now;
    note_dirty(file);
}

void LogFileSet::end_generation(LogFile& file) {
    FileRecord& record = file.record;
    ended_.push_back({record.id, record.path, record.generation, record.rotated, record.finished});
    record.generation = {};
    record.finished = false;
    record.rotated = false;
    file.state = LogFile::State::undecided;
    file.emptied = true;
    file.held_end = 0;
    // What stands there now may have to wait.
    if (std::exchange(file.queued, false)) std::erase(queue_, &file);
    note_dirty(file);
}

/// Of undecided_ stay those in which something stands; their heads are known now.
void LogFileSet::drop_blank() {
    // The oldest first: a copy is younger than what it was made of.
    std::sort(undecided_.begin(), undecided_.end(), [](const LogFile* a, const LogFile* b) {
        return std::pair(a->record.id.birth_ns, a->record.id) <
               std::pair(b->record.id.birth_ns, b->record.id);
    });
    undecided_.erase(std::unique(undecided_.begin(), undecided_.end()), undecided_.end());
    std::erase_if(undecided_, [&](LogFile* file) {
        if (!open(*file)) {
            note_problem(*file, errno);
            return true;
        }
        const std::string beginning = read_beginning(*file);
        if (is_compressed(beginning)) {
            file->state = LogFile::State::compressed;
            files_.release(*file);
            return true;
        }
        file->record.generation.head = Head::of(beginning);
        return beginning.empty();
    });
}

/// To what may be a copy of the ended generation.
void LogFileSet::hand_on(Ended& ended) {
    std::vector<LogFile*> files;
    std::vector<Duplicate> copies;
    for (LogFile* file : undecided_) {
        if (file->record.id == ended.of) continue;
        const std::uint64_t size = file->status.size;
        const bool waited = file->state == LogFile::State::waiting && file->original == ended.of &&
                            file->compared_size == size && !ended.earlier;
        if (!open(*file)) continue;
        const Rest rest =
            compare_rest(*file, {.size = size, .lost = ended.lost, .waited = waited}, ended.generation);
        if (rest.step == RestStep::none) continue;
        copies.push_back({files.size(), file->status.size, rest.offset});
        files.push_back(file);
    }
    share_rest(copies);
    for (const Duplicate& copy : copies) {
        begin_as_copy(*files[copy.file], ended, copy.offset);
        ended.found = true;
        std::erase(undecided_, files[copy.file]);
    }
}

void LogFileSet::hand_on_earlier(LogFile& file) {
    if (!file.record.earlier) return;
    Ended ended{.of = file.record.id,
                .path = file.record.path,
                .generation = *file.record.earlier,
                .rotated = true,
                .earlier = true};
    hand_on(ended);
    if (!ended.found) return;
    file.record.earlier.reset();
    note_dirty(file);
}

/// A copy that no glob names.
void LogFileSet::search_beside(Ended& ended) {
    if (!is_rest_sought(ended)) return;
    for (const std::string& path : list_files(directory_of(ended.path))) {
        const auto status = status_of(path);
        if (!status || !status->regular() || files_.find(status->id) != nullptr) continue;
        auto file = std::make_unique<LogFile>();
        file->record.id = status->id;
        file->record.path = path;
        file->located = true;
        file->trust = LogFile::Trust::proven;
        if (!open(*file)) continue;
        file->record.generation.head = Head::of(read_beginning(file->descriptor));
        const Rest rest = compare_rest(*file, {.size = file->status.size}, ended.generation);
        if (rest.step == RestStep::none) {
            files_.release(*file);
            continue;
        }
        ended.found = true;
        file->grew_at = Clock::now();
        begin_as_copy(files_.add(std::move(file)), ended, rest.offset);
        return;
    }
}

void LogFileSet::conclude(const Ended& ended) {
    LogFile* const file = files_.find(ended.of);
    if (file == nullptr) return;
    switch (drivers::conclude(ended, file->lost_listings)) {
        case Conclusion::nothing:
        case Conclusion::wait:
            return;
        case Conclusion::forget:
            return forget(*file);
        case Conclusion::lost_forget:
            lossy_ = true;
            return forget(*file);
        case Conclusion::lost_remember:
            file->record.earlier = ended.generation;
            note_dirty(*file);
            [[fallthrough]];
        case Conclusion::lost:
            lossy_ = true;
    }
}

void LogFileSet::begin_as_copy(LogFile& file, const Ended& ended, std::uint64_t offset) {
    begin_at(file, offset);
    const CopyRole role = role_of_copy(ended, offset, is_named_after(file.record.path, ended.path));
    file.record.rotated = role.rotated;
    if (role.left_name) file.left_name = ended.path;
    file.record.generation.in_oversized = role.in_oversized;
    give_up_at_ = {};
}

}  // namespace keyshift::drivers
