// SPDX-License-Identifier: Apache-2.0
// How what a log tells of clients is kept and shown; what comes again and again is made once. Pure but for
// its memory, which is bounded; lives on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "collectors/access_options.hpp"
#include "formats/access_line.hpp"

namespace keyshift::collectors {

/// What was made of texts lately, by text.
template <class T, std::size_t kSlots>
class Lately {
 public:
    /// `make(text)`, or what that was before. Valid until the next call.
    template <class Make>
    const T& get(std::string_view text, const Make& make) {
        Slot& slot = slots_[std::hash<std::string_view>()(text) % slots_.size()];
        if (!slot.made || slot.text != text) {
            slot.made = make(text);
            slot.text = text;
        }
        return *slot.made;
    }

 private:
    struct Slot {
        std::string text;
        std::optional<T> made;
    };
    std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
};

struct ClientName {
    std::string shown;                       ///< empty: not known, or not to be shown
    std::optional<std::uint64_t> hash = {};  ///< of who it is; empty: not known
};

class AccessNames {
 public:
    /// `key`: for hashed addresses.
    AccessNames(AddressForm form, base::Secret key, formats::AccessEscape escape)
        : form_(form), key_(std::move(key)), escape_(escape) {}

    const ClientName& client(std::string_view address);
    const std::string& user_agent(std::string_view text);
    const std::string& path(std::string_view target);

 private:
    ClientName name_client(std::string_view address) const;

    AddressForm form_;
    base::Secret key_;
    formats::AccessEscape escape_;
    Lately<ClientName, 4096> clients_;
    Lately<std::string, 256> user_agents_;
    Lately<std::string, 256> paths_;
};

}  // namespace keyshift::collectors
