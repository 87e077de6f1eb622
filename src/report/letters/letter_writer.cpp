// SPDX-License-Identifier: Apache-2.0
#include "report/letters/letter_writer.hpp"

namespace keyshift::report {

void LetterWriter::open_owner(const domain::Key& key, std::uint64_t /*owners_before*/) {
    letter_ = {};
    letter_.owner = key.owner.value_or("");
    letter_.address = key.owner_email.value_or("");
}

void LetterWriter::row(const domain::Key& key, const std::optional<KeyPhase>& phase,
                       std::uint64_t /*rows_before*/) {
    // One that was not there at the last poll is new.
    const Ask ask = ask_of(phase.value_or(KeyPhase{}), header().promotes_in_place);
    letter_.add({std::string(key.name.value_or("")), std::string(key.prefix), std::string(key.id),
                 key.created_at, key.last_used_at, ask});
}

void LetterWriter::close_owner(std::uint64_t keys, const NextSteps& /*next*/) {
    letter_.held = keys;
    if (failed_) return;
    if (auto taken = sink_.take(letter_, header().generated_at); !taken) failed_ = taken.error();
}

}  // namespace keyshift::report
