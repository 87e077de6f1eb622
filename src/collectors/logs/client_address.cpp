// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/client_address.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

#include "base/ascii.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::string_view kUnix = "unix:";
constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 96;
constexpr std::size_t kLongest = INET6_ADDRSTRLEN;

/// Without port, brackets and zone.
std::string_view bare(std::string_view text) {
    text = base::trimmed(text);
    if (text.starts_with('[')) {
        text = text.substr(1, text.find(']') - 1);
    } else if (const std::size_t colon = text.find(':');
               colon != std::string_view::npos && colon == text.rfind(':')) {
        text = text.substr(0, colon);
    }
    return text.substr(0, text.find('%'));
}

bool is_trusted(std::string_view peer, const std::vector<TrustedProxy>& trusted) {
    return std::ranges::any_of(trusted, [&](const TrustedProxy& proxy) { return proxy.holds(peer); });
}

/// Takes the last of a list.
std::string_view consume_last(std::string_view& list) {
    const std::size_t comma = list.rfind(',');
    const bool only = comma == std::string_view::npos;
    const std::string_view last = base::trimmed(only ? list : list.substr(comma + 1));
    list = only ? std::string_view() : list.substr(0, comma);
    return last;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    text = bare(text);
    std::array<char, kLongest> terminated{};
    if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    std::copy(text.begin(), text.end(), terminated.begin());
    IpAddress out;
    if (inet_pton(AF_INET6, terminated.data(), out.bytes_.data()) == 1) return out;
    std::copy(kMapped.begin(), kMapped.end(), out.bytes_.begin());
    if (inet_pton(AF_INET, terminated.data(), out.bytes_.data() + kMapped.size()) == 1) return out;
    return std::nullopt;
}

bool IpAddress::is_v4() const {
    return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin());
}

IpAddress IpAddress::prefix(unsigned bits) const {
    IpAddress out = *this;
    for (unsigned byte = 0; byte < out.bytes_.size(); ++byte) {
        const unsigned kept = bits > byte * 8 ? std::min(8U, bits - byte * 8) : 0;
        out.bytes_.at(byte) = static_cast<std::uint8_t>(out.bytes_.at(byte) & (0xFF00U >> kept));
    }
    return out;
}

std::string IpAddress::text() const {
    if (is_v4()) {
        // inet_ntop() takes ten times as long.
        std::string text;
        for (std::size_t i = kMapped.size(); i < bytes_.size(); ++i) {
            if (!text.empty()) text += '.';
            text += std::to_string(bytes_.at(i));
        }
        return text;
    }
    std::array<char, kLongest> out{};
    inet_ntop(AF_INET6, bytes_.data(), out.data(), out.size());
    return out.data();
}

Result<TrustedProxy> TrustedProxy::parse(std::string_view text) {
    const Error wrong{Errc::config, "is not a network", "write it like 10.0.0.0/8, 2001:db8::/32 or unix:"};
    TrustedProxy out;
    if (text == kUnix) return out;
    const std::size_t slash = text.find('/');
    const std::string_view address = text.substr(0, slash);
    out.network_ = IpAddress::parse(address);
    if (!out.network_ || bare(address) != address) return wrong;
    const unsigned first =
        out.network_->is_v4() && address.find(':') == std::string_view::npos ? kMappedBits : 0;
    if (slash != std::string_view::npos) {
        const std::string_view size = text.substr(slash + 1);
        const bool digits = std::ranges::all_of(size, base::is_digit);
        if (!digits || size.empty() || size.size() > 3) return wrong;
        out.bits_ = first + static_cast<unsigned>(std::stoul(std::string(size)));
        if (out.bits_ > IpAddress::kBits) return wrong;
    }
    if (out.network_->prefix(out.bits_) != *out.network_)
        return Error{Errc::config, "has bits behind its prefix",
                     "write " + out.network_->prefix(out.bits_).text() + std::string(text.substr(slash))};
    return out;
}

bool TrustedProxy::holds(std::string_view peer) const {
    if (!network_) return peer.starts_with(kUnix);
    const auto address = IpAddress::parse(peer);
    return address && address->prefix(bits_) == *network_;
}

std::string_view client_of(std::string_view peer, std::string_view forwarded,
                           const std::vector<TrustedProxy>& trusted) {
    std::string_view client = peer.empty() ? consume_last(forwarded) : peer;
    while (!forwarded.empty() && is_trusted(client, trusted)) {
        const std::string_view next = consume_last(forwarded);
        // What is no address was not written by a proxy: beyond it nothing is sure.
        if (!IpAddress::parse(next)) break;
        client = next;
    }
    return client;
}

std::string client_identity(const IpAddress& address) {
    constexpr unsigned kOneClient = 64;
    return address.is_v4() ? address.text() : address.prefix(kOneClient).text() + "/64";
}

std::string truncated(const IpAddress& address) {
    return address.is_v4() ? address.prefix(kMappedBits + 24).text() + "/24"
                           : address.prefix(48).text() + "/48";
}

}  // namespace keyshift::collectors
