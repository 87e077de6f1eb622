// SPDX-License-Identifier: Apache-2.0
// Request targets and headers that clients choose.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/listen_address.hpp"
#include "exposition/negotiate.hpp"
#include "http/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const http::Target target = http::split_target(text);
    if (!target.path.empty() && target.path.front() != '/') std::abort();
    http::parse_method(text);
    exposition::negotiate(text);
    exposition::negotiate_encoding(text);
    if (const auto address = base::parse_listen_address(text); address)
        if (base::parse_listen_address(address->text()).value() != *address) std::abort();
    return 0;
}
