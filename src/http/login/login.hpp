// SPDX-License-Identifier: Apache-2.0
// Who may come in by name and password. Remembers what it has found out, and asks the workers for what it has
// not. Used on the loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/secret.hpp"
#include "http/login/login_memory.hpp"
#include "http/login/password_workers.hpp"

namespace keyshift::http {

class Login {
 public:
    /// Name to bcrypt hash.
    using Users = std::map<std::string, base::Secret, std::less<>>;

    enum class Word : std::uint8_t {
        welcome,
        refused,
        busy,  ///< too many wait for bcrypt: to be asked again in a moment
    };
    struct Found {
        Word word = Word::refused;
        std::string user = {};  ///< who is welcome
    };
    using Done = std::function<void(Found)>;

    explicit Login(const boost::asio::any_io_executor& loop) : workers_(loop) {}

    /// Whoever was found to fit before must be found so again, where this is something else.
    void set_users(Users users);
    /// Whether there is anybody to log in as; without, nobody is asked.
    bool has_users() const { return !users_.empty(); }

    /// What an Authorization header comes to. `done` is called at once, or on the loop later. One that names
    /// nobody takes as long as one that does.
    void ask(std::string_view authorization, const std::string& peer, Done done);
    /// Whoever waits is told that it is busy, and so is who asks later.
    void stop();

 private:
    /// Those who ask for the same while the workers have it.
    struct Pending {
        std::string user;
        bool known = false;
        std::vector<Done> waiting;
    };

    void found(const LoginMemory::Key& key, std::uint64_t generation, bool fits);

    Users users_;
    std::string decoy_;
    std::uint64_t generation_ = 0;  // of the users
    LoginMemory memory_;
    std::map<LoginMemory::Key, Pending> pending_;
    PasswordWorkers workers_;
};

}  // namespace keyshift::http
