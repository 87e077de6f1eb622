// SPDX-License-Identifier: Apache-2.0
// Owns a file descriptor, or none. Not copyable; one thread at a time.
#pragma once

#include <cstddef>
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

/// How many may be open, after the process's limit has been raised to what it is allowed.
std::size_t raise_descriptor_limit();

}  // namespace keyshift::base
