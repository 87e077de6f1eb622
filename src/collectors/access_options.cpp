// SPDX-License-Identifier: Apache-2.0
#include "collectors/access_options.hpp"

#include <utility>

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;

Result<std::string> parse_prefix(std::string_view text) {
    if (!text.starts_with('/'))
        return Error{Errc::config, "is not the beginning of a path", "write it like /v1/"};
    if (text.find_first_of("?#*") != std::string_view::npos)
        return Error{Errc::config, "has more than the beginning of a path in it",
                     "write how the path begins, without ?, # and *"};
    return std::string(text);
}

void read_clients(config::OptionsReader& reader, AccessOptions& options) {
    options.client = reader.choice<ClientField>(
        "client", {{"remote_addr", ClientField::peer}, {"x_forwarded_for", ClientField::forwarded}},
        ClientField::peer);
    options.trusted_proxies = reader.parsed_list_or_null<TrustedProxy>("trusted_proxies", TrustedProxy::parse)
                                  .value_or(std::vector<TrustedProxy>());
    options.addresses = reader.choice<AddressForm>(
        "addresses",
        {{"full", AddressForm::full}, {"truncated", AddressForm::truncated}, {"hashed", AddressForm::hashed}},
        AddressForm::full);
    options.address_key = reader.optional_secret("address_key");
    if (options.client == ClientField::forwarded && !reader.has("trusted_proxies"))
        reader.problem("client", "needs to know whose X-Forwarded-For to believe",
                       "give the proxies' addresses as trusted_proxies");
    if (options.client == ClientField::peer && reader.has("trusted_proxies"))
        reader.problem("trusted_proxies", "is of no use here", "set client: x_forwarded_for, or remove it");
    if (options.addresses != AddressForm::hashed && options.address_key.given())
        reader.problem("address_key", "is of no use here", "set addresses: hashed, or remove it");
}

}  // namespace

AccessOptions read_access_options(config::OptionsReader& reader) {
    AccessOptions options;
    options.input = read_log_input(reader);
    options.paths =
        reader.parsed_list_or_null<std::string>("paths", parse_prefix).value_or(std::vector<std::string>());
    options.failures = read_failure_rules(reader);
    read_clients(reader, options);
    return options;
}

std::vector<std::string> preset_paths(config::Preset preset) {
    // Without the pages of people: they log in by other means, and so fail by other means.
    if (preset == config::Preset::inferxgate) return {"/v1/", "/auth/key/"};
    return {"/"};
}

}  // namespace keyshift::collectors
