// SPDX-License-Identifier: Apache-2.0
// A sink that keeps what it gets, and checks what every input owes it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "drivers/files/input.hpp"

namespace keyshift::drivers {

class LogLines final : public LogSink {
 public:
    void lines(std::string_view block) override {
        EXPECT_FALSE(block.empty());
        EXPECT_LE(block.size(), kLogBlock);
        text += block;
    }
    void oversized() override { ++too_long; }

    /// What has come since the last call.
    std::string take() { return std::exchange(text, {}); }

    std::string text;
    int too_long = 0;
};

}  // namespace keyshift::drivers
