// SPDX-License-Identifier: Apache-2.0
// The parts of `keyshift export` that the API has otherwise, as JSON, one object each. No secret and no hash
// is in them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/counts/log_facts.hpp"
#include "store/records.hpp"

namespace keyshift::commands {

std::string history_json(const store::KeyHistory& key);
std::string history_json(const store::Event& event, std::optional<std::string_view> key);
std::string history_json(std::string_view source, const domain::FailureKind& kind,
                         const domain::FailureTimes& times);

}  // namespace keyshift::commands
