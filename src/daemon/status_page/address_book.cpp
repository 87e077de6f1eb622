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
    addresses_.clear();
    asked_at_.clear();
}

decisions::Addresses AddressBook::known(const std::vector<std::string>& owners) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (asked_at_.size() > kMostOwners) asked_at_.clear();
    decisions::Addresses out;
    std::vector<std::string> unasked;
    for (const std::string& owner : owners) {
        const auto found = addresses_.find(owner);
        if (found != addresses_.end()) out.insert(*found);
        const auto asked = asked_at_.find(owner);
        if (asked != asked_at_.end() && now - asked->second < kAskAgainAfter) continue;
        asked_at_.insert_or_assign(owner, now);
        unasked.push_back(owner);
    }
    if (config_ && !unasked.empty()) ask(config_, std::move(unasked));
    return out;
}

void AddressBook::ask(std::shared_ptr<const config::Config> config, std::vector<std::string> owners) {
    boost::asio::post(thread_, [this, config = std::move(config), owners = std::move(owners)] {
        decisions::Addresses found = decisions::owner_addresses(*config, owners, kLongest);
        const std::lock_guard lock(mutex_);
        if (config != config_) return;  // it is asked anew by the other one
        for (const std::string& owner : owners) addresses_.erase(owner);
        addresses_.merge(found);
    });
}

}  // namespace keyshift::daemon
