// SPDX-License-Identifier: Apache-2.0
#include "http/login/login_memory.hpp"

#include <cstdlib>
#include <cstring>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace keyshift::http {

LoginMemory::LoginMemory() {
    // Without a secret that nobody knows there is nothing to hide passwords behind.
    if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) std::abort();
}

LoginMemory::Key LoginMemory::key(std::string_view user, std::string_view hash,
                                  std::string_view password) const {
    std::string all;
    all.reserve(user.size() + hash.size() + password.size() + 64);
    for (const std::string_view part : {user, hash, password}) {
        all += std::to_string(part.size()) + ":";
        all += part;
    }
    Key key{};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
         reinterpret_cast<const unsigned char*>(all.data()), all.size(), key.data(), &size);
    ::explicit_bzero(all.data(), all.size());
    return key;
}

std::optional<bool> LoginMemory::find(const Key& key) const {
    const auto found = known_.find(key);
    return found == known_.end() ? std::nullopt : std::optional<bool>(found->second);
}

void LoginMemory::add(const Key& key, bool fits) {
    if (!known_.emplace(key, fits).second) return;
    std::deque<Key>& order = order_.at(fits ? 1 : 0);
    order.push_back(key);
    if (order.size() <= kRoom) return;
    known_.erase(order.front());
    order.pop_front();
}

void LoginMemory::clear() {
    known_.clear();
    for (auto& order : order_) order.clear();
}

}  // namespace keyshift::http
