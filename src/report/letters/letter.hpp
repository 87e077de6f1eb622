// SPDX-License-Identifier: Apache-2.0
// A letter to the holder of keys: what is asked of whom, in words that need no knowledge of keyshift. Values
// and pure functions: safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "report/writer.hpp"

namespace keyshift::report {

/// What the holder of a key is asked to do about it; the most urgent first.
enum class Ask : std::uint8_t {
    replace_now,  ///< it has stopped working
    replace,
    deploy,    ///< the new key is there, and not in use
    finish,    ///< both are in use
    use_once,  ///< the gateway upgrades a key that is used
    confirm,   ///< that it is not needed any more
    nothing,
};
inline constexpr std::size_t kAsks = 6;

/// `promotes`: a key that is used is upgraded.
Ask ask_of(const KeyPhase& key, bool promotes);

/// A key as its holder knows it.
struct HeldKey {
    std::string name;    ///< empty: it has none
    std::string prefix;  ///< its first characters; empty: not known
    std::string id;
    std::optional<base::Time> created_at;
    std::optional<base::Time> last_used_at;  ///< empty: never
    Ask ask = Ask::nothing;
};

/// So many keys are told one by one.
inline constexpr std::size_t kKeysListed = 200;

struct Letter {
    std::string owner;    ///< its id
    std::string address;  ///< empty: not known, or none that mail can be sent to
    std::string team;
    std::vector<HeldKey> keys = {};  ///< something is asked about each; kKeysListed at most
    std::uint64_t more = 0;          ///< keys that are not listed
    std::uint64_t asked = 0;         ///< about so many keys
    std::uint64_t held = 0;          ///< legacy keys of this owner
    bool asks[kAsks + 1] = {};       ///< whether it is asked about any key, by Ask

    /// One of which nothing is asked is not listed. The most urgent come first, and those that there is no
    /// room for are the least urgent.
    void add(HeldKey key);
    bool has(Ask ask) const { return asks[static_cast<std::size_t>(ask)]; }
};

/// What is the same in all letters.
struct LetterFacts {
    base::Time now;                      ///< of the database's clock
    std::optional<base::Time> deadline;  ///< empty: none is set
    std::string create_request = {};     ///< of the gateway's API; empty: not known
};

/// "urgent", "to do", "confirm", or "nothing to do": for tickets.
std::string_view state_of(const Letter& letter);

/// A clause about one key: "replace it".
std::string_view clause_of(Ask ask);
/// What to do about all keys of which this is asked, as sentences.
std::string step_of(Ask ask, const LetterFacts& facts);

/// Whether mail can be sent there, and nothing else can be said by it: one '@', printable ASCII without
/// blanks and without what separates addresses.
bool is_usable_address(std::string_view address);

}  // namespace keyshift::report
