// SPDX-License-Identifier: Apache-2.0
// How a gateway that obeys RUST_LOG is started so that its log holds what keyshift reads: the one place for
// that advice. Pure functions.
#pragma once

#include <string>

#include "formats/tracing/tracing.hpp"

namespace keyshift::collectors {

/// For lines of `crate` at `level`; without a crate, or down to INFO, for all lines at `level`.
std::string start_for_lines(const std::string& crate, formats::TracingLevel level);
/// For its statements, too, and with what they cost. Of its own lines those at DEBUG are the least.
std::string start_for_statements(const std::string& crate, formats::TracingLevel level);

}  // namespace keyshift::collectors
