// SPDX-License-Identifier: Apache-2.0
// An operator says that the fallback is switched off for a while, is on again, or is off for good. Blocking,
// by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/config.hpp"
#include "domain/marks/effect.hpp"
#include "domain/marks/mark.hpp"
#include "store/state.hpp"

namespace keyshift::decisions {

/// What stands in the state now: the moment, and what has been counted until it.
struct Moment {
    base::Time host_at;
    base::Time at;
    std::vector<domain::FailureCounts> sources;  ///< configured ones that count failures, or might
};

/// Whether it is done, or only looked at.
enum class Deed : std::uint8_t { previewed, done };

/// "brownout-begin" for "brownout_begin".
std::string as_word(std::string_view kind);
/// "The fallback is off for good".
std::string said(domain::MarkKind kind);

/// The state is held from the first look at it until the mark is in it: nothing is counted in between. `show`
/// is called before it is set. Errors: usage (it does not fit those before), those of the state.
base::Result<void> set_mark(const config::Config& config, store::State& state, domain::MarkKind kind,
                            const std::string& by, const std::string& note, Deed deed,
                            const std::function<void(const Moment&)>& show);
/// Only the last one can be taken back, and only if it has this kind, and `id` where one is given. Errors: as
/// above.
base::Result<void> take_back_mark(const config::Config& config, store::State& state, domain::MarkKind kind,
                                  std::optional<std::int64_t> id, Deed deed,
                                  const std::function<void(const domain::Mark&, const Moment&)>& show);

}  // namespace keyshift::decisions
