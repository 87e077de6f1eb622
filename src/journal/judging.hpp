// SPDX-License-Identifier: Apache-2.0
// What of the configuration the migration is judged by. Pure; any thread.
#pragma once

#include "config/config.hpp"
#include "domain/model.hpp"
#include "journal/key_journal.hpp"

namespace keyshift::journal {

/// How the migration is to be judged.
domain::Policy judging(const config::Config& config);
JournalSettings journal_settings(const config::Config& config);

}  // namespace keyshift::journal
