// SPDX-License-Identifier: Apache-2.0
// Owns a file descriptor, or none. Not copyable; one thread at a time.
#pragma once

#include <utility>

namespace keyshift::base {

class Descriptor {
 public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { close(); }

    int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    void close();
    /// It belongs to the caller from now on.
    int release() { return std::exchange(number_, -1); }

 private:
    int number_;
};

}  // namespace keyshift::base
