// SPDX-License-Identifier: Apache-2.0
// Messages of systemd's journal, one line each. See LogInput for the contract, threads and errors.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "drivers/files/input.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::drivers {

struct LogJournalOptions {
    std::vector<std::string> units;    ///< "inferxgate.service"; messages of any of them
    std::vector<std::string> matches;  ///< "FIELD=value" as journalctl takes them, all to hold; may be empty
    std::filesystem::path directory;   ///< of journal files; empty: the machine's own journal
    /// What is there at the very first poll, before any cursor, is left out.
    bool from_end = false;
};

std::unique_ptr<LogInput> make_log_journal(LogJournalOptions options, const Interrupt& interrupt);

}  // namespace keyshift::drivers
