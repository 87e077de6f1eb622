// SPDX-License-Identifier: Apache-2.0
// The exit codes of all commands, from sysexits.h where it has a fitting one; `verdict` adds its own.
#pragma once

#include "base/error.hpp"

namespace keyshift::base {

enum ExitCode : int {
    kOk = 0,
    kUsage = 64,        ///< the command line is wrong
    kUnavailable = 69,  ///< a source, the port or the state cannot be had now
    kInternal = 70,     ///< anything else, a bug included
    kCannotWrite = 73,  ///< a file of the user's cannot be written
    kConfig = 78,       ///< the configuration or rights are wrong: a person must change them
};

/// For an error that ends a command.
inline ExitCode exit_code(const base::Error& error) {
    if (error.code == base::Errc::config) return kConfig;
    if (error.code == base::Errc::usage) return kUsage;
    return error.code == base::Errc::output ? kCannotWrite : kUnavailable;
}

}  // namespace keyshift::base
