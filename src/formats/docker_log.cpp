// SPDX-License-Identifier: Apache-2.0
#include "formats/docker_log.hpp"

namespace keyshift::formats {
std::size_t docker_whole(std::string_view block) {
    return block.size();
}
void docker_unwrap(std::string_view block, std::string& out) {
    out += block;
}
}  // namespace keyshift::formats
