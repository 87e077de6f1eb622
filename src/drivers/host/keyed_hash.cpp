// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/keyed_hash.hpp"

#include <array>
#include <cstddef>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace keyshift::drivers {

std::string hmac_sha256(const base::Secret& key, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    // OpenSSL takes bytes as unsigned.
    const auto* const bytes = static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
    HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()), bytes, text.size(),
         digest.data(), &size);
    std::string out;
    for (std::size_t i = 0; i < size; ++i) {
        out += kDigits[digest.at(i) >> 4U];
        out += kDigits[digest.at(i) & 0xFU];
    }
    return out;
}

std::string keyed_hash(const base::Secret& key, std::string_view text) {
    constexpr std::size_t kDigits = 16;
    return hmac_sha256(key, text).substr(0, kDigits);
}

}  // namespace keyshift::drivers
