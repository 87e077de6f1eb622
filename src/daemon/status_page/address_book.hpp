// SPDX-License-Identifier: Apache-2.0
// The addresses of owners that the status page shows, as far as they are known already: what is not is asked
// for on a thread of its own, and stands on the page when it is drawn again. Safe from any thread, but for
// configure() and stop(), which are for the loop's.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "config/config.hpp"
#include "decisions/owner_addresses.hpp"

namespace keyshift::daemon {

class AddressBook {
 public:
    /// By which configuration is asked from now on; what is known is forgotten.
    void configure(const config::Config& config);
    /// Those that are known now. The others are asked for, unless that was done within the last ten minutes.
    decisions::Addresses known(const std::vector<std::string>& owners);
    /// Nobody is asked any more. The end of this waits for a question under way: a second at most.
    void stop() { thread_.stop(); }

 private:
    using Clock = std::chrono::steady_clock;
    struct Entry {
        Clock::time_point asked_at;
        std::string address = {};  ///< empty: none, or not known yet
    };

    void ask(std::shared_ptr<const config::Config> config, std::vector<std::string> owners);

    std::mutex mutex_;  // of what is below
    std::shared_ptr<const config::Config> config_;
    std::map<std::string, Entry, std::less<>> owners_;

    boost::asio::thread_pool thread_{1};  // the last: its thread ends before what it uses
};

}  // namespace keyshift::daemon
