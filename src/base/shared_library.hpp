// SPDX-License-Identifier: Apache-2.0
// A shared library that is loaded when it is first wanted, so that a command which does not want it neither
// loads it nor needs it. From any thread.
#pragma once

#include <dlfcn.h>

namespace keyshift::base {

/// Puts the addresses of a library's functions into pointers of their types. The library stays loaded.
class SharedLibrary {
 public:
    explicit SharedLibrary(const char* file) : handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {}

    /// False where the library is not there, or lacks the function.
    template <class Function>
    bool find(const char* name, Function& out) const {
        out = handle_ == nullptr ? nullptr : reinterpret_cast<Function>(::dlsym(handle_, name));
        return out != nullptr;
    }

 private:
    void* handle_;
};

}  // namespace keyshift::base
