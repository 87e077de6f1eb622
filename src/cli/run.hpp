// SPDX-License-Identifier: Apache-2.0
// From the command line to the exit code. For main alone.
#pragma once

namespace keyshift::cli {

/// Runs the command that `argv` asks for. Throws what no edge has caught: a bug, or no memory.
int run(int argc, const char* const* argv);

}  // namespace keyshift::cli
