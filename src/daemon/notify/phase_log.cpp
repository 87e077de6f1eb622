// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/phase_log.hpp"

#include "base/log/log.hpp"
#include "base/utf8.hpp"

namespace keyshift::daemon {
namespace {

namespace log = base::log;

constexpr const char* kPhaseChanged = "phase changed";

}  // namespace

void log_phase_changes(const domain::PhaseChanges& changes) {
    for (const domain::PhaseChange& change : changes.named) {
        (is_locked_out(change.phase) ? log::warn : log::info)(kPhaseChanged,
                                                              {{"key", base::escape_unsafe(change.key)},
                                                               {"from", phase_name(change.was)},
                                                               {"to", phase_name(change.phase)}});
    }
    if (const std::uint64_t more = changes.count - changes.named.size(); more > 0)
        log::info("more phases changed", {{"keys", more}, {"command", "keyshift events --since 1h"}});
}

void log_verdict_change(const VerdictChange& change) {
    log::info("verdict changed", {{"from", change.from},
                                  {"to", change.to},
                                  {"because", change.reason.substr(0, change.reason.find(": "))},
                                  {"command", "keyshift verdict"}});
}

}  // namespace keyshift::daemon
