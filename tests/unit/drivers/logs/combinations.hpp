// SPDX-License-Identifier: Apache-2.0
// All combinations of facts, and what is required of the decision in each.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace keyshift::drivers {

/// Choose values in one order, do something, and do the same again as long as there is a next combination.
/// What is chosen later may depend on what was chosen before.
class Combinations {
 public:
    template <class T>
    T one_of(std::initializer_list<T> values) {
        if (at_ == chosen_.size()) chosen_.push_back({0, values.size()});
        return values.begin()[chosen_[at_++].index];
    }
    bool either() { return one_of({false, true}); }
    bool next() {
        while (!chosen_.empty() && chosen_.back().index + 1 == chosen_.back().count) chosen_.pop_back();
        if (!chosen_.empty()) ++chosen_.back().index;
        at_ = 0;
        ++count_;
        return !chosen_.empty();
    }
    /// How many there were so far.
    std::size_t count() const { return count_; }
    /// Of the present one, which value was chosen each time: to find it again.
    std::string text() const {
        std::string out;
        for (std::size_t i = 0; i < at_; ++i) out += (i > 0 ? " " : "") + std::to_string(chosen_[i].index);
        return out;
    }

    /// EXPECT_TRUE takes too long for millions of them, and tells too much when a rule is broken.
    void require(bool holds, const char* rule) {
        if (!holds && ++failures_ <= 5) ADD_FAILURE() << rule << ", in combination " << text();
    }

 private:
    struct Choice {
        std::size_t index;
        std::size_t count;
    };
    std::vector<Choice> chosen_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    int failures_ = 0;
};

}  // namespace keyshift::drivers
