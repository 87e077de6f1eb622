// SPDX-License-Identifier: Apache-2.0
#include "collectors/access_names.hpp"

#include "base/utf8.hpp"
#include "collectors/access_client.hpp"
#include "collectors/access_paths.hpp"
#include "domain/failing_clients.hpp"
#include "drivers/keyed_hash.hpp"

namespace keyshift::collectors {
namespace {

/// Of a longer text only the beginning is looked at: less is kept of it anyway.
constexpr std::size_t kLooksAt = 1024;

}  // namespace

const ClientName& AccessNames::client(std::string_view address) {
    return clients_.get(address.substr(0, kLooksAt), [&](auto text) { return name_client(text); });
}

const std::string& AccessNames::user_agent(std::string_view text) {
    return user_agents_.get(text.substr(0, kLooksAt),
                            [&](auto raw) { return shown_text(formats::unescape(raw, escape_)); });
}

const std::string& AccessNames::path(std::string_view target) {
    return paths_.get(target.substr(0, kLooksAt), [&](auto raw) {
        const std::string path = formats::unescape(raw, escape_);
        return shown_path(path_of(path));
    });
}

ClientName AccessNames::name_client(std::string_view text) const {
    if (text.empty() || text.starts_with("unix:")) return {};
    const auto address = IpAddress::parse(text);
    // Apache may look up names.
    const std::string whole = address ? address->text() : base::visible(text);
    ClientName name{.shown = whole, .hash = domain::hash_client(address ? client_identity(*address) : whole)};
    if (form_ == AddressForm::truncated) name.shown = address ? truncated(*address) : "";
    if (form_ == AddressForm::hashed) name.shown = drivers::keyed_hash(key_, whole);
    return name;
}

}  // namespace keyshift::collectors
