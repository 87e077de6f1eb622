// SPDX-License-Identifier: Apache-2.0
// The API's description, OpenAPI 3.1. Pure: safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace keyshift::api {

/// The document that /api/v1/openapi.json is. Its schemas are made of what writes the answers.
/// `server`: what stands before all paths, a URL or a path without a slash at its end.
std::string openapi(std::string_view server = {});

}  // namespace keyshift::api
