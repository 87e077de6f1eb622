// SPDX-License-Identifier: Apache-2.0
// One HTTP request to a Unix socket on this host. Blocking; safe from any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "drivers/http_client/response.hpp"

namespace keyshift::drivers {

/// GET `target` ("/api/v1/status") from whoever listens on the socket `name` in `directory`. Whatever status
/// it answers is a result. Errors: connect (nobody listens there, or it broke off), permission, timeout,
/// parse (no HTTP, or more than 16 MiB), other.
base::Result<HttpResponse> get_locally(const std::filesystem::path& directory, const std::string& name,
                                       std::string_view target, base::Deadline deadline);

}  // namespace keyshift::drivers
