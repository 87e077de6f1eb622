// SPDX-License-Identifier: Apache-2.0
#include "config/reading/notify.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace keyshift::config {
namespace {

constexpr std::size_t kShortestSecret = 16;

std::string_view key_of(const OptionsReader& options, std::string_view key, std::string_view file_key) {
    return options.has_value(file_key) ? file_key : key;
}

/// What stands between "//" and the path; empty: it is no URL of HTTP.
std::string_view authority_of(std::string_view url) {
    for (const std::string_view scheme : {"https://", "http://"})
        if (url.starts_with(scheme))
            return url.substr(scheme.size(), url.find('/', scheme.size()) - scheme.size());
    return {};
}

/// No message may repeat it: whoever knows the URL may post there.
void check_url(OptionsReader& options, const SecretSource& source) {
    const auto url = source.read();
    if (!url) return;
    const std::string_view text = url->reveal();
    const std::string_view key = key_of(options, "url", "url_file");
    const bool blank = std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    const std::string_view host = authority_of(text);
    if (blank || host.empty()) {
        return options.problem(key, "holds no URL of HTTP",
                               "put one line there, such as https://hooks.example/keyshift");
    }
    constexpr std::array<std::string_view, 3> kHere{"127.", "localhost", "[::1]"};
    const bool here =
        std::ranges::any_of(kHere, [&](std::string_view begin) { return host.starts_with(begin); });
    if (text.starts_with("http://") && !here) {
        options.warning(key, "is not encrypted: ids and owners of keys can be read on the way",
                        "make it https://");
    }
}

}  // namespace

Notify read_notify(OptionsReader options) {
    Notify notify;
    notify.url = options.optional_secret("url", {.variable = {}, .credential = "webhook_url"});
    notify.secret = options.optional_secret("secret", {.variable = {}, .credential = "webhook_secret"});
    notify.instance = options.optional_text("instance");
    notify.ca_file = options.optional_path("ca_file");
    if (notify.url.given()) check_url(options, notify.url);
    const bool url_is_wrong = options.has_value("url") || options.has_value("url_file");
    const std::string_view secret_key = key_of(options, "secret", "secret_file");
    if (!notify.url.given() && !url_is_wrong && options.has_value(secret_key)) {
        options.problem(secret_key, "is of no use alone", "give url_file, or remove it");
    }
    const auto secret = notify.secret.given() ? notify.secret.read() : base::Secret();
    if (secret && !secret->empty() && secret->reveal().size() < kShortestSecret) {
        options.warning(secret_key, "is shorter than 16 characters: it can be guessed",
                        "make one by: openssl rand -hex 32");
    }
    return notify;
}

}  // namespace keyshift::config
