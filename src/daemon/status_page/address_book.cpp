// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_page/address_book.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace keyshift::daemon {
namespace {

constexpr base::Duration kLongest = std::chrono::seconds{1};
constexpr auto kAskAgainAfter = std::chrono::minutes{10};
/// Owners that are remembered; then all are forgotten, which costs a question.
constexpr std::size_t kMostOwners = 10'000;

}  // namespace

void AddressBook::configure(const config::Config& config) {
    const std::lock_guard lock(mutex_);
    config_ = std::make_shared<const config::Config>(config);
    owners_.clear();
}

decisions::Addresses AddressBook::known(const std::vector<std::string>& owners) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (owners_.size() > kMostOwners) owners_.clear();
    decisions::Addresses out;
    std::vector<std::string> unasked;
    for (const std::string& owner : owners) {
        const auto [entry, is_new] = owners_.try_emplace(owner, Entry{now});
        if (!entry->second.address.empty()) out.emplace(owner, entry->second.address);
        if (!is_new && now - entry->second.asked_at < kAskAgainAfter) continue;
        entry->second.asked_at = now;
        unasked.push_back(owner);
    }
    if (config_ && !unasked.empty()) ask(config_, std::move(unasked));
    return out;
}

void AddressBook::ask(std::shared_ptr<const config::Config> config, std::vector<std::string> owners) {
    boost::asio::post(thread_, [this, config = std::move(config), owners = std::move(owners)] {
        const decisions::Addresses found = decisions::owner_addresses(*config, owners, kLongest);
        const std::lock_guard lock(mutex_);
        if (config != config_) return;  // it is asked anew by the other one
        for (const std::string& owner : owners) {
            const auto entry = owners_.find(owner);
            if (entry == owners_.end()) continue;
            const auto address = found.find(owner);
            entry->second.address = address == found.end() ? std::string() : address->second;
        }
    });
}

}  // namespace keyshift::daemon
