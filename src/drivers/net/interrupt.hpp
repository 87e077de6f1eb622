// SPDX-License-Identifier: Apache-2.0
// A way to end blocking work from another thread: drivers wait on its descriptor beside their own.
// raise() is safe from any thread; the object outlives every driver that was given it.
#pragma once

namespace keyshift::drivers {

class Interrupt {
 public:
    /// Throws std::system_error when the process has no descriptor left.
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// From now on every wait returns at once. There is no way back.
    void raise() noexcept;
    /// Readable once raised: for poll(2).
    int descriptor() const { return descriptor_; }

 private:
    int descriptor_;
};

}  // namespace keyshift::drivers
