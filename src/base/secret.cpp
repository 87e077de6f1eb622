// SPDX-License-Identifier: Apache-2.0
#include "base/secret.hpp"

#include <cstring>

namespace keyshift::base {

Secret::~Secret() {
    explicit_bzero(value_.data(), value_.size());
}

}  // namespace keyshift::base
