// SPDX-License-Identifier: Apache-2.0
// The phase and replacement of any legacy key, for the report: 36 bytes of memory a key. Blocking; for
// commands only.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "commands/shared/snapshot.hpp"
#include "domain/keys/key.hpp"
#include "domain/ledger/ledger.hpp"
#include "report/writer.hpp"

namespace keyshift::commands {

class KeyPhases {
 public:
    /// Errors: those of take_snapshot().
    static base::Result<KeyPhases> find(const config::Config& config);

    domain::FallbackMode fallback() const { return fallback_; }
    /// What may be wrong already, as one sentence; empty: nothing.
    std::string lockout() const;
    /// Empty for a key that was not there at the last poll. Its texts are valid until the next call.
    std::optional<report::KeyPhase> of(const domain::Key& key);

 private:
    explicit KeyPhases(Snapshot snapshot);

    Snapshot snapshot_;
    domain::FallbackMode fallback_;
    domain::Ledger ledger_;
    std::string replacement_;
};

}  // namespace keyshift::commands
