// SPDX-License-Identifier: Apache-2.0
#include "domain/counts/failing_clients.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

namespace keyshift::domain {
namespace {

constexpr unsigned kIndexBits = 12;
constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;
constexpr int kMostRank = 64 - kIndexBits + 1;
/// Saved as text: a register's rank is a printable character.
constexpr char kPrintable = '0';

std::int64_t slice_of(base::Time at) {
    return at.time_since_epoch() / FailingClients::kSlice;
}

/// Hash and register by the paper: the index is the first bits, the rank the place of the first 1 behind.
/// Whether that was new.
bool note(std::string& registers, std::uint64_t hash) {
    const auto index = static_cast<std::size_t>(hash >> (64U - kIndexBits));
    const std::uint64_t rest = (hash << kIndexBits) | (std::uint64_t{1} << (kIndexBits - 1));
    const auto rank = static_cast<char>(std::countl_zero(rest) + 1);
    if (registers[index] >= rank) return false;
    registers[index] = rank;
    return true;
}

double estimate(const std::string& registers) {
    constexpr auto kM = static_cast<double>(kRegisters);
    constexpr double kAlpha = 0.7213 / (1 + 1.079 / kM);
    double sum = 0;
    for (const char rank : registers) sum += std::ldexp(1.0, -rank);
    const double raw = kAlpha * kM * kM / sum;
    const auto empty = static_cast<double>(std::ranges::count(registers, '\0'));
    return raw <= 2.5 * kM && empty > 0 ? kM * std::log(kM / empty) : raw;
}

}  // namespace

void FailingClients::add(Event reason, std::uint64_t client, base::Time at) {
    const std::int64_t slice = slice_of(at);
    const SliceKey key{index_of(reason), slice};
    auto found = slices_.find(key);
    if (found == slices_.end()) {
        const auto last = slices_.upper_bound({key.first, std::numeric_limits<std::int64_t>::max()});
        const bool old = last != slices_.begin() && std::prev(last)->first.first == key.first &&
                         std::prev(last)->first.second - slice > kWindow / kSlice;
        if (old) return;
        found = slices_.emplace(key, Registers(kRegisters, '\0')).first;
    }
    if (note(found->second, client)) changed_[key] = true;
}

std::uint64_t FailingClients::count(Event reason, base::Time now) const {
    std::string all(kRegisters, '\0');
    bool any = false;
    const std::size_t index = index_of(reason);
    for (auto slice = slices_.upper_bound({index, slice_of(now - kWindow)});
         slice != slices_.end() && slice->first.first == index; ++slice) {
        any = true;
        for (std::size_t i = 0; i < kRegisters; ++i) all[i] = std::max(all[i], slice->second[i]);
    }
    return any ? static_cast<std::uint64_t>(std::llround(estimate(all))) : 0;
}

void FailingClients::forget_before(base::Time until) {
    for (auto slice = slices_.begin(); slice != slices_.end();) {
        if (slice->first.second >= slice_of(until)) {
            ++slice;
            continue;
        }
        changed_[slice->first] = false;
        slice = slices_.erase(slice);
    }
}

std::map<std::string, std::string> FailingClients::take_changed() {
    std::map<std::string, std::string> out;
    for (const auto& [key, there] : changed_) {
        const std::string name =
            std::string(event_name(event_at(key.first))) + ":" + std::to_string(key.second);
        std::string text = there ? slices_.at(key) : std::string();
        for (char& rank : text) rank = static_cast<char>(rank + kPrintable);
        out[name] = std::move(text);
    }
    changed_.clear();
    return out;
}

void FailingClients::restore(const std::string& name, const std::string& text) {
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos || text.size() != kRegisters) return;
    const auto reason = event_named(std::string_view(name).substr(0, colon));
    std::int64_t slice = 0;
    const auto read = std::from_chars(name.data() + colon + 1, name.data() + name.size(), slice);
    const auto good = [](char c) { return c >= kPrintable && c <= kPrintable + kMostRank; };
    if (!reason || read.ec != std::errc() || read.ptr != name.data() + name.size()) return;
    if (!std::ranges::all_of(text, good)) return;
    std::string& registers = slices_[{index_of(*reason), slice}];
    registers = text;
    for (char& rank : registers) rank = static_cast<char>(rank - kPrintable);
}

std::uint64_t hash_client(std::string_view address) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : address) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    hash += 0x9e3779b97f4a7c15U;
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
    return hash ^ (hash >> 31U);
}

}  // namespace keyshift::domain
