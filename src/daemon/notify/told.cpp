// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/told.hpp"

#include <charconv>
#include <string_view>

namespace keyshift::daemon {
namespace {

constexpr const char* kEvent = "notified_event";
constexpr const char* kVerdict = "notified_verdict";
constexpr const char* kVerdicts = "notified_verdicts";
constexpr const char* kNotifications = "notifications";

template <class Number>
std::optional<Number> number_of(const store::Facts& facts, const char* name) {
    const auto found = facts.find(name);
    if (found == facts.end()) return std::nullopt;
    const std::string& text = found->second;
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::uint64_t count_of(const store::Counters& counters, const char* result) {
    const auto found = counters.find({kNotifications, result});
    return found == counters.end() ? 0 : found->second;
}

}  // namespace

base::Result<Told> Told::load(store::State& state) {
    const auto facts = state.load_facts();
    if (!facts) return facts.error();
    const auto counters = state.load_counters();
    if (!counters) return counters.error();
    Told out;
    out.event = number_of<std::int64_t>(*facts, kEvent);
    if (const auto verdict = facts->find(kVerdict); verdict != facts->end()) out.verdict = verdict->second;
    out.verdicts = number_of<std::uint64_t>(*facts, kVerdicts).value_or(0);
    out.counts = {count_of(*counters, "sent"), count_of(*counters, "failed"), count_of(*counters, "dropped")};
    return out;
}

void Told::begin_anew() {
    event.reset();
    verdict.clear();
}

base::Result<void> Told::save(store::State& state) const {
    auto transaction = state.begin();
    if (!transaction) return transaction.error();
    transaction->set_fact(kEvent, event ? std::to_string(*event) : std::string());
    transaction->set_fact(kVerdict, verdict);
    transaction->set_fact(kVerdicts, std::to_string(verdicts));
    transaction->set_counter(kNotifications, "sent", counts.sent);
    transaction->set_counter(kNotifications, "failed", counts.failed);
    transaction->set_counter(kNotifications, "dropped", counts.dropped);
    return transaction->commit();
}

}  // namespace keyshift::daemon
