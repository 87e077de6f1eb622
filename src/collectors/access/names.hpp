// SPDX-License-Identifier: Apache-2.0
// How what an access log tells of requests is kept and shown. Pure but for its memory, which is bounded;
// is used on one thread.
#pragma once

#include <string>
#include <string_view>

#include "collectors/logs/memo_cache.hpp"
#include "formats/access/line.hpp"

namespace keyshift::collectors {

class AccessNames {
 public:
    explicit AccessNames(formats::AccessEscape escape) : escape_(escape) {}

    const std::string& user_agent(std::string_view text);
    const std::string& path(std::string_view target);

 private:
    formats::AccessEscape escape_;
    MemoCache<std::string, 1024> user_agents_;
    MemoCache<std::string, 1024> paths_;
};

}  // namespace keyshift::collectors
