// SPDX-License-Identifier: Apache-2.0
// How many different clients have failed within the last hour, by reason: HyperLogLog (Flajolet, Fusy,
// Gandouet, Meunier 2007, with linear counting for few; 2^12 registers, standard error 1.6 %) over slices of
// 5 minutes, so that clients leave it again. At most some 700 KiB. Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"
#include "domain/counts/event.hpp"

namespace keyshift::domain {

class FailingClients {
 public:
    static constexpr base::Duration kSlice = std::chrono::minutes{5};
    static constexpr base::Duration kWindow = std::chrono::hours{1};

    /// `client`: a hash of its address that is the same over restarts and on every machine, such as
    /// hash_client(). What is older than the window, seen from the newest, is ignored.
    void add(Event reason, std::uint64_t client, base::Time at);
    /// Different clients within the window before `now`, to the slice.
    std::uint64_t count(Event reason, base::Time now) const;
    void forget_before(base::Time until);

    /// The slices changed or forgotten since this was last asked, by a name for each; an empty text:
    /// forgotten.
    std::map<std::string, std::string> take_changed();
    /// Puts back what take_changed() gave; what is not of its form is ignored.
    void restore(const std::string& name, const std::string& text);

 private:
    using Registers = std::string;                          // 4096 bytes
    using SliceKey = std::pair<std::size_t, std::int64_t>;  // reason, number of the slice
    std::map<SliceKey, Registers> slices_;
    std::map<SliceKey, bool> changed_;  // false: forgotten
};

/// FNV-1a, finished by SplitMix64's mixer.
std::uint64_t hash_client(std::string_view address);

}  // namespace keyshift::domain
