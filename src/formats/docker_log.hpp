// SPDX-License-Identifier: Apache-2.0
// Docker's json-file log: a line is {"log":"text\n","stream":"stdout","time":"..."}; a message longer than
// 16 KiB is split over several, of which only the last one's text ends in a newline. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keyshift::formats {

/// How many bytes of `block`, which ends in whole lines, hold whole messages, no stream's being cut at the
/// end.
std::size_t docker_whole(std::string_view block);
/// Appends the messages of `block` to `out`, each with a '\n' at its end, parts of one stream put together in
/// the order of their last parts. A line that is none of Docker's is appended as it stands. A message still
/// incomplete at the end is appended with a newline.
void docker_unwrap(std::string_view block, std::string& out);

}  // namespace keyshift::formats
