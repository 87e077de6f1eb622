// SPDX-License-Identifier: Apache-2.0
// The state file's tables and how an older file becomes a newer one.
#pragma once

#include "base/error.hpp"
#include "store/sqlite.hpp"

namespace keyshift::store {

/// Others that read the file while we write need room on the disk for an index of the write-ahead log.
enum class Sharing { readers, none };

/// Sets the connection up and brings the schema to this version, in one transaction per step.
/// Errors: config when the file is from a newer version of keyshift; whatever SQLite says otherwise.
base::Result<void> prepare(Sqlite& database, Sharing sharing);

/// What a large transaction has made of the write-ahead log, whoever writes next cuts off. Each connection
/// that writes has to be told.
base::Result<void> limit_log(Sqlite& database);

/// For those who use the file beside the daemon, who keeps its schema. Errors: config when it is not this
/// version's.
base::Result<void> check_version(Sqlite& database);

}  // namespace keyshift::store
