// SPDX-License-Identifier: Apache-2.0
// The section `input` of a log collector: where its lines come from. Pure but for making the input.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "config/options/options.hpp"
#include "drivers/files/input.hpp"
#include "drivers/net/interrupt.hpp"
#include "formats/lines/prefix.hpp"

namespace keyshift::collectors {

struct LogInputOptions {
    enum class Kind { files, docker, journald, standard_input };
    Kind kind = Kind::files;
    std::vector<std::string> globs;  ///< of files and docker
    std::vector<std::string> units, matches;
    std::filesystem::path journal_directory;
    bool from_end = false;
    /// What stands before the lines that an input hands over.
    formats::LinePrefix prefix = formats::LinePrefix::automatic;
};

/// "input" and "prefix".
LogInputOptions read_log_input(config::OptionsReader& collector);
std::unique_ptr<drivers::LogInput> make_log_input(const LogInputOptions& options,
                                                  const drivers::Interrupt& interrupt);

}  // namespace keyshift::collectors
