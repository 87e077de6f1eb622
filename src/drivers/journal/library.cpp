// SPDX-License-Identifier: Apache-2.0
#include "drivers/journal/library.hpp"

#include <string>
#include <type_traits>

#include <dlfcn.h>
#include <systemd/sd-journal.h>

namespace keyshift::drivers {
namespace {

constexpr const char* kFile = "libsystemd.so.0";

base::Error failure() {
    const char* why = ::dlerror();  // NOLINT(concurrency-mt-unsafe): one per thread in glibc
    return {
        base::Errc::other,
        std::string("the journal needs ") + kFile + ": " + (why == nullptr ? "it has no such function" : why),
        "install libsystemd0, or read the log from files"};
}

}  // namespace

// Each is what the header that this was compiled with says it is.
#define KEYSHIFT_LOOK_UP(name)                                                                     \
    static_assert(std::is_same_v<decltype(JournalLibrary::name), decltype(&::sd_journal_##name)>); \
    out.name = reinterpret_cast<decltype(out.name)>(::dlsym(library, "sd_journal_" #name));        \
    if (out.name == nullptr) return failure()

base::Result<JournalLibrary> load_journal_library() {
    void* library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) return failure();
    JournalLibrary out{};
    KEYSHIFT_LOOK_UP(open);
    KEYSHIFT_LOOK_UP(open_directory);
    KEYSHIFT_LOOK_UP(close);
    KEYSHIFT_LOOK_UP(set_data_threshold);
    KEYSHIFT_LOOK_UP(add_match);
    KEYSHIFT_LOOK_UP(add_conjunction);
    KEYSHIFT_LOOK_UP(flush_matches);
    KEYSHIFT_LOOK_UP(seek_head);
    KEYSHIFT_LOOK_UP(seek_tail);
    KEYSHIFT_LOOK_UP(seek_cursor);
    KEYSHIFT_LOOK_UP(test_cursor);
    KEYSHIFT_LOOK_UP(get_cursor);
    KEYSHIFT_LOOK_UP(next);
    KEYSHIFT_LOOK_UP(previous);
    KEYSHIFT_LOOK_UP(get_data);
    KEYSHIFT_LOOK_UP(get_usage);
    KEYSHIFT_LOOK_UP(get_fd);
    KEYSHIFT_LOOK_UP(reliable_fd);
    KEYSHIFT_LOOK_UP(process);
    ::dlclose(library);  // RTLD_NODELETE keeps it.
    return out;
}

}  // namespace keyshift::drivers
