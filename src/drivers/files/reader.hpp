// SPDX-License-Identifier: Apache-2.0
// Reads log files block by block through one buffer. Internal to drivers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/files/file.hpp"
#include "drivers/files/input.hpp"

namespace keyshift::drivers {

class LogFileReader {
 public:
    using Whole = std::function<std::size_t(std::string_view)>;

    /// `whole`: see LogFilesOptions.
    explicit LogFileReader(Whole whole);

    enum class Step {
        advanced,  ///< there may be more
        at_end,    ///< what is left, if anything, is half a line or half a message
        suspect,   ///< the bytes before the offset are not those that were read: nothing was handed over
        failed,    ///< errno says why
    };
    /// At most one block of an open file goes to `sink`, and its record moves on.
    Step step(LogFile& file, LogSink& sink);
    /// What is left behind the offset, which no step() hands over, is a line too, or several.
    Step finish(LogFile& file, LogSink& sink);
    /// Handed over or passed over since the last take_bytes().
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t take_bytes() { return std::exchange(bytes_, 0); }

 private:
    Step read_block(LogFile& file, LogSink& sink, bool to_the_end);
    std::size_t hand_over(Generation& generation, std::string_view data, LogSink& sink, bool to_the_end);
    std::size_t pass_over(Generation& generation, std::string_view data);

    Whole whole_;
    std::vector<char> buffer_;
    std::uint64_t bytes_ = 0;
};

}  // namespace keyshift::drivers
