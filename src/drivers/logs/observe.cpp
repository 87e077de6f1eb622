// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/observe.hpp"

#include <algorithm>

#include <unistd.h>

#include "drivers/files/names.hpp"

namespace keyshift::drivers {
namespace {

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

base::Duration between(LogFile::Clock::time_point from, LogFile::Clock::time_point to) {
    return std::chrono::floor<base::Duration>(to - from);
}

}  // namespace

Unnamed find_unnamed(const LogFile& file) {
    using Found = UnnamedFacts::Found;
    Unnamed now;
    UnnamedFacts facts{.open = static_cast<bool>(file.descriptor)};
    if (facts.open) {
        now.status = status_of(file.descriptor);
        facts.linked = now.status && now.status->linked;
    }
    now.step = decide(facts);
    if (now.step == UnnamedStep::observe_path) {
        now.status = status_of(file.record.path);
        facts.at_path = now.status && now.status->id == file.record.id;
        now.step = decide(facts);
    }
    if (now.step == UnnamedStep::search) {
        if (facts.open) now.path = name_now(file);
        // Where it is not on the way, it may be beside.
        Whereabouts beside;
        if (now.path.empty()) beside = find_in(directory_of(file.record.path), file.record.id);
        if (now.path.empty()) now.path = beside.path;
        const bool elsewhere = !now.path.empty() && !(facts.open && now.path == file.record.path);
        facts.search = elsewhere ? Found::elsewhere : beside.readable ? Found::not_there : Found::unreadable;
        now.step = decide(facts);
    }
    return now;
}

namespace {

GenerationStep examine_once(const LogFile& file, LogFile::Trust trust) {
    const Generation& generation = file.record.generation;
    GenerationFacts facts{.size = file.status.size,
                          .offset = generation.offset,
                          .held_end = file.held_end,
                          .head_bytes = generation.head.bytes(),
                          .trusted = trust == LogFile::Trust::proven};
    const auto tail_is_same = [&] {
        return tail_before(file.descriptor, generation.offset) == generation.tail;
    };
    for (;;) {
        switch (const GenerationStep step = decide(facts)) {
            case GenerationStep::glance_at_tail:
                facts.glance = tail_is_same();
                break;
            case GenerationStep::read_head:
                facts.head = HeadMatch::of(Head::of(read_beginning(file.descriptor)), generation.head);
                break;
            case GenerationStep::read_tail:
                facts.tail = tail_is_same();
                break;
            default:
                return step;
        }
    }
}

}  // namespace

GenerationStep examine(LogFile& file, LogFile::Trust trust) {
    for (;;) {
        const GenerationStep step = examine_once(file, trust);
        if (step != GenerationStep::ended) return step;
        // The bytes are compared after the size was asked for. If the file was cut short in between, they are
        // of different moments, and what is left may be what was read.
        const auto now = status_of(file.descriptor);
        if (!now || now->size >= file.status.size) return step;
        file.status = *now;
    }
}

/// It may be a copy, and have grown since the other files were examined:
/// when one of them was found to have been emptied, its copy was complete.
std::string read_beginning(LogFile& file) {
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

Rest compare_rest(const LogFile& file, RestFacts facts, const Generation& generation) {
    facts.offset = generation.offset;
    facts.head = HeadMatch::of(file.record.generation.head, generation.head);
    Rest rest = decide(facts);
    if (rest.step != RestStep::compare_tail) return rest;
    facts.tail = tail_before(file.descriptor, generation.offset) == generation.tail;
    return decide(facts);
}

void observe_pair(const LogFile& file, const LogFile& other, PairFacts& facts) {
    facts.named_after.reset();
    facts.heads.reset();
    facts.opening.reset();
    facts.is_beginning.reset();
    facts.common.reset();
    facts.other_goes_on.reset();
    facts.followed = other.state == LogFile::State::followed;
    facts.located = other.located;
    facts.rotated = other.record.rotated;
    facts.astray = other.astray();
    facts.linked = other.status.linked;
    facts.left_ns = other.left_ns;
    facts.changed_ns = other.status.changed_ns;
    facts.waits_for_other = file.state == LogFile::State::waiting && file.original == other.record.id;
    facts.in_others_place = file.record.path == other.left_name;
    facts.tiny_neighbours = file.record.generation.head.count() == 0 &&
                            other.status.size < Head::kFirstBytes &&
                            directory_of(other.record.path) == directory_of(file.record.path);
    const Head& head = file.record.generation.head;
    const Head& other_head = other.record.generation.head;
    // Else more of the other's may be there by now.
    if (other_head.count() >= head.count()) facts.heads = HeadMatch::of(head, other_head);
}

CopyFacts observe_copy(const LogFile& file, const LogFile* original, LogFile::Clock::time_point now) {
    CopyFacts facts;
    facts.size = file.status.size;
    facts.modified_ns = file.status.modified_ns;
    facts.quiet = between(file.grew_at, now);
    facts.waited = between(file.waiting_since, now);
    if (original == nullptr) return facts;
    facts.original = {
        .rotated = original->record.rotated,
        .astray = original->astray(),
        .linked = original->status.linked,
        .size = original->status.size,
        .left_ns = original->left_ns,
        .named_after = is_named_after(file.record.path, original->record.path),
        .left_named_after = original->left_ns != 0 && is_named_after(file.record.path, original->left_name),
        .in_its_place = file.record.path == original->left_name};
    return facts;
}

WriterFacts observe_writer(const LogFile& file, LogFile::Clock::time_point now) {
    return {.rotated = file.record.rotated,
            .located = file.located,
            .followed = file.state == LogFile::State::followed,
            .finished = file.record.finished,
            .gone = file.gone(),
            .closed = file.closed,
            .released = file.released,
            .unread = file.status.size > file.record.generation.offset,
            .quiet = between(file.grew_at, now)};
}

SuccessorFacts observe_successor(const LogFile& other, const LogFile& file) {
    return {.named = other.named,
            .has_the_name = other.record.path == file.left_name,
            .size = other.status.size,
            .modified_ns = other.status.modified_ns};
}

}  // namespace keyshift::drivers
