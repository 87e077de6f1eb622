// SPDX-License-Identifier: Apache-2.0
// A value that must not be printed: a password, or a connection string that holds one. It cannot be
// formatted, compared or streamed; the one way out is reveal(), which is easy to search for. Not shared
// between threads.
#pragma once

#include <string>
#include <utility>

namespace keyshift::base {

class Secret {
 public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) = default;
    Secret& operator=(const Secret&) = default;
    Secret& operator=(Secret&&) = default;
    /// Overwrites the memory before it is given back.
    ~Secret();

    bool empty() const { return value_.empty(); }
    /// The value itself, for the call that needs it. Never for a message.
    const std::string& reveal() const { return value_; }
    /// Replaces the value by *** wherever `text`, which came from elsewhere, repeats it.
    void hide_in(std::string& text) const;

 private:
    std::string value_;
};

}  // namespace keyshift::base
