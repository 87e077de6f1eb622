// SPDX-License-Identifier: Apache-2.0
// Where the log goes: standard error, or systemd's journal itself where standard error leads there. Safe from
// any thread.
#pragma once

#include <memory>

namespace spdlog::sinks {
class sink;
}

namespace keyshift::base::log {

/// Only so many lines with the same message come through (log_limit.hpp); the next one says in the field
/// held_back how many did not.
std::shared_ptr<spdlog::sinks::sink> make_sink();

}  // namespace keyshift::base::log
