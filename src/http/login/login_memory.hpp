// SPDX-License-Identifier: Apache-2.0
// Which user, hash and password were found to fit, or not to fit, so that bcrypt works once for each.
// Passwords are not kept: what is kept is a keyed digest, whose key is this object's and never leaves it.
// Used by one thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace keyshift::http {

class LoginMemory {
 public:
    /// What stands for a user, a hash and a password.
    using Key = std::array<unsigned char, 32>;

    LoginMemory();

    /// No two different triples have the same key: the length of each part goes into it. (CVE-2022-46146 is
    /// what happens otherwise: one client's name and password were taken for another's.)
    Key key(std::string_view user, std::string_view hash, std::string_view password) const;

    std::optional<bool> find(const Key& key) const;
    /// The oldest of as many as there are goes for it. Those that fit and those that do not have room of
    /// their own, so that no wrong password drives out a right one.
    void add(const Key& key, bool fits);
    void clear();

 private:
    static constexpr std::size_t kRoom = 100;

    std::array<unsigned char, 32> secret_{};
    std::map<Key, bool> known_;
    std::array<std::deque<Key>, 2> order_;
};

}  // namespace keyshift::http
