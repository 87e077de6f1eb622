// SPDX-License-Identifier: Apache-2.0
// Which modern key replaces which legacy key, owner by owner: memory is that of one owner's keys. Pure
// functions; safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keyshift::domain {

/// How a replacement was recognised, surest first.
enum class PairRule : std::uint8_t {
    none,
    pair,   ///< an operator said so: `keyshift pair`
    name,   ///< same owner, same normalised name
    owner,  ///< the owner's only unpaired legacy and only unpaired modern key
};
/// As it is shown: "none", "pair", "name", "owner".
std::string_view rule_name(PairRule rule);

/// Without outer white space and case (ASCII, Latin, Greek and Cyrillic letters).
std::string fold_name(std::string_view name);

/// What is left of a name when what people add for the new key is taken away: white space and case as
/// above, and trailing "v2", "new", "-2", "(2)" and "YYYY-MM". A name that
/// consists of nothing else is only trimmed and folded.
std::string normalise_name(std::string_view name);

/// A key of one owner. A hash of 0: it has no name.
struct Candidate {
    std::uint64_t name = 0;       ///< hash of the normalised name
    std::uint32_t created = 0;    ///< seconds since the epoch
    std::uint32_t last_used = 0;  ///< seconds since the epoch; 0: never
    std::uint32_t tag = 0;        ///< the caller's
    std::uint64_t folded = 0;     ///< hash of the folded name
};

struct Match {
    std::uint32_t legacy_tag;
    std::uint32_t modern_tag;
    PairRule rule;
};

enum class Owner { someone, nobody };

/// Rules 2 and 3 over the keys of one owner, or of nobody (rule 2 only). Those paired by rule 1 are not among
/// them. A replacement was created after the key it replaces. Names that are the same without normalising go
/// first, so that "eu" and "eu-2" do not take each other's. Where several keys share a name, modern keys in
/// use come first, then older ones, and each goes to the oldest legacy key still without. Reorders
/// its arguments; linear beyond sorting.
std::vector<Match> pair_owner(std::span<Candidate> legacy, std::span<Candidate> modern, Owner owner);

}  // namespace keyshift::domain
