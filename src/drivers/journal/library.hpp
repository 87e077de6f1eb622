// SPDX-License-Identifier: Apache-2.0
// libsystemd's functions, looked up when a journal is opened: linked, it and what it needs would cost every
// process 0.7 MB of resident memory, journal or not. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

struct sd_journal;

namespace keyshift::drivers {

/// Named as in sd-journal(3), each without its sd_journal_.
struct JournalLibrary {
    int (*open)(sd_journal**, int);
    int (*open_directory)(sd_journal**, const char*, int);
    void (*close)(sd_journal*);
    int (*set_data_threshold)(sd_journal*, std::size_t);
    int (*add_match)(sd_journal*, const void*, std::size_t);
    int (*add_conjunction)(sd_journal*);
    void (*flush_matches)(sd_journal*);
    int (*seek_head)(sd_journal*);
    int (*seek_tail)(sd_journal*);
    int (*seek_cursor)(sd_journal*, const char*);
    int (*test_cursor)(sd_journal*, const char*);
    int (*get_cursor)(sd_journal*, char**);
    int (*next)(sd_journal*);
    int (*previous)(sd_journal*);
    int (*get_data)(sd_journal*, const char*, const void**, std::size_t*);
    int (*get_usage)(sd_journal*, std::uint64_t*);
    int (*get_fd)(sd_journal*);
    int (*reliable_fd)(sd_journal*);
    int (*process)(sd_journal*);
};

/// Stays loaded once it is. Fails where libsystemd is not installed or too old.
base::Result<JournalLibrary> load_journal_library();

}  // namespace keyshift::drivers
