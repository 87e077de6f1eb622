// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/delivery.hpp"

#include <array>
#include <utility>

#include <unistd.h>

#include "drivers/http_client/client.hpp"
#include "drivers/http_client/url.hpp"

namespace keyshift::daemon {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr const char* kReceiver = "the webhook's receiver";
constexpr std::size_t kMostAnswer = std::size_t{1024} * 1024;

Result<drivers::HttpUrl> read_url(const config::Notify& to) {
    const auto text = to.url.read();
    if (!text) return text.error();
    auto url = drivers::HttpUrl::parse(text->reveal());
    if (!url) return Error{Errc::config, to.url.origin() + ": the URL " + url.error().what, url.error().hint};
    url->printable = kReceiver;
    return url;
}

/// Messages of the driver name the host, or the address that it has.
Error without_address(Error error, const drivers::HttpUrl& url) {
    const std::size_t port = error.what.find(" port " + url.port + ": ");
    const std::string begin = std::string(kReceiver) + ": ";
    if (port != std::string::npos && error.what.starts_with(begin))
        error.what = begin + error.what.substr(error.what.find(": ", port) + 2);
    for (const std::string& part : {url.host, url.target}) {
        base::Secret(part).hide_in(error.what);
        base::Secret(part).hide_in(error.hint);
    }
    return error;
}

}  // namespace

Result<int> deliver(const config::Notify& to, const Message& message, base::Time now,
                    const drivers::Interrupt& interrupt) {
    auto url = read_url(to);
    if (!url) return url.error();
    drivers::HttpRequest request;
    request.method = "POST";
    request.url = *std::move(url);
    request.body = message.body;
    request.content_type = "application/json";
    request.headers.push_back({"X-Keyshift-Id", base::Secret(message.id)});
    if (to.secret.given()) {
        const auto key = to.secret.read();
        if (!key) return key.error();
        request.headers.push_back({"X-Keyshift-Signature", base::Secret(signature(*key, message.body, now))});
    }
    request.tls.ca_file = to.ca_file;
    const drivers::HttpClient client(interrupt);
    const auto answer = client.send(request, {.body_bytes = kMostAnswer, .each = kDeliveryTimeout},
                                    base::Deadline::in(kDeliveryTimeout));
    if (!answer) return without_address(answer.error(), request.url);
    return answer->status;
}

std::string instance_name(const config::Notify& notify) {
    if (!notify.instance.empty()) return notify.instance;
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "keyshift";
    return name.data();
}

}  // namespace keyshift::daemon
