// SPDX-License-Identifier: Apache-2.0
#include "base/secret.hpp"

#include <cstring>

namespace keyshift::base {

Secret::~Secret() {
    explicit_bzero(value_.data(), value_.size());
}

void Secret::hide_in(std::string& text) const {
    // One of one or two letters hides nothing and would be found in every message.
    if (value_.size() < 3) return;
    for (std::size_t at = text.find(value_); at != std::string::npos; at = text.find(value_, at + 3))
        text.replace(at, value_.size(), "***");
}

}  // namespace keyshift::base
