// SPDX-License-Identifier: Apache-2.0
// A line of Docker's json-file log: {"log":"text\n","stream":"stdout","time":"..."}; a message longer than
// 16 KiB is split over several, of which only the last one's text ends in a newline.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "formats/lines/prefix.hpp"

namespace keyshift::formats {

/// What every line of Docker's begins with; others that write its form put a blank behind the colon.
inline constexpr std::string_view kDockerBegin = R"({"log":)";

/// Used by one thread at a time.
class DockerLines {
 public:
    DockerLines();
    ~DockerLines();
    DockerLines(DockerLines&&) noexcept;
    DockerLines& operator=(DockerLines&&) noexcept;

    /// Empty when `line`, a part of `block`, is none of Docker's; valid until the next call. The newline at a
    /// message's end is off.
    std::optional<MessagePart> read(std::string_view block, std::string_view line);

 private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

/// True only for lines that, if they are Docker's, are the last of a message: the first string in it, the
/// text, ends in \n.
bool is_surely_last(std::string_view line);

}  // namespace keyshift::formats
