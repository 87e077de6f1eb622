// SPDX-License-Identifier: Apache-2.0
#include "http/listening/stream.hpp"

#include <cstring>

namespace keyshift::http {

std::optional<boost::asio::ip::tcp::endpoint> as_tcp(const Protocol::endpoint& endpoint) {
    const int family = endpoint.data()->sa_family;
    boost::asio::ip::tcp::endpoint out;
    if ((family != AF_INET && family != AF_INET6) || endpoint.size() > out.capacity()) return std::nullopt;
    std::memcpy(out.data(), endpoint.data(), endpoint.size());
    out.resize(endpoint.size());
    return out;
}

}  // namespace keyshift::http
