// SPDX-License-Identifier: Apache-2.0
// The section `notify`: where changes are announced. Reads the secrets once, to find out whether they can be
// read.
#pragma once

#include "config/config.hpp"

namespace keyshift::config {

Notify read_notify(OptionsReader options);

}  // namespace keyshift::config
