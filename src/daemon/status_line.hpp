// SPDX-License-Identifier: Apache-2.0
// The state of the migration in one line, for whoever asks the service manager. Pure.
#pragma once

#include <string>

#include "base/time.hpp"
#include "domain/model.hpp"

namespace keyshift::daemon {

/// "13 of 19 legacy keys left, verdict NOT_YET; down: redis". Names no key.
std::string status_line(const domain::Model& model, base::Time now);

}  // namespace keyshift::daemon
