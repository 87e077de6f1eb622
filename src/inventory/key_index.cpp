// SPDX-License-Identifier: Apache-2.0
#include "inventory/key_index.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <numeric>
#include <utility>

#include "base/ascii.hpp"

namespace keyshift::inventory {
namespace {

using base::Result;

/// Behind each text. It stands in none: a database's text has no NUL.
constexpr char kEnd = '\0';

/// The owner of a key that has none, until owners are ranked.
constexpr std::uint32_t kNobody = UINT32_MAX;

std::uint32_t seconds_of(std::optional<base::Time> time) {
    if (!time) return 0;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, UINT32_MAX));
}

/// The texts of one record, in their order: id, name, prefix.
std::array<std::string_view, 3> split_texts(std::string_view texts) {
    std::array<std::string_view, 3> out;
    for (std::string_view& text : out) {
        text = texts.substr(0, texts.find(kEnd));
        texts.remove_prefix(std::min(text.size() + 1, texts.size()));
    }
    return out;
}

}  // namespace

void KeyIndexBuilder::add(const domain::Key& key, const domain::KeyMemory& memory) {
    KeyRecord record;
    record.row = memory.row;
    record.created = seconds_of(key.created_at);
    record.last_used = memory.last_used;
    record.since = memory.since;
    record.owner = key.owner ? number_of(*key.owner) : kNobody;
    record.phase = memory.phase;
    index_->records_.push_back(record);
    index_->texts_at_.push_back(index_->texts_.size());
    for (const std::string_view text : {key.id, key.name.value_or(""), key.prefix}) {
        for (const char c : text) index_->texts_ += base::lower(c);
        index_->texts_ += kEnd;
    }
}

std::shared_ptr<const KeyIndex> KeyIndexBuilder::finish() {
    index_->texts_at_.push_back(index_->texts_.size());
    rank_owners();
    rank_names();
    index_->records_.shrink_to_fit();
    index_->texts_.shrink_to_fit();
    return std::move(index_);
}

std::uint32_t KeyIndexBuilder::number_of(std::string_view owner) {
    return numbers_.try_emplace(std::string(owner), static_cast<std::uint32_t>(numbers_.size()))
        .first->second;
}

void KeyIndexBuilder::rank_owners() {
    auto& owners = index_->owners_;
    for (const auto& [owner, number] : numbers_) owners.push_back(owner);
    std::sort(owners.begin(), owners.end());
    std::vector<std::uint32_t> ranks(owners.size());
    for (std::size_t rank = 0; rank < owners.size(); ++rank)
        ranks[numbers_.at(owners[rank])] = static_cast<std::uint32_t>(rank);
    const auto nobody = static_cast<std::uint32_t>(owners.size());
    for (KeyRecord& record : index_->records_)
        record.owner = record.owner == kNobody ? nobody : ranks[record.owner];
}

void KeyIndexBuilder::rank_names() {
    auto& records = index_->records_;
    std::vector<std::pair<std::string_view, std::uint32_t>> names;
    names.reserve(records.size());
    for (std::uint32_t place = 0; place < records.size(); ++place)
        names.emplace_back(index_->name_at(place), place);
    std::sort(names.begin(), names.end());
    auto& named = index_->named_;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i == 0 || names[i].first != names[i - 1].first) named.push_back(names[i].second);
        records[names[i].second].name = static_cast<std::uint32_t>(named.size() - 1);
    }
    named.shrink_to_fit();
}

Result<std::shared_ptr<const KeyIndex>> KeyIndex::build(store::State& state, const std::atomic<bool>* stop) {
    KeyIndexBuilder builder;
    const auto loaded = state.each_key([&](const store::KeyHistory& history) -> Result<void> {
        if (stop != nullptr && *stop) return base::Error{base::Errc::canceled, "the keys are not listed", {}};
        builder.add(history.key, history.memory);
        return {};
    });
    if (!loaded) return loaded.error();
    return builder.finish();
}

std::optional<std::uint32_t> KeyIndex::rank_of(std::string_view owner) const {
    const auto found = std::lower_bound(owners_.begin(), owners_.end(), owner);
    if (found == owners_.end() || *found != owner) return std::nullopt;
    return static_cast<std::uint32_t>(found - owners_.begin());
}

std::string_view KeyIndex::name_at(std::size_t place) const {
    return split_texts(texts(place))[1];
}

std::uint32_t KeyIndex::names_before(std::string_view name) const {
    const auto found = std::lower_bound(
        named_.begin(), named_.end(), name,
        [&](std::uint32_t place, std::string_view wanted) { return name_at(place) < wanted; });
    return static_cast<std::uint32_t>(found - named_.begin());
}

bool KeyIndex::has_name(std::string_view name) const {
    const std::uint32_t rank = names_before(name);
    return rank < named_.size() && name_at(named_[rank]) == name;
}

std::string_view KeyIndex::texts(std::size_t place) const {
    return std::string_view(texts_).substr(texts_at_[place], texts_at_[place + 1] - texts_at_[place]);
}

std::size_t KeyIndex::place_of_text(std::size_t offset) const {
    return static_cast<std::size_t>(std::upper_bound(texts_at_.begin(), texts_at_.end(), offset) -
                                    texts_at_.begin() - 1);
}

/// All texts lie behind one another, so that they are searched at the speed of memmem().
std::vector<std::uint32_t> KeyIndex::containing(std::string_view needle) const {
    const std::string small = base::lower(needle);
    std::vector<bool> owned(owners_.size() + 1, false);
    bool any_owner = false;
    for (std::size_t rank = 0; rank < owners_.size(); ++rank) {
        owned[rank] = base::lower(owners_[rank]).find(small) != std::string::npos;
        any_owner = any_owner || owned[rank];
    }
    std::vector<std::uint32_t> out;
    std::size_t next = 0;  // the first place that has not been decided
    const auto add_owned = [&](std::size_t end) {
        for (; any_owner && next < end; ++next)
            if (owned[records_[next].owner]) out.push_back(static_cast<std::uint32_t>(next));
        next = std::max(next, end);
    };
    for (std::size_t from = 0; from < texts_.size();) {
        const void* const found =
            ::memmem(texts_.data() + from, texts_.size() - from, small.data(), small.size());
        if (found == nullptr) break;
        const std::size_t place =
            place_of_text(static_cast<std::size_t>(static_cast<const char*>(found) - texts_.data()));
        add_owned(place);
        out.push_back(static_cast<std::uint32_t>(place));
        next = place + 1;
        from = texts_at_[place + 1];
    }
    add_owned(records_.size());
    return out;
}

std::vector<std::uint32_t> KeyIndex::with_id(std::string_view prefix, std::size_t most) const {
    const std::string small = base::lower(prefix);
    std::vector<std::uint32_t> out;
    std::optional<std::uint32_t> whole;
    for (std::size_t place = 0; place < records_.size(); ++place) {
        const std::string_view id = split_texts(texts(place))[0];
        if (!id.starts_with(small)) continue;
        // Of two rows with the same id the later one: the key has come back.
        if (id.size() == small.size()) whole = records_[place].row;
        if (out.size() < most) out.push_back(records_[place].row);
    }
    return whole ? std::vector{*whole} : out;
}

std::vector<std::uint32_t> KeyIndex::called(std::string_view name_or_prefix, std::size_t most) const {
    const std::string small = base::lower(name_or_prefix);
    std::vector<std::uint32_t> out;
    for (std::size_t place = 0; place < records_.size() && out.size() < most; ++place) {
        const auto [id, name, prefix] = split_texts(texts(place));
        if (name == small || prefix == small) out.push_back(records_[place].row);
    }
    return out;
}

}  // namespace keyshift::inventory
