// SPDX-License-Identifier: Apache-2.0
// bcrypt by libcrypt. From any thread; slow by design: 70 ms at a cost of 10, twice as long with each step.
#pragma once

#include <string>
#include <string_view>

namespace keyshift::http {

/// Whether `hash` is of `password`. Compares in the same time whatever differs. Takes the hashes that Go
/// takes: $2$, $2a$, $2b$, $2x$ and $2y$ are one algorithm there. A password with a NUL fits none, since
/// libcrypt reads up to it. False for what is no hash.
bool bcrypt_fits(const std::string& hash, const std::string& password);

/// The cost that `hash` names; 0: none.
int bcrypt_cost(std::string_view hash);

/// A hash of that cost which no password fits, and which takes as long to find that out.
std::string bcrypt_decoy(int cost);

}  // namespace keyshift::http
