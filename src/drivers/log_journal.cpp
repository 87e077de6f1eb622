// SPDX-License-Identifier: Apache-2.0
#include "drivers/log_journal.hpp"

namespace keyshift::drivers {
std::unique_ptr<LogInput> make_log_journal(LogJournalOptions, const Interrupt&) {
    return nullptr;
}
}  // namespace keyshift::drivers
