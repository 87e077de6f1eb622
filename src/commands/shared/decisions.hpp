// SPDX-License-Identifier: Apache-2.0
// What the commands share by which an operator decides something: who it was, when, and where it is kept.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "decisions/common.hpp"
#include "store/state.hpp"

namespace keyshift::commands {

/// Who is at the keyboard: the one who called sudo, where it was used.
std::string deciding_user();

/// The daemon's state. Errors: config where there is none, and those of State::attach().
base::Result<std::unique_ptr<store::State>> open_state(const config::Config& config);

using decisions::decision_time;
using decisions::kTakesEffect;

/// Asks on the terminal. Error: usage, where the answer is not yes or nobody can be asked: then `--yes` can
/// be said. `undone`: "nothing was accepted".
base::Result<void> confirm(const std::string& question, const std::string& undone);

template <class Decision>
base::Result<void> save_decision(store::State& state, const Decision& decision) {
    auto transaction = state.begin_decision();
    if (!transaction) return transaction.error();
    transaction->decide(decision);
    return transaction->commit();
}

/// What is printed when it was decided, as a sentence without a full stop.
using Decide = std::function<base::Result<std::string>(const config::Config&, store::State&)>;

/// Whether a decision reads a source. One that does not is made by whoever may write to the state, also where
/// only the daemon can read the secrets, as from systemd's credentials.
enum class Sources { needed, not_needed };

/// A command that decides: reads the configuration, opens the state, decides, and prints what was decided or
/// why not. The exit code.
int run_decision(const std::optional<std::filesystem::path>& config, Sources sources, const Decide& decide);

}  // namespace keyshift::commands
