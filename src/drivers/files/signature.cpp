// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/signature.hpp"

#include <algorithm>

namespace keyshift::drivers {
namespace {

// FNV-1a: short texts, nobody to defend against, and the hashes of all beginnings in one pass.
constexpr std::uint64_t kBasis = 0xcbf29ce484222325U;
constexpr std::uint64_t kPrime = 0x100000001b3U;

std::uint64_t add(std::uint64_t hash, std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
    return hash;
}

}  // namespace

std::uint64_t hash_of(std::string_view bytes) {
    return add(kBasis, bytes);
}

Head Head::of(std::string_view beginning) {
    Head head;
    std::uint64_t hash = kBasis;
    std::size_t done = 0;
    for (const std::size_t length : kLengths) {
        if (length > beginning.size()) break;
        hash = add(hash, beginning.substr(done, length - done));
        done = length;
        head.hashes_[head.count_++] = hash;
    }
    return head;
}

Head Head::from(const std::uint64_t* hashes, std::size_t count) {
    Head head;
    head.count_ = std::min(count, kHashes);
    std::copy_n(hashes, head.count_, head.hashes_.begin());
    return head;
}

std::size_t Head::common(const Head& other) const {
    return std::min(bytes(), other.bytes());
}

bool Head::agrees(const Head& other) const {
    const std::size_t both = std::min(count_, other.count_);
    return both == 0 || hashes_[both - 1] == other.hashes_[both - 1];
}

}  // namespace keyshift::drivers
