// SPDX-License-Identifier: Apache-2.0
// The state file's tables and how an older file becomes a newer one.
#pragma once

#include "base/error.hpp"
#include "store/sqlite.hpp"

namespace keyshift::store {

/// Sets the connection up and brings the schema to this version, in one transaction per step.
/// Errors: config when the file is from a newer version of keyshift; whatever SQLite says otherwise.
base::Result<void> prepare(Sqlite& database);

}  // namespace keyshift::store
