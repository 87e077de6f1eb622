// SPDX-License-Identifier: Apache-2.0
// Takes what has happened since the last message out of the state, sends it, and remembers in the state that
// it was told. One message at a time, kept until it is delivered, refused or given up; what has happened
// meanwhile waits in the state. Blocking; used by one thread, but for interrupt().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "daemon/notify/message.hpp"
#include "daemon/notify/told.hpp"
#include "domain/model.hpp"
#include "drivers/net/interrupt.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

/// What a turn is about, copied from the loop's thread.
struct Errand {
    config::Notify to = {};
    bool names_keys = true;
    base::Time now = {};                       ///< of the database's clock
    std::optional<VerdictChange> change = {};  ///< the oldest that was not told
    std::string verdict = {};                  ///< where there is no change: the one that holds
    std::uint64_t dropped = 0;                 ///< changes of the verdict, since the last turn
};

/// What a turn came to.
struct Turn {
    enum class Next {
        idle,   ///< nothing is left to tell
        again,  ///< a message is over; there may be another one
        later,  ///< it failed, and waits
    };
    Next next = Next::idle;
    base::Duration pause = {};              ///< then: for so long
    std::optional<base::Error> error = {};  ///< why it failed, was refused or given up
    bool refused = false;                   ///< the receiver wants no such message
    bool given_up = false;                  ///< it took too long
    bool delivered = false;                 ///< ... or neither
    bool change_is_over = false;            ///< Errand::change was told, refused or given up
    std::uint64_t told = 0;                 ///< events, or changes of the verdict, of the message
    std::uint64_t left_out = 0;             ///< events of which only the number was told
    domain::Notifications counts = {};
};

class Courier {
 public:
    /// `state`: a connection of its own. `told`: as it was loaded.
    Courier(std::unique_ptr<store::State> state, Told told);

    /// Never throws.
    Turn turn(const Errand& errand);
    /// Nobody is to be told any more: what waits is forgotten, and what happens until somebody is again.
    void forget();
    /// A turn that is under way ends soon, as all that follow. Safe from any thread.
    void interrupt() noexcept { interrupt_.raise(); }
    const Told& told() const { return told_; }

 private:
    using Clock = std::chrono::steady_clock;

    base::Result<void> attach();
    base::Result<void> next_message(const Errand& errand);
    void attempt(const Errand& errand, Turn& turn);
    void end_message(Turn& turn);
    void save();

    drivers::Interrupt interrupt_;
    std::unique_ptr<store::State> state_;
    Told told_;
    Told saved_;
    std::optional<Message> message_;
    Clock::time_point first_sent_;
    unsigned failures_ = 0;  // in a row, of whatever messages
};

}  // namespace keyshift::daemon
