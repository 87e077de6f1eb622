// SPDX-License-Identifier: Apache-2.0
// The names in a certificate. Internal to the room. A certificate is read by one thread at a time.
#pragma once

#include <string>
#include <vector>

struct x509_st;

namespace keyshift::http {

/// Its alternative names of hosts, mail addresses, IP addresses and URIs, as texts. Those that hold a NUL are
/// left out.
std::vector<std::string> alternative_names(x509_st* certificate);

/// The common name of its subject; without one the first of the above. Empty: it has neither, or one with a
/// control character.
std::string subject_name(x509_st* certificate);

}  // namespace keyshift::http
