// SPDX-License-Identifier: Apache-2.0
#include "http/login/login.hpp"

#include <algorithm>
#include <utility>

#include "http/login/bcrypt.hpp"
#include "http/login/credentials.hpp"

namespace keyshift::http {
namespace {

bool same(const Login::Users& a, const Login::Users& b) {
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
        return x.first == y.first && x.second.reveal() == y.second.reveal();
    });
}

}  // namespace

void Login::set_users(Users users) {
    if (same(users, users_)) return;
    users_ = std::move(users);
    ++generation_;
    memory_.clear();
    int cost = 0;
    for (const auto& [name, hash] : users_) cost = std::max(cost, bcrypt_cost(hash.reveal()));
    decoy_ = bcrypt_decoy(cost);
}

void Login::ask(std::string_view authorization, const std::string& peer, Done done) {
    auto given = parse_credentials(authorization);
    if (!given) return done({Word::refused});
    const auto user = users_.find(given->user);
    const bool known = user != users_.end();
    const std::string& hash = known ? user->second.reveal() : decoy_;
    const auto key = memory_.key(given->user, hash, given->password.reveal());
    if (const auto fits = memory_.find(key))
        return done(*fits && known ? Found{Word::welcome, given->user} : Found{Word::refused});
    if (const auto pending = pending_.find(key); pending != pending_.end()) {
        pending->second.waiting.push_back(std::move(done));
        return;
    }
    const bool taken =
        workers_.check(peer, base::Secret(hash), std::move(given->password),
                       [this, key, generation = generation_](bool fits) { found(key, generation, fits); });
    if (!taken) return done({Word::busy});
    Pending& pending = pending_[key];
    pending.user = given->user;
    pending.known = known;
    pending.waiting.push_back(std::move(done));
}

void Login::stop() {
    workers_.stop();
    for (auto& [key, pending] : std::exchange(pending_, {}))
        for (Done& done : pending.waiting) done({Word::busy});
}

void Login::found(const LoginMemory::Key& key, std::uint64_t generation, bool fits) {
    auto node = pending_.extract(key);
    if (node.empty()) return;
    Pending& pending = node.mapped();
    const bool current = generation == generation_;
    const bool welcome = fits && pending.known && current;
    if (current) memory_.add(key, welcome);
    for (Done& done : pending.waiting)
        done(welcome ? Found{Word::welcome, pending.user} : Found{Word::refused});
}

}  // namespace keyshift::http
