// SPDX-License-Identifier: Apache-2.0
// What commands show of keys and events: the answers of the running daemon's API, or, where none runs, the
// same made of the state or of one poll. Blocking; for commands only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/keys.hpp"
#include "api/lists.hpp"
#include "base/error.hpp"
#include "commands/shared/asking.hpp"
#include "commands/shared/snapshot.hpp"
#include "inventory/documents.hpp"
#include "inventory/key_index.hpp"
#include "inventory/key_query.hpp"

namespace keyshift::commands {

class KnownKeys {
 public:
    /// `asker` outlives this.
    explicit KnownKeys(const Asker& asker) : asker_(asker) {}

    /// One page. Errors: usage (a parameter), those of take_snapshot() where no daemon answers.
    base::Result<api::KeyPage> keys(const inventory::Parameters& parameters);
    /// The key that is meant, or the ones that may be: several, or none.
    using Named = std::variant<api::KeyDetails, api::KeyPage>;
    base::Result<Named> named(const std::string& text);
    /// Newest first; without a daemon from its state alone.
    base::Result<api::List<api::Event>> events(const inventory::Parameters& parameters);

    /// A daemon has answered, or its state has; otherwise one poll has been made for this.
    bool of_daemon() const { return !snapshot_ || snapshot_->of_daemon; }

 private:
    /// Empty: there is no daemon, and snapshot_ holds what there is instead.
    base::Result<std::optional<Reply>> ask(const std::string& target);
    base::Result<void> poll_once();
    base::Result<void> index_once();
    inventory::JudgedBy judged_by() const;

    const Asker& asker_;
    std::optional<Snapshot> snapshot_;
    std::shared_ptr<const inventory::KeyIndex> index_;
};

/// "/api/v1/keys?phase=pending&limit=1".
std::string target_of(std::string_view path, const inventory::Parameters& parameters);

}  // namespace keyshift::commands
