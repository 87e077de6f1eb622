// SPDX-License-Identifier: Apache-2.0
#include "drivers/journal/journal.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <systemd/sd-journal.h>

#include "drivers/files/input.hpp"
#include "drivers/journal/files.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;

/// Of a field with its name: what is longer may be cut.
constexpr std::size_t kThreshold = kLogBlock + 256;

/// libsystemd returns errors as negative numbers.
Error failure(const char* doing, int error) {
    const bool denied = error == -EACCES || error == -EPERM;
    return {denied ? Errc::permission : Errc::other,
            std::string("the journal cannot be ") + doing + ": " + std::generic_category().message(-error),
            denied ? how_to_read_journal() : "`journalctl --verify` looks for damage"};
}

}  // namespace

Result<Journal> Journal::open(const std::filesystem::path& directory) {
    const auto library = load_journal_library();
    if (!library) return library.error();
    sd_journal* handle = nullptr;
    // Not SD_JOURNAL_SYSTEM: what a service says under the user id of a person is in that person's file.
    const int opened = directory.empty() ? library->open(&handle, SD_JOURNAL_LOCAL_ONLY)
                                         : library->open_directory(&handle, directory.c_str(), 0);
    if (opened == -ENOENT || opened == -ENOTDIR || opened == -EACCES)
        return no_journal_files(directory, find_journal_files(directory));
    if (opened < 0) return failure("opened", opened);
    Journal journal(*library, handle);
    library->set_data_threshold(handle, kThreshold);
    if (journal.size_bytes() == 0) return no_journal_files(directory, find_journal_files(directory));
    return journal;
}

Result<void> Journal::filter(const std::vector<JournalMatch>& matches) {
    library_.flush_matches(handle_.get());
    for (const JournalMatch& match : matches) {
        for (const std::string& alternative : match) {
            const int added = library_.add_match(handle_.get(), alternative.data(), alternative.size());
            if (added < 0) {
                return Error{Errc::schema, "the journal takes no match " + alternative,
                             "write FIELD=value, the field in capitals, as journalctl -o export shows it"};
            }
        }
        if (const int added = library_.add_conjunction(handle_.get()); added < 0)
            return failure("filtered", added);
    }
    return {};
}

Result<void> Journal::seek_begin() {
    if (const int sought = library_.seek_head(handle_.get()); sought < 0) return failure("read", sought);
    return {};
}

Result<bool> Journal::seek_last() {
    int moved = library_.seek_tail(handle_.get());
    if (moved >= 0) moved = library_.previous(handle_.get());
    if (moved < 0) return failure("read", moved);
    return moved > 0;
}

Result<bool> Journal::seek(const std::string& cursor) {
    const int sought = library_.seek_cursor(handle_.get(), cursor.c_str());
    if (sought == -EINVAL) {
        return Error{Errc::parse, "the saved place in the journal is none", "was the state changed by hand?"};
    }
    if (sought < 0) return failure("read", sought);
    return next();
}

Result<bool> Journal::next() {
    const int moved = library_.next(handle_.get());
    if (moved < 0) return failure("read", moved);
    return moved > 0;
}

Result<std::string> Journal::cursor() const {
    char* text = nullptr;
    if (const int got = library_.get_cursor(handle_.get(), &text); got < 0) return failure("read", got);
    const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
    return std::string(text);
}

bool Journal::at(const std::string& cursor) const {
    return library_.test_cursor(handle_.get(), cursor.c_str()) > 0;
}

Journal::Field Journal::field(const char* name) const {
    const void* data = nullptr;
    std::size_t size = 0;
    const int got = library_.get_data(handle_.get(), name, &data, &size);
    if (got < 0) return {.damaged = got != -ENOENT};
    const std::string_view all(static_cast<const char*>(data), size);
    return {.value = all.substr(std::string_view(name).size() + 1)};
}

int Journal::wake_fd() const {
    const int descriptor = library_.get_fd(handle_.get());
    return descriptor < 0 ? -1 : descriptor;
}

bool Journal::reliable() const {
    return wake_fd() >= 0 && library_.reliable_fd(handle_.get()) > 0;
}

Journal::Change Journal::process() {
    switch (library_.process(handle_.get())) {
        case SD_JOURNAL_NOP:
            return Change::none;
        case SD_JOURNAL_APPEND:
            return Change::appended;
        default:
            return Change::files;
    }
}

std::uint64_t Journal::size_bytes() const {
    std::uint64_t bytes = 0;
    return library_.get_usage(handle_.get(), &bytes) < 0 ? 0 : bytes;
}

}  // namespace keyshift::drivers
