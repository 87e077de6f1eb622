// SPDX-License-Identifier: Apache-2.0
#include "commands/ask/key_phases.hpp"

#include "domain/assess.hpp"
#include "domain/findings.hpp"
#include "domain/ledger/key_slot.hpp"

namespace keyshift::commands {

base::Result<KeyPhases> KeyPhases::find(const config::Config& config) {
    auto snapshot = take_snapshot(config);
    if (!snapshot) return snapshot.error();
    KeyPhases phases(std::move(*snapshot));
    const auto loaded =
        phases.snapshot_.state->load_keys([&](const domain::Key& key, const domain::KeyMemory& memory) {
            phases.ledger_.restore(key, memory);
        });
    if (!loaded) return loaded.error();
    return phases;
}

KeyPhases::KeyPhases(Snapshot snapshot)
    : snapshot_(std::move(snapshot)), fallback_(assess(snapshot_.model, snapshot_.now).fallback.state.mode) {}

std::string KeyPhases::lockout() const {
    const auto found = possible_lockout(snapshot_.model, snapshot_.now);
    return found ? sentence(*found) : std::string();
}

std::optional<report::KeyPhase> KeyPhases::of(const domain::Key& key) {
    const domain::KeySlot* const slot = ledger_.find(domain::hash_id(key.id));
    if (slot == nullptr || slot->fresh != 0) return std::nullopt;
    report::KeyPhase phase;
    phase.phase = static_cast<domain::Phase>(slot->phase);
    if (!is_live(phase.phase)) return std::nullopt;  // it is back since the last poll
    phase.rule = static_cast<domain::PairRule>(slot->rule);
    phase.replacement_used = slot->replacement_used != 0;
    phase.use_upgrades =
        snapshot_.model.policy.promotes_in_place && fallback_ != domain::FallbackMode::absent;
    phase.used = is_active(domain::facts(*slot), snapshot_.model.policy.windows, snapshot_.now);
    if (!phase.has_replacement()) return phase;
    replacement_.clear();
    if (auto pairing = snapshot_.state->load_pairing(slot->row); pairing && *pairing)
        replacement_ = std::move((*pairing)->replacement);
    phase.replacement = replacement_;
    return phase;
}

}  // namespace keyshift::commands
