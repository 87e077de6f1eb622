// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger/key_table.hpp"

#include <algorithm>

namespace keyshift::domain {

std::uint64_t hash_id(std::string_view id) {
    const auto hash = static_cast<std::uint64_t>(std::hash<std::string_view>{}(id));
    return hash == 0 ? 1 : hash;
}

std::size_t KeyTable::Part::locate(std::uint64_t hash) const {
    // The top byte chose the part; scale the next 32 bits to the capacity, which need not be a power of two.
    const std::uint64_t spread = (hash >> 24U) & 0xFFFF'FFFFU;
    std::size_t at = (spread * hashes.size()) >> 32U;
    while (hashes[at] != 0 && hashes[at] != hash) at = at + 1 == hashes.size() ? 0 : at + 1;
    return at;
}

void KeyTable::Part::grow(std::size_t capacity) {
    Part bigger;
    bigger.hashes.resize(capacity);
    bigger.slots.resize(capacity);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        if (hashes[i] == 0) continue;
        const std::size_t at = bigger.locate(hashes[i]);
        bigger.hashes[at] = hashes[i];
        bigger.slots[at] = slots[i];
    }
    hashes = std::move(bigger.hashes);
    slots = std::move(bigger.slots);
}

void KeyTable::clear() {
    for (Part& part : parts_) part = Part{};
    size_ = 0;
}

KeySlot* KeyTable::find(std::uint64_t hash) {
    Part& in = part(hash);
    if (in.used == 0) return nullptr;
    const std::size_t at = in.locate(hash);
    return in.hashes[at] == hash ? &in.slots[at] : nullptr;
}

void KeyTable::insert(std::uint64_t hash, const KeySlot& slot) {
    Part& in = part(hash);
    // 7/8 full at most, then 1/8 more: slow growth keeps the memory near 36 bytes a key.
    if (in.used + 1 > in.hashes.size() - in.hashes.size() / 8)
        in.grow(std::max<std::size_t>(8, in.hashes.size() + in.hashes.size() / 8 + 1));
    const std::size_t at = in.locate(hash);
    in.hashes[at] = hash;
    in.slots[at] = slot;
    ++in.used;
    ++size_;
}

void KeyTable::remove_if(const std::function<bool(const KeySlot&)>& gone) {
    for (Part& part : parts_) {
        std::size_t removed = 0;
        for (std::size_t i = 0; i < part.hashes.size(); ++i) {
            if (part.hashes[i] == 0 || !gone(part.slots[i])) continue;
            part.hashes[i] = 0;
            ++removed;
        }
        if (removed == 0) continue;
        // Holes break the probe chains: put what is left in order again.
        part.used -= removed;
        size_ -= removed;
        part.grow(std::max<std::size_t>(8, part.used + part.used / 7 + 1));
    }
}

}  // namespace keyshift::domain
