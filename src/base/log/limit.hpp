// SPDX-License-Identifier: Apache-2.0
// How often a log may say the same. Pure; used by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace keyshift::base::log {

class Limit {
 public:
    using Moment = std::chrono::steady_clock::time_point;
    static constexpr std::int64_t kBurst = 20;
    static constexpr std::chrono::seconds kOneEvery{3};  ///< after the burst

    /// May `message`, one of the few texts that the program has, be said now? Then: how many times it was not
    /// since it was last said. Empty: no.
    std::optional<std::uint64_t> admit(std::string_view message, Moment now);

 private:
    struct Said {
        Moment full_at;  // when the whole burst may be said again
        std::uint64_t held_back = 0;
    };
    std::map<std::string, Said, std::less<>> said_;
};

}  // namespace keyshift::base::log
