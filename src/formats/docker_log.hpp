// SPDX-License-Identifier: Apache-2.0
// Docker's json-file log: a line is {"log":"text\n","stream":"stdout","time":"..."}; a message longer than
// 16 KiB is split over several, of which only the last one's text ends in a newline. A process that dies in
// the middle of a line leaves such a part behind for good, so the rest of a message is waited for only while
// at most kDockerWait bytes of others' lines come in between. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keyshift::formats {

inline constexpr std::size_t kDockerWait = std::size_t{64} * 1024;

/// How many bytes of `block`, which begins with a whole message and ends in whole lines, hold whole messages,
/// no stream's being cut at the end. Unwrapping these and what comes behind them is the same as unwrapping
/// all at once. Looks at the last kDockerWait bytes only, unless there is something odd in them.
std::size_t docker_whole(std::string_view block);
/// Appends the messages of `block` to `out`, each with a '\n' at its end, parts of one stream put together in
/// the order of their last parts. A line that is none of Docker's is appended as it stands. A message still
/// incomplete at the end is appended with a newline. A newline inside of a message, which Docker never
/// writes, becomes a space: no message can pass for two. Never appends more than `block` holds, but for a
/// newline behind an unfinished last line.
void docker_unwrap(std::string_view block, std::string& out);

}  // namespace keyshift::formats
