// SPDX-License-Identifier: Apache-2.0
// The daemon's last picture in the state: what it needs itself after a restart, and what commands show while
// it runs. One list of fields serves both directions.
#pragma once

#include <optional>

#include "base/error.hpp"
#include "domain/model.hpp"
#include "store/records.hpp"
#include "store/state.hpp"

namespace keyshift::journal {

void save_migration(const domain::Migration& migration, store::Transaction& to);
void save_inventory(const domain::Inventory& inventory, store::Transaction& to);
/// Whether the last poll of the key table succeeded.
void save_keys_up(bool up, store::Transaction& to);

/// Empty: none was ever saved.
std::optional<domain::Migration> load_migration(const store::Facts& facts);

/// Everything but policy and what only a running daemon can know.
base::Result<domain::Model> load_model(store::State& state);

}  // namespace keyshift::journal
