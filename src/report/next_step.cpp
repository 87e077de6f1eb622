// SPDX-License-Identifier: Apache-2.0
#include "report/next_step.hpp"

#include <algorithm>
#include <cstddef>

#include "base/json.hpp"
#include "report/append.hpp"

namespace keyshift::report {
namespace {

using domain::Phase;

constexpr std::array<NextStep, domain::kPhases.size()> kTexts{
    // in the order of domain::Phase, and in place of the first phase of keys that have gone: not upgraded
    {{"create_new_key", "key has no new key yet: create one",
      "keys have no new keys yet: create one for each"},
     {"confirm_unused", "key seems unused: confirm that it is, then block it",
      "keys seem unused: confirm that they are, then block them"},
     {"deploy_new_key", "key has a replacement that is not in use yet: deploy the new key",
      "keys have replacements that are not in use yet: deploy the new keys"},
     {"finish_switch", "key is still in use beside its replacement: finish the switch",
      "keys are still in use beside their replacements: finish the switch"},
     {"block_or_delete", "key is replaced and no longer in use: block or delete it",
      "keys are replaced and no longer in use: block or delete them"},
     {"delete_after_wait", "key is blocked: delete it after the waiting time",
      "keys are blocked: delete them after the waiting time"},
     {"delete", "key has expired or is over budget: delete it",
      "keys have expired or are over budget: delete them"},
     {"deploy_new_key_now", "key stopped working: clients fail now, deploy a new key",
      "keys stopped working: clients fail now, deploy a new key for each"},
     {"find_old_replica",
      "key is used and was not upgraded by that: find the replica of the gateway that does not upgrade keys",
      "keys are used and were not upgraded by that: find the replica of the gateway that does not upgrade "
      "keys"},
     {},
     {}}};
constexpr std::size_t kNotUpgraded = kSteps - 1;
constexpr NextStep kNoStep{};

constexpr std::size_t at(Phase phase) {
    return static_cast<std::size_t>(phase);
}

constexpr std::array<std::size_t, kSteps> kMostUrgentFirst{
    at(Phase::stranded), kNotUpgraded,       at(Phase::overlap),     at(Phase::issued), at(Phase::pending),
    at(Phase::drained),  at(Phase::dormant), at(Phase::quarantined), at(Phase::expired)};

/// A key that is pending because the old one is not in use either may have its new key already. Where use
/// upgrades keys, one that is pending was not used, or by a replica that does not upgrade.
std::size_t index(const KeyPhase& key) {
    Phase phase = key.phase;
    if (phase == Phase::pending && key.use_upgrades && key.used) return kNotUpgraded;
    if (phase == Phase::pending && key.use_upgrades) phase = Phase::dormant;
    if (phase == Phase::pending && key.has_replacement()) phase = Phase::issued;
    return at(phase);
}

void append_sentence(std::string& out, const NextStep& step, std::uint64_t keys) {
    append_number(out, keys);
    out += ' ';
    out += keys == 1 ? step.one : step.several;
}

}  // namespace

const NextStep& next_step(const KeyPhase& key) {
    return domain::is_live(key.phase) ? kTexts.at(index(key)) : kNoStep;
}

template <class Visit>
void NextSteps::most_urgent_first(Visit visit) const {
    for (const std::size_t step : kMostUrgentFirst)
        if (keys_.at(step) > 0) visit(kTexts.at(step), keys_.at(step));
}

void NextSteps::add(const KeyPhase& key) {
    if (domain::is_live(key.phase)) ++keys_.at(index(key));
}

void NextSteps::append_sentences(std::string& out) const {
    most_urgent_first([&out](const NextStep& step, std::uint64_t keys) {
        out += ' ';
        append_sentence(out, step, keys);
        out += '.';
    });
}

void NextSteps::append_json_array(std::string& out) const {
    base::JsonWriter json;
    json.begin_array();
    most_urgent_first([&](const NextStep& step, std::uint64_t keys) {
        std::string text;
        append_sentence(text, step, keys);
        json.begin_object().key("step").value(step.word).key("keys").value(keys).key("text").value(text);
        json.end_object();
    });
    out += json.end_array().take();
}

bool NextSteps::empty() const {
    return std::all_of(keys_.begin(), keys_.end(), [](std::uint64_t keys) { return keys == 0; });
}

}  // namespace keyshift::report
