// SPDX-License-Identifier: Apache-2.0
// One descriptor for poll(2) that stands for others, which may come and go. Waiting is safe from any thread;
// add() and remove() belong to one.
#pragma once

namespace keyshift::drivers {

class WakeSet {
 public:
    /// Throws std::system_error when the process has no descriptor left.
    WakeSet();
    ~WakeSet();
    WakeSet(const WakeSet&) = delete;
    WakeSet& operator=(const WakeSet&) = delete;

    /// False for what cannot be waited for, such as a regular file. What is closed leaves by itself.
    bool add(int descriptor);
    void remove(int descriptor);
    /// Readable while one of them is.
    int descriptor() const { return descriptor_; }

 private:
    int descriptor_;
};

}  // namespace keyshift::drivers
