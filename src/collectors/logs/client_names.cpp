// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/client_names.hpp"

#include <cstddef>
#include <random>
#include <utility>

#include "base/log/log.hpp"
#include "base/utf8.hpp"
#include "collectors/logs/client_address.hpp"
#include "domain/counts/failing_clients.hpp"
#include "drivers/host/keyed_hash.hpp"
#include "formats/text/client_word.hpp"

namespace keyshift::collectors {
namespace {

base::Secret random_key() {
    std::random_device random;
    std::string key;
    constexpr std::size_t kBytes = 32;
    while (key.size() < kBytes) key += static_cast<char>(random() & 0xFFU);
    return base::Secret(key);
}

base::Secret key_of(const ClientOptions& options) {
    if (options.addresses != AddressForm::hashed) return {};
    if (!options.address_key.given()) return random_key();
    auto key = options.address_key.read();
    if (key) return *std::move(key);
    // It was there when configuration was read.
    base::log::error("clients get other names than before, until keyshift starts again",
                     {{"what", key.error().what}, {"hint", key.error().hint}});
    return random_key();
}

}  // namespace

ClientOptions read_client_options(config::OptionsReader& reader) {
    ClientOptions options;
    options.addresses = reader.choice<AddressForm>(
        "addresses",
        {{"full", AddressForm::full}, {"truncated", AddressForm::truncated}, {"hashed", AddressForm::hashed}},
        AddressForm::full);
    options.address_key = reader.optional_secret("address_key");
    if (options.addresses != AddressForm::hashed && options.address_key.given())
        reader.problem("address_key", "is of no use here", "set addresses: hashed, or remove it");
    return options;
}

ClientNames::ClientNames(const ClientOptions& options) : form_(options.addresses), key_(key_of(options)) {}

ClientName ClientNames::make(std::string_view client) const {
    if (client.empty() || client.starts_with("unix:")) return {};
    const auto address = IpAddress::parse(client);
    if (!address && !formats::is_client(client)) return {};
    // Apache may look up names.
    const std::string whole = address ? address->text() : base::escape_unsafe(client);
    ClientName name{.shown = whole, .hash = domain::hash_client(address ? client_identity(*address) : whole)};
    if (form_ == AddressForm::truncated) name.shown = address ? truncated(*address) : "";
    if (form_ == AddressForm::hashed) name.shown = drivers::keyed_hash(key_, whole);
    return name;
}

}  // namespace keyshift::collectors
