// SPDX-License-Identifier: Apache-2.0
// Reading a small file whole, without trusting it to be one. Safe from any thread; touches the disk.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace keyshift::config {

/// The content of a regular file of at most `max_bytes`. Fails with Errc::config; the message is a predicate
/// ("does not exist") to be put after the file's name. Never waits, as opening a FIFO would.
base::Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace keyshift::config
