// SPDX-License-Identifier: Apache-2.0
#include "store/owner_spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace keyshift::store {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::size_t kBlock = 8192;

Error failed(const char* what, const std::filesystem::path& directory) {
    const std::error_code code(errno, std::generic_category());
    return {Errc::other,
            std::string("temporary file in ") + directory.string() + ": " + what + ": " + code.message(),
            "make room there"};
}

/// Without a name, so that nothing is left behind whatever happens.
int open_unnamed(const std::filesystem::path& directory) {
    const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0) return file;
    std::string name = (directory / "keyshift-spool-XXXXXX").string();
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

struct Fixed {
    std::uint64_t owner, name, folded, key;
    std::uint32_t created, last_used;
    std::uint16_t id_size;
    std::uint8_t legacy;
    std::uint8_t owned;
    std::uint32_t unused_too = 0;
};

}  // namespace

OwnerSpool::~OwnerSpool() {
    if (file_ >= 0) ::close(file_);
}

void OwnerSpool::clear() {
    for (Part& part : parts_) part = {};
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    end_ = 0;
}

Result<void> OwnerSpool::add(const SpooledKey& key) {
    // The low bits of a hash chose nothing else: KeyTable parts by the top byte.
    Part& part = parts_.at(key.owner & 255U);
    const std::string_view id = key.id.substr(0, UINT16_MAX);
    const Fixed fixed{key.owner,
                      key.name,
                      key.folded,
                      key.key,
                      key.created,
                      key.last_used,
                      static_cast<std::uint16_t>(id.size()),
                      static_cast<std::uint8_t>(key.legacy),
                      static_cast<std::uint8_t>(key.owned)};
    std::array<char, sizeof(Fixed)> bytes;
    std::memcpy(bytes.data(), &fixed, sizeof fixed);
    part.buffer.append(bytes.data(), bytes.size()).append(id);
    return part.buffer.size() < kBlock ? Result<void>{} : flush(part);
}

Result<void> OwnerSpool::flush(Part& part) {
    if (file_ < 0) file_ = open_unnamed(directory_);
    if (file_ < 0) return failed("cannot be created", directory_);
    const std::string& buffer = part.buffer;
    for (std::size_t done = 0; done < buffer.size();) {
        const auto written =
            ::pwrite(file_, buffer.data() + done, buffer.size() - done, static_cast<off_t>(end_ + done));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failed("cannot be written", directory_);
        done += static_cast<std::size_t>(written);
    }
    part.written.push_back({end_, static_cast<std::uint32_t>(buffer.size())});
    end_ += buffer.size();
    part.buffer.clear();
    return {};
}

/// All bytes of the part, which is empty then.
Result<std::string> OwnerSpool::take(Part& part) {
    std::size_t size = part.buffer.size();
    for (const Block& block : part.written) size += block.size;
    std::string bytes(size - part.buffer.size(), '\0');
    std::size_t at = 0;
    for (const Block& block : part.written) {
        for (std::size_t done = 0; done < block.size;) {
            const auto got = ::pread(file_, bytes.data() + at + done, block.size - done,
                                     static_cast<off_t>(block.offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return failed("cannot be read", directory_);
            done += static_cast<std::size_t>(got);
        }
        at += block.size;
    }
    bytes += part.buffer;
    part = {};
    return bytes;
}

Result<void> OwnerSpool::each_owner(const std::function<void(std::span<const SpooledKey>)>& visit) {
    std::vector<SpooledKey> keys;
    for (Part& part : parts_) {
        const auto bytes = take(part);
        if (!bytes) return bytes.error();
        keys.clear();
        for (std::size_t at = 0; at < bytes->size();) {
            Fixed fixed;
            std::memcpy(&fixed, bytes->data() + at, sizeof fixed);
            at += sizeof fixed;
            keys.push_back({fixed.owner, fixed.name, fixed.folded, fixed.key, fixed.created, fixed.last_used,
                            fixed.legacy != 0, fixed.owned != 0,
                            std::string_view(*bytes).substr(at, fixed.id_size)});
            at += fixed.id_size;
        }
        std::sort(keys.begin(), keys.end(),
                  [](const SpooledKey& a, const SpooledKey& b) { return a.owner < b.owner; });
        for (auto first = keys.begin(); first != keys.end();) {
            const auto last = std::find_if(first, keys.end(),
                                           [&](const SpooledKey& key) { return key.owner != first->owner; });
            visit({first, last});
            first = last;
        }
    }
    clear();
    return {};
}

}  // namespace keyshift::store
