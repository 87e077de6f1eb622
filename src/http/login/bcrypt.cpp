// SPDX-License-Identifier: Apache-2.0
#include "http/login/bcrypt.hpp"

#include <cstring>
#include <memory>

#include <crypt.h>

#include "base/ascii.hpp"

namespace keyshift::http {
namespace {

constexpr std::size_t kHashSize = 60;
constexpr const char* kDecoySalt = "QOauhQNbBCuQDKes6eFzPe";

/// Where the two digits of the cost begin; 0: nowhere.
std::size_t cost_at(std::string_view hash) {
    if (hash.size() < 7 || !hash.starts_with("$2")) return 0;
    const std::size_t at = hash[2] == '$' ? 3 : 4;
    return hash[at - 1] == '$' && base::is_digit(hash[at]) && base::is_digit(hash[at + 1]) ? at : 0;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    return difference == 0;
}

struct Wipe {
    void operator()(crypt_data* data) const {
        ::explicit_bzero(data, sizeof *data);
        ::operator delete(data);
    }
};

}  // namespace

int bcrypt_cost(std::string_view hash) {
    const std::size_t at = cost_at(hash);
    return at == 0 ? 0 : (hash[at] - '0') * 10 + (hash[at + 1] - '0');
}

bool bcrypt_fits(const std::string& hash, const std::string& password) {
    const std::size_t at = cost_at(hash);
    if (at == 0) return false;
    const std::string known = "$2b$" + hash.substr(at);
    if (known.size() != kHashSize) return false;
    const std::unique_ptr<crypt_data, Wipe> data(
        static_cast<crypt_data*>(::operator new(sizeof(crypt_data))));
    std::memset(data.get(), 0, sizeof(crypt_data));
    const char* const made = ::crypt_r(password.c_str(), known.c_str(), data.get());
    const bool fits = made != nullptr && equal_in_constant_time(made, known);
    return fits && password.find('\0') == std::string::npos;
}

std::string bcrypt_decoy(int cost) {
    const std::string digits = (cost < 10 ? "0" : "") + std::to_string(cost);
    return "$2b$" + digits + "$" + kDecoySalt + std::string(31, '.');
}

}  // namespace keyshift::http
