// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/copies.hpp"

namespace keyshift::drivers {
namespace {

using namespace std::chrono_literals;

/// How long a file waits that has the same bytes as another from its beginning on. A copy's original is
/// truncated at once, or never; two logs that begin alike part with the first line that differs. What does
/// not differ in a byte and is named after the other is a copy, and waits for as long as that holds.
constexpr base::Duration kWaitOfTiny = 5s;
constexpr base::Duration kWaitOfUnrelated = 10s;

/// It was there before the other lost its name. In one step of the clock a file may lose its name to another
/// that has just been made, which then is not older.
bool is_older_than_loss(const PairFacts& facts) {
    const std::int64_t left = facts.left_ns != 0 ? facts.left_ns : facts.changed_ns;
    if (facts.birth_ns == 0) return false;
    return facts.in_others_place ? facts.birth_ns < left : facts.birth_ns <= left;
}

/// What comes after a file under its name may well begin alike, and is no copy: a copy is older than its
/// original's going, or named after what that is called now. But where the original could not be opened
/// since, it may have been emptied before. Empty: ask for the names.
std::optional<bool> may_be_original(const PairFacts& facts) {
    if (!facts.followed || !facts.located) return false;
    if (!facts.rotated || facts.waits_for_other || facts.astray) return true;
    // What was emptied is younger than its birth says.
    if (facts.reused) return false;
    if (is_older_than_loss(facts)) return true;
    if (!facts.linked || facts.plain_name) return false;
    return facts.named_after;
}

/// It differs from the other at some place. It is another log, unless the other's bytes are no longer those
/// that were read: then the other may have been emptied after the copy was made.
PairStep decide_different(const PairFacts& facts) {
    if (facts.rotated) {
        if (!facts.common) return PairStep::measure_common;
        if (*facts.common >= kCertainlyCopied) return PairStep::grown_on;
    }
    if (!facts.other_goes_on) return PairStep::prove_other;
    return *facts.other_goes_on ? PairStep::unrelated : PairStep::other_suspect;
}

/// What was rotated will not be truncated: a copy of it stays what it is, once it is whole. It may have been
/// before.
bool awaits_original(const CopyFacts& facts) {
    if (!facts.original) return false;
    if (!facts.original->rotated || facts.original->astray) return true;
    return facts.quiet < kWaitOfTiny && is_in_making(facts) && facts.original->linked;
}

bool is_patience_over(const CopyFacts& facts) {
    if (facts.size < Head::kFirstBytes) return facts.waited >= kWaitOfTiny;
    const bool named_after = facts.original && facts.original->named_after;
    return !named_after && facts.waited >= kWaitOfUnrelated;
}

/// A few lines may be what two logs begin with, unless they were there before the other lost its name, or are
/// all that it held and are named after it.
bool was_counted(const CopyFacts& facts) {
    if (facts.size >= kCertainlyCopied) return true;
    const auto& original = facts.original;
    if (!original || original->left_ns == 0 || facts.size < Head::kFirstBytes) return false;
    const bool older = facts.modified_ns < original->left_ns;
    if (original->left_named_after) return older || facts.size == original->size;
    return original->in_its_place && older;
}

/// Of a copy whose original will not be emptied any more.
CopyStep place(const CopyFacts& facts) {
    if (!was_counted(facts)) return CopyStep::read_all;
    // What is written on under a log's own name ends the half line.
    return facts.plain_name ? CopyStep::read_whole_lines : CopyStep::read_rest;
}

}  // namespace

/// From what is known for nothing to what reads both files: with a thousand logs, each new file meets each of
/// the others here. Only a comparison of all bytes says "copy"; names and heads only rule it out.
PairStep decide(const PairFacts& facts) {
    const std::optional<bool> possible = may_be_original(facts);
    if (!possible) return PairStep::compare_names;
    if (!*possible) return PairStep::unrelated;
    // Heads say nothing of a few bytes. Such a file may be a copy that has just begun, of a log that has too.
    if (!facts.heads) return PairStep::compare_heads;
    const bool alike = facts.heads->common > 0 && facts.heads->agrees;
    if (!alike && (facts.rotated || !facts.tiny_neighbours)) return PairStep::unrelated;
    if (!facts.opening) return PairStep::open_other;
    if (*facts.opening == PairFacts::Opening::astray) return PairStep::other_moved;
    // Without its bytes nobody knows: rather twice than never.
    if (*facts.opening == PairFacts::Opening::refused) return PairStep::unrelated;
    if (!facts.is_beginning) return PairStep::compare_beginnings;
    return *facts.is_beginning ? PairStep::copy : decide_different(facts);
}

CopyStep decide(const CopyFacts& facts) {
    return awaits_original(facts) ? CopyStep::wait : place(facts);
}

/// The end of the original comes first: what waited for it may hold lines that stand nowhere else, however
/// long it has waited.
CopyStep decide_waiting(const CopyFacts& facts) {
    if (facts.original_ended) return CopyStep::examine_again;
    return is_patience_over(facts) ? CopyStep::read_all : decide(facts);
}

bool is_in_making(const CopyFacts& facts) {
    return facts.original && facts.size < facts.original->size;
}

}  // namespace keyshift::drivers
