// SPDX-License-Identifier: Apache-2.0
// The API's description, OpenAPI 3.1. Pure: safe from any thread.
#pragma once

#include <string>

namespace keyshift::api {

/// The document that /api/v1/openapi.json is. Its schemas are made of what writes the answers.
std::string openapi();

}  // namespace keyshift::api
