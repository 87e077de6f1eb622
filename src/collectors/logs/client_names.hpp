// SPDX-License-Identifier: Apache-2.0
// How the clients that a log names are kept and shown, as configuration lets them be. Used on one thread;
// its memory is bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "collectors/logs/memo_cache.hpp"
#include "config/options/options.hpp"
#include "config/options/secret_source.hpp"

namespace keyshift::collectors {

/// How a client's address is kept.
enum class AddressForm { full, truncated, hashed };

struct ClientOptions {
    AddressForm addresses = AddressForm::full;
    config::SecretSource address_key = {};  ///< of AddressForm::hashed; not given: random
};
/// "addresses" and "address_key".
ClientOptions read_client_options(config::OptionsReader& reader);

struct ClientName {
    std::string shown;                       ///< empty: not known, or not to be shown
    std::optional<std::uint64_t> hash = {};  ///< of who it is; empty: not known
};

class ClientNames {
 public:
    /// Reads the key. One that can be read no more is replaced by a random one, and the log says so.
    explicit ClientNames(const ClientOptions& options);

    /// Of an address or whatever else a log writes for a client; valid until the next call.
    const ClientName& name(std::string_view client) {
        return names_.get(client.substr(0, kMemoKeyBytes), [this](auto text) { return make(text); });
    }

 private:
    ClientName make(std::string_view client) const;

    AddressForm form_;
    base::Secret key_;
    MemoCache<ClientName, 4096> names_;
};

}  // namespace keyshift::collectors
