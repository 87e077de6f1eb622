// SPDX-License-Identifier: Apache-2.0
// Files that nobody knows: which may be copies of others, and where they begin. copies.hpp decides.
#include <algorithm>
#include <cerrno>

#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {

void LogFileSet::begin(LogFile& file) {
    // It may have been closed for the sake of others.
    if (!open(file)) return note_problem(file, errno);
    if (first_) return begin_as_own(file);
    PairFacts facts;
    facts.reused = file.saved || file.emptied;
    facts.birth_ns = file.record.id.birth_ns;
    facts.plain_name = globs_.is_plain_name(file.record.path);
    for (auto& [id, other] : files_)
        if (begin_beside(file, *other, facts)) return;
    begin_as_own(file);
}

/// False: it is no copy of the other one. `facts` say what `file` is alone.
bool LogFileSet::begin_beside(LogFile& file, LogFile& other, PairFacts& facts) {
    observe_pair(file, other, facts);
    PairStep step = decide(facts);
    while (observe(file, other, step, facts)) step = decide(facts);
    switch (step) {
        case PairStep::copy:
            file.original = other.record.id;
            file.compared_size = file.status.size;
            act_on_copy(file, decide(facts_of_copy(file)));
            return true;
        case PairStep::grown_on:
            begin_at(file, whole_lines_end(file.descriptor, 0, *facts.common, kLogBlock));
            return true;
        case PairStep::other_moved:
            names_due_ = Due::now;
            note_change(file);
            return true;
        case PairStep::other_suspect:
            note_suspect(other);
            note_change(file);
            return true;
        default:
            return false;
    }
}

/// False: `step` asks for nothing.
bool LogFileSet::observe(LogFile& file, LogFile& other, PairStep step, PairFacts& facts) {
    switch (step) {
        case PairStep::compare_names:
            facts.named_after = is_named_after(file.record.path, other.record.path);
            return true;
        case PairStep::compare_heads:
            if (other.record.generation.head.count() < file.record.generation.head.count() &&
                other.descriptor)
                grow_head(other);
            facts.heads = HeadMatch::of(file.record.generation.head, other.record.generation.head);
            return true;
        case PairStep::open_other:
            facts.opening = open_original(other);
            return true;
        case PairStep::compare_beginnings:
            facts.is_beginning = is_beginning_of(file, other);
            return true;
        case PairStep::measure_common:
            facts.common = common_beginning(file, other);
            return true;
        case PairStep::prove_other:
            if (const auto status = status_of(other.descriptor)) other.status = *status;
            facts.other_goes_on = examine(other, LogFile::Trust::suspect) == GenerationStep::goes_on;
            return true;
        default:
            return false;
    }
}

PairFacts::Opening LogFileSet::open_original(LogFile& original) {
    const bool opened = open(original);
    if (!opened && errno == ENOENT) note_problem(original, ENOENT);
    if (original.astray()) return PairFacts::Opening::astray;
    return opened ? PairFacts::Opening::opened : PairFacts::Opening::refused;
}

CopyFacts LogFileSet::facts_of_copy(const LogFile& file) const {
    CopyFacts facts = observe_copy(file, files_.find(file.original), Clock::now());
    facts.plain_name = globs_.is_plain_name(file.record.path);
    facts.original_ended =
        std::any_of(ended_.begin(), ended_.end(), [&](const Ended& e) { return e.of == file.original; });
    return facts;
}

void LogFileSet::act_on_copy(LogFile& file, CopyStep step) {
    switch (step) {
        case CopyStep::wait:
            return wait(file);
        case CopyStep::examine_again:
            undecided_.push_back(&file);
            return;
        case CopyStep::read_all:
            return begin_at(file, 0);
        case CopyStep::read_whole_lines:
            return begin_at(file, whole_lines_end(file.descriptor, 0, file.status.size, kLogBlock));
        case CopyStep::read_rest:
            return begin_at(file, file.status.size);
    }
}

/// Those that need wait no longer for what becomes of their original.
void LogFileSet::settle_waiting() {
    for (LogFile* file : std::exchange(waiting_, {})) {
        if (file->state != LogFile::State::waiting) continue;
        const bool listed = std::find(undecided_.begin(), undecided_.end(), file) != undecided_.end();
        if (listed) continue;
        const CopyStep step = decide_waiting(facts_of_copy(*file));
        if (step == CopyStep::wait) {
            waiting_.push_back(file);
        } else {
            act_on_copy(*file, step);
        }
    }
}

/// From when on it waits: what is still being copied has not begun to.
void LogFileSet::wait(LogFile& file) {
    const bool waited = file.state == LogFile::State::waiting;
    if (!waited || is_in_making(facts_of_copy(file))) file.waiting_since = Clock::now();
    file.state = LogFile::State::waiting;
    if (std::find(waiting_.begin(), waiting_.end(), &file) == waiting_.end()) waiting_.push_back(&file);
}

void LogFileSet::begin_as_own(LogFile& file) {
    BeginFacts facts{.size = file.status.size, .first_poll = first_, .from_end = from_end_};
    if (from_end_ && !first_) facts.size_at_first_poll = start_.take_end(file);
    const auto old = old_bytes(facts);
    if (!old) return begin_at(file, leading_zeros(file.descriptor));
    // The half line at its end is new: it is read when it is whole.
    const std::uint64_t end = whole_lines_end(file.descriptor, 0, *old, kLogBlock);
    const bool oversized = end == 0 && *old >= kLogBlock;
    begin_at(file, oversized ? *old : end);
    file.record.generation.in_oversized = oversized;
}

void LogFileSet::begin_at(LogFile& file, std::uint64_t offset) {
    if (offset > 0 && !open(file)) return note_change(file);
    Generation& generation = file.record.generation;
    generation.offset = offset;
    generation.tail = tail_before(file.descriptor, offset).value_or(0);
    generation.in_oversized = false;
    file.state = LogFile::State::followed;
    file.trust = LogFile::Trust::proven;
    note_dirty(file);
    queue(file);
}

}  // namespace keyshift::drivers
