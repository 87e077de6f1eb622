// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/courier.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include "daemon/notify/delivery.hpp"
#include "daemon/notify/retry.hpp"
#include "inventory/lists.hpp"

namespace keyshift::daemon {
namespace {

using base::Errc;
using base::Error;
using base::Result;

Error refusal(int status) {
    const bool moved = status >= 300 && status < 400;
    return {Errc::other, "the webhook's receiver answered with status " + std::to_string(status),
            moved ? "redirects are not followed: give the URL that it leads to"
                  : "see its log, and whether it wants what docs/notifications.md describes"};
}

}  // namespace

Courier::Courier(std::unique_ptr<store::State> state, Told told)
    : state_(std::move(state)), told_(std::move(told)), saved_(told_) {}

Turn Courier::turn(const Errand& errand) {
    Turn turn;
    try {
        told_.counts.dropped += errand.dropped;
        Result<void> ready = attach();
        if (ready && !message_) ready = next_message(errand);
        if (!ready) {
            turn.error = ready.error();
        } else if (message_) {
            attempt(errand, turn);
        }
        if (ready) save();
    } catch (const std::exception& e) {
        turn.error = Error{Errc::other, std::string("unexpected: ") + e.what(), {}};
    }
    if (turn.error && !turn.refused && !turn.given_up) {
        turn.next = Turn::Next::later;
        turn.pause = pause_after(++failures_);
    }
    turn.counts = told_.counts;
    return turn;
}

/// A file that is another one than before has none of the events that were told.
Result<void> Courier::attach() {
    const auto refreshed = state_->refresh();
    if (!refreshed) return refreshed.error();
    if (*refreshed != store::State::Contents::others || !told_.event) return {};
    const auto there = Told::load(*state_);
    if (!there) return there.error();
    // The connection's first refresh() says so too.
    if (there->event == told_.event) return {};
    told_.event = there->event;
    saved_ = *there;
    if (message_) message_->events_end.reset();
    return {};
}

Result<void> Courier::next_message(const Errand& errand) {
    const auto events = inventory::new_events(*state_, told_.event.value_or(INT64_MAX), kMostEvents);
    if (!events) return events.error();
    // It lies behind all where the retention has left none.
    told_.event = std::min(told_.event.value_or(events->newest), events->newest);
    const Sender sender{instance_name(errand.to), state_->beginning().at, errand.names_keys};
    if (errand.change) {
        message_ = verdict_message(sender, *errand.change, told_.verdicts, errand.now);
    } else if (!events->first.empty()) {
        message_ = events_message(sender, *events, errand.now);
    } else if (!errand.verdict.empty()) {
        told_.verdict = errand.verdict;
    }
    if (message_) first_sent_ = Clock::now();
    return {};
}

void Courier::attempt(const Errand& errand, Turn& turn) {
    const auto status = deliver(errand.to, *message_, base::now(), interrupt_);
    Fate fate = status ? fate_of(*status) : Fate::again;
    if (!status) turn.error = status.error();
    if (status && fate != Fate::delivered) turn.error = refusal(*status);
    turn.refused = fate == Fate::refused;
    turn.delivered = fate == Fate::delivered;
    const bool stopped = !status && status.error().code == Errc::canceled;
    turn.given_up = fate == Fate::again && !stopped && Clock::now() - first_sent_ > kGiveUpAfter;
    if (!turn.delivered && !turn.refused && !turn.given_up) return;
    failures_ = turn.given_up ? failures_ + 1 : 0;
    end_message(turn);
}

void Courier::end_message(Turn& turn) {
    const Message& message = *message_;
    (turn.delivered ? told_.counts.sent : told_.counts.failed) += message.told;
    told_.counts.dropped += message.left_out;
    if (message.events_end) told_.event = message.events_end;
    if (message.verdict) {
        told_.verdict = *message.verdict;
        ++told_.verdicts;
        turn.change_is_over = true;
    }
    turn.told = message.told;
    turn.left_out = message.left_out;
    turn.next = Turn::Next::again;
    message_.reset();
}

/// What cannot be saved now is saved by a later turn; that saving fails is said by who saves the rest.
void Courier::save() {
    if (told_ != saved_ && told_.save(*state_)) saved_ = told_;
}

void Courier::forget() {
    message_.reset();
    told_.begin_anew();
    try {
        // What cannot be saved is forgotten at the next start.
        static_cast<void>(told_.save(*state_));
    } catch (const std::exception&) {
    }
}

}  // namespace keyshift::daemon
